//! The reference under every contract: whatever the policies, an order happens once, and the judge reads them as they are meant.

use report::run::{Run, RunVerdict};
use runner::{StrategyName, run_one, watch::Nobody};

use crate::{met, parsed, task};

/// A lunch hour of double clicks and lost replies under a contract.
fn story(contract: &str) -> String {
    format!(
        r#"story = "Replies get lost, and people tap twice."
strategy = "claim-complete"
coverage = ["double-click", "reply-lost-after-commit", "concurrent-duplicate", "replay-served"]
[contract]
{contract}
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
intents = 400
over = "1h"
[[client]]
name = "app"
key = "per-intent"
timeout = "15s"
taps = [{{}}, {{ chance = 0.5, after = {{ uniform = ["50ms", "4s"] }} }}]
retry = {{ max = 6, on = ["reset", "timeout", "unavailable", "in-progress"], wait = "2s" }}
[[fault]]
lose-response = {{ chance = 0.2, reset = 0.5 }}
[[fault]]
decline-charge = {{ chance = 0.05 }}
"#
    )
}

fn run(contract: &str) -> Run {
    let plan = parsed("presets", &story(contract), 1.0);
    let task = task(&plan, StrategyName::ClaimComplete);
    run_one(&task, 1, &Nobody).expect("it runs").run
}

/// Under every contract the run holds, and repetitions are counted as what they are, whether or not they say so.
fn holds(contract: &str) -> Run {
    let run = run(contract);
    assert_eq!(run.verdict, RunVerdict::Pass, "{contract}: {:?}", run.rules);
    assert_eq!(run.counts.extra_orders, 0, "{contract}");
    let (replayed, created) = (run.latency.replayed.count, run.latency.created.count);
    assert_eq!(replayed, met(&run, "replay-served"), "{contract}");
    assert!(
        replayed > 50 && created > 200,
        "{contract}: {replayed}, {created}"
    );
    assert!(
        created <= run.counts.intents,
        "{contract}: an order is created once"
    );
    run
}

#[test]
fn the_reference_holds_under_every_contract_that_has_a_name() {
    for preset in runner::known::presets() {
        holds(&format!("preset = \"{preset}\""));
    }
}

#[test]
fn a_twin_is_refused_or_waits_as_the_contract_says() {
    let refused = |contract: &str| met(&holds(contract), "in-flight-refused");
    assert!(refused("in-flight = \"409\"") > 0);
    assert!(refused("in-flight = \"202\"") > 0);
    // Whoever waits is not refused, unless the twin is slower than its patience.
    assert_eq!(refused("in-flight = \"wait\""), 0);
    assert!(refused("in-flight = \"wait\"\nwait-at-most = \"1ms\"") > 0);
}

#[test]
fn what_is_stored_of_a_failure_is_what_the_contract_says() {
    holds("stored-errors = []\nmismatch = 409");
    holds("stored-errors = [\"payment-declined\", \"out-of-stock\"]");
}
