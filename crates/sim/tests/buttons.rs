//! What the client's side of a strategy does: which taps become requests, and who sends a key.

use std::collections::BTreeMap;

use orders::{Metric, StrategyName};

use crate::story::{Told, attempts, go, plan};

/// The attempts of 300 purchases by a client of this kind.
fn told(strategy: &str, client: &str) -> Vec<Told> {
    let plan = plan(&format!("[[client]]\nname = \"app\"\n{client}"));
    attempts(&go(&plan, strategy, 1).history)
}

/// When each purchase's attempts were sent.
fn sent(told: &[Told]) -> BTreeMap<usize, Vec<u64>> {
    let mut intents: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for attempt in told {
        let times = intents.entry(attempt.intent()).or_default();
        times.push(attempt.begun);
        times.sort_unstable();
    }
    intents
}

const DOUBLE_CLICK: &str = r#"taps = [{}, { chance = 1, after = "20ms" }]"#;

#[test]
fn a_tap_on_a_disabled_button_is_no_request() {
    assert_eq!(told("no-dedup", DOUBLE_CLICK).len(), 600);
    assert_eq!(told("client-disable", DOUBLE_CLICK).len(), 300);
}

#[test]
fn what_arrives_and_what_a_button_holds_back_are_counted() {
    let traffic = |strategy, taps: &str| {
        let plan = plan(&format!("[[client]]\nname = \"app\"\n{taps}"));
        let traffic = go(&plan, strategy, 1).traffic;
        (traffic.arrived, traffic.repeated, traffic.held_back)
    };
    assert_eq!(traffic("no-dedup", DOUBLE_CLICK), (600, 300, 0));
    assert_eq!(traffic("client-disable", DOUBLE_CLICK), (300, 0, 300));
    assert_eq!(traffic("debounce-window", DOUBLE_CLICK), (300, 0, 300));
    // Tapped again 600 ms later: the time is over, and the request is still under way.
    let slow = r#"taps = [{ uplink = "5s" }, { chance = 1, after = "600ms" }]"#;
    assert_eq!(traffic("debounce-window", slow), (300, 0, 300));
    // One that is lost on the way never arrives; one that the network doubles arrives twice.
    let lost = "[[fault]]\nlose-request = { chance = 1 }";
    assert_eq!(traffic("no-dedup", lost), (0, 0, 0));
    let doubled = "[[fault]]\nduplicate-request = { chance = 1, after = \"1s\" }";
    assert_eq!(traffic("no-dedup", doubled), (600, 300, 0));
}

#[test]
fn commands_to_the_cache_are_counted_apart_from_statements() {
    let plan = plan("[[client]]\nname = \"app\"");
    // GET and SETEX.
    assert_eq!(go(&plan, "fingerprint", 1).cache_commands, 600);
    assert_eq!(go(&plan, "no-dedup", 1).cache_commands, 0);
    assert_eq!(
        go(&plan, "fingerprint", 1).statements,
        go(&plan, "no-dedup", 1).statements
    );
}

#[test]
fn the_button_works_again_when_nothing_is_under_way() {
    let later = r#"taps = [{}, { chance = 1, after = "1min" }]"#;
    assert_eq!(told("client-disable", later).len(), 600);
    assert_eq!(told("debounce-window", later).len(), 600);
}

#[test]
fn another_tab_and_retries_of_the_app_pass_the_button_by() {
    let tab = r#"second-tab = { chance = 1, after = "20ms" }"#;
    let retry = r#"
        retry = { max = 2, on = ["reset"], wait = "1s" }
        [[fault]]
        lose-response = { chance = 1, reset = 1 }
    "#;
    for strategy in ["client-disable", "debounce-window"] {
        assert_eq!(told(strategy, tab).len(), 600, "{strategy}");
        assert_eq!(told(strategy, retry).len(), 900, "{strategy}");
    }
}

#[test]
fn of_taps_that_follow_each_other_within_the_time_the_last_one_is_sent_when_it_is_over() {
    let three = r#"taps = [{}, { after = "400ms" }, { after = "499ms" }]"#;
    let (plain, debounced) = (told("no-dedup", three), told("debounce-window", three));
    let (plain, debounced) = (sent(&plain), sent(&debounced));
    assert_eq!(plain.len(), 300);
    for (intent, taps) in plain {
        assert_eq!(debounced[&intent], [taps[2] + 500_000], "{taps:?}");
    }
    let apart = r#"taps = [{}, { after = "500ms" }]"#;
    let first = |told: Vec<Told>| sent(&told).into_values().map(|times| times[0]).sum::<u64>();
    assert_eq!(
        first(told("debounce-window", apart)),
        first(told("no-dedup", apart)) + 300 * 500_000,
        "a tap when the time is just over does not start it anew"
    );
}

#[test]
fn clients_of_a_system_that_needs_keys_send_one_for_a_purchase() {
    for strategy in StrategyName::ALL {
        let told = told(strategy.name(), DOUBLE_CLICK);
        let with_key = told.iter().filter(|told| told.asked.key.is_some()).count();
        let expected = if strategy.brings_client_key() {
            told.len()
        } else {
            0
        };
        assert_eq!(with_key, expected, "{strategy}");
    }
}

#[test]
fn what_the_service_counts_is_part_of_the_run() {
    let plan = plan(&format!("[[client]]\nname = \"app\"\n{DOUBLE_CLICK}"));
    let metrics = go(&plan, "unique-key", 1).metrics;
    assert_eq!(metrics.of(Metric::AutoKey), 600);
    assert_eq!(metrics.of(Metric::Hit) + metrics.of(Metric::Miss), 600);
    assert_eq!(metrics.of(Metric::Conflict), 0);
    assert!(go(&plan, "no-dedup", 1).metrics.is_empty());
}
