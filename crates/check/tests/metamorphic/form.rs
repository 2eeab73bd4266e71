//! The lines of a history as JSON, and what may be done to them that changes no fact, or takes facts away.

use std::collections::{BTreeMap, BTreeSet};

use history::{History, jsonl};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

/// The lines of a history, the contract first.
pub type Lines = Vec<Map<String, Value>>;

/// The parts of the audit: the name of a part, the kind of its lines, and the field that names a row if the part is an object.
const PARTS: [(&str, &str, Option<&str>); 11] = [
    ("orders", "order", None),
    ("charges", "charge", None),
    ("refunds", "refund", None),
    ("stock", "stock", Some("sku")),
    ("notifications", "message", None),
    ("keys", "key", None),
    ("coupons", "coupon", Some("coupon")),
    ("carts", "cart", None),
    ("sales", "sale", Some("sku")),
    ("inventory_log", "inventory_log", None),
    ("recorded_charges", "recorded_charge", None),
];

pub fn lines(text: &str) -> Lines {
    let full = text.lines().filter(|line| !line.trim().is_empty());
    full.map(|line| serde_json::from_str(line).expect("a line is an object"))
        .collect()
}

pub fn text(lines: &Lines) -> String {
    let line = |line: &Map<String, Value>| Value::Object(line.clone()).to_string() + "\n";
    lines.iter().map(line).collect()
}

pub fn read(lines: &Lines) -> History {
    let text = text(lines);
    jsonl::read(text.as_bytes()).unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}"))
}

/// Some orders of the lines behind the contract, the same on every run.
pub fn permutations(lines: &Lines, count: usize) -> Vec<Lines> {
    let mut runner = TestRunner::deterministic();
    let (contract, others) = lines.split_first().expect("a history has a contract");
    let shuffled = Just(others.to_vec()).prop_shuffle();
    let mut backwards: Lines = others.to_vec();
    backwards.reverse();
    let random = (1..count).map(|_| {
        shuffled
            .new_tree(&mut runner)
            .expect("nothing is rejected")
            .current()
    });
    let behind = |others: Lines| [vec![contract.clone()], others].concat();
    std::iter::once(backwards)
        .chain(random)
        .map(behind)
        .collect()
}

/// Every row of the audit in a line of its own.
pub fn rows_as_lines(lines: &Lines) -> Lines {
    let mut all = Lines::new();
    for line in lines {
        let mut line = line.clone();
        if line["kind"] == "audit" {
            let mut complete: Vec<Value> = line
                .get("complete")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            for (part, kind, name) in PARTS {
                let Some(rows) = line.remove(part) else {
                    continue;
                };
                all.extend(rows_of(rows, kind, name));
                complete.push(json!(part));
            }
            line.insert(String::from("complete"), Value::Array(complete));
        }
        all.push(line);
    }
    all
}

fn rows_of(rows: Value, kind: &str, name: Option<&str>) -> Lines {
    let object = |row: Value| match row {
        Value::Object(row) => row,
        other => panic!("a row is an object, not {other}"),
    };
    let mut found = Lines::new();
    match rows {
        Value::Array(rows) => found.extend(rows.into_iter().map(object)),
        Value::Object(rows) => {
            for (called, row) in rows {
                let mut row = object(row);
                row.insert(
                    name.expect("such a part has names").to_owned(),
                    json!(called),
                );
                found.push(row);
            }
        }
        _ => {}
    }
    for row in &mut found {
        row.insert(String::from("kind"), json!(kind));
    }
    found
}

/// What is done to each value of a history: its way from the line on (`orders`, `items`, `sku`, without positions) and the value.
type Change<'a> = &'a mut dyn FnMut(&[String], &mut Value);

/// Goes through all values of all lines, outer ones first.
fn change(lines: &Lines, change: Change<'_>) -> Lines {
    let mut lines = lines.clone();
    for line in &mut lines {
        let mut way = vec![line["kind"].as_str().unwrap_or_default().to_owned()];
        for (name, value) in line.iter_mut() {
            way.push(name.clone());
            visit(&mut way, value, change);
            way.pop();
        }
    }
    lines
}

