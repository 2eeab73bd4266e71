//! A correct service under every fault: no finding at all. The reference must hold; what it must not be is lucky.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use report::run::{RuleOutcome, RuleRow, RunVerdict};
use runner::{Batch, StrategyName, run_seeds, watch::Nobody};
use scenario::Plan;

use crate::{parsed, task};

fn plan() -> Plan {
    parsed("chaos", include_str!("chaos.toml"), 0.25)
}

fn run(strategy: StrategyName, seeds: u64) -> Vec<report::run::Run> {
    let plan = plan();
    let task = task(&plan, strategy);
    let jobs = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let batch = Batch {
        task,
        seeds: 1..seeds + 1,
        jobs,
        histories: false,
    };
    let mut runs = Vec::new();
    run_seeds(&batch, &Nobody, |finished| runs.push(finished.run)).expect("the harness is sound");
    runs
}

/// Whether a rule leaves doubt.
fn is_open(rule: &RuleRow) -> bool {
    match rule.verdict {
        RuleOutcome::Violated | RuleOutcome::Unknown => true,
        RuleOutcome::Vacuous => rule.name == "evidence",
        _ => false,
    }
}

#[test]
fn the_reference_holds_under_every_fault_for_a_hundred_thousand_keys() {
    // Seed 83 once sold a cart twice: from a second tab, and edited, under the first tab's key.
    let runs = run(StrategyName::ClaimComplete, 96);
    let (mut faults, mut labels, mut orders) = (BTreeMap::new(), BTreeMap::new(), 0);
    for run in &runs {
        let open: Vec<_> = run.rules.iter().filter(|rule| is_open(rule)).collect();
        assert!(
            open.is_empty(),
            "seed {}: {open:?}",
            run.seed.expect("a seed")
        );
        assert_eq!(run.counts.extra_orders, 0);
        let unfenced = run.rules.iter().find(|rule| rule.name == "unfenced");
        let changes = unfenced.expect("it is judged").checked;
        assert!(
            changes > 2 * run.counts.orders,
            "seed {}: a claim and an end each, and take-overs: {changes}",
            run.seed.expect("a seed")
        );
        orders += run.counts.orders;
        for fault in &run.faults {
            *faults.entry(fault.name.clone()).or_insert(0) += fault.count;
        }
        for label in &run.coverage {
            *labels.entry(label.label.clone()).or_insert(0) += label.count;
        }
    }
    assert!(orders > 100_000, "{orders}");
    assert_eq!(faults.len(), plan().faults.len(), "{faults:?}");
    assert!(faults.values().all(|count| *count > 0), "{faults:?}");
    for (label, count) in &labels {
        // No key outlives its day, there are no coupons, and the reference locks in one order.
        let met = !matches!(
            label.as_str(),
            "key-expired" | "coupon-used" | "coupon-given-back" | "deadlock"
        );
        assert_eq!(*count > 0, met, "{label}: {count}");
    }
}

#[test]
fn what_the_reference_survives_breaks_the_others() {
    for strategy in [StrategyName::NoDedup, StrategyName::CheckThenInsert] {
        for run in run(strategy, 2) {
            assert_eq!(run.verdict, RunVerdict::Fail, "{strategy}");
            let violated =
                |rule: &str| run.rules.iter().any(|r| r.name == rule && r.violations > 0);
            for rule in ["duplicate-order", "double-charge", "orphan-charge"] {
                assert!(violated(rule), "{strategy}: {rule}");
            }
        }
    }
}
