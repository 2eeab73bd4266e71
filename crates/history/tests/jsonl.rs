//! The JSONL form from outside: what is read, what is refused, and where the error points.

use history::{
    Expiry, History, InFlight, Item, Label, TimeUnit, What,
    jsonl::{self, Mistake, Mistakes},
};
use proptest::prelude::*;

const CONTRACT: &str = r#"{"kind":"contract","time_unit":"ms","ttl":1000,"grace":50,"recovery_deadline":500,"in_flight":"409","mismatch":"422","prices":{"S":100},"stock":{"S":10}}"#;
const INVOKE: &str = r#"{"kind":"invoke","t":1,"process":0,"op":"create","tenant":"A","key":"k","intent":"i1","payload":"b1","items":[{"sku":"S","quantity":1}]}"#;

fn read(lines: &[&str]) -> Result<History, Mistakes> {
    jsonl::read(lines.join("\n").as_bytes())
}

fn error(lines: &[&str]) -> Mistake {
    read(lines)
        .expect_err("this is not a history")
        .first()
        .clone()
}

fn written(history: &History) -> String {
    let mut text = Vec::new();
    jsonl::write(history, &mut text).expect("a vector takes everything");
    String::from_utf8(text).expect("JSON is UTF-8")
}

#[test]
fn the_contract_is_read_field_by_field() {
    let line = r#"{"kind":"contract","time_unit":"s","ttl":5,"expiry":"exact","in_flight":"202","mismatch":409,"prices":{"T":7,"S":9},"stored_errors":[402],"volatile":["at"],"at_least_once":true,"required_coverage":["takeover"],"success_floor_ppm":5}"#;
    let history = read(&[line]).expect("a contract");
    let contract = &history.contract;
    assert_eq!(contract.time_unit, TimeUnit::Seconds);
    assert_eq!((contract.ttl, contract.grace), (Some(5), 0));
    assert_eq!(contract.expiry, Expiry::Exact);
    assert_eq!(contract.in_flight, Some(InFlight::Accept));
    assert_eq!(contract.mismatch, Some(409));
    let prices: Vec<_> = contract
        .prices
        .iter()
        .map(|(sku, price)| (history.names.skus.text(sku.index()).into_owned(), *price))
        .collect();
    assert_eq!(prices, [("T".to_owned(), 7), ("S".to_owned(), 9)]);
    assert_eq!(contract.stored_errors, Some(vec![402]));
    assert_eq!(contract.volatile, ["at"]);
    assert!(contract.at_least_once);
    assert_eq!(contract.required_coverage, ["takeover"]);
    assert_eq!(contract.success_floor_ppm, Some(5));
}

#[test]
fn blank_lines_unknown_fields_and_numbers_for_names_are_welcome() {
    let ok = r#"{"status":201,"order":1,"process":0,"t":5,"note":{"deep":[1,{}]},"kind":"ok"}"#;
    let history = read(&["", CONTRACT, "  ", INVOKE, "\t", ok, ""]).expect("a history");
    assert_eq!(history.events.len(), 2);
    assert_eq!((history.line(0), history.line(1)), (Some(4), Some(6)));
    let What::Ok(said) = history.events[1].what else {
        panic!("the second event is the answer");
    };
    let order = said.order.expect("an order");
    assert_eq!(history.names.orders.text(order.index()), "1");
}

#[test]
fn a_part_of_the_audit_that_nobody_looked_at_is_not_empty() {
    let audit = r#"{"kind":"audit","t":9,"orders":[],"stock":{"S":{"on_hand":9}},"coverage":{"takeover":2,"full-moon":1}}"#;
    let history = read(&[CONTRACT, audit]).expect("a history");
    let found = history.audit.as_ref().expect("an audit");
    assert_eq!(found.orders.as_deref(), Some(&[][..]));
    assert!(found.charges.is_none() && found.keys.is_none() && found.coupons.is_none());
    let stock = found.stock.as_ref().expect("stock")[0];
    assert_eq!((stock.initial, stock.on_hand), (10, 9));
    assert_eq!(history.coverage.count(Label::Takeover), 2);
}

#[test]
fn a_payload_without_a_name_is_named_after_its_items() {
    let invoke = |process, quantity| {
        format!(
            r#"{{"kind":"invoke","t":1,"process":{process},"tenant":"A","items":[{{"sku":"S","quantity":{quantity}}}]}}"#
        )
    };
    let (a, b, c) = (invoke(0, 1), invoke(1, 1), invoke(2, 2));
    let history = read(&[CONTRACT, &a, &b, &c]).expect("a history");
    let payload = |i: usize| match history.events[i].what {
        What::Invoke(invoke) => invoke.payload.expect("a payload"),
        _ => panic!("an invocation"),
    };
    assert_eq!(payload(0), payload(1));
    assert_ne!(payload(0), payload(2));
    let items = history.names.payload_items(payload(2)).expect("items");
    let sku = history.names.skus.find("S").expect("a SKU");
    assert_eq!(history.names.items(items), [Item { sku, quantity: 2 }]);
}

