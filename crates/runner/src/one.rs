//! One run: the plan is played in its world, the history is judged, and what is known is collected.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use check::{Judge, Kind, Rule, Verdict};
use explore::Chooser;
use history::{History, What};
use orders::{Metric, StrategyName};
use report::run::{Claim, CoverageRow, FaultCount, Metrics, Run, SCHEMA_VERSION, Service};
use report::{Brief, Histograms, judged};
use scenario::Plan;
use sim::{Setting, Simulated, Stage, Traffic};

use crate::expectation::{expectation, met};
use crate::known::{self, BACKEND};
use crate::panics;
use crate::races::race_losers;
use crate::waits::{longest_us, waits};
use crate::watch::{Control, Watcher};

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Task<'a> {
    /// The scenario.
    pub plan: &'a Plan,
    /// Its name on the command line, as in the command that reproduces it.
    pub called: &'a str,
    /// The strategy; the plan's own if it is `None`.
    pub strategy: Option<StrategyName>,
}

/// The result of a run.
#[derive(Debug)]
pub struct Finished {
    /// Everything that is known about it.
    pub run: Run,
    /// Its latencies.
    pub histograms: Histograms,
    /// What happened, if it is wanted: a large run has some hundred megabytes of it.
    pub history: Option<History>,
}

/// Why there is no result. A rule that is violated is a result.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// It was stopped, at this virtual time if it had begun.
    Interrupted(Option<u64>),
    /// It took longer than its watcher allows, so it has no result.
    TimedOut {
        /// Its seed.
        seed: u64,
        /// The virtual time that it had reached, in microseconds.
        at_us: u64,
        /// How many seconds of real time it took until then.
        seconds: f64,
    },
    /// The harness is at fault, not the service.
    Harness(String),
}

impl Task<'_> {
    /// The strategy that runs.
    fn strategy(&self) -> StrategyName {
        let planned = || known::strategy(self.plan.strategy);
        self.strategy.unwrap_or_else(planned)
    }

    /// The command that reproduces a run.
    fn reproduce(&self, strategy: StrategyName, seed: u64) -> String {
        let mut command = format!(
            "cargo run -- scenario {} --strategy {strategy} --seed {seed}",
            quoted(self.called)
        );
        if self.plan.scale != 1.0 {
            command.push_str(&format!(" --scale {}", self.plan.scale));
        }
        if let Some(overlay) = &self.plan.overlay {
            command.push_str(&format!(" --overlay {}", quoted(overlay)));
        }
        command
    }
}

/// A word, quoted for a shell if necessary.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+,:@%=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Says of a run that was judged whether its result is wanted in full.
pub type Wants<'w> = dyn FnMut(&Brief<'_>) -> bool + 'w;

/// Runs one task under one seed after another, and keeps the memory of the judge between them.
#[derive(Debug)]
pub struct Player<'a> {
    task: &'a Task<'a>,
    compiled: &'a Compiled,
    judge: Judge,
    /// Whether results have their histories.
    histories: bool,
}

/// The task's plan, compiled by the first player that needs it and shared by all.
#[derive(Debug, Default)]
pub struct Compiled(OnceLock<Arc<Setting>>);

impl Compiled {
    fn setting(&self, plan: &Plan, strategy: StrategyName) -> &Arc<Setting> {
        self.0.get_or_init(|| Arc::new(Setting::of(plan, strategy)))
    }
}

/// The maximum number of purchases of a run that shares its world with the next run. A larger world frees its memory before the judge
/// begins.
const ON_STAGE_MAX: u64 = 1_000;

/// Runs a task under a seed.
///
/// # Errors
/// If it was stopped or took too long, or the harness failed: a panic anywhere below is one.
pub fn run_one(task: &Task<'_>, seed: u64, watcher: &dyn Watcher) -> Result<Finished, Failure> {
    Player::new(task, &Compiled::default(), true).run(seed, watcher)
}

