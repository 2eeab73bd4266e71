//! One scenario, under one seed or many: runs, files, and what is printed.

use std::path::{Path, PathBuf};
use std::thread;

use report::run::{Met, RunVerdict};
use report::{Brief, Summary, json_line, terminal};
use runner::panics::keep_quiet;
use runner::{Batch, Failure, Finished, Portion, StrategyName, Task, Watcher, run_portions};
use scenario::Plan;

use crate::args::ScenarioArgs;
use crate::exit::Exit;
use crate::folder::{self, NotWritten};
use crate::output::{Output, say};
use crate::progress::{Stop, View};

/// One scenario of a command line.
pub struct Work<'a> {
    /// The command line.
    pub args: &'a ScenarioArgs,
    /// How it calls the scenario.
    pub called: &'a str,
    /// The scenario.
    pub plan: &'a Plan,
    /// The strategy that it names.
    pub strategy: Option<StrategyName>,
    /// Where the report goes.
    pub folder: PathBuf,
    /// Whether Ctrl-C was pressed.
    pub stop: &'a Stop,
}

/// What is kept of the runs.
#[derive(Default)]
struct Results {
    summary: Summary,
    /// How many there are.
    taken: u64,
    /// How many runs took too long.
    timed_out: u64,
    /// In how many runs the harness failed.
    broken: u64,
    telling: Option<Telling>,
}

/// The run that is shown and reported: the first of those with the worst exit code; among equals, one that violates a rule.
struct Telling {
    finished: Finished,
    exit: Exit,
}

/// How a run ranks among those that may be shown: the worse, the higher.
type Rank = (u8, bool);

fn rank(exit: Exit, verdict: RunVerdict) -> Rank {
    (exit.rank(), verdict == RunVerdict::Fail)
}

/// A run without a result, in one line.
pub fn told(failure: &Failure, plan: &Plan) -> String {
    let at = |us: u64| report::clock(plan.load.starts_at_us + us);
    match failure {
        Failure::Harness(message) => {
            let message = message.replace('\n', " ");
            format!("error: the harness failed, which says nothing about the service: {message}\n")
        }
        Failure::TimedOut {
            seed,
            at_us,
            seconds,
        } => format!(
            "{:>12} seed {seed}: inconclusive after {seconds:.1} s, at {} of the story's day\n",
            "Timed out",
            at(*at_us)
        ),
        Failure::Interrupted(at_us) => {
            let when = at_us.map_or(String::new(), |us| {
                format!(" at {} of the story's day", at(us))
            });
            format!("interrupted{when}: no verdict\n")
        }
    }
}

impl Telling {
    fn rank(&self) -> Rank {
        rank(self.exit, self.finished.run.verdict)
    }

    /// Its seed, and why it is shown.
    fn seed(&self, expect: bool) -> String {
        let run = &self.finished.run;
        let what = match (self.exit, run.verdict) {
            (Exit::Ok, RunVerdict::Fail) => "the first that violates what is expected",
            (Exit::Ok, _) => "the first",
            (Exit::Inconclusive, _) => "the first that is inconclusive",
            (_, _) if expect => "the first that is not as expected",
            (_, _) => "the first that violates a rule",
        };
        let seed = run.seed.expect("a scenario runs under a seed");
        format!("seed {seed}, {what}")
    }
}

impl Results {
    /// What is known so far. Missing runs prove nothing, but they do not take back what was found.
    fn exit(&self, seeds: u64) -> Exit {
        let found = self.telling.as_ref().map_or(Exit::Ok, |worst| worst.exit);
        match self.taken < seeds {
            true => found.worst(Exit::Inconclusive).worst(self.failed()),
            false => found,
        }
    }

    /// What the runs without a result come to.
    fn failed(&self) -> Exit {
        match (self.broken, self.timed_out) {
            (0, 0) => Exit::Ok,
            (0, _) => Exit::Inconclusive,
            (_, _) => Exit::Harness,
        }
    }

