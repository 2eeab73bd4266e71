//! What people and their apps do: wait, back off, die and come back, go offline, open a second tab.

use std::collections::BTreeMap;
use std::rc::Rc;

use history::Label;

use crate::story::{Told, attempts, ended, go, met, plan};

fn by_intent(told: Vec<Told>) -> BTreeMap<usize, Vec<Told>> {
    let mut intents: BTreeMap<usize, Vec<Told>> = BTreeMap::new();
    for attempt in told {
        intents.entry(attempt.intent()).or_default().push(attempt);
    }
    intents
}

#[test]
fn a_fault_strikes_only_in_its_window_and_only_its_clients() {
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
        lose-response = { chance = 0.5, client = "ios", window = { from = "2min", until = "4min" } }
    "#;
    let told = attempts(&go(&plan(two), "no-dedup", 1).history);
    let window = 115_000_000..240_000_000;
    let keyed = |told: &&Told| told.asked.key.is_some();
    assert!(told.iter().filter(keyed).count() > 100);
    assert!(told.len() - told.iter().filter(keyed).count() > 100);
    let lost: Vec<&Told> = told.iter().filter(|told| told.end == "timeout").collect();
    assert!(lost.len() > 5, "{lost:?}");
    for attempt in lost {
        assert!(
            keyed(&attempt) && window.contains(&attempt.begun),
            "{attempt:?}"
        );
    }
}

#[test]
fn everybody_gives_up_in_their_own_time_whoever_waited_before() {
    let clients = r#"
        [[client]]
        name = "calm"
        share = 0.5
        timeout = "30s"
        [[client]]
        name = "hasty"
        key = "per-intent"
        timeout = "7s"
        [[fault]]
        lose-response = { chance = 0.3 }
    "#;
    let told = attempts(&go(&plan(clients), "no-dedup", 1).history);
    for (hasty, after_us) in [(false, 30_000_000), (true, 7_000_000)] {
        let theirs = told.iter().filter(|told| told.asked.key.is_some() == hasty);
        let (lost, answered): (Vec<&Told>, Vec<&Told>) =
            theirs.partition(|told| told.end == "timeout");
        assert!(lost.len() > 20 && answered.len() > 50);
        assert!(lost.iter().all(|told| told.span() == after_us), "{lost:?}");
        assert!(answered.iter().all(|told| told.end == "ok"), "{answered:?}");
    }
}

#[test]
fn an_answer_in_the_very_instant_of_giving_up_is_late() {
    let latencies = r#"
        [world]
        clock-skew = "0s"
        [world.latency]
        uplink = "1s"
        downlink = "1s"
        handler = "0s"
        record-read = "0s"
    "#;
    // Those who wait longer are answered, and leave their alarms to those who come after them.
    let hasty = |timeout_us: u64| -> Vec<Told> {
        let clients = format!(
            r#"
            [[client]]
            name = "calm"
            share = 0.5
            timeout = "10s"
            [[client]]
            name = "hasty"
            key = "per-intent"
            timeout = "{timeout_us}us"
            "#
        );
        let plan = plan(&format!("{latencies}{clients}"));
        let told = attempts(&go(&plan, "no-dedup", 1).history);
        told.into_iter()
            .filter(|told| told.asked.key.is_some())
            .collect()
    };
    let takes_us = hasty(10_000_000)
        .iter()
        .map(Told::span)
        .min()
        .expect("told");
    for (timeout_us, late) in [
        (takes_us - 1, true),
        (takes_us, true),
        (takes_us + 1, false),
    ] {
        let told = hasty(timeout_us);
        let quick = told.iter().filter(|told| told.span() <= takes_us);
        let ends: Vec<bool> = quick.map(|told| told.end == "timeout").collect();
        assert!(ends.len() > 100 && ends.iter().all(|timed_out| *timed_out == late));
    }
}

#[test]
fn retries_wait_as_long_as_the_backoff_says() {
    let client = r#"
        [[client]]
        name = "app"
        timeout = "10s"
        retry = { max = 4, on = ["reset"], backoff = { first = "1s", factor = 2, cap = "3s" } }
        [[fault]]
        lose-response = { chance = 1, reset = 1 }
    "#;
    let intents = by_intent(attempts(&go(&plan(client), "claim-complete", 1).history));
    assert_eq!(intents.len(), 300);
    for told in intents.values() {
        let pairs = told.windows(2);
        let waits: Vec<u64> = pairs
            .map(|pair| pair[1].begun - pair[0].ended.unwrap())
            .collect();
        assert_eq!(waits, [1_000_000, 2_000_000, 3_000_000, 3_000_000]);
    }
}

const DYING: &str = r#"
    [[client]]
    name = "app"
    key = "per-intent"
    timeout = "10s"
    crash = { chance = 0.5, back-after = "5s", key-persisted = true }
    retry = { max = 3, on = ["reset"], wait = "1s" }
