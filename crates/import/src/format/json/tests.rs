//! JSON lines as Caddy, nginx and loggers of web frameworks write them.

use std::io::Cursor;

use super::*;
use crate::format::Reading;

fn read(mut format: Json, selectors: &[&str], log: &str) -> Vec<Result<String, String>> {
    for selector in selectors {
        let selector = Selector::parse(selector).expect("a selector");
        format.slot(&selector).expect("the format has it");
    }
    let mut said = Vec::new();
    let read = format.read(Box::new(Cursor::new(log.to_owned())), &mut |_, raw| {
        said.push(raw.and_then(shown));
    });
    read.expect("memory can be read");
    said
}

fn shown(raw: &Raw<'_>) -> Result<String, String> {
    let times = raw.read_times(&Reading::default())?;
    let (begin, end) = times.widened(0).expect("a time");
    let since = |ns: i64| (ns - 1_795_846_560_000_000_000).div_euclid(1_000_000);
    let values: Vec<&str> = raw
        .values
        .iter()
        .map(|value| value.as_deref().unwrap_or("none"))
        .collect();
    let values = values.join(" ");
    Ok(format!(
        "{} {} {} {}..{} {values}",
        raw.method,
        raw.target,
        raw.status,
        since(begin),
        since(end)
    )
    .trim_end()
    .to_owned())
}

#[test]
fn caddy_ends_at_ts_and_has_headers() {
    // As Caddy's documentation shows it, with a key among the headers.
    let log = r#"{"level":"info","ts":1795846562.5241024,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"127.0.0.1","remote_port":"41342","client_ip":"127.0.0.1","proto":"HTTP/2.0","method":"POST","host":"localhost","uri":"/orders?a=1","headers":{"User-Agent":["curl/7.82.0"],"Idempotency-Key":["k-1"],"Accept":["*/*"]},"tls":{"resumed":false,"version":772}},"bytes_read":0,"user_id":"","duration":0.500929675,"size":10900,"status":201,"resp_headers":{"Server":["Caddy"],"Idempotent-Replayed":["true"]}}"#;
    let selectors = [
        "header:idempotency-key",
        "response-header:Idempotent-Replayed",
        "field:request.host",
    ];
    assert_eq!(
        read(Json::caddy(), &selectors, log),
        [Ok(
            "POST /orders?a=1 201 2023..2524 k-1 true localhost".to_owned()
        )]
    );
}

#[test]
fn nginx_json_is_known_by_its_names_and_ends_at_its_time() {
    let log = r#"{"time_iso8601":"2026-11-28T06:16:02+00:00","request":"POST /orders HTTP/1.1","status":"201","request_time":"0.500","http_idempotency_key":"k-1"}"#;
    assert_eq!(
        read(Json::usual(), &["header:Idempotency-Key"], log),
        [Ok("POST /orders 201 1499..3000 k-1".to_owned())]
    );
}

#[test]
fn every_name_of_a_time_says_which_end_it_is() {
    for (name, expected) in [
        ("time_local", "1499..3000"),
        ("msec", "1499..3000"),
        ("start_time", "2000..3501"),
        ("@timestamp", "1499..3501"),
    ] {
        let log = format!(
            r#"{{"{name}":"28/Nov/2026:06:16:02 +0000","method":"POST","path":"/o","status":201,"request_time":"0.500"}}"#
        );
        assert_eq!(
            read(Json::usual(), &[], &log),
            [Ok(format!("POST /o 201 {expected}"))],
            "{name}"
        );
    }
}

#[test]
fn a_time_that_may_be_begin_or_end_is_widened_both_ways() {
    let log = r#"{"ts":"2026-11-28T06:16:02.000Z","method":"POST","path":"/orders","status":201,"duration_ms":500}"#;
    assert_eq!(
        read(Json::usual(), &[], log),
        [Ok("POST /orders 201 1499..2502".to_owned())]
    );
}

#[test]
fn a_whole_duration_without_a_unit_is_a_mistake_that_says_which_option_helps() {
    let log = r#"{"time":1795846562000,"req":{"method":"POST","url":"/orders"},"res":{"statusCode":201},"responseTime":500}"#;
    let said = read(Json::usual(), &[], log);
    let said = said[0].as_ref().expect_err("no unit");
    assert!(said.contains("--duration-unit"), "{said}");
}

#[test]
fn values_of_bodies_are_found_whether_they_are_objects_or_texts() {
    let log = r#"{"ts":"2026-11-28T06:16:02Z","method":"POST","path":"/o","status":201,"duration":"500ms","body":{"key":"k-1"},"response":{"body":"{\"id\":7}"}}
{"ts":"2026-11-28T06:16:02Z","method":"POST","path":"/o","status":201,"duration":"500ms","request_body":"{\"key\":\"k-1\"}"}"#;
    let expected = [
        "POST /o 201 1499..3501 k-1 7",
        "POST /o 201 1499..3501 k-1 none",
    ]
    .map(|line| Ok(line.to_owned()));
    assert_eq!(
        read(Json::usual(), &["body:/key", "response:/id"], log),
        expected
    );
}

#[test]
fn the_page_has_every_usual_name() {
    let page = include_str!("../../../../history/IMPORT.md");
    let section = page
        .split("\n### jsonl\n")
        .nth(1)
        .and_then(|rest| rest.split("\n### ").next())
        .expect("a section");
    let names = TIMES
        .iter()
        .map(|(name, _)| *name)
        .chain(DURATIONS.iter().map(|(name, _)| *name));
    for name in names.chain(METHODS).chain(TARGETS).chain(STATUSES) {
        assert!(section.contains(&format!("`{name}`")), "{name}");
    }
}
