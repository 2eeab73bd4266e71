//! Runs from outside: their order, their failures, and who may stop them.

mod chaos;
mod comparison;
mod coupons;
mod defences;
mod fencing;
mod flash_sale;
mod leases;
mod ledgers;
mod prediction;
mod presets;
mod purchases;
mod reference;
mod stage;
mod uses;

use std::sync::atomic::{AtomicU64, Ordering};

use report::run::{Met, Run, RunVerdict};
use runner::watch::Nobody;
use runner::{
    Batch, Control, Failure, Progress, StrategyName, Task, Watcher, run_every_seed, run_one,
    run_seeds,
};
use scenario::{Options, Plan, Scale};

fn plan(name: &str, scale: f64) -> Plan {
    let (_, text) = scenario::builtin()
        .iter()
        .find(|(builtin, _)| *builtin == name)
        .expect("the scenario comes with the program");
    parsed(name, text, scale)
}

fn parsed(name: &str, text: &str, scale: f64) -> Plan {
    let options = Options {
        scale: Scale::Of(scale),
        overlay: None,
        known: runner::known(),
    };
    scenario::parse(name, text, &options).unwrap_or_else(|mistake| panic!("{}", mistake.render()))
}

fn task<'a>(plan: &'a Plan, strategy: StrategyName) -> Task<'a> {
    Task {
        plan,
        called: &plan.name,
        strategy: Some(strategy),
    }
}

/// How often a run met a situation.
fn met(run: &Run, label: &str) -> u64 {
    let row = run.coverage.iter().find(|row| row.label == label);
    row.expect("a label").count
}

fn batch<'a>(task: Task<'a>, jobs: usize) -> Batch<'a> {
    Batch {
        task,
        seeds: 1..41,
        jobs,
        histories: false,
    }
}

#[test]
fn the_canary_fails_and_that_is_not_what_it_expects() {
    let plan = plan("canary", 1.0);
    let task = Task {
        strategy: None,
        ..task(&plan, StrategyName::ClaimComplete)
    };
    let finished = run_one(&task, 1, &Nobody).expect("it runs");
    assert_eq!(finished.run.verdict, RunVerdict::Fail);
    assert_eq!(finished.run.expectation.met, Met::No);
    assert_eq!(
        finished.run.reproduce,
        "cargo run -- scenario canary --strategy no-dedup --seed 1"
    );
}

#[test]
fn results_come_in_the_order_of_their_seeds_on_any_number_of_threads() {
    let plan = plan("seven-thirty", 1.0);
    let digests = |jobs| {
        let mut digests = Vec::new();
        let task = task(&plan, StrategyName::CheckThenInsert);
        let take = |finished: runner::Finished| {
            digests.push((finished.run.seed.expect("a seed"), finished.run.digest))
        };
        run_seeds(&batch(task, jobs), &Nobody, take).expect("it runs");
        digests
    };
    let one = digests(1);
    assert!(one.iter().map(|(seed, _)| *seed).eq(1..41));
    assert_eq!(one, digests(5));
}

/// Stops a run at its first look, lets some runs begin, and panics where it is told to.
#[derive(Default)]
struct Meddler {
    stops: bool,
    panics_at: Option<u64>,
    begun: AtomicU64,
    begun_max: Option<u64>,
    /// The most seconds that a run may take. If there is such a bound, the clock goes on by one second each time it is read.
    seconds_max: Option<f64>,
    clock: AtomicU64,
}

impl Watcher for Meddler {
    fn look(&self, _seed: u64, _progress: Progress) -> Control {
        if self.stops {
            Control::Stop
        } else {
            Control::Go
        }
    }

    fn judging(&self, seed: u64) {
        assert!(self.panics_at != Some(seed), "as it was told to");
    }

    fn goes_on(&self) -> Control {
        let begun = self.begun.fetch_add(1, Ordering::Relaxed);
        match self.begun_max {
            Some(max) if begun >= max => Control::Stop,
            _ => Control::Go,
        }
    }

    fn seconds(&self) -> f64 {
        self.clock.fetch_add(1, Ordering::Relaxed) as f64
    }

    fn seconds_max(&self) -> Option<f64> {
        self.seconds_max
    }
}

#[test]
fn a_stopped_run_has_no_result_but_knows_how_far_it_got() {
    let plan = plan("million-a-day", 0.01);
    let meddler = Meddler {
        stops: true,
        ..Meddler::default()
    };
    let failure = run_one(&task(&plan, StrategyName::NoDedup), 1, &meddler).expect_err("it stops");
    assert!(
        matches!(failure, Failure::Interrupted(Some(at_us)) if at_us > 0),
        "{failure:?}"
    );
}

