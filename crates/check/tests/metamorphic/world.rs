//! Small histories of a service that mostly does right: purchases that are asked for several times, with their orders and charges, and now
//! and then an order, a charge or an answer too many, too few or wrong.

use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::form::Lines;

/// A purchase, and what became of it.
#[derive(Clone, Debug)]
struct Purchase {
    tenant: u8,
    /// Whether it shares its key with the first purchase, if it has one.
    key: Option<bool>,
    payload: u8,
    begins: u64,
    attempts: Vec<Attempt>,
    orders: Vec<Order>,
}

#[derive(Clone, Debug)]
struct Attempt {
    waits: u64,
    lasts: u64,
    end: End,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Ok,
    OtherBody,
    InProgress,
    Declined,
    Timeout,
    Open,
}

/// An order: how long after the first request it was made, and its charges by state.
#[derive(Clone, Debug)]
struct Order {
    after: u64,
    state: &'static str,
    charges: Vec<&'static str>,
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        6 => Just(End::Ok),
        1 => Just(End::OtherBody),
        1 => Just(End::InProgress),
        1 => Just(End::Declined),
        2 => Just(End::Timeout),
        1 => Just(End::Open),
    ]
}

fn order() -> impl Strategy<Value = Order> {
    let state = prop_oneof![6 => Just("confirmed"), 1 => Just("pending"), 1 => Just("cancelled")];
    let charge = prop_oneof![6 => Just("captured"), 1 => Just("voided"), 1 => Just("refunded"), 1 => Just("authorized")];
    let charges = prop_oneof![
        6 => prop::collection::vec(charge.clone(), 1),
        1 => prop::collection::vec(charge, 0..3),
    ];
    (0..3_u64, state, charges).prop_map(|(after, state, charges)| Order {
        after,
        state,
        charges,
    })
}

fn purchase() -> impl Strategy<Value = Purchase> {
    let attempt = (1..20_u64, 1..6_u64, end());
    let attempt = attempt.prop_map(|(waits, lasts, end)| Attempt { waits, lasts, end });
    let orders = prop_oneof![
        5 => prop::collection::vec(order(), 1),
        1 => prop::collection::vec(order(), 0..3),
    ];
    let asks = (
        0..2_u8,
        option::weighted(0.8, prop::bool::weighted(0.1)),
        0..2_u8,
        0..60_u64,
    );
    (asks, prop::collection::vec(attempt, 1..4), orders).prop_map(
        |((tenant, key, payload, begins), attempts, orders)| Purchase {
            tenant,
            key,
            payload,
            begins,
            attempts,
            orders,
        },
    )
}

prop_compose! {
    /// The lines of a history.
    pub fn lines()(
        purchases in prop::collection::vec(purchase(), 1..4),
        tenants in 1..3_u8,
        has_intents in prop::bool::weighted(0.5),
        has_keys in prop::bool::weighted(0.8),
        ttl in option::weighted(0.7, 100..2_000_u64),
        stored in option::weighted(0.5, Just(402)),
    ) -> Lines {
        let mut contract = json!({
            "kind": "contract", "time_unit": "ms", "recovery_deadline": 500, "in_flight": "409", "mismatch": "422", "prices": {"S": 100, "T": 50},
        });
        contract["ttl"] = json!(ttl);
        contract["stored_errors"] = json!(stored.map(|status| [status]));
        let mut told = Told {
            has_intents,
            has_keys,
            tenants,
            lines: vec![object(contract)],
            orders: 0,
            charges: 0,
            sold: [0; 2],
        };
        for (intent, purchase) in purchases.iter().enumerate() {
            told.purchase(intent, purchase);
        }
        told.audit();
        told.lines
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        // What is not said is absent.
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect(),
        other => panic!("a line is an object, not {other}"),
    }
}

struct Told {
    has_intents: bool,
    /// Whether each client sends a key, where purchases are known by nothing else.
    has_keys: bool,
    tenants: u8,
    lines: Lines,
    orders: usize,
    charges: usize,
    sold: [i64; 2],
}

/// How an attempt ends, without when and whose; `None` if it stays open.
fn ending(end: End, first: usize, own: &str) -> Option<Value> {
    let (kind, status, code) = match end {
        End::Open => return None,
        End::Timeout => ("info", Value::Null, json!("timeout")),
        End::InProgress => ("fail", json!(409), json!("in_progress")),
        End::Declined => ("fail", json!(402), json!("card_declined")),
        End::Ok | End::OtherBody => ("ok", json!(201), Value::Null),
    };
    let mut line = json!({"kind": kind, "status": status, "code": code});
    if kind == "ok" {
        let other = if matches!(end, End::OtherBody) {
            "x"
        } else {
            ""
        };
        line["order"] = json!(own);
        line["response"] = json!(format!("R{first}{other}"));
    }
    Some(line)
}

const SKUS: [(&str, i64); 2] = [("S", 100), ("T", 50)];

impl Told {
    fn say(&mut self, line: Value) {
        self.lines.push(object(line));
    }

    fn purchase(&mut self, intent: usize, purchase: &Purchase) {
        let tenant = format!("t{}", purchase.tenant % self.tenants);
        let is_shared = match self.has_intents {
            true => purchase.key,
            false => self.has_keys.then_some(purchase.key == Some(true)),
        };
        let key = is_shared.map(|is_shared| format!("k{}", if is_shared { 0 } else { intent }));
        let payload = format!("b{}", purchase.payload);
        let (sku, price) = SKUS[purchase.payload as usize];
        let items = json!([{"sku": sku, "quantity": 1}]);
        let first = self.orders;
        // An order that the database lost, or the first of its own.
        let own = match purchase.orders.is_empty() {
            true => format!("lost-{intent}"),
            false => first.to_string(),
        };
        let mut t = purchase.begins * 10;
        // Without intents and keys, each request is a purchase of its own.
        let attempts = match self.has_intents || key.is_some() {
            true => &purchase.attempts[..],
            false => &purchase.attempts[..1],
        };
        for (number, attempt) in attempts.iter().enumerate() {
            t += if number > 0 { attempt.waits * 10 } else { 0 };
            let process = format!("{intent}.{number}");
            let intent = self.has_intents.then(|| format!("i{intent}"));
            self.say(json!({
                "kind": "invoke", "t": t, "process": process, "tenant": tenant, "key": key, "intent": intent, "payload": payload, "items": items,
            }));
            t += attempt.lasts * 10;
            let Some(mut line) = ending(attempt.end, first, &own) else {
                continue;
            };
            line["t"] = json!(t);
            line["process"] = json!(process);
            self.say(line);
        }
        for order in &purchase.orders {
            let id = self.orders;
            self.orders += 1;
            self.sold[purchase.payload as usize] += i64::from(order.state != "cancelled");
            self.say(json!({
                "kind": "order", "id": id.to_string(), "tenant": tenant, "key": key, "payload": payload, "items": items, "state": order.state,
                "t": (purchase.begins + order.after) * 10 + id as u64,
            }));
            for state in &order.charges {
                let charge = self.charges;
                self.charges += 1;
                self.say(json!({
                    "kind": "charge", "id": format!("c{charge}"), "order": id.to_string(), "state": state, "amount": price,
                }));
            }
        }
    }

    fn audit(&mut self) {
        for ((sku, _), sold) in SKUS.into_iter().zip(self.sold) {
            self.say(json!({"kind": "stock", "sku": sku, "initial": 10, "on_hand": 10 - sold}));
        }
        self.say(json!({"kind": "audit", "t": 1_000, "complete": ["orders", "charges", "stock"]}));
    }
}