#[test]
fn lines_out_of_order_come_by_time_and_keep_their_numbers() {
    let late = r#"{"kind":"fault","t":9,"fault":"crash"}"#;
    let history = read(&[CONTRACT, late, INVOKE]).expect("a history");
    assert_eq!(history.events[0].t, 1);
    assert_eq!((history.line(0), history.line(1)), (Some(3), Some(2)));
}

#[test]
fn changes_of_key_records_come_by_time_and_are_written_among_the_events() {
    let change = |t: u64, to: &str| {
        format!(
            r#"{{"kind":"transition","t":{t},"tenant":"A","key":"k","from":"absent","to":"{to}"}}"#
        )
    };
    let (late, early, at_once) = (
        change(9, "absent"),
        change(2, "in_progress"),
        change(5, "completed"),
    );
    let ok = r#"{"kind":"ok","t":5,"process":0,"status":201}"#;
    let history = read(&[CONTRACT, INVOKE, &late, ok, &early, &at_once]).expect("a history");
    assert_eq!(history.events.len(), 2);
    let times: Vec<u64> = history.transitions.iter().map(|change| change.t).collect();
    assert_eq!(times, [2, 5, 9]);
    let text = written(&history);
    let kinds: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split('"').nth(3))
        .collect();
    let expected = [
        "contract",
        "invoke",
        "transition",
        "transition",
        "ok",
        "transition",
    ];
    assert_eq!(kinds, expected, "a commit comes before the answer");
    assert_eq!(written(&read(&[text.as_str()]).expect("ours")), text);
}

#[test]
fn processes_keep_the_numbers_of_the_file() {
    let by = |process: u64, t: u64| {
        let line = INVOKE.replace("\"process\":0", &format!("\"process\":{process}"));
        line.replace("\"t\":1,", &format!("\"t\":{t},"))
    };
    let (a, b, c, d) = (by(0, 1), by(u64::MAX, 2), by(7, 3), by(u64::MAX, 4));
    let history = read(&[CONTRACT, &a, &b, &c, &d]).expect("a history");
    let numbers: Vec<_> = history.events.iter().map(|e| e.process).collect();
    assert_eq!(numbers, [0, 1, 2, 1]);
    assert_eq!(history.processes(), 3);
    assert_eq!(history.process_name(1), u64::MAX.to_string());
    assert!(written(&history).contains(&format!("\"process\":{}", u64::MAX)));
}