impl<'a> Player<'a> {
    /// Nothing has been run yet.
    pub fn new(task: &'a Task<'a>, compiled: &'a Compiled, histories: bool) -> Player<'a> {
        Player {
            task,
            compiled,
            judge: Judge::new(),
            histories,
        }
    }

    /// Lets a player run seeds in one world, if the task's world is small.
    pub fn on_stage<R>(self, act: impl FnOnce(Player<'_>, Option<&mut dyn Stage>) -> R) -> R {
        let is_small = self.task.plan.load.intents <= ON_STAGE_MAX;
        let strategy = self.task.strategy();
        let compile = || Arc::clone(self.compiled.setting(self.task.plan, strategy));
        // A panic while compiling is reported by the first run.
        let compiled = panics::within(|| catch_unwind(AssertUnwindSafe(|| is_small.then(compile))));
        match compiled {
            Ok(Some(setting)) => sim::on_stage(&setting, strategy, |stage| act(self, Some(stage))),
            _ => act(self, None),
        }
    }

    /// Runs the task under a seed in a world of its own.
    ///
    /// # Errors
    /// If it was stopped or took too long, or the harness failed: a panic anywhere below is one. After a failure the player and its stage
    /// have no further use.
    pub fn run(&mut self, seed: u64, watcher: &dyn Watcher) -> Result<Finished, Failure> {
        let chooser = Chooser::random(seed);
        let (_, finished) = self.run_if(None, seed, chooser, watcher, &mut |_| true)?;
        Ok(finished.expect("it was wanted"))
    }

    /// Runs the task under the chooser of this seed, which is given back: on this stage, or in a world of its own. The result is collected
    /// only if it is wanted: texts and histograms take longer than a small run and its verdict.
    ///
    /// # Errors
    /// Those of [`run`](Player::run).
    pub fn run_if(
        &mut self,
        stage: Option<&mut dyn Stage>,
        seed: u64,
        chooser: Chooser,
        watcher: &dyn Watcher,
        wants: &mut Wants<'_>,
    ) -> Result<(Chooser, Option<Finished>), Failure> {
        let play = || self.play(stage, seed, chooser, watcher, wants);
        panics::within(|| catch_unwind(AssertUnwindSafe(play))).unwrap_or_else(|panic| {
            let text = panic_text(panic.as_ref());
            let place = panics::place().map_or(String::new(), |place| format!(" ({place})"));
            Err(Failure::Harness(format!("seed {seed}: {text}{place}")))
        })
    }

    fn play(
        &mut self,
        mut stage: Option<&mut dyn Stage>,
        seed: u64,
        chooser: Chooser,
        watcher: &dyn Watcher,
        wants: &mut Wants<'_>,
    ) -> Result<(Chooser, Option<Finished>), Failure> {
        let strategy = self.task.strategy();
        let begun = watcher.seconds();
        let simulated = self.simulate(&mut stage, strategy, seed, chooser, watcher)?;
        watcher.judging(seed);
        let brief = judge(&mut self.judge, self.task.plan, strategy, &simulated, seed)?;
        let collected = match wants(&brief) {
            true => Some(collect(self.task, strategy, &simulated, &brief)),
            false => None,
        };
        let wall_seconds = watcher.seconds() - begun;
        let mut history = Some(simulated.history);
        if let (false, Some(stage)) = (self.histories, stage) {
            stage.take_back(history.take().expect("it is there until here"));
        }
        let finished = collected.map(|(run, histograms)| Finished {
            run: Run {
                wall_seconds,
                ..run
            },
            histograms,
            history: history.filter(|_| self.histories),
        });
        Ok((simulated.chooser, finished))
    }

    fn simulate(
        &self,
        stage: &mut Option<&mut dyn Stage>,
        strategy: StrategyName,
        seed: u64,
        chooser: Chooser,
        watcher: &dyn Watcher,
    ) -> Result<Simulated, Failure> {
        let begun = watcher.seconds();
        let mut reached_us = 0;
        let mut late = None;
        let mut pace = |progress: sim::Progress| {
            reached_us = progress.now_us;
            let control = watcher.look(seed, progress);
            if let (Control::Go, Some(max)) = (control, watcher.seconds_max()) {
                let seconds = watcher.seconds() - begun;
                late = (seconds > max).then_some(seconds);
            }
            match late {
                Some(_) => Control::Stop,
                None => control,
            }
        };
        let simulated = match stage {
            Some(stage) => stage.play(chooser, &mut pace),
            None => {
                let setting = self.compiled.setting(self.task.plan, strategy);
                sim::simulate_in(setting, strategy, chooser, &mut pace)
            }
        };
        simulated.map_err(|sim::Interrupted| match late {
            Some(seconds) => Failure::TimedOut {
                seed,
                at_us: reached_us,
                seconds,
            },
            None => Failure::Interrupted(Some(reached_us)),
        })
    }
}

/// Judges a run of this strategy, and says in brief what came of it.
///
/// # Errors
/// If its history is malformed: then the harness has failed.
pub fn judge<'j>(
    judge: &'j mut Judge,
    plan: &Plan,
    strategy: StrategyName,
    simulated: &Simulated,
    seed: u64,
) -> Result<Brief<'j>, Failure> {
    let verdict = judge.judge(&simulated.history);
    Ok(Brief {
        seed,
        verdict: judged::overall(verdict).ok_or_else(|| malformed(verdict, seed))?,
        met: met(plan, strategy, verdict),
        judged: verdict,
        longest_us: longest_us(&simulated.history, &simulated.silent_replays),
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message")
}

/// Everything that is known about a run except its wall time, and its latencies.
fn collect(
    task: &Task<'_>,
    strategy: StrategyName,
    simulated: &Simulated,
    brief: &Brief<'_>,
) -> (Run, Histograms) {
    let (plan, history, verdict) = (task.plan, &simulated.history, brief.judged);
    let claim = |(claim, figure): &(String, String)| Claim {
        claim: claim.clone(),
        figure: figure.clone(),
    };
    let histograms = waits(history, &simulated.silent_replays);
    let run = Run {
        schema_version: SCHEMA_VERSION,
        scenario: plan.name.clone(),
        story: plan.story.clone(),
        claims: plan.claims.iter().map(claim).collect(),
        strategy: strategy.name().to_owned(),
        seed: Some(brief.seed),
        backend: BACKEND.to_owned(),
        scale: plan.scale,
        overlay: plan.overlay.clone(),
        starts_at_us: plan.load.starts_at_us,
        virtual_us: simulated.ended_us,
        events: simulated.events,
        digest: simulated.digest.to_string(),
        verdict: brief.verdict,
        expectation: expectation(plan, strategy, verdict),
        counts: judged::counts(verdict),
        service: Some(service(simulated, verdict)),
        prevention: prevention(verdict.counts.extra_orders, repetitions(simulated.traffic)),
        race_losers: race_losers(history),
        first_violation_us: first_violation(verdict),
        faults: faults(plan, history),
        rules: judged::rows(verdict),
        coverage: coverage(history),
        latency: histograms.summary(),
        reproduce: task.reproduce(strategy, brief.seed),
        wall_seconds: 0.0,
    };
    (run, histograms)
}

/// Requests that the service could have prevented from becoming an order, and taps that the client held back.
fn repetitions(traffic: Traffic) -> u64 {
    traffic.repeated + traffic.held_back
}

/// The share of repetitions that became no order; below zero if there are more extra orders than repetitions.
pub(crate) fn prevention(extra_orders: u64, repetitions: u64) -> Option<f64> {
    rate(extra_orders, repetitions).map(|share| 1.0 - share)
}

/// `some` for each of `of`; `None` where `of` is 0.
pub(crate) fn rate(some: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| some as f64 / of as f64)
}

/// The requests that reached the service, and their cost.
fn service(simulated: &Simulated, verdict: &Verdict) -> Service {
    let first_orders = verdict.counts.orders - verdict.counts.extra_orders;
    Service {
        requests_arrived: simulated.traffic.arrived,
        requests_repeated: simulated.traffic.repeated,
        taps_held_back: simulated.traffic.held_back,
        statements: simulated.statements,
        cache_commands: simulated.cache_commands,
        upkeep_statements: simulated.upkeep_statements,
        statements_per_order: rate(
            simulated.statements - simulated.upkeep_statements,
            first_orders,
        ),
        cache_commands_per_order: rate(simulated.cache_commands, first_orders),
        lock_waits: simulated.lock_waits,
        deadlocks: simulated.deadlocks,
        metrics: (!simulated.metrics.is_empty()).then(|| metrics(&simulated.metrics)),
    }
}

fn metrics(counted: &orders::Metrics) -> Metrics {
    Metrics {
        hit: counted.of(Metric::Hit),
        miss: counted.of(Metric::Miss),
        conflict: counted.of(Metric::Conflict),
        header_key: counted.of(Metric::HeaderKey),
        body_key: counted.of(Metric::BodyKey),
        auto_key: counted.of(Metric::AutoKey),
        duplicate_rate: counted.duplicate_rate(),
    }
}

/// When the first rule was violated: each rule keeps its earliest witnesses, in the order of time.
pub(crate) fn first_violation(verdict: &Verdict) -> Option<u64> {
    let broken = verdict
        .violated()
        .filter(|found| found.rule.kind() != Kind::Evidence);
    let first = broken.filter_map(|found| found.witnesses.first());
    first.map(|witness| witness.at).min()
}

/// The recorder is at fault: the history cannot have happened, which says nothing about the service.
fn malformed(verdict: &Verdict, seed: u64) -> Failure {
    let found = verdict.rule(Rule::Malformed);
    let why = found.witnesses.first().map_or("", |witness| &witness.why);
    Failure::Harness(format!(
        "seed {seed}: the recorded history is malformed: {why}"
    ))
}

/// How often each of the plan's faults struck, in the plan's order; equal names are added up.
fn faults(plan: &Plan, history: &History) -> Vec<FaultCount> {
    let mut struck = vec![0_u64; plan.faults.len()];
    for event in &history.events {
        if let What::Fault { fault, .. } = event.what {
            struck[fault.index()] += 1;
        }
    }
    let mut counts: Vec<FaultCount> = Vec::new();
    for (fault, count) in plan.faults.iter().zip(struck) {
        match counts.iter_mut().find(|known| known.name == fault.name) {
            Some(known) => known.count += count,
            None => counts.push(FaultCount {
                name: fault.name.clone(),
                count,
            }),
        }
    }
    counts
}

fn coverage(history: &History) -> Vec<CoverageRow> {
    let required = &history.contract.required_coverage;
    let row = |(label, count): (history::Label, u64)| CoverageRow {
        label: label.name().to_owned(),
        count,
        required: required.iter().any(|name| name == label.name()),
    };
    let situations = history.coverage.iter().map(row);
    // Required faults are listed among the situations; all faults have their counts elsewhere.
    let is_fault = |name: &&String| history::Label::from_name(name).is_none();
    let faults = required.iter().filter(is_fault);
    let faults = faults.map(|word| CoverageRow {
        label: word.clone(),
        count: history.times_met(word),
        required: true,
    });
    situations.chain(faults).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_with_a_strange_name_is_quoted_for_the_shell() {
        assert_eq!(quoted("scenarios/x-1.toml"), "scenarios/x-1.toml");
        assert_eq!(quoted("my file.toml"), "'my file.toml'");
        assert_eq!(quoted("it's.toml"), r"'it'\''s.toml'");
    }
}
