//! What clients do to keys and to bodies: spelt strangely, sent once more by others, with edited carts, written otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use history::{AuditOrder, History, Label};

use crate::story::{Told, attempts, ended, go, met, orders, plan};

const RETRY: &str = r#"
[[client]]
name = "app"
key = "per-intent"
timeout = "10s"
retry = { max = 5, on = ["reset", "timeout", "in-progress"], wait = "2s" }
"#;

/// What a client with these fields does under a strategy, while replies get lost.
fn story(fields: &str, strategy: &str) -> History {
    let client = RETRY.replace(
        "key = \"per-intent\"",
        &format!("key = \"per-intent\"\n{fields}"),
    );
    let faults = "[[fault]]\nlose-response = { chance = 0.2, reset = 0.5 }";
    go(&plan(&format!("{client}{faults}")), strategy, 1).history
}

fn rows(history: &History) -> &[AuditOrder] {
    history.audit.as_ref().unwrap().orders.as_deref().unwrap()
}

fn texts(history: &History) -> BTreeSet<String> {
    let keys = attempts(history)
        .into_iter()
        .filter_map(|told| told.asked.key);
    keys.map(|key| history.names.key_text(key).into_owned())
        .collect()
}

#[test]
fn a_malformed_key_is_refused_at_the_door_whatever_the_strategy_and_orders_nothing() {
    for strategy in ["claim-complete", "no-dedup", "unique-key"] {
        let history = story("key-form = \"malformed\"", strategy);
        let told = attempts(&history);
        assert_eq!(orders(&history), 0, "{strategy}");
        let heard = told.iter().filter(|told| told.end == "invalid").count();
        let lost = told
            .iter()
            .filter(|told| ["reset", "timeout"].contains(&told.end.as_str()));
        assert_eq!(heard, 300, "a refusal is final: {strategy}");
        assert_eq!(heard + lost.count(), told.len());
        assert_eq!(met(&history, Label::MalformedKey), told.len() as u64);
    }
}

#[test]
fn a_padded_key_is_the_same_key_in_every_request() {
    let history = story("key-form = \"padded\"", "claim-complete");
    assert_eq!((orders(&history), ended(&history, "key_reused")), (300, 0));
    assert!(met(&history, Label::ReplayServed) > 30);
    assert!(rows(&history).iter().all(|order| order.key.is_some()));
}

#[test]
fn long_and_cased_keys_are_keys_of_their_own_and_known_again_in_the_audit() {
    let long = story("key-form = \"long\"", "claim-complete");
    assert!(texts(&long).iter().all(|text| text.len() == 255));
    let cased = story("key-form = \"cased\"", "claim-complete");
    let folded: BTreeSet<String> = texts(&cased).iter().map(|key| key.to_lowercase()).collect();
    assert_eq!(folded.len(), 150, "two keys differ in case only");
    for history in [long, cased] {
        assert_eq!(texts(&history).len(), 300);
        assert_eq!((orders(&history), ended(&history, "key_reused")), (300, 0));
        let asked: BTreeMap<_, _> = attempts(&history)
            .into_iter()
            .map(|told| (told.asked.payload, told.asked.key))
            .collect();
        for order in rows(&history) {
            assert!(
                order.key.is_some() && asked[&order.payload] == order.key,
                "{order:?}"
            );
        }
        let keys = history.audit.as_ref().unwrap().keys.as_ref().unwrap();
        let sent: BTreeSet<_> = asked.values().flatten().collect();
        assert!(keys.iter().all(|row| sent.contains(&row.key)));
    }
}

fn by_key(history: &History) -> BTreeMap<(usize, String), Vec<Told>> {
    let mut keys: BTreeMap<_, Vec<Told>> = BTreeMap::new();
    for told in attempts(history) {
        let text = history.names.key_text(told.asked.key.unwrap()).into_owned();
        keys.entry((told.asked.tenant.index(), text))
            .or_default()
            .push(told);
    }
    keys
}

#[test]
fn the_same_user_with_another_cart_is_refused_and_asks_again_with_a_new_key() {
    let reuse = "key-reuse = [{ by = \"same-user\", chance = 0.5, after = \"5s\" }]";
    let refused = story(reuse, "claim-complete");
    let others = met(&refused, Label::KeyReused);
    assert!((110..190).contains(&others), "{others}");
    let intents = refused.names.intents.len() as u64;
    assert_eq!(intents, 300 + others, "a purchase of its own");
    assert_eq!(orders(&refused), 300, "and none of them has an order");
    let client = RETRY.replace("\"in-progress\"", "\"in-progress\", \"key-reused\"");
    let client = client.replace("name = \"app\"", &format!("name = \"app\"\n{reuse}"));
    let served = go(&plan(&client), "claim-complete", 1).history;
    assert_eq!(orders(&served), served.names.intents.len() as u64);
    assert_eq!(ended(&served, "key_reused"), met(&served, Label::KeyReused));
    for told in by_key(&served).values() {
        let carts: BTreeSet<_> = told.iter().map(|told| told.asked.payload).collect();
        assert!(carts.len() <= 2, "a new key is new: {told:?}");
    }
}

