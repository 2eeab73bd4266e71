//! One scenario, under one seed or many: runs, files, and what is printed.

use std::path::{Path, PathBuf};
use std::thread;

use report::run::{Met, Run, RunVerdict};
use report::{Summary, json_line, terminal};
use runner::{Batch, Failure, Finished, StrategyName, Task, Watcher, run_seeds};
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
    /// Whether somebody wants an end.
    pub stop: &'a Stop,
}

/// What is kept of the runs.
#[derive(Default)]
struct Results {
    summary: Summary,
    /// The first run that violated a rule, otherwise the first of all.
    telling: Option<Finished>,
    exit: Option<Exit>,
}

impl Work<'_> {
    /// Runs it.
    pub fn run(&self, output: &mut Output) -> Exit {
        let view = View::new(
            self.plan,
            self.args.seeds,
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
        let ended = run_seeds(&batch, &view, |finished| {
            view.finished();
            self.take(finished, &mut results, output);
        });
        view.close();
        match ended {
            // A reader who has gone wants no more: what was found so far counts.
            Err(Failure::Interrupted(_)) if !output.is_open() => results.exit.unwrap_or(Exit::Ok),
            Err(failure) => self.failed(&failure),
            Ok(()) if self.stop.is_set() && output.is_open() => {
                self.failed(&Failure::Interrupted(None))
            }
            Ok(()) => self.tell(results, view.seconds(), output),
        }
    }

    fn jobs(&self) -> usize {
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        self.args.jobs.map_or_else(cores, usize::from)
    }

    /// A run is done. With many seeds and `--json`, its line is printed at once.
    fn take(&self, finished: Finished, results: &mut Results, output: &mut Output) {
        let run = &finished.run;
        let exit = results.exit.unwrap_or(Exit::Ok);
        results.exit = Some(exit.worst(self.exit(run)));
        if self.args.seeds > 1 {
            results.summary.add(run);
            if self.args.json {
                output.print(&json_line(run, None));
                if !output.is_open() {
                    self.stop.set();
                }
            }
        }
        let violates = |kept: &Finished| kept.run.verdict == RunVerdict::Fail;
        let more_telling = |kept: &Finished| violates(&finished) && !violates(kept);
        if results.telling.as_ref().is_none_or(more_telling) {
            results.telling = Some(finished);
        }
    }

    /// What a run says about the service; with `--expect`, about the scenario's expectation.
    fn exit(&self, run: &Run) -> Exit {
        if self.args.expect {
            return match run.expectation.met {
                Met::Yes => Exit::Ok,
                Met::No => Exit::Failed,
                Met::Unknown | Met::NothingExpected => Exit::Inconclusive,
            };
        }
        match run.verdict {
            RunVerdict::Pass => Exit::Ok,
            RunVerdict::Fail => Exit::Failed,
            RunVerdict::Inconclusive => Exit::Inconclusive,
        }
    }

    fn failed(&self, failure: &Failure) -> Exit {
        match failure {
            Failure::Interrupted(at_us) => {
                let day = at_us.map(|us| report::clock(self.plan.load.starts_at_us + us));
                let when = day.map_or(String::new(), |clock| {
                    format!(" at {clock} of the story's day")
                });
                say(&format!("interrupted{when}: no verdict\n"));
                Exit::Interrupted
            }
            Failure::Harness(message) => {
                say(&format!(
                    "error: the harness failed, which says nothing about the service: {message}\n"
                ));
                Exit::Harness
            }
        }
    }

    /// Writes the files and prints the result, whether or not they could be written: nothing is lost to a full disk.
    fn tell(&self, results: Results, seconds: f64, output: &mut Output) -> Exit {
        let telling = results
            .telling
            .expect("a batch without a failure has a result");
        let written = folder::report(&self.folder, &telling);
        let folder = written.is_ok().then(|| self.folder.display().to_string());
        let history = self.write_history(&telling, output);
        let text = self.text(&telling.run, &results.summary, seconds, folder.as_deref());
        if self.history_on_stdout() {
            say(&text);
        } else {
            output.print(&text);
        }
        let mut exit = results.exit.unwrap_or(Exit::Ok);
        for problem in [written, history].into_iter().filter_map(Result::err) {
            say(&format!("error: {}\n", problem.text()));
            exit = exit.worst(Exit::Harness);
        }
        exit
    }

    fn text(&self, run: &Run, summary: &Summary, seconds: f64, folder: Option<&str>) -> String {
        match (self.args.seeds, self.args.json) {
            (1, true) => json_line(run, folder),
            (1, false) => terminal(run, folder),
            (_, true) => String::new(),
            (seeds, false) => {
                let took = format!("{:>12} {seeds} seeds in {seconds:.1} s\n", "Played");
                let report = match run.verdict {
                    RunVerdict::Fail => format!("\n{}", terminal(run, folder)),
                    _ => String::new(),
                };
                summary.text() + &took + &report
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
