//! Bad cells: who meets one, how long it lasts, and how often the radio is bad.

use std::collections::BTreeMap;

use crate::story::{Told, attempts, ended, fired, go, plan};

/// An app that sends ten requests after each other, a minute between them, and waits for each.
fn story(cell: &str) -> BTreeMap<usize, Vec<Told>> {
    let taps = ["{ after = \"1min\" }"; 10].join(", ");
    let client = format!(
        "[[client]]\nname = \"app\"\ntimeout = \"20s\"\ntaps = [{taps}]\n[[fault]]\nbad-cell = {{ {cell} }}"
    );
    let history = go(&plan(&client), "no-dedup", 1).history;
    let mut intents: BTreeMap<usize, Vec<Told>> = BTreeMap::new();
    for told in attempts(&history) {
        intents.entry(told.intent()).or_default().push(told);
    }
    assert_eq!(intents.len(), 300);
    intents
}

fn is_lost(told: &Told) -> bool {
    told.end == "timeout"
}

#[test]
fn whoever_begins_in_a_bad_cell_is_out_of_it_when_it_ends_and_stays_out() {
    // The first response leaves at 60.4 s or so, the sixth 300 s later.
    for told in story("chance = 1, lasts = \"270s\"").values() {
        let lost: Vec<bool> = told.iter().map(is_lost).collect();
        assert_eq!(lost[..5], [true; 5], "{told:?}");
        assert_eq!(lost[5..], [false; 5], "{told:?}");
    }
}

#[test]
fn the_first_response_has_odds_of_its_own() {
    let intents = story("chance = 0.25, first = 1, lasts = \"1d\"");
    assert!(intents.values().all(|told| is_lost(&told[0])));
    let later = intents.values().flat_map(|told| &told[1..]);
    let lost = later.filter(|told| is_lost(told)).count();
    // a quarter of 2,700, give or take five standard deviations
    assert!((565..790).contains(&lost), "{lost}");
    let others = story("chance = 1, first = 0, lasts = \"1d\"");
    assert!(
        others
            .values()
            .all(|told| !is_lost(&told[0]) && is_lost(&told[1]))
    );
}

#[test]
fn only_a_share_of_purchases_begins_inside() {
    let intents = story("chance = 1, lasts = \"1d\", inside = 0.3");
    let inside = intents.values().filter(|told| told.iter().all(is_lost));
    let outside = intents.values().filter(|told| !told.iter().any(is_lost));
    let (inside, outside) = (inside.count(), outside.count());
    assert_eq!(inside + outside, 300, "whoever begins outside stays there");
    assert!((50..130).contains(&inside), "{inside}");
}

#[test]
fn the_radio_is_bad_as_large_a_part_of_the_time_as_its_two_delays_say() {
    let cell = "chance = 1, lasts = { exponential = \"10s\" }, between = { exponential = \"30s\" }, inside = 0.25";
    let intents = story(cell);
    for nth in [0, 1, 5, 9] {
        let lost = intents.values().filter(|told| is_lost(&told[nth])).count();
        // a quarter of 300, give or take five standard deviations
        assert!((38..112).contains(&lost), "{nth}: {lost}");
    }
    let never = intents.values().filter(|told| !told.iter().any(is_lost));
    assert!(never.count() < 60, "a radio is good and bad by turns");
}

#[test]
fn a_cell_is_of_one_purchase_in_its_window_and_of_its_client() {
    let two = r#"
        [[client]]
        name = "ios"
        share = 0.5
        key = "per-intent"
        timeout = "5s"
        [[client]]
        name = "web"
        timeout = "5s"
        [[fault]]
        bad-cell = { chance = 1, lasts = "1h", client = "ios", reset = 1, window = { from = "2min", until = "4min" } }
    "#;
    let history = go(&plan(two), "no-dedup", 1).history;
    assert_eq!(fired(&history)["bad-cell"], ended(&history, "reset"));
    let lost: Vec<Told> = attempts(&history)
        .into_iter()
        .filter(|told| told.end == "reset")
        .collect();
    assert!(lost.len() > 10, "{lost:?}");
    for told in lost {
        let keyed = told.asked.key.is_some();
        assert!(
            keyed && (115_000_000..240_000_000).contains(&told.begun),
            "{told:?}"
        );
    }
}

#[test]
fn exponential_backoff_out_of_a_bad_cell_makes_as_many_requests_as_the_markov_process_says() {
    let client = r#"
        [[client]]
        name = "app"
        retry = { max = 8, on = ["reset"], backoff = { first = "1s", factor = 2 } }
        [[fault]]
        bad-cell = { chance = 0.5, first = 1, lasts = { exponential = "1min" }, reset = 1 }
    "#;
    let (mut retries, runs) = (0.0, 20);
    for seed in 1..=runs {
        let told = attempts(&go(&plan(client), "no-dedup", seed).history);
        retries += (told.len() - 300) as f64 / 300.0 / runs as f64;
    }
    // Retry k + 1 is made if the answers before were lost and the cell lasts: 2^-k exp(-t(k) / 60 s), where t(k) is when the
    // k-th answer sets out after the first: 2^k - 1 s of waits and k times 0.4 s under way and in work.
    let lost =
        |k: i32| 0.5_f64.powi(k) * (-(2_f64.powi(k) - 1.0 + 0.4 * f64::from(k)) / 60.0).exp();
    let expected: f64 = (0..8).map(lost).sum();
    assert!((retries - expected).abs() < 0.06, "{retries} {expected}");
}