#[test]
fn a_key_of_another_tenant_is_another_key_with_the_same_text() {
    let reuse = "key-reuse = [{ by = \"another-tenant\", chance = 0.5, after = \"5s\" }]";
    let history = story(reuse, "claim-complete");
    let others = met(&history, Label::KeyOfAnotherTenant);
    assert!((110..190).contains(&others), "{others}");
    assert_eq!(orders(&history), 300 + others);
    assert_eq!(
        (
            met(&history, Label::KeyReused),
            ended(&history, "key_reused")
        ),
        (0, 0)
    );
    assert_eq!(
        (texts(&history).len(), by_key(&history).len() as u64),
        (300, 300 + others)
    );
    let tenant = |order: &AuditOrder| order.tenant;
    let asked: BTreeMap<_, _> = attempts(&history)
        .into_iter()
        .map(|told| (told.asked.key, told.asked.tenant))
        .collect();
    for order in rows(&history) {
        assert_eq!(asked.get(&order.key).copied(), tenant(order), "{order:?}");
    }
}

#[test]
fn a_key_may_be_used_again_after_its_time_to_live() {
    let reuse = "key-reuse = [{ by = \"same-user\", chance = 0.5, after = \"25h\" }]";
    let history = story(reuse, "claim-complete");
    assert_eq!(orders(&history), history.names.intents.len() as u64);
    assert!(orders(&history) > 410);
    assert_eq!(
        (
            met(&history, Label::KeyReused),
            ended(&history, "key_reused")
        ),
        (0, 0)
    );
    assert!(met(&history, Label::KeyExpired) > 100);
}

#[test]
fn the_same_lines_with_another_note_are_another_content_to_whoever_compares_it() {
    let edited = "key = \"per-intent\"\nedited-cart = { chance = 1, after = \"5s\" }";
    let mut plan = Rc::unwrap_or_clone(plan(&RETRY.replace("key = \"per-intent\"", edited)));
    plan.shop.baskets[1].lines = plan.shop.baskets[0].lines.clone();
    plan.shop.baskets[1].note = "to the office".to_owned();
    let plan = Rc::new(plan);
    // One compares the bytes of a body, and no cart; the other knows lines only, and answers with the order to the first address.
    for (strategy, ok, refused) in [("response-snapshot", 300, 300), ("fingerprint-db", 600, 0)] {
        let history = go(&plan, strategy, 1).history;
        assert_eq!(orders(&history), 300, "{strategy}");
        assert_eq!(ended(&history, "ok"), ok, "{strategy}");
        assert_eq!(ended(&history, "key_reused"), refused, "{strategy}");
    }
}

#[test]
fn an_edited_cart_is_the_same_purchase_with_another_content() {
    let edited = "edited-cart = { chance = 0.5, after = { uniform = [\"0s\", \"10s\"] } }";
    let history = story(edited, "claim-complete");
    let carts = met(&history, Label::EditedCart);
    assert!((110..190).contains(&carts), "{carts}");
    assert_eq!(met(&history, Label::KeyReused), carts);
    assert_eq!((history.names.intents.len(), orders(&history)), (300, 300));
    assert_eq!(history.names.payloads.len() as u64, 300 + carts);
    assert!(ended(&history, "key_reused") > 100);
    // Where contents are not compared, the database tells which version each order was made from.
    let both = story(edited, "no-dedup");
    let made: BTreeSet<_> = rows(&both)
        .iter()
        .map(|order| order.payload.unwrap())
        .collect();
    assert_eq!(made.len() as u64, 300 + met(&both, Label::EditedCart));
}

#[test]
fn a_content_that_is_written_otherwise_is_the_same_to_who_reads_it_and_another_to_who_compares_bytes()
 {
    let history = story("reserialised = 1", "claim-complete");
    let rewritten = met(&history, Label::Reserialised);
    assert_eq!(rewritten, attempts(&history).len() as u64 - 300);
    assert!(rewritten > 50, "{rewritten}");
    assert_eq!((orders(&history), ended(&history, "key_reused")), (300, 0));
    let bytes = story("reserialised = 1", "response-snapshot");
    assert!(ended(&bytes, "key_reused") > 40);
    let unkeyed = story("reserialised = 1", "no-dedup");
    assert!(
        rows(&unkeyed).iter().all(|order| order.payload.is_some()),
        "known all the same"
    );
    let fingerprints = story("reserialised = 1", "fingerprint");
    assert!(
        orders(&fingerprints) > 310,
        "a split line is another line to it"
    );
}
