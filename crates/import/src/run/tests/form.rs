//! Whatever comes in: nothing panics, and what comes out has the form of a history (`crates/history/JSONL.md`).

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::format::dialect::Dialect;

/// The fields of a kind of line.
fn fields(kind: &str) -> &'static [&'static str] {
    match kind {
        "contract" => &["time_unit", "amounts", "observed", "clock_tolerance"],
        "request" => &[
            "t", "duration", "process", "op", "tenant", "key", "intent", "payload", "items",
            "coupon", "order", "amount", "host", "status", "response", "replayed", "code",
        ],
        "order" => &[
            "id", "state", "tenant", "key", "intent", "payload", "items", "coupon", "cart", "t",
            "baseline",
        ],
        "charge" => &[
            "id",
            "amount",
            "state",
            "order",
            "intent",
            "provider_key",
            "tender",
            "t",
        ],
        "refund" => &["id", "charge", "amount", "key", "t"],
        "audit" => &["t", "complete"],
        other => panic!("no kind of line that is imported: {other}"),
    }
}

/// The fields that a kind of line cannot be without.
fn required(kind: &str) -> &'static [&'static str] {
    match kind {
        "contract" => &["time_unit"],
        "request" => &["t", "duration"],
        "order" => &["id", "state"],
        "charge" => &["id", "amount", "state"],
        "refund" => &["id", "charge", "amount"],
        _ => &["t", "complete"],
    }
}

/// Checks the lines of a history one by one, and that the first is the contract and the last the audit.
fn check(lines: &[String]) -> Result<(), TestCaseError> {
    let mut kinds = Vec::new();
    for line in lines {
        let object: serde_json::Map<String, Value> = serde_json::from_str(line)
            .map_err(|error| TestCaseError::fail(format!("{error}: {line}")))?;
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        for (field, value) in object.iter().filter(|(field, _)| *field != "kind") {
            prop_assert!(fields(&kind).contains(&field.as_str()), "{field}: {line}");
            prop_assert!(has_type(field, value), "{field}: {line}");
        }
        for field in required(&kind) {
            prop_assert!(object.contains_key(*field), "{field}: {line}");
        }
        kinds.push(kind);
    }
    prop_assert_eq!(kinds.first().map(String::as_str), Some("contract"));
    prop_assert_eq!(kinds.last().map(String::as_str), Some("audit"));
    prop_assert_eq!(
        kinds
            .iter()
            .filter(|kind| ["contract", "audit"].contains(&kind.as_str()))
            .count(),
        2
    );
    Ok(())
}

/// Whether a value is of the type that the form gives its field.
fn has_type(field: &str, value: &Value) -> bool {
    match field {
        "t" => value
            .as_str()
            .is_some_and(|text| instant::read(text, 0).is_ok()),
        "duration" | "clock_tolerance" => value.is_u64(),
        "status" => value
            .as_u64()
            .is_some_and(|status| (100..600).contains(&status)),
        "items" => value.as_array().is_some_and(|items| {
            items
                .iter()
                .all(|item| item["quantity"].is_u64() && item["sku"].is_string())
        }),
        "complete" | "observed" => value.is_array(),
        "amount" => value.is_u64() || value.is_string(),
        "replayed" | "baseline" => value.is_boolean(),
        "response" => true,
        _ => value.is_string(),
    }
}

/// A text of parts that logs and dumps are made of, so that more than the first byte of it is looked at.
fn of_parts(parts: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(parts), 0..40).prop_map(|parts| parts.concat())
}