fn visit(way: &mut Vec<String>, value: &mut Value, change: Change<'_>) {
    change(way, value);
    // What an answer says in its body is no part of the form.
    if way.last().is_some_and(|name| name == "response") {
        return;
    }
    match value {
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| visit(way, value, change)),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                way.push(name.clone());
                visit(way, value, change);
                way.pop();
            }
        }
        _ => {}
    }
}

const TIMES: [&str; 6] = [
    "t",
    "duration",
    "ttl",
    "grace",
    "recovery_deadline",
    "clock_tolerance",
];
/// Those of them that are points in time, and not spans.
const INSTANTS: [&str; 1] = ["t"];

fn is_last(way: &[String], names: &[&str]) -> bool {
    way.last()
        .is_some_and(|name| names.contains(&name.as_str()))
}

/// The same in a unit that is a thousand times smaller. `None` where there is none, or where times are dates.
pub fn smaller_unit(lines: &Lines) -> Option<Lines> {
    let smaller = match lines[0]["time_unit"].as_str()? {
        "s" => "ms",
        "ms" => "us",
        "us" => "ns",
        _ => return None,
    };
    let mut lines = change(lines, &mut |way, value| {
        if let (true, Some(number)) = (is_last(way, &TIMES), value.as_u64()) {
            *value = json!(number * 1_000);
        }
    });
    lines[0].insert(String::from("time_unit"), json!(smaller));
    Some(lines)
}

/// The same some time later.
pub fn later(lines: &Lines, by: u64) -> Lines {
    change(lines, &mut |way, value| {
        if let (true, Some(number)) = (is_last(way, &INSTANTS), value.as_u64()) {
            *value = json!(number + by);
        }
    })
}

/// Whether some time is a date.
pub fn is_dated(lines: &Lines) -> bool {
    let mut found = false;
    change(lines, &mut |way, value| {
        found |= is_last(way, &INSTANTS) && value.is_string()
    });
    found
}

/// Lists of items in which one line is two.
pub fn split_items(lines: &Lines) -> Lines {
    change(lines, &mut |way, value| {
        let Value::Array(items) = value else { return };
        if !is_last(way, &["items"]) {
            return;
        }
        let first = items
            .iter()
            .position(|item| item["quantity"].as_u64() > Some(1));
        if let Some(place) = first {
            let mut one = items[place].clone();
            let rest = items[place]["quantity"].as_u64().expect("it has one") - 1;
            items[place]["quantity"] = json!(rest);
            one["quantity"] = json!(1);
            items.push(one);
        }
    })
}

const NAMES: [&str; 16] = [
    "tenant",
    "key",
    "intent",
    "payload",
    "order",
    "id",
    "process",
    "host",
    "owner",
    "provider_key",
    "tender",
    "charge",
    "cart",
    "sku",
    "coupon",
    "message",
];
/// Objects whose fields are names.
const NAMED: [&str; 4] = ["prices", "stock", "coupons", "sales"];

/// Every name is another, in another alphabetical order.
pub fn renamed(lines: &Lines) -> Lines {
    let mut names = BTreeSet::new();
    let is_name = |way: &[String]| is_last(way, &NAMES);
    let as_text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    change(lines, &mut |way, value| {
        if is_name(way) {
            names.extend(as_text(value));
        }
        if let (true, Value::Object(fields)) = (is_last(way, &NAMED), &*value) {
            names.extend(fields.keys().cloned());
        }
    });
    let count = names.len();
    let other: BTreeMap<String, String> = (0..count)
        .zip(names)
        .map(|(place, name)| (name, format!("n{:05}", count - place)))
        .collect();
    change(lines, &mut |way, value| {
        if is_name(way)
            && let Some(name) = as_text(value)
        {
            *value = json!(other[&name]);
        }
        if let (true, Value::Object(fields)) = (is_last(way, &NAMED), &mut *value) {
            let renamed = std::mem::take(fields)
                .into_iter()
                .map(|(name, value)| (other[&name].clone(), value));
            *fields = renamed.collect();
        }
    })
}

/// An attribute that may be left out: of which kind of line, and its name.
pub type Attribute = (&'static str, &'static str);

