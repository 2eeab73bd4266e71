//! Logs of other forms, and the contract.

use super::*;

#[test]
fn json_lines_are_mapped_by_paths() {
    let log = r#"{"when":"2026-11-28T06:16:30.000Z","ms":250,"code":201,"verb":"POST","where":"/v1/a/orders","headers":{"idempotency-key":"k1"},"shop":{"name":"A"},"made":7}"#;
    let plan = Plan {
        format: LogFormat::Jsonl,
        paths: vec!["/v1/*/orders".to_owned()],
        reading: crate::format::Reading {
            duration_unit: Some(Unit::Ms),
            time_is: Some(crate::span::Anchor::Begin),
            ..crate::format::Reading::default()
        },
        maps: maps(&[
            "requests:t=when,duration=ms,status=code,method=verb,path=where,tenant=shop.name,order=made",
        ]),
        ..Plan::default()
    };
    let lines = Case {
        plan,
        log,
        ..Case::default()
    }
    .lines();
    assert!(
        lines[0].contains(r#""observed":["status","order"]"#),
        "{}",
        lines[0]
    );
    assert_eq!(
        of_kind(&lines, "request"),
        [
            r#""t":"2026-11-28T06:16:30.000Z","duration":252,"status":201,"key":"k1","tenant":"A","order":"7"}"#
        ]
    );
}

#[test]
fn an_archive_shows_whole_answers_unless_one_of_them_lacks_its_body() {
    let entry = |body: &str| {
        format!(
            r#"{{"startedDateTime":"2026-11-28T06:16:30.250Z","time":100,"request":{{"method":"POST","url":"https://s/orders","headers":[{{"name":"Idempotency-Key","value":"k1"}}],"postData":{{"text":"{{\"items\":{{\"S\":2}}}}"}}}},"response":{{"status":201,"headers":[{{"name":"idempotent-replayed","value":"true"}}],"content":{{{body}}}}}}}"#
        )
    };
    let archive = |bodies: &[&str]| {
        let entries: Vec<String> = bodies.iter().map(|body| entry(body)).collect();
        format!(r#"{{"log":{{"entries":[{}]}}}}"#, entries.join(","))
    };
    let plan = || Plan {
        format: LogFormat::Har,
        maps: maps(&["requests:items=body:/items"]),
        ..Plan::default()
    };
    let log = archive(&[r#""text":"{ \"id\": 7,\n \"total\": 1.50 }""#]);
    let lines = Case {
        plan: plan(),
        log: &log,
        ..Case::default()
    }
    .lines();
    assert!(
        lines[0].contains(r#""observed":["status","order","response","replayed"]"#),
        "{}",
        lines[0]
    );
    let payload = crate::value::payload(r#"{"items":{"S":2}}"#, None);
    assert_eq!(
        of_kind(&lines, "request"),
        [format!(
            r#""t":"2026-11-28T06:16:30.250Z","duration":102,"status":201,"key":"k1","payload":"{payload}","items":[{{"sku":"S","quantity":2}}],"order":"7","response":{{ "id": 7,  "total": 1.50 }},"replayed":true}}"#
        )]
    );
    let log = archive(&[r#""text":"{\"id\":7}""#, r#""size":8"#]);
    let (lines, told) = Case {
        plan: plan(),
        log: &log,
        ..Case::default()
    }
    .run()
    .expect("a history");
    assert!(
        lines[0].contains(r#""observed":["status","replayed"]"#),
        "{}",
        lines[0]
    );
    assert!(told.contains("1 answer with 2xx without order"), "{told}");
}

#[test]
fn a_contract_gives_the_unit_and_its_decimals_are_those_of_the_dumps() {
    let log = retried();
    let contract = r#"{"time_unit":"us","ttl":1,"amounts":"decimal"}"#.to_owned();
    let plan = Plan {
        contract: Some(("c.json".to_owned(), contract)),
        ..keyed()
    };
    let charges = "id,amount,state\nc1,1.50,captured\n";
    let lines = Case {
        plan,
        log: &log,
        charges: Some(charges),
        ..Case::default()
    }
    .lines();
    assert_eq!(
        lines[0],
        r#"{"kind":"contract","time_unit":"us","amounts":"decimal","clock_tolerance":1000000,"observed":["status"],"ttl":1}"#
    );
    assert!(
        lines[1].contains(r#""t":"2026-11-28T06:16:19.999000Z","duration":11001000"#),
        "{}",
        lines[1]
    );
    assert_eq!(
        of_kind(&lines, "charge"),
        [r#""id":"c1","amount":"1.50","state":"captured"}"#]
    );
}

#[test]
fn spans_are_rounded_outwards_to_the_unit_of_the_history() {
    let attribute = |key: &str, value: &str| {
        format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#)
    };
    let attributes = [
        attribute("http.request.method", "POST"),
        attribute("url.path", "/orders"),
        attribute("http.response.status_code", "201"),
        attribute("http.request.header.idempotency-key", "k1"),
    ];
    let log = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"kind":2,"startTimeUnixNano":"1795846590250999999","endTimeUnixNano":"1795846590300000000","attributes":[{}]}}]}}]}}]}}"#,
        attributes.join(",")
    );
    let plan = Plan {
        format: LogFormat::Otel,
        ..Plan::default()
    };
    let lines = Case {
        plan,
        log: &log,
        ..Case::default()
    }
    .lines();
    // From 250.999999 ms to 300.000001 ms, as whole milliseconds.
    assert_eq!(
        of_kind(&lines, "request"),
        [r#""t":"2026-11-28T06:16:30.250Z","duration":51,"status":201,"key":"k1"}"#]
    );
}
