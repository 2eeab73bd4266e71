//! Lines as the servers' own documentation shows them.

use std::io::Cursor;

use super::*;
use crate::format::Reading;

/// What each line of a log says: method, target, status, the interval in milliseconds since 06:16:00, and the values asked for.
fn read(mut format: Text, selectors: &[&str], log: &str) -> Vec<Result<String, String>> {
    for selector in selectors {
        let selector = Selector::parse(selector).expect("a selector");
        format.slot(&selector).expect("the format has it");
    }
    let mut said = Vec::new();
    let input = Box::new(Cursor::new(log.to_owned()));
    let read = format.read(input, &mut |_, raw| said.push(raw.map(shown)));
    read.expect("memory can be read");
    said
}

fn shown(raw: &Raw<'_>) -> String {
    let times = raw.read_times(&Reading::default()).expect("times");
    let (begin, end) = times.widened(60_000_000_000).expect("a time");
    let since = |ns: i64| (ns - 1_795_846_560_000_000_000).div_euclid(1_000_000);
    let values: Vec<&str> = raw
        .values
        .iter()
        .map(|value| value.as_deref().unwrap_or("none"))
        .collect();
    format!(
        "{} {} {} {}..{} {}",
        raw.method,
        raw.target,
        raw.status,
        since(begin),
        since(end),
        values.join(" ")
    )
    .trim_end()
    .to_owned()
}

fn ok(lines: &[&str]) -> Vec<Result<String, String>> {
    lines.iter().map(|line| Ok((*line).to_owned())).collect()
}

#[test]
fn nginx_combined_is_read_and_a_line_without_duration_lasts_as_long_as_is_assumed() {
    let log = r#"203.0.113.7 - - [28/Nov/2026:06:16:02 +0000] "POST /orders?a=1 HTTP/1.1" 201 57 "-" "shop/3.1 (iOS \x22x\x22)"
2001:db8::1 - mary ann [28/Nov/2026:07:16:03 +0100] "GET / HTTP/2.0" 499 0 "https://shop.example/" "curl"
"#;
    let expected = [
        "POST /orders?a=1 201 -58000..3000",
        "GET / 499 -57000..4000",
    ];
    assert_eq!(
        read(Text::usual(Dialect::Nginx, None), &[], log),
        ok(&expected)
    );
}

#[test]
fn nginx_with_duration_and_key_at_the_end_needs_no_format_string() {
    let log = r#"203.0.113.7 - - [2026-11-28T06:16:02+00:00] "POST /orders HTTP/1.1" 504 167 "-" "shop" 1.500 "k-1"
203.0.113.7 - - [2026-11-28T06:16:03+00:00] "POST /orders HTTP/1.1" 201 167 "-" "shop" 0.010 "-"
"#;
    let format = Text::usual(Dialect::Nginx, None);
    let expected = [
        "POST /orders 504 499..3000 k-1",
        "POST /orders 201 2989..4000 none",
    ];
    assert_eq!(read(format, &["field:last"], log), ok(&expected));
}

