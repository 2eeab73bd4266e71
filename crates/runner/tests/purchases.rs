//! What is one purchase for the person and several requests for the service: late copies of what was refused, and carts that are
//! edited in one tab and sold in another.

use report::run::{RuleOutcome, Run, RunVerdict};
use runner::{StrategyName, run_one, watch::Nobody};

use crate::{parsed, task};

fn runs(story: &str) -> Vec<Run> {
    let plan = parsed("purchases", story, 1.0);
    let task = task(&plan, StrategyName::ClaimComplete);
    let run = |seed| run_one(&task, seed, &Nobody).expect("it runs").run;
    (1..11).map(run).collect()
}

/// The rules that any run violates.
fn violated(runs: &[Run]) -> Vec<&str> {
    let rows = runs.iter().flat_map(|run| &run.rules);
    let violated = rows.filter(|row| row.verdict == RuleOutcome::Violated);
    let mut names: Vec<&str> = violated.map(|row| row.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Twenty pairs for sixty people; three cards in five are declined after four seconds, and what was held for them is free again when
/// the network delivers requests once more.
fn late_copies(contract: &str) -> Vec<Run> {
    runs(&format!(
        r#"story = "Copies arrive late."
strategy = "claim-complete"
coverage = ["duplicate-delivered", "out-of-stock", "declined"]
[contract]
{contract}
[world.latency]
handler = "4s"
[shop]
[[shop.sku]]
name = "pair"
price = "14.00"
stock = 20
[[shop.basket]]
lines = {{ pair = 1 }}
[load]
intents = 60
over = "6s"
[[client]]
name = "app"
key = "per-intent"
timeout = "10s"
retry = {{ max = 3, on = ["timeout", "reset", "in-progress"], wait = "1s" }}
[[fault]]
decline-charge = {{ chance = 0.6 }}
[[fault]]
duplicate-request = {{ chance = 0.5, after = {{ uniform = ["0s", "30s"] }} }}
"#
    ))
}

#[test]
fn who_was_told_that_there_is_none_is_not_sold_it_by_a_late_copy() {
    let runs = late_copies("preset = \"reference\"");
    assert!(
        runs.iter().all(|run| run.verdict == RunVerdict::Pass),
        "{:?}",
        violated(&runs)
    );
    // A contract that gives the key back leaves it to the network who gets what is free again.
    let forgetful = late_copies("stored-errors = [\"payment-declined\"]");
    assert!(violated(&forgetful).contains(&"failed-but-applied"));
}

/// Carts that are edited after the first tap, on a network that loses requests.
fn edited(key: &str, more: &str) -> Vec<Run> {
    runs(&format!(
        r#"story = "Carts are edited."
strategy = "claim-complete"
coverage = ["edited-cart"]
[shop]
[[shop.sku]]
name = "burger"
price = "14.00"
stock = 10_000
[[shop.sku]]
name = "fries"
price = "3.00"
stock = 10_000
[[shop.basket]]
lines = {{ burger = 1 }}
[[shop.basket]]
lines = {{ fries = 1 }}
[load]
intents = 200
over = "1h"
[[client]]
name = "app"
key = "{key}"
timeout = "10s"
retry = {{ max = 3, on = ["timeout", "reset", "in-progress"], wait = "1s" }}
edited-cart = {{ chance = 0.5, after = {{ exponential = "3s" }} }}
{more}
[[fault]]
lose-request = {{ chance = 0.2 }}
"#
    ))
}

#[test]
fn of_an_edited_cart_one_version_is_sold_as_long_as_one_key_stands_for_all() {
    let runs = edited("per-intent", "");
    assert!(
        runs.iter().all(|run| run.verdict == RunVerdict::Pass),
        "{:?}",
        violated(&runs)
    );
    // Another tab has a key of its own, and a client without keys has none: the cart, of which one version is sold, stands for all.
    let tab = "second-tab = { chance = 0.5, after = { exponential = \"3s\" } }";
    assert_eq!(violated(&edited("per-intent", tab)), [""; 0]);
    assert_eq!(violated(&edited("none", "")), [""; 0]);
}