/// What may be left out of rows and answers, and whether taking it away says something.
pub const OPTIONAL: &[(Attribute, Absence)] = &[
    (("order", "tenant"), Absence::Unknown),
    (("order", "key"), Absence::Unknown),
    (("order", "intent"), Absence::Unknown),
    (("order", "payload"), Absence::Unknown),
    (("order", "items"), Absence::Unknown),
    (("order", "cart"), Absence::Unknown),
    (("order", "t"), Absence::Unknown),
    (("charge", "order"), Absence::Unknown),
    (("charge", "intent"), Absence::Unknown),
    (("charge", "t"), Absence::Unknown),
    (("refund", "key"), Absence::Unknown),
    (("refund", "t"), Absence::Unknown),
    (("message", "order"), Absence::Unknown),
    (("key", "tenant"), Absence::Unknown),
    (("cart", "tenant"), Absence::Unknown),
    (("coupon", "used"), Absence::Unknown),
    (("recorded_charge", "amount"), Absence::Unknown),
    (("transition", "owner"), Absence::Unknown),
    (("transition", "token"), Absence::UnknownOfSome),
    (("charge", "provider_key"), Absence::UnknownOfSome),
    (("message", "t"), Absence::UnknownOfSome),
    (("answer", "response"), Absence::UnknownOfSome),
    (("answer", "status"), Absence::Says),
    (("answer", "code"), Absence::Says),
    (("answer", "error"), Absence::Says),
    (("answer", "order"), Absence::Says),
];

/// What it means that an attribute is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It is not known.
    Unknown,
    /// It is not known where others have it. Where none has it, what it would tell is not asked for.
    UnknownOfSome,
    /// That there is none: an answer that names no order, a refusal that means what its status says.
    Says,
}

/// Whether a line is of the kind that an attribute is of.
fn is_of(line: &Map<String, Value>, kind: &str) -> bool {
    let own = line["kind"].as_str().unwrap_or_default();
    match kind {
        "answer" => ["ok", "fail", "info", "request"].contains(&own),
        "asked" => ["invoke", "request"].contains(&own),
        _ => own == kind,
    }
}

/// The lines that have an attribute. What a read, a cancellation or a refund is about is no answer.
pub fn having(lines: &Lines, (kind, name): Attribute) -> Vec<usize> {
    let is_required = |line: &Map<String, Value>| {
        name == "order" && line.get("op").is_some_and(|op| op != "create")
    };
    let has = |line: &Map<String, Value>| {
        is_of(line, kind) && line.contains_key(name) && !is_required(line)
    };
    let places = lines.iter().enumerate().filter(|(_, line)| has(line));
    places.map(|(place, _)| place).collect()
}

/// Without an attribute in some lines.
pub fn without(lines: &Lines, name: &str, places: &[usize]) -> Lines {
    let mut lines = lines.clone();
    for place in places {
        lines[*place].remove(name);
    }
    lines
}

/// Whether an order has a key that no request had.
pub fn has_strange_keys(lines: &Lines) -> bool {
    let key = |line: &Map<String, Value>| {
        line.get("key")
            .map(|key| (line.get("tenant").cloned(), key.clone()))
    };
    let of = |kind: &'static str| lines.iter().filter(move |line| is_of(line, kind));
    let sent: Vec<_> = of("asked").filter_map(key).collect();
    let mut stored = of("order").filter_map(key);
    stored.any(|key| !sent.contains(&key))
}

/// Some choices of what to leave out, the same on every run: each attribute of each line is left out, or not, as if a coin was thrown.
pub fn at_random(lines: &Lines, count: usize) -> Vec<Lines> {
    let mut places = Vec::new();
    for ((kind, name), absence) in OPTIONAL {
        if *absence == Absence::Unknown || *name == "response" && *absence == Absence::Says {
            let own = having(lines, (kind, name));
            places.extend(own.into_iter().map(|place| (*name, place)));
        }
    }
    let mut runner = TestRunner::deterministic();
    let coins = prop::collection::vec(prop::bool::weighted(0.3), places.len());
    let choices = (0..count).map(|_| {
        let coins = coins.new_tree(&mut runner).expect("nothing is rejected");
        let left_out = places
            .iter()
            .zip(coins.current())
            .filter(|(_, is_out)| *is_out);
        left_out.fold(lines.clone(), |lines, ((name, place), _)| {
            without(&lines, name, &[*place])
        })
    });
    choices.collect()
}