#[test]
fn an_nginx_log_format_names_its_fields() {
    let format = r#"$msec rt=$request_time $host "$request" $status key="$http_idempotency_key" "$sent_http_idempotent_replayed""#;
    let format = Text::with_format(Dialect::Nginx, format).expect("a format");
    assert_eq!(
        format.usual_key(),
        Some(Selector::Header("Idempotency-Key".into()))
    );
    let log =
        r#"1795846562.250 rt=0.250 shop.example "POST /orders HTTP/1.1" 201 key="a\x22b" "true""#;
    let selectors = [
        "header:Idempotency-Key",
        "field:$host",
        "response-header:Idempotent-Replayed",
    ];
    let expected = [r#"POST /orders 201 1999..2251 a"b shop.example true"#];
    assert_eq!(read(format, &selectors, log), ok(&expected));
}

#[test]
fn two_candidates_for_a_duration_are_none_and_are_said() {
    let mut format = Text::usual(Dialect::Nginx, None);
    let log = r#"h - - [28/Nov/2026:06:16:02 +0000] "POST /o HTTP/1.1" 201 57 "-" "-" 0.001 1.500"#;
    let read = format.read(Box::new(Cursor::new(log)), &mut |_, raw| {
        assert_eq!(raw.expect("a line").duration, None);
    });
    read.expect("memory can be read");
    assert!(
        format
            .said()
            .iter()
            .any(|said| said.contains("2 further fields may be the duration")),
        "{:?}",
        format.said()
    );
}

#[test]
fn a_named_further_field_is_the_duration_whatever_stands_beside_it() {
    let log = r#"h - - [28/Nov/2026:06:16:02 +0000] "POST /o HTTP/1.1" 201 57 "-" "-" "k" rt=1.500 uct="0.000" urt="1.499""#;
    let expected = ["POST /o 201 499..3000 k 0.000"];
    assert_eq!(
        read(
            Text::usual(Dialect::Nginx, None),
            &["field:1", "field:uct"],
            log
        ),
        ok(&expected)
    );
}

#[test]
fn bytes_that_were_no_http_are_no_request_and_no_mistake() {
    let log = r#"h - - [28/Nov/2026:06:16:02 +0000] "\x16\x03\x01\x00" 400 150 "-" "-"
h - - [28/Nov/2026:06:16:02 +0000] "-" 408 0 "-" "-"
"#;
    let mut format = Text::usual(Dialect::Nginx, None);
    let mut methods = Vec::new();
    let read = format.read(Box::new(Cursor::new(log)), &mut |_, raw| {
        methods.push(raw.expect("a line").method.to_string());
    });
    read.expect("memory can be read");
    assert_eq!(methods, ["", ""]);
}

#[test]
fn apache_common_and_combined_begin_at_their_time_and_a_whole_number_needs_a_unit() {
    let common = r#"127.0.0.1 - frank [28/Nov/2026:06:16:02 +0000] "POST /orders HTTP/1.0" 201 2326 1500000 "k-1""#;
    let expected = ["POST /orders 201 2000..4500 k-1"];
    let known = Some(Unit::Us);
    let unit = |log| {
        let mut format = Text::usual(Dialect::Apache, known);
        format
            .slot(&Selector::Field("last".into()))
            .expect("further fields may follow");
        let mut said = Vec::new();
        let read = format.read(Box::new(Cursor::new(log)), &mut |_, raw| {
            let mut raw = raw.expect("a line").duration.clone();
            said.extend(raw.take().map(|(text, _)| text.into_owned()));
        });
        read.expect("memory can be read");
        said
    };
    assert_eq!(unit(common), ["1500000"]);
    let combined = common.replace(
        "2326",
        r#"2326 "http://www.example.com/start.html" "Mozilla/4.08""#,
    );
    let format = Text::with_format(
        Dialect::Apache,
        r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D "%{Idempotency-Key}i""#,
    );
    assert_eq!(
        read(
            format.expect("a format"),
            &["header:idempotency-key"],
            &combined
        ),
        ok(&expected)
    );
    // Without a unit the number may as well be a size, as in combinedio.
    let mut format = Text::usual(Dialect::Apache, None);
    let read = format.read(Box::new(Cursor::new(combined)), &mut |_, raw| {
        assert_eq!(raw.expect("a line").duration, None);
    });
    read.expect("memory can be read");
    assert!(
        format
            .said()
            .iter()
            .any(|said| said.contains("field 1 may be a duration")),
        "{:?}",
        format.said()
    );
}

#[test]
fn envoy_begins_at_start_time_and_lasts_milliseconds() {
    // As the documentation of Envoy shows it, with a key at the end.
    let log = r#"[2026-11-28T06:16:02.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 1226 100 "10.0.35.28" "nsq2http" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "locations" "tcp://10.0.2.1:80" "k-1"
[2026-11-28T06:16:04.310Z] "POST /api/v1/locations HTTP/2" 0 DC 154 0 20 - "10.0.35.28" "nsq2http" "cc21d9b0" "locations" "-" "-"
"#;
    let expected = [
        "POST /api/v1/locations 204 2310..3538 k-1",
        "POST /api/v1/locations 0 4310..4332 none",
    ];
    assert_eq!(
        read(Text::usual(Dialect::Envoy, None), &["field:last"], log),
        ok(&expected)
    );
}

#[test]
fn the_load_balancer_says_begin_and_end() {
    // As the documentation of the Application Load Balancer shows it.
    let log = r#"https 2026-11-28T06:16:12.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 504 - 0 57 "POST https://www.example.com:443/orders?key=k-1 HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012" 1 2026-11-28T06:16:02.364000Z "authenticate,forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1234abcd5678ef90"#;
    let expected =
        ["POST https://www.example.com:443/orders?key=k-1 504 2364..12186 www.example.com"];
    assert_eq!(
        read(Text::usual(Dialect::Alb, None), &["field:domain_name"], log),
        ok(&expected)
    );
}

#[test]
fn a_line_of_another_format_names_the_column() {
    let log = r#"shop.example h - - [28/Nov/2026:06:16:02 +0000] "POST /o HTTP/1.1" 201"#;
    let said = read(Text::usual(Dialect::Envoy, None), &[], log);
    assert_eq!(
        said,
        [Err(
            "column 1: expected `[`, as the envoy format has it".to_owned()
        )]
    );
}

#[test]
fn what_a_text_log_cannot_have_is_refused_with_what_to_add() {
    let refused = |dialect, selector: &str| {
        let selector = Selector::parse(selector).expect("a selector");
        Text::usual(dialect, None)
            .slot(&selector)
            .expect_err("not there")
    };
    for (dialect, selector, part) in [
        (
            Dialect::Nginx,
            "header:Idempotency-Key",
            r#"add "$http_idempotency_key" at the end"#,
        ),
        (
            Dialect::Apache,
            "header:Idempotency-Key",
            r#"add "%{Idempotency-Key}i" at the end"#,
        ),
        (Dialect::Envoy, "body:/key", "no bodies"),
        (Dialect::Alb, "header:Idempotency-Key", "query:NAME"),
    ] {
        let said = refused(dialect, selector);
        assert!(said.contains(part), "{said}");
    }
    for (format, part) in [
        ("$request $status", "no time"),
        ("$msec $status", "no request"),
        ("$msec$request", "nothing stands"),
    ] {
        let said = Text::with_format(Dialect::Nginx, format).expect_err("no use");
        assert!(said.contains(part), "{said}");
    }
    let mut format = Text::with_format(Dialect::Nginx, "$msec \"$request\"").expect("a format");
    let said = format
        .slot(&Selector::Field("host".into()))
        .expect_err("not in the format");
    assert!(said.contains("msec, request"), "{said}");
}

#[test]
fn a_format_that_changes_in_the_middle_of_a_log_does_not_turn_durations_into_keys() {
    let line = r#"h - - [28/Nov/2026:06:16:02 +0000] "POST /o HTTP/1.1" 201 57 "-" "-" 0.010"#;
    let mut format = Text::usual(Dialect::Nginx, None);
    format
        .slot(&Selector::Field("last".into()))
        .expect("further fields may follow");
    let mut doubts = Vec::new();
    let log = format!("{line} \"k\"\n{line}\n{line} \"k\"\n");
    let read = format.read(Box::new(Cursor::new(log)), &mut |_, raw| {
        doubts.push(raw.expect("a line").doubt.is_some());
    });
    read.expect("memory can be read");
    assert_eq!(doubts, [false, true, false]);
}

#[test]
fn which_end_a_time_is_can_be_said_unless_a_line_has_both() {
    let begin = Reading {
        time_is: Some(crate::span::Anchor::Begin),
        ..Reading::default()
    };
    let stamp = |text: &'static str| (crate::span::Anchor::End, text.into());
    let one = Raw {
        times: vec![stamp("2026-11-28T06:16:02Z")],
        ..Raw::default()
    };
    let times = one.read_times(&begin).expect("a time");
    assert!(times.begin.is_some() && times.end.is_none());
    let both = Raw {
        times: vec![
            stamp("2026-11-28T06:16:02Z"),
            (crate::span::Anchor::Begin, "2026-11-28T06:16:01Z".into()),
        ],
        ..Raw::default()
    };
    let times = both.read_times(&begin).expect("times");
    assert!(times.begin.is_some() && times.end.is_some());
}
