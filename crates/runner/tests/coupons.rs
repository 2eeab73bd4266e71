//! Coupons and seats in whole runs: the rule `quota` looks at them, a guard keeps it, and who validates only breaks it.

use report::run::{RuleOutcome, Run, RunVerdict};
use runner::watch::Nobody;
use runner::{StrategyName, run_one};

use super::{plan, task};

fn quota(story: &str, strategy: StrategyName) -> Run {
    let plan = plan(story, 1.0);
    let run = run_one(&task(&plan, strategy), 1, &Nobody)
        .expect("it runs")
        .run;
    let row = run.rules.iter().find(|row| row.name == "quota");
    assert!(row.expect("it is judged").checked > 0, "{story} {strategy}");
    run
}

fn outcome(run: &Run, rule: &str) -> RuleOutcome {
    let row = run.rules.iter().find(|row| row.name == rule);
    row.expect("a rule").verdict
}

#[test]
fn a_guarded_update_keeps_the_limit_and_whoever_only_validates_breaks_it() {
    for story in ["coupon-last-one", "seat-last-one"] {
        for strategy in StrategyName::ALL {
            let expected = match strategy {
                StrategyName::ClaimComplete
                | StrategyName::OrderIdempotencies
                | StrategyName::UnguardedDecrement
                | StrategyName::ReadModifyWrite
                | StrategyName::WebhookCreates => RuleOutcome::Held,
                // It refuses nearly everybody, so it may as well keep it.
                StrategyName::ProcessCounter => continue,
                _ => RuleOutcome::Violated,
            };
            let run = quota(story, *strategy);
            assert_eq!(outcome(&run, "quota"), expected, "{story} {strategy}");
            assert_eq!(
                outcome(&run, "wrong-amount"),
                RuleOutcome::Held,
                "{story} {strategy}"
            );
        }
    }
}

#[test]
fn coupons_of_declined_orders_are_given_back_and_all_of_them_are_used() {
    let run = quota("coupon-last-one", StrategyName::ClaimComplete);
    assert_eq!(run.verdict, RunVerdict::Pass);
    let met = |label: &str| {
        let row = run.coverage.iter().find(|row| row.label == label);
        row.expect("a label").count
    };
    assert!(met("coupon-given-back") > 5 && met("coupon-used") > 1_000);
    assert!(
        run.counts.orders_cancelled > met("coupon-given-back"),
        "others had none"
    );
}