#[test]
fn a_stopped_batch_gives_what_was_finished_before_and_ends() {
    let plan = plan("canary", 1.0);
    let meddler = Meddler {
        begun_max: Some(7),
        ..Meddler::default()
    };
    let mut seeds = Vec::new();
    let take = |finished: runner::Finished| seeds.push(finished.run.seed.expect("a seed"));
    let ended = run_seeds(
        &batch(task(&plan, StrategyName::NoDedup), 1),
        &meddler,
        take,
    );
    assert_eq!(ended, Err(Failure::Interrupted(None)));
    assert_eq!(seeds, [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_batch_ends_with_the_last_seed_that_there_is() {
    let plan = plan("canary", 1.0);
    let meddler = Meddler {
        begun_max: Some(50),
        ..Meddler::default()
    };
    let batch = Batch {
        seeds: u64::MAX - 5..u64::MAX,
        ..batch(task(&plan, StrategyName::NoDedup), 2)
    };
    let mut seeds = Vec::new();
    let take = |finished: runner::Finished| seeds.push(finished.run.seed.expect("a seed"));
    assert_eq!(run_seeds(&batch, &meddler, take), Ok(()));
    assert!(seeds.into_iter().eq(u64::MAX - 5..u64::MAX));
    let begun = meddler.begun.load(Ordering::Relaxed);
    assert_eq!(begun, 5, "no seed begins that nobody asked for");
}

#[test]
fn a_panic_of_ours_is_a_failure_of_the_harness_with_its_seed_and_not_a_verdict() {
    let plan = plan("canary", 1.0);
    let meddler = Meddler {
        panics_at: Some(3),
        ..Meddler::default()
    };
    let mut seeds = Vec::new();
    let take = |finished: runner::Finished| seeds.push(finished.run.seed.expect("a seed"));
    let ended = run_seeds(
        &batch(task(&plan, StrategyName::NoDedup), 2),
        &meddler,
        take,
    );
    assert_eq!(
        ended,
        Err(Failure::Harness(String::from("seed 3: as it was told to")))
    );
    assert_eq!(seeds, [1, 2]);
}

#[test]
fn a_batch_may_go_on_after_a_panic_and_the_seeds_after_it_are_what_they_are() {
    let plan = plan("canary", 1.0);
    for jobs in [1, 3] {
        let meddler = Meddler {
            panics_at: Some(3),
            ..Meddler::default()
        };
        let (mut seeds, mut failures) = (Vec::new(), Vec::new());
        let batch = batch(task(&plan, StrategyName::NoDedup), jobs);
        let ended = run_every_seed(&batch, &meddler, |result| {
            match result {
                Ok(finished) => seeds.push(finished.run.seed.expect("a seed")),
                Err(failure) => failures.push(failure),
            }
            Ok(())
        });
        assert_eq!(ended, Ok(()));
        assert!(seeds.into_iter().eq((1..41).filter(|seed| *seed != 3)));
        let expected = Failure::Harness(String::from("seed 3: as it was told to"));
        assert_eq!(failures, [expected]);
    }
}

#[test]
fn a_run_that_takes_too_long_has_no_result_and_the_next_one_begins() {
    let plan = plan("million-a-day", 0.01);
    let meddler = |seconds_max| Meddler {
        seconds_max: Some(seconds_max),
        ..Meddler::default()
    };
    let mut late = Vec::new();
    let batch = Batch {
        seeds: 1..4,
        ..batch(task(&plan, StrategyName::NoDedup), 1)
    };
    let ended = run_every_seed(&batch, &meddler(0.5), |result| {
        match result {
            Err(Failure::TimedOut {
                seed,
                at_us,
                seconds,
            }) => {
                assert!(at_us > 0 && seconds > 0.5);
                late.push(seed);
            }
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("it takes too long"),
        }
        Ok(())
    });
    assert_eq!((ended, late), (Ok(()), vec![1, 2, 3]));
    run_seeds(&batch, &meddler(1e9), |_| ()).expect("there is time enough");
}

#[test]
fn a_history_is_kept_only_for_who_wants_it() {
    let plan = plan("canary", 1.0);
    for wanted in [false, true] {
        let batch = Batch {
            seeds: 1..2,
            histories: wanted,
            ..batch(task(&plan, StrategyName::NoDedup), 1)
        };
        let take = |finished: runner::Finished| assert_eq!(finished.history.is_some(), wanted);
        run_seeds(&batch, &Nobody, take).expect("it runs");
    }
}
