//! What is stated of `flash-sale`, measured where nobody dies; and what its carts do to who locks in their order.
//!
//! A thousand buyers come in a second. The stock is read when a request is 6.5 ms old, and decremented when it is 47.25 ms old: who
//! comes in those 40.75 ms after the buyer of the last set sees it too. So 40.75 too many are sold on average, give or take the
//! square root of that.

use report::run::{RuleOutcome, Run};
use runner::watch::Nobody;
use runner::{StrategyName, run_one};
use scenario::Plan;

use super::{met, parsed, plan, task};

/// The story without its crashes.
fn nobody_dies() -> Plan {
    let (_, text) = scenario::builtin()
        .iter()
        .find(|(name, _)| *name == "flash-sale")
        .expect("the scenario comes with the program");
    let (story, crashes) = text.split_once("[[fault]]").expect("it has a fault");
    assert!(
        crashes.trim_start().starts_with("crash-replica") && crashes.trim().lines().count() == 1,
        "which is its last line"
    );
    let covers = "\"out-of-stock\", \"crash-in-flight\"";
    assert!(story.contains(covers));
    parsed(
        "flash-sale",
        &story.replace(covers, "\"out-of-stock\""),
        1.0,
    )
}

fn run(plan: &Plan, strategy: StrategyName, seed: u64) -> Run {
    run_one(&task(plan, strategy), seed, &Nobody)
        .expect("it runs")
        .run
}

fn held(run: &Run, rule: &str) -> bool {
    let row = run.rules.iter().find(|row| row.name == rule);
    row.expect("a rule").verdict == RuleOutcome::Held
}

#[test]
fn where_nobody_dies_as_many_are_sold_as_is_stated() {
    const SEEDS: u64 = 16;
    let (plan, mut too_many) = (nobody_dies(), 0.0);
    for seed in 1..=SEEDS {
        let guarded = run(&plan, StrategyName::ClaimComplete, seed);
        assert_eq!(guarded.counts.orders, 100);
        let unguarded = run(&plan, StrategyName::UnguardedDecrement, seed);
        too_many += (unguarded.counts.orders - 100) as f64;
        assert!(!held(&unguarded, "oversell") && !held(&unguarded, "negative-stock"));
        assert!(held(&unguarded, "stock-conservation"));
        let overwritten = run(&plan, StrategyName::ReadModifyWrite, seed);
        assert_eq!(overwritten.counts.orders, 1_000, "900 too many");
        assert!(!held(&overwritten, "oversell") && !held(&overwritten, "stock-conservation"));
        assert!(
            held(&overwritten, "negative-stock"),
            "on paper there is more"
        );
    }
    let (mean, window) = (too_many / SEEDS as f64, 40.75_f64);
    let deviation = (window / SEEDS as f64).sqrt();
    assert!((mean - window).abs() < 4.0 * deviation, "{mean}");
}

#[test]
fn carts_in_two_orders_deadlock_who_locks_in_their_order_and_nobody_else() {
    for plan in [nobody_dies(), plan("flash-sale", 1.0)] {
        for seed in 1..=4 {
            let reference = run(&plan, StrategyName::ClaimComplete, seed);
            assert!(met(&reference, "lock-wait") > 0);
            assert_eq!(
                (
                    met(&reference, "deadlock"),
                    reference.service.as_ref().expect("a service").deadlocks
                ),
                (0, 0)
            );
            let in_cart_order = run(&plan, StrategyName::OrderIdempotencies, seed);
            let deadlocks = met(&in_cart_order, "deadlock");
            assert!(
                deadlocks > 0
                    && deadlocks == in_cart_order.service.as_ref().expect("a service").deadlocks
            );
            for rule in [
                "duplicate-order",
                "partial-order",
                "stock-conservation",
                "oversell",
            ] {
                assert!(
                    held(&in_cart_order, rule),
                    "{rule}: the victim is rolled back"
                );
            }
            assert!(
                in_cart_order.counts.orders > 0 && !held(&in_cart_order, "unavailable"),
                "some get past it, and hardly anybody"
            );
        }
    }
}
