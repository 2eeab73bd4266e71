//! The payment's own channel: when it acts, under which key, and until when.

use std::collections::{BTreeMap, BTreeSet};

use history::{History, Label};

use crate::story::{Told, attempts, go, met, plan, struck};

const CHANNEL: &str = r#"
    [[client]]
    name = "app"
    key = "per-intent"
    timeout = "20s"
    second-channel = { max = 3, wait = ["30s", "1min"] }
    [[fault]]
    gateway-timeout-after = { chance = 0.5 }
"#;

/// What the app sent for each purchase, which is one request; and what came after it.
fn purchases(history: &History) -> Vec<(Told, Vec<Told>)> {
    let mut intents: BTreeMap<usize, Vec<Told>> = BTreeMap::new();
    for attempt in attempts(history) {
        intents.entry(attempt.intent()).or_default().push(attempt);
    }
    assert_eq!(intents.len(), 300);
    let purchases = intents.into_values();
    purchases.map(|mut told| (told.remove(0), told)).collect()
}

#[test]
fn the_channel_orders_what_was_captured_unheard_under_one_key_of_its_own_until_it_is_answered() {
    let history = go(&plan(CHANNEL), "no-dedup", 1).history;
    let (mut acted, mut gave_up, mut keys) = (0, 0, BTreeSet::new());
    for (app, channel) in purchases(&history) {
        if app.end == "ok" {
            assert!(channel.is_empty(), "{channel:?}");
            continue;
        }
        acted += 1;
        let (last, before) = channel.split_last().expect("the channel heard of it");
        assert!(before.iter().all(|told| told.end == "outcome_unknown"));
        assert!(last.end == "ok" || channel.len() == 3, "{channel:?}");
        gave_up += u64::from(last.end != "ok");
        let key = last.asked.key.expect("it has one");
        assert!(keys.insert(key) && Some(key) != app.asked.key);
        for told in &channel {
            assert_eq!(
                (told.asked.key, told.asked.payload),
                (Some(key), app.asked.payload)
            );
        }
        // The capture came before the app heard that nobody knows.
        let first = channel[0].begun - app.begun;
        assert!((30_000_000..40_000_000).contains(&first), "{first}");
        for pair in channel.windows(2) {
            assert_eq!(pair[1].begun - pair[0].ended.expect("it ended"), 60_000_000);
        }
    }
    assert!(
        (120..180).contains(&acted) && gave_up > 3,
        "{acted} {gave_up}"
    );
    assert_eq!(met(&history, Label::SecondChannel), acted);
}

#[test]
fn a_webhook_wakes_the_channel_early_and_only_once() {
    let told = format!(
        "[world.latency]\nwebhook = \"2s\"\n{CHANNEL}[[fault]]\nduplicate-webhook = {{ chance = 1, after = \"5s\" }}"
    );
    let history = go(&plan(&told), "no-dedup", 1).history;
    assert!(struck(&history, "duplicate-webhook") > 300);
    let mut acted = 0;
    for (app, channel) in purchases(&history) {
        if let Some(first) = channel.first() {
            acted += 1;
            assert!(first.begun - app.begun < 12_000_000);
            let keys: BTreeSet<_> = channel.iter().map(|told| told.asked.key).collect();
            assert!(keys.len() == 1 && channel.len() <= 3);
        }
    }
    assert_eq!(met(&history, Label::SecondChannel), acted);
}

#[test]
fn a_capture_that_nobody_waits_for_any_more_still_lets_the_channel_act() {
    let late = CHANNEL.replace(
        "gateway-timeout-after = { chance = 0.5 }",
        "slow-gateway = { chance = 1, by = \"1h\", window = { from = \"0s\", until = \"10min\" } }",
    );
    let history = go(&plan(&late), "claim-complete", 1).history;
    let mut orders = 0;
    for (app, channel) in purchases(&history) {
        let first = channel.first().expect("the channel heard of it");
        assert!(first.begun - app.begun > 2_000_000_000, "{first:?}");
        orders += u64::from(channel.iter().any(|told| told.end == "ok"));
    }
    assert_eq!(orders, 300);
}
