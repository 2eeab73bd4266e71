//! Runs that follow one another in one world are what they would be in worlds of their own.

use std::ops::Range;

use history::jsonl;
use report::run::Run;
use runner::watch::Nobody;
use runner::{Batch, Finished, StrategyName, run_one, run_seeds};
use scenario::{Options, Overlay, Plan, Scale};

use crate::task;

/// Small enough for one world, and large enough that its faults strike.
const INTENTS: u64 = 60;

/// Every scenario of the library, alone and under chaos, cut down to a few purchases.
fn small(overlay: Option<&Overlay>) -> Vec<Plan> {
    let scenarios = scenario::builtin().iter();
    let plans = scenarios.map(|(name, text)| {
        let options = Options {
            scale: Scale::FULL,
            overlay: overlay.cloned(),
            known: runner::known(),
        };
        let mut plan = scenario::parse(name, text, &options)
            .unwrap_or_else(|mistake| panic!("{}", mistake.render()));
        plan.load.intents = plan.load.intents.min(INTENTS);
        plan
    });
    plans.collect()
}

fn told(run: &Run) -> String {
    let run = Run {
        wall_seconds: 0.0,
        ..run.clone()
    };
    report::json_line(&run, None)
}

fn history(finished: &Finished) -> String {
    let mut text = Vec::new();
    let history = finished.history.as_ref().expect("it was wanted");
    jsonl::write(history, &mut text).expect("memory takes everything");
    String::from_utf8(text).expect("a history is text")
}

/// Runs some seeds in one world, and each in a world of its own.
fn compare(plan: &Plan, strategy: StrategyName, seeds: Range<u64>) {
    for histories in [false, true] {
        let batch = Batch {
            task: task(plan, strategy),
            seeds: seeds.clone(),
            jobs: 1,
            histories,
        };
        let mut seed = seeds.start - 1;
        let each = |followed: Finished| {
            seed += 1;
            let alone = run_one(&task(plan, strategy), seed, &Nobody).expect("it runs");
            let what = format!("{} under {strategy}, seed {seed}", plan.name);
            assert_eq!(told(&followed.run), told(&alone.run), "{what}");
            if histories {
                assert!(
                    history(&followed) == history(&alone),
                    "{what}: another history"
                );
            }
        };
        run_seeds(&batch, &Nobody, each).expect("the harness is sound");
        assert_eq!(seed, seeds.end - 1);
    }
}

#[test]
fn runs_in_one_world_are_what_they_are_alone() {
    // Every strategy under several scenarios, and every scenario under several strategies: all pairs would take a minute.
    for (place, plan) in small(None).iter().enumerate() {
        for step in 0..4 {
            compare(
                plan,
                StrategyName::ALL[(place * 5 + step * 7) % StrategyName::ALL.len()],
                1..4,
            );
        }
    }
}

#[test]
fn and_so_they_are_under_chaos() {
    let chaos = scenario::overlay("chaos").expect("it comes with the program");
    for (place, plan) in small(Some(&chaos)).iter().enumerate() {
        compare(plan, StrategyName::ClaimComplete, 1..4);
        compare(
            plan,
            StrategyName::ALL[(place * 5 + 3) % StrategyName::ALL.len()],
            1..4,
        );
    }
}

#[test]
fn a_run_that_ends_in_the_middle_of_upkeep_is_followed_by_another() {
    // Seed 58 ends while a replica's upkeep has a transaction open.
    let [plan] = &small(None)
        .into_iter()
        .filter(|plan| plan.name == "seven-thirty")
        .collect::<Vec<_>>()[..]
    else {
        panic!("there is one");
    };
    compare(plan, StrategyName::ClaimComplete, 55..61);
}