"#;

#[test]
fn a_death_of_the_app_uses_up_no_retry() {
    let plan = plan(&format!(
        "{DYING}[[fault]]\nlose-response = {{ chance = 1, reset = 1 }}"
    ));
    let history = go(&plan, "claim-complete", 1).history;
    assert!(ended(&history, "client died") > 100);
    for told in by_intent(attempts(&history)).values() {
        let heard = told.iter().filter(|told| told.end == "reset");
        assert_eq!(heard.count(), 4, "{told:?}");
    }
}

#[test]
fn an_app_that_always_dies_is_started_so_often_and_not_more() {
    let mut plan = Rc::unwrap_or_clone(plan(DYING));
    plan.clients[0].crash.as_mut().unwrap().chance = 1.0;
    let history = go(&Rc::new(plan), "claim-complete", 1).history;
    let intents = by_intent(attempts(&history));
    let deaths = |told: &[Told]| told.iter().filter(|told| told.end == "client died").count();
    assert!(intents.values().all(|told| deaths(told) <= 20));
    assert!(
        intents
            .values()
            .all(|told| told.last().unwrap().end == "ok")
    );
    assert!(intents.values().any(|told| deaths(told) > 5));
}

/// What an app does that dies and has these fields: how often it dies, how often late in its wait, and how many attempts end
/// together with another. None may outlive its app, or be made while it is gone.
fn deaths(fields: &str) -> (u64, u64, u64) {
    let plan = plan(&DYING.replace("name = \"app\"", &format!("name = \"app\"\n{fields}")));
    let history = go(&plan, "claim-complete", 1).history;
    assert!(met(&history, Label::AppCrash) > 100);
    let intents = by_intent(attempts(&history));
    let (mut deaths, mut together, mut later) = (0, 0, 0);
    for told in intents.values() {
        for died in told.iter().filter(|told| told.end == "client died") {
            let at = died.ended.unwrap();
            deaths += 1;
            later += u64::from(died.span() > 100_000);
            for other in told {
                let open = other.begun < at && other.ended.is_none_or(|ended| ended > at);
                assert!(!open, "an attempt outlives its app: {other:?} {died:?}");
                let gone = other.begun > at && other.begun < at + 5_000_000;
                assert!(
                    !gone,
                    "an attempt of an app that is not there: {other:?} {died:?}"
                );
                together += u64::from(other.begun != died.begun && other.ended == Some(at));
            }
        }
    }
    (deaths, later, together)
}

#[test]
fn an_app_dies_at_any_moment_of_its_wait_and_takes_all_its_taps_along() {
    let (deaths, later, together) =
        deaths("taps = [{}, { after = \"100ms\" }, { after = \"3s\" }]");
    assert!(deaths > 150, "{deaths}");
    assert!(later > 50 && later < deaths, "{later} of {deaths}");
    assert!(together > 20, "{together}");
}

#[test]
fn an_edited_cart_is_sent_by_the_app_and_dies_with_it() {
    let (deaths, _, together) = deaths("edited-cart = { chance = 1, after = \"100ms\" }");
    assert!(deaths > 150 && together > 20, "{deaths}, {together}");
}

#[test]
fn an_app_that_lost_its_key_comes_back_with_another() {
    for (kept, differ) in [(true, false), (false, true)] {
        let plan = plan(&DYING.replace("persisted = true", &format!("persisted = {kept}")));
        let told = attempts(&go(&plan, "claim-complete", 1).history);
        let mut after = 0;
        for told in by_intent(told).values() {
            for pair in told.windows(2).filter(|pair| pair[0].end == "client died") {
                assert_eq!(pair[0].asked.key != pair[1].asked.key, differ);
                after += 1;
            }
        }
        assert!(after > 50, "{after}");
    }
}

#[test]
fn a_second_tab_sends_the_same_cart_under_a_key_of_its_own_and_shares_no_death() {
    let tabs = DYING.replace(
        "name = \"app\"",
        "name = \"app\"\nsecond-tab = { chance = 1, after = \"2s\" }\noffline = { chance = 0.5, after = \"1h\" }",
    );
    let history = go(&plan(&tabs), "claim-complete", 1).history;
    let intents = by_intent(attempts(&history));
    assert_eq!(intents.len(), 300);
    for told in intents.values() {
        let mut keys: Vec<_> = told.iter().map(|told| told.asked.key).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 2, "{told:?}");
        assert!(
            told.iter()
                .all(|other| other.asked.payload == told[0].asked.payload)
        );
    }
    assert_eq!(met(&history, Label::SecondTab), 300);
    let offline = met(&history, Label::Offline);
    assert!((100..200).contains(&offline), "{offline}");
    let late = |told: &&Vec<Told>| told[0].begun >= 3_600_000_000;
    assert_eq!(intents.values().filter(late).count() as u64, offline);
    assert!(met(&history, Label::AppCrash) > 100);
}