    /// Why there are fewer results than seeds.
    fn without_result(&self) -> String {
        let told = |count: u64, what: &str| match count {
            0 => String::new(),
            count => format!(", {count} {what}"),
        };
        told(self.timed_out, "timed out") + &told(self.broken, "failed in the harness")
    }
}

impl Work<'_> {
    /// Runs it.
    pub fn run(&self, output: &mut Output) -> Exit {
        let view = View::new(
            self.plan,
            self.args.seeds,
            self.args.timeout,
            self.args.quiet,
            self.stop.clone(),
        );
        let batch = Batch {
            task: Task {
                plan: self.plan,
                called: self.called,
                strategy: self.strategy,
            },
            seeds: self.args.seed..self.args.seed + self.args.seeds,
            jobs: self.jobs(),
            histories: self.args.history.is_some(),
        };
        let mut results = Results::default();
        if self.args.seeds > 1 {
            // A line for each; a single run may be asked for its backtrace.
            keep_quiet();
        }
        let ended = run_portions(
            &batch,
            &view,
            || self.wants(),
            |portion| {
                view.finished(portion.played + portion.failed);
                self.add(portion, &mut results, output)
            },
        );
        view.close();
        self.end(ended, results, view.seconds(), output)
    }

    /// All runs are done, or something came between.
    fn end(
        &self,
        ended: Result<(), Failure>,
        results: Results,
        seconds: f64,
        output: &mut Output,
    ) -> Exit {
        match ended {
            // A reader who has gone wants no more: what was found so far counts.
            Err(Failure::Interrupted(_)) if !output.is_open() => results.exit(self.args.seeds),
            Err(Failure::Interrupted(at_us)) => self.interrupted(at_us),
            Ok(()) if self.stop.is_set() && output.is_open() => self.interrupted(None),
            // The failures of single runs are told when they come.
            Ok(()) | Err(Failure::Harness(_) | Failure::TimedOut { .. }) => {
                let failed = results.failed();
                match results.telling {
                    Some(_) => self.tell(results, seconds, output).worst(failed),
                    None => failed,
                }
            }
        }
    }

    /// A run gave no result: that is a line, and the others are what they are. Only an interruption ends the batch.
    fn miss(&self, failure: &Failure, results: &mut Results) -> Result<(), Failure> {
        match failure {
            Failure::Interrupted(_) => return Err(failure.clone()),
            Failure::TimedOut { .. } => results.timed_out += 1,
            Failure::Harness(_) => results.broken += 1,
        }
        say(&told(failure, self.plan));
        Ok(())
    }

    fn jobs(&self) -> usize {
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        self.args.jobs.map_or_else(cores, usize::from)
    }

    /// Which results are wanted in full: those that tell more than all before, and all of them where each is printed.
    fn wants(&self) -> impl FnMut(&Brief<'_>) -> bool {
        let mut most = None;
        move |brief| {
            let rank = Some(rank(self.exit(brief.verdict, brief.met), brief.verdict));
            let is_more = rank > most;
            most = most.max(rank);
            is_more || self.args.json
        }
    }

    /// Some runs are done.
    fn add(
        &self,
        portion: Portion,
        results: &mut Results,
        output: &mut Output,
    ) -> Result<(), Failure> {
        results.taken += portion.played;
        results.summary.merge(portion.summary);
        for result in portion.results {
            match result {
                Ok(finished) => self.take(finished, results, output),
                Err(failure) => self.miss(&failure, results)?,
            }
        }
        Ok(())
    }

    /// A result in full. With many seeds and `--json`, its line is printed at once.
    fn take(&self, finished: Finished, results: &mut Results, output: &mut Output) {
        let run = &finished.run;
        if self.args.seeds > 1 && self.args.json {
            let folder = self.folder.display().to_string();
            output.print(&json_line(run, Some(&folder)));
            if !output.is_open() {
                self.stop.set();
            }
        }
        let exit = self.exit(run.verdict, run.expectation.met);
        let telling = Telling { finished, exit };
        let worse = |kept: &Telling| telling.rank() > kept.rank();
        if results.telling.as_ref().is_none_or(worse) {
            results.telling = Some(telling);
        }
    }

    /// What a run says about the service; with `--expect`, about the scenario's expectation.
    fn exit(&self, verdict: RunVerdict, met: Met) -> Exit {
        if self.args.expect {
            return match met {
                Met::Yes => Exit::Ok,
                Met::No => Exit::Failed,
                Met::Unknown | Met::NothingExpected => Exit::Inconclusive,
            };
        }
        match verdict {
            RunVerdict::Pass => Exit::Ok,
            RunVerdict::Fail => Exit::Failed,
            RunVerdict::Inconclusive => Exit::Inconclusive,
        }
    }

    fn interrupted(&self, at_us: Option<u64>) -> Exit {
        say(&told(&Failure::Interrupted(at_us), self.plan));
        Exit::Interrupted
    }

    /// Writes the files and prints the result, whether or not they could be written: nothing is lost to a full disk.
    fn tell(&self, results: Results, seconds: f64, output: &mut Output) -> Exit {
        let telling = results.telling.as_ref();
        let telling = telling.expect("a batch without a failure has a result");
        let written = folder::report(&self.folder, &telling.finished);
        let folder = written.is_ok().then(|| self.folder.display().to_string());
        let history = self.write_history(&telling.finished, output);
        let text = self.text(&results, telling, seconds, folder.as_deref());
        match (self.history_on_stdout(), self.args.seeds, self.args.json) {
            (true, ..) => say(&text),
            // The lines are printed already, and nothing else belongs among them.
            (_, 2.., true) if self.args.quiet => {}
            (_, 2.., true) => say(&text),
            _ => output.print(&text),
        }
        let mut exit = telling.exit;
        for problem in [written, history].into_iter().filter_map(Result::err) {
            say(&format!("error: {}\n", problem.text()));
            exit = exit.worst(Exit::Harness);
        }
        exit
    }

    fn text(
        &self,
        results: &Results,
        telling: &Telling,
        seconds: f64,
        folder: Option<&str>,
    ) -> String {
        let run = &telling.finished.run;
        let seeds = self.args.seeds;
        let about = telling.seed(self.args.expect);
        let report = folder.map_or(String::new(), |folder| {
            format!("{:>12} {folder}: {about}\n", "Report")
        });
        match (seeds, self.args.json) {
            (1, true) => json_line(run, folder),
            (1, false) => terminal(run, folder),
            (_, true) => report,
            (_, false) => {
                let taken = results.taken;
                let of = match taken < seeds {
                    true => format!("PARTIAL: {taken} of "),
                    false => String::new(),
                };
                let without = results.without_result();
                let took = format!(
                    "{:>12} {of}{seeds} seeds in {seconds:.1} s{without}\n",
                    "Played"
                );
                let shown = match (telling.exit, run.verdict) {
                    (Exit::Ok, RunVerdict::Pass | RunVerdict::Inconclusive) => String::new(),
                    _ => format!("\n{}", terminal(run, folder)),
                };
                results.summary.text(run) + &took + &report + &shown
            }
        }
    }

    fn history_on_stdout(&self) -> bool {
        self.args.history.as_deref() == Some(Path::new("-"))
    }

    fn write_history(&self, finished: &Finished, output: &mut Output) -> Result<(), NotWritten> {
        let (Some(path), Some(history)) = (&self.args.history, &finished.history) else {
            return Ok(());
        };
        if self.history_on_stdout() {
            output.write(|stdout| history::jsonl::write(history, stdout));
            return Ok(());
        }
        folder::write(path, |file| history::jsonl::write(history, file))
    }
}

#[cfg(test)]
mod tests;