const LOG: &[&str] = &[
    "203.0.113.7 - - [28/Nov/2026:06:16:30 +0000] \"POST /orders HTTP/2.0\" 201 57 \"-\" \"shop\" 0.1 \"k1\"\n",
    "203.0.113.7 - - [28/Nov/2026:06:16:31 +0000] \"POST /orders HTTP/2.0\" 504 57 \"-\" \"shop\" - \"k\\x222\"\n",
    "[2026-11-28T06:16:02.310Z] \"POST /orders HTTP/2\" 204 - 154 0 1226 100 \"-\" \"-\" \"-\" \"-\" \"-\"\n",
    "{\"ts\":1795846562.5,\"duration\":0.5,\"status\":201,\"request\":{\"method\":\"POST\",\"uri\":\"/orders\"}}\n",
    "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"kind\":2,\"startTimeUnixNano\":\"1795846562250000001\",\"endTimeUnixNano\":0,\"attributes\":[]}]}]}]}",
    "{\"log\":{\"entries\":[]}}",
    " ",
    "\"",
    "\n",
    "[",
    "]",
    "{",
    "}",
    "POST ",
    "/orders",
    " HTTP/1.1",
    "-",
    "é",
    "\\x",
    "0",
    "28/Nov/2026:06:16:30 +0000",
    ":",
    ",",
];

const ROWS: &[&str] = &[
    "id,key,state,created_at,sku,quantity,charge,amount,order\n",
    "1,k1,confirmed,2026-11-28 06:16:31,S,2,c1,100,1\n",
    "{\"id\":1,\"state\":\"confirmed\",\"amount\":7}\n",
    "id,Type,Source,Amount,Net\n",
    "txn_1,charge,ch_1,1.50,1.00\n",
    ",",
    "\n",
    "\"",
    ";",
    "2026-11-28",
    "1.50",
    "-",
    "é",
    "{",
    "}",
    "pending",
    "\\N",
    "captured",
];

fn formats() -> impl Strategy<Value = LogFormat> {
    prop::sample::select(vec![
        LogFormat::Text(Dialect::Nginx, None),
        LogFormat::Text(Dialect::Apache, None),
        LogFormat::Text(Dialect::Envoy, None),
        LogFormat::Text(Dialect::Alb, None),
        LogFormat::Pattern("(?<time>.{20,26}) (?<method>POST) (?<path>/[a-z]*)".to_owned()),
        LogFormat::Jsonl,
        LogFormat::Caddy,
        LogFormat::Har,
        LogFormat::Otel,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_comes_in_the_lines_that_come_out_have_the_form(
        format in formats(),
        log in prop_oneof![4 => of_parts(LOG), 1 => any::<String>()],
        orders in prop::option::of(of_parts(ROWS)),
        charges in prop::option::of(of_parts(ROWS)),
        refunds in prop::option::of(prop_oneof![4 => of_parts(ROWS), 1 => any::<String>()]),
        decimal in any::<bool>(),
    ) {
        let plan = Plan { format, decimal, skip_broken: true, maps: maps(&["orders:key="]), ..Plan::default() };
        let case = Case {
            plan,
            log: &log,
            orders: orders.as_deref(),
            charges: charges.as_deref(),
            refunds: refunds.as_deref(),
        };
        if let Ok((lines, _)) = case.run() {
            check(&lines)?;
        }
    }

    /// Logs that can be read, with values that are hard to write.
    #[test]
    fn texts_of_any_kind_stay_inside_of_their_fields(key in "[^\"\\\\\\p{Cc}]{1,20}", id in any::<String>(), decimal in any::<bool>()) {
        let log = log(&[(30, "POST /orders", 201, "0.1", &key)]);
        let id = id.replace('"', "\"\"");
        let orders = format!("id,state\n\"{id}\",confirmed\n");
        let charges = format!("id,order,amount,state\nc1,\"{id}\",100,captured\n");
        let plan = Plan { decimal, skip_broken: true, ..Plan::default() };
        let case = Case { plan, log: &log, orders: Some(&orders), charges: Some(&charges), ..Case::default() };
        let (lines, _) = case.run().map_err(|mistakes| TestCaseError::fail(mistakes.join("; ")))?;
        check(&lines)?;
        prop_assert!(of_kind(&lines, "request").len() == 1);
    }
}
