//! Leases that are over before the work is: nobody who claims holds the claim for long, and an order happens once all the same.

use report::run::{RuleOutcome, Run, RunVerdict};
use runner::{StrategyName, run_one, watch::Nobody};

use crate::{met, parsed, task};

/// No length at all, one tick, less than a charge takes, and about as long as one.
const LEASES: [&str; 4] = ["0s", "1us", "1ms", "300ms"];

/// People who tap up to three times within half a second, on replicas whose clocks differ.
fn story(lease: &str, faults: &str) -> String {
    format!(
        r#"story = "Nobody holds a claim for long."
strategy = "claim-complete"
coverage = ["double-click", "concurrent-duplicate"]
[contract]
lease = "{lease}"
success-floor = "97%"
[world]
replicas = 3
[shop]
[[shop.sku]]
name = "burger"
price = "15.00"
stock = 10_000
[[shop.basket]]
lines = {{ burger = 1 }}
[load]
intents = 60
over = "3min"
[[client]]
name = "app"
key = "per-intent"
timeout = "10s"
taps = [{{}}, {{ chance = 0.8, after = {{ uniform = ["1ms", "400ms"] }} }}, {{ chance = 0.5, after = {{ uniform = ["1ms", "400ms"] }} }}]
retry = {{ max = 6, on = ["reset", "timeout", "unavailable", "in-progress"], wait = {{ uniform = ["200ms", "2s"] }} }}
{faults}"#
    )
}

const FAULTS: &str = r#"
[[fault]]
lose-response = { chance = 0.1, reset = 0.5 }
[[fault]]
crash-replica = { chance = 0.001, down-for = "2s" }
[[fault]]
crash-replica = { chance = 0.02, point = "after-charge", down-for = "2s" }
[[fault]]
pause-replica = { chance = 0.002, for = "3s" }
[[fault]]
gateway-timeout-after = { chance = 0.02 }
"#;

fn runs(lease: &str, faults: &str) -> Vec<Run> {
    let plan = parsed("leases", &story(lease, faults), 1.0);
    let task = task(&plan, StrategyName::ClaimComplete);
    let run = |seed| run_one(&task, seed, &Nobody).expect("it runs").run;
    (1..26).map(run).collect()
}

/// Every run holds, and nothing is left open.
fn hold(lease: &str, faults: &str) -> Vec<Run> {
    let runs = runs(lease, faults);
    for run in &runs {
        let violated = run
            .rules
            .iter()
            .filter(|r| r.verdict == RuleOutcome::Violated);
        let violated: Vec<_> = violated.collect();
        assert_eq!(
            run.verdict,
            RunVerdict::Pass,
            "{lease}, seed {}: {violated:?}",
            run.seed.expect("a seed")
        );
        assert_eq!(
            run.counts.extra_orders,
            0,
            "{lease}, seed {}",
            run.seed.expect("a seed")
        );
    }
    runs
}

fn met_by_any(runs: &[Run], label: &str) -> u64 {
    runs.iter().map(|run| met(run, label)).sum()
}

#[test]
fn a_duplicate_alone_is_no_server_error_however_short_the_lease() {
    for lease in LEASES {
        let runs = hold(lease, "");
        let unanswered: u64 = runs.iter().map(|run| run.counts.unanswered).sum();
        assert_eq!(
            unanswered, 0,
            "{lease}: nothing went wrong, so everybody was told"
        );
        assert!(met_by_any(&runs, "concurrent-duplicate") > 500, "{lease}");
    }
}

#[test]
fn an_order_happens_once_however_short_the_lease_and_whoever_dies_or_sleeps() {
    for lease in LEASES {
        let runs = hold(lease, FAULTS);
        for label in ["paused-beyond-lease", "crash-after-charge", "replay-served"] {
            assert!(
                met_by_any(&runs, label) > 20,
                "{lease}: {label} {}",
                met_by_any(&runs, label)
            );
        }
    }
}
