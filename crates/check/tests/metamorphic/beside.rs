//! One clean purchase more: of an item of its own, with a key, an order, a charge and all else that the audit has. It has nothing to do
//! with the others, so that nothing that is known of them becomes unknown or wrong.

use serde_json::{Map, Value, json};

use super::form::{Lines, is_dated, rows_as_lines};

/// What no history has as a name.
const NAME: &str = "beside";
const PRICE: u64 = 700;

/// Adds the purchase to the history, with an intent or without. `None` where it cannot be added without a bearing on the rest: times are
/// dates, no line is a request, the audit comes before the end of an event, or rows leave out the key, payload or intent that tells whose
/// they are.
pub fn with_another_purchase(lines: &Lines, has_intent: bool) -> Option<Lines> {
    let lines = rows_as_lines(lines);
    if is_dated(&lines) || leaves_out(&lines, has_intent) {
        return None;
    }
    let is_event = |line: &&Map<String, Value>| EVENTS.contains(&kind(line));
    let end = |line: &Map<String, Value>| Some(line["t"].as_u64()? + number(line, "duration"));
    let t = lines.iter().filter(is_event).filter_map(end).max()?;
    let asked = lines.iter().find(|line| ASKED.contains(&kind(line)))?;
    let tenant = asked.get("tenant").cloned().unwrap_or(Value::Null);
    let mut all = lines.clone();
    promise(&mut all[0]);
    let intent = has_intent.then_some(NAME);
    let items = json!([{"sku": NAME, "quantity": 1}]);
    let has_header = lines[0].get("replay_header") == Some(&json!(true));
    let events = [
        json!({"kind": "invoke", "t": t, "process": NAME, "tenant": tenant, "key": NAME, "intent": intent, "payload": NAME, "items": items}),
        json!({"kind": "ok", "t": t, "process": NAME, "status": 201, "order": NAME, "response": NAME, "replayed": has_header.then_some(false)}),
        json!({"kind": "transition", "t": t, "tenant": tenant, "key": NAME, "from": "absent", "to": "completed", "owner": NAME, "token": 1}),
    ];
    let is_logged = lines.iter().any(|line| kind(line) == "transition");
    let [invoke, ok, change] = events.map(object);
    all.extend([invoke, ok]);
    all.extend(is_logged.then(|| as_full_as_others(&lines, change)));
    if let Some(audit) = lines.iter().find(|line| kind(line) == "audit") {
        if audit["t"].as_u64()? <= t {
            return None;
        }
        let parts = audit["complete"].as_array().into_iter().flatten();
        let parts: Vec<&str> = parts.filter_map(Value::as_str).collect();
        for row in rows(&lines, t, &tenant, intent, &items) {
            let is_read = parts.iter().any(|part| PARTS.contains(&(part, kind(&row))));
            all.extend(is_read.then(|| as_full_as_others(&lines, row)));
        }
    }
    Some(all)
}

const EVENTS: [&str; 6] = ["invoke", "request", "ok", "fail", "info", "transition"];
const ASKED: [&str; 2] = ["invoke", "request"];
const PARTS: [(&str, &str); 9] = [
    ("orders", "order"),
    ("charges", "charge"),
    ("stock", "stock"),
    ("notifications", "message"),
    ("messages", "message"),
    ("keys", "key"),
    ("sales", "sale"),
    ("inventory_log", "inventory_log"),
    ("recorded_charges", "recorded_charge"),
];

fn kind(line: &Map<String, Value>) -> &str {
    line["kind"].as_str().unwrap_or_default()
}

fn number(line: &Map<String, Value>, name: &str) -> u64 {
    line.get(name).and_then(Value::as_u64).unwrap_or(0)
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(fields) = value else {
        return Map::new();
    };
    fields
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .collect()
}

fn amount(contract: &Map<String, Value>) -> Value {
    match contract.get("amounts") == Some(&json!("decimal")) {
        true => json!(format!("{PRICE}.00")),
        false => json!(PRICE),
    }
}

/// The contract with what the item costs, and how many there are, where it says that of others.
fn promise(contract: &mut Map<String, Value>) {
    let price = amount(contract);
    for (name, value) in [("prices", price), ("stock", json!(5))] {
        if let Some(Value::Object(all)) = contract.get_mut(name) {
            all.insert(NAME.to_owned(), value);
        }
    }
}

fn rows(
    lines: &Lines,
    t: u64,
    tenant: &Value,
    intent: Option<&str>,
    items: &Value,
) -> Vec<Map<String, Value>> {
    let amount = amount(&lines[0]);
    // What a service's own words for events tell is told by what it says of the other orders.
    let mut events = lines.iter().filter(|line| kind(line) == "message");
    let event = events
        .next()
        .map_or(json!("created"), |line| line["event"].clone());
    let rows = [
        json!({"kind": "order", "id": NAME, "tenant": tenant, "key": NAME, "intent": intent, "payload": NAME, "items": items, "state": "confirmed", "t": t}),
        json!({"kind": "charge", "id": NAME, "order": NAME, "intent": intent, "provider_key": NAME, "amount": amount, "state": "captured", "t": t}),
        json!({"kind": "stock", "sku": NAME, "initial": 5, "on_hand": 4}),
        json!({"kind": "message", "message": NAME, "order": NAME, "event": event, "t": t}),
        json!({"kind": "key", "tenant": tenant, "key": NAME, "state": "completed"}),
        json!({"kind": "sale", "sku": NAME, "sold": 1}),
        json!({"kind": "inventory_log", "order": NAME, "sku": NAME, "quantity": 1}),
        json!({"kind": "recorded_charge", "charge": NAME, "order": NAME, "amount": amount}),
    ];
    rows.into_iter().map(object).collect()
}

/// A line without what no other of its kind says: where one says more than all others, those leave something out. A key is left out only
/// where it was sent.
fn as_full_as_others(lines: &Lines, mut own: Map<String, Value>) -> Map<String, Value> {
    let are_keys_sent = lines
        .iter()
        .any(|line| ASKED.contains(&kind(line)) && line.contains_key("key"));
    let others: Vec<_> = lines
        .iter()
        .filter(|line| kind(line) == kind(&own))
        .collect();
    let is_needed = |name: &str| name == "order" || name == "key" && !are_keys_sent;
    if !others.is_empty() {
        own.retain(|name, _| {
            is_needed(name) || others.iter().any(|other| other.contains_key(name))
        });
    }
    own
}

/// Whether rows do not say whose they are, so that they may belong to any purchase: the orders not with which keys they were made, one of
/// them not even its payload, or charges for which purchases they are.
fn leaves_out(lines: &Lines, has_intent: bool) -> bool {
    let of = |kinds: &'static [&'static str]| {
        lines.iter().filter(move |line| kinds.contains(&kind(line)))
    };
    let has = |name: &'static str| move |line: &Map<String, Value>| line.contains_key(name);
    let are_keys_lost = of(&ASKED).any(has("key")) && !of(&["order"]).any(has("key"));
    let are_bare =
        of(&["order"]).any(|line| !line.contains_key("key") && !line.contains_key("payload"));
    are_bare || !has_intent && (are_keys_lost || of(&["charge"]).any(has("intent")))
}