#[test]
fn volatile_fields_of_a_body_do_not_count() {
    let contract = CONTRACT.replace("\"ttl\"", "\"volatile\":[\"at\"],\"ttl\"");
    let body = |body: &str| {
        let ok = format!(r#"{{"kind":"ok","t":5,"process":0,"response":{body}}}"#);
        let history = read(&[&contract, INVOKE, &ok]).expect("a history");
        history.names.responses.text(0).into_owned()
    };
    let plain = body(r#"{"id":1,"lines":[{"n":2}]}"#);
    assert_eq!(plain, r#"{"id":1,"lines":[{"n":2}]}"#);
    assert_eq!(body(r#"{"at":3,"lines":[{"at":4,"n":2}],"id":1}"#), plain);
    assert_eq!(
        body(r#""{\"at\":9,\"id\":1,\"lines\":[{\"n\":2}]}""#),
        plain
    );
    assert_eq!(body(r#""at 5 o'clock""#), "at 5 o'clock");
}

/// Lines that are not a history, the line at fault, and a part of the message.
const REFUSED: &[(&[&str], usize, &str)] = &[
    (&[""], 1, "begins with its contract"),
    (&["", INVOKE], 2, "the first line is the contract"),
    (&[CONTRACT, CONTRACT], 2, "a second contract"),
    (
        &[CONTRACT, r#"{"kind":"party"}"#],
        2,
        "unknown kind \"party\"",
    ),
    (&[CONTRACT, r#"{"t":1}"#], 2, "`kind` is missing"),
    (&[CONTRACT, " [1]"], 2, "is a JSON object"),
    (
        &[CONTRACT, "", "{\"kind\":\"ok\",\"t\":1"],
        3,
        "the line holds no whole object: EOF",
    ),
    (
        &[CONTRACT, r#"{"kind":"ok","t":-1,"process":0}"#],
        2,
        "`t` is -1 (a number); wanted is a time",
    ),
    (
        &[
            CONTRACT,
            r#"{"kind":"ok","t":99999999999999999999999,"process":0}"#,
        ],
        2,
        "wanted is a time",
    ),
    (
        &[CONTRACT, r#"{"kind":"ok","t":1e400,"process":0}"#],
        2,
        "`t` is 1e400 (a number)",
    ),
    (
        &[
            CONTRACT,
            r#"{"kind":"ok","t":1,"process":0,"status":70000}"#,
        ],
        2,
        "70000",
    ),
    (
        &[CONTRACT, r#"{"kind":"ok","t":1,"t":2,"process":0}"#],
        2,
        "`t` is there twice",
    ),
    (
        &[
            CONTRACT,
            r#"{"kind":"invoke","t":1,"process":0,"op":"sing"}"#,
        ],
        2,
        "wanted is \"create\", \"read\", \"cancel\" or \"refund\"",
    ),
    (
        &[
            CONTRACT,
            r#"{"kind":"invoke","t":1,"process":0,"op":"read"}"#,
        ],
        2,
        "names the order",
    ),
    (
        &[
            CONTRACT,
            r#"{"kind":"invoke","t":1,"process":0,"tenant":"A\u001fB"}"#,
        ],
        2,
        "U+001F",
    ),
    (&[r#"{"kind":"contract"}"#], 1, "`time_unit` is missing"),
    (
        &[r#"{"kind":"contract","time_unit":"weeks"}"#],
        1,
        "\"weeks\"",
    ),
    (
        &[r#"{"kind":"contract","time_unit":"ms","in_flight":"perhaps"}"#],
        1,
        "in_flight",
    ),
    (
        &[
            CONTRACT,
            r#"{"kind":"audit","t":1,"stock":{"T":{"on_hand":1}}}"#,
        ],
        2,
        "\"T\"",
    ),
    (
        &[
            CONTRACT,
            r#"{"kind":"audit","t":1}"#,
            r#"{"kind":"audit","t":1}"#,
        ],
        3,
        "a second audit",
    ),
    (
        &[
            CONTRACT,
            r#"{"kind":"audit","t":1,"stock":{"S":{"initial":1,"on_hand":1},"S":{"initial":2,"on_hand":2}}}"#,
        ],
        2,
        "\"S\" is there twice",
    ),
    (
        &[
            CONTRACT,
            r#"{"kind":"audit","t":1,"coupons":{"C":{"limit":1},"C":{"limit":2}}}"#,
        ],
        2,
        "\"C\" is there twice",
    ),
];

fn assert_refused(lines: &[&str], line: usize, part: &str) {
    let error = error(lines);
    assert_eq!(error.line, line, "{error}");
    assert!(error.message.contains(part), "{error} lacks {part:?}");
    assert!(!error.message.contains(" at line "), "{error}");
}

#[test]
fn an_error_names_the_line_and_what_was_there() {
    for (lines, line, part) in REFUSED {
        assert_refused(lines, *line, part);
    }
}

#[test]
fn depth_is_an_error_and_no_overflow() {
    let nested = "[".repeat(100_000);
    let ignored = format!("{{\"kind\":\"fault\",\"x\":{nested}");
    let body = format!("{{\"kind\":\"ok\",\"t\":1,\"process\":0,\"response\":{{\"x\":{nested}");
    assert_refused(&[CONTRACT, &ignored], 2, "EOF");
    assert_refused(&[CONTRACT, &body], 2, "EOF");
}

#[test]
fn bytes_that_are_not_utf_8_are_pointed_at() {
    let text = [CONTRACT.as_bytes(), b"\n{\"kind\":\"\xff\"}"].concat();
    let mistakes = jsonl::read(&text[..]).expect_err("not UTF-8");
    let error = mistakes.first();
    assert_eq!((error.line, error.column), (2, Some(10)));
    assert_eq!(error.to_string(), "line 2, column 10: this is not UTF-8");
}

#[test]
fn texts_with_quotes_and_controls_survive() {
    let key = "a\"b\\c\u{7}\u{1f}ü";
    let line = INVOKE.replace("\"k\"", &serde_json::to_string(key).expect("a string"));
    let history = read(&[CONTRACT, &line]).expect("a history");
    let again = jsonl::read(written(&history).as_bytes()).expect("what we wrote");
    let What::Invoke(invoke) = again.events[0].what else {
        panic!("an invocation");
    };
    assert_eq!(again.names.key_text(invoke.key.expect("a key")), key);
    assert_eq!(written(&again), written(&history));
}

/// A line that is nearly right.
fn nearly() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("1".to_owned()),
        Just("-1".to_owned()),
        Just("18446744073709551615".to_owned()),
        Just("1e999".to_owned()),
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        Just("\"x\"".to_owned()),
        Just("[{\"sku\":\"S\",\"quantity\":4294967295}]".to_owned()),
        Just(
            "{\"S\":{\"initial\":-9223372036854775808,\"on_hand\":9223372036854775807}}".to_owned()
        ),
    ];
    let kind = prop::sample::select(vec![
        "contract",
        "invoke",
        "ok",
        "fail",
        "info",
        "fault",
        "transition",
        "audit",
        "x",
    ]);
    let field = prop::sample::select(vec![
        "t",
        "process",
        "op",
        "tenant",
        "key",
        "payload",
        "items",
        "order",
        "orders",
        "charges",
        "stock",
        "keys",
        "coverage",
        "coupons",
        "status",
        "response",
        "from",
        "to",
        "fault",
        "ttl",
        "time_unit",
    ]);
    (kind, prop::collection::vec((field, value), 0..6)).prop_map(|(kind, fields)| {
        let fields: Vec<String> = fields
            .into_iter()
            .map(|(name, value)| format!(",\"{name}\":{value}"))
            .collect();
        format!("{{\"kind\":\"{kind}\"{}}}", fields.concat())
    })
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _outcome = jsonl::read(&bytes[..]);
        let _outcome = jsonl::read(&[CONTRACT.as_bytes(), b"\n", &bytes].concat()[..]);
    }

    #[test]
    fn what_is_nearly_right_is_read_into_one_form_or_refused(lines in prop::collection::vec(nearly(), 0..6)) {
        let text = format!("{CONTRACT}\n{}", lines.join("\n"));
        match jsonl::read(text.as_bytes()) {
            Err(mistakes) => prop_assert!((1..=lines.len() + 1).contains(&mistakes.first().line)),
            Ok(history) => {
                let once = written(&history);
                let again = jsonl::read(once.as_bytes()).map_err(|e| TestCaseError::fail(e.to_string()))?;
                prop_assert_eq!(written(&again), once);
            }
        }
    }

    #[test]
    fn a_line_cut_anywhere_is_refused_with_its_number(cut in 1..INVOKE.len()) {
        let error = error(&[CONTRACT, &INVOKE[..cut]]);
        prop_assert_eq!(error.line, 2);
    }
}

#[test]
fn a_body_may_be_any_json_and_equal_bodies_are_one() {
    let read_body = |body: &str| {
        let ok = format!(r#"{{"kind":"ok","t":5,"process":0,"response":{body}}}"#);
        let history = read(&[CONTRACT, INVOKE, &ok]).expect("a history");
        history.names.responses.text(0).into_owned()
    };
    for (body, text) in [
        (r#"[1, {"b":2,"a":1}]"#, r#"[1,{"a":1,"b":2}]"#),
        ("true", "true"),
        ("false", "false"),
        ("1.5", "1.5"),
        ("[2.0, 2e0, 1e300]", "[2,2,1e+300]"),
        (r#""{\"b\": 2, \"a\": 1.0}""#, r#"{"a":1,"b":2}"#),
        (r#""{\"b\": 2,""#, r#"{"b": 2,"#),
        ("-3", "-3"),
        ("7", "7"),
        (r#""R""#, "R"),
    ] {
        assert_eq!(read_body(body), text, "{body}");
    }
}

#[test]
fn the_order_of_the_items_makes_no_other_payload() {
    let invoke = |process, items| {
        format!(
            r#"{{"kind":"invoke","t":1,"process":{process},"tenant":"A","key":"k","items":{items}}}"#
        )
    };
    let one = invoke(0, r#"[{"sku":"S","quantity":1},{"sku":"T","quantity":2}]"#);
    let two = invoke(1, r#"[{"sku":"T","quantity":2},{"sku":"S","quantity":1}]"#);
    let history = read(&[CONTRACT, &one, &two]).expect("a history");
    assert_eq!(history.names.payloads.len(), 1);
}

#[test]
fn what_a_replay_looks_like_survives_a_round_trip() {
    let contract = CONTRACT.replace(
        "\"ttl\"",
        "\"replay_status\":200,\"replay_header\":true,\"ttl\"",
    );
    let audit =
        r#"{"kind":"audit","t":9,"orders":[{"id":"old","state":"confirmed","baseline":true}]}"#;
    let history = read(&[&contract, audit]).expect("a history");
    assert_eq!(history.contract.replay_status, Some(200));
    assert!(history.contract.replay_header);
    let again = jsonl::read(written(&history).as_bytes()).expect("what we wrote");
    assert_eq!(again.contract, history.contract);
    assert_eq!(again.audit.expect("an audit").baseline.len(), 1);
}
