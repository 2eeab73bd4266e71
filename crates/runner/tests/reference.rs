//! Worlds in which the reference was once wrong, and the limit of what any server can do.

use report::run::{RuleOutcome, Run, RunVerdict};
use runner::{StrategyName, run_one, watch::Nobody};
use scenario::Plan;

use crate::{parsed, plan, task};

fn run(plan: &Plan, seed: u64) -> Run {
    let task = task(plan, StrategyName::ClaimComplete);
    run_one(&task, seed, &Nobody).expect("it runs").run
}

fn violated(run: &Run) -> Vec<&str> {
    let rules = run.rules.iter();
    let violated = rules.filter(|rule| rule.verdict == RuleOutcome::Violated);
    violated.map(|rule| rule.name.as_str()).collect()
}

fn holds(name: &str, text: &str) {
    let plan = parsed(name, text, 1.0);
    for seed in 1..41 {
        let run = run(&plan, seed);
        assert_eq!(
            run.verdict,
            RunVerdict::Pass,
            "seed {seed}: {:?}",
            violated(&run)
        );
        assert_eq!(run.counts.extra_orders, 0, "seed {seed}");
    }
}

#[test]
fn a_claim_that_a_webhook_gave_back_is_not_said_to_be_in_progress() {
    holds("refusals", include_str!("refusals.toml"));
}

#[test]
fn leases_hold_between_replicas_whose_clocks_are_further_apart_than_a_lease() {
    holds("skew", include_str!("skew.toml"));
}

#[test]
fn late_copies_of_declined_requests_make_orders_only_where_no_refusal_is_stored() {
    let text = include_str!("../../../scenarios/declined-copies.toml");
    for (preset, limit) in [
        ("checkout-com", true),
        ("paypal", true),
        ("seed-001", true),
        ("reference", false),
        ("stripe-v1", false),
    ] {
        let written = format!("preset = \"{preset}\"");
        let text = text.replace("preset = \"checkout-com\"", &written);
        assert!(text.contains(&written));
        let run = run(&parsed("declined-copies", &text, 1.0), 1);
        let expected: &[&str] = if limit { &["failed-but-applied"] } else { &[] };
        assert_eq!(violated(&run), expected, "{preset}");
    }
}

#[test]
fn a_story_of_one_defence_needs_that_defence() {
    // With both switched off, the keys of `cart-alone` and the cart of `key-alone` are what is missing.
    let text = include_str!("../../../scenarios/cart-alone.toml");
    let both = text.replace(
        "claim-table = \"off\"",
        "claim-table = \"off\"\nnatural-key = \"off\"",
    );
    assert_ne!(both, text);
    let broken = run(&parsed("cart-alone", &both, 1.0), 1);
    assert!(violated(&broken).contains(&"duplicate-order"));
    for story in ["cart-alone", "key-alone"] {
        assert_eq!(
            run(&plan(story, 1.0), 1).verdict,
            RunVerdict::Pass,
            "{story}"
        );
    }
}
