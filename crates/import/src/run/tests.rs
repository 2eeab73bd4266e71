//! Small logs and dumps, and the histories that they become.

mod form;
mod logs;
mod money;
mod parts;

use std::io::Cursor;

use super::*;
use crate::instant;
use crate::map::Maps;
use crate::plan;
use crate::select::Selector;

/// What is imported: a plan, a log and dumps.
#[derive(Default)]
struct Case<'a> {
    plan: Plan,
    log: &'a str,
    orders: Option<&'a str>,
    charges: Option<&'a str>,
    refunds: Option<&'a str>,
}

fn text(text: &str) -> plan::Text {
    plan::Text(Box::new(Cursor::new(text.to_owned())))
}

fn dump(name: &str, rows: Option<&str>) -> Vec<Dump> {
    let rows = rows.map(|rows| plan::DumpRows::Text(text(rows)));
    rows.map(|rows| Dump {
        name: name.to_owned(),
        rows,
    })
    .into_iter()
    .collect()
}

impl Case<'_> {
    /// The lines of the history and what was told, or the mistakes.
    fn run(&self) -> Result<(Vec<String>, String), Vec<String>> {
        let inputs = Inputs {
            requests: vec![Log {
                name: "access.log".to_owned(),
                text: text(self.log),
            }],
            orders: dump("orders.csv", self.orders),
            charges: dump("charges.csv", self.charges),
            refunds: dump("refunds.csv", self.refunds),
        };
        let (mut history, mut told) = (Vec::new(), String::new());
        let mut to = |note: crate::Note| told += &format!("{} {}\n", note.verb, note.text);
        match run(&self.plan, inputs, &mut history, &mut to) {
            Ok(()) => {
                let history = String::from_utf8(history).expect("a history is text");
                Ok((history.lines().map(str::to_owned).collect(), told))
            }
            Err(Stop::Mistakes(mistakes)) => {
                let mut said: Vec<String> =
                    mistakes.shown.iter().map(ToString::to_string).collect();
                let more = mistakes.count - said.len() as u64;
                said.extend((more > 0).then(|| format!("{more} more")));
                Err(said)
            }
            Err(Stop::Write(error)) => panic!("memory takes it: {error}"),
        }
    }

    fn lines(&self) -> Vec<String> {
        self.run().expect("a history").0
    }

    fn told(&self) -> String {
        self.run().expect("a history").1
    }

    /// The only mistake.
    fn mistake(&self) -> String {
        let mistakes = self.run().expect_err("a mistake");
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        mistakes.concat()
    }
}

/// The lines of a kind.
fn of_kind(lines: &[String], kind: &str) -> Vec<String> {
    let begin = format!("{{\"kind\":\"{kind}\",");
    lines
        .iter()
        .filter_map(|line| line.strip_prefix(&begin))
        .map(str::to_owned)
        .collect()
}

fn maps(texts: &[&str]) -> Maps {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    Maps::parse(&texts).expect("well formed")
}

/// A plan for the logs of [`log`].
fn keyed() -> Plan {
    Plan {
        key: Some(Selector::Field("last".to_owned())),
        ..Plan::default()
    }
}

/// Lines of nginx: second of the minute, request, status, duration, key.
fn log(lines: &[(u32, &str, u32, &str, &str)]) -> String {
    let line = |(second, request, status, duration, key): &(u32, &str, u32, &str, &str)| {
        format!(
            "203.0.113.7 - - [28/Nov/2026:06:16:{second:02} +0000] \"{request} HTTP/2.0\" {status} 57 \"-\" \"shop\" {duration} \"{key}\"\n"
        )
    };
    lines.iter().map(line).collect()
}

/// A purchase that ended in a gateway timeout and was tried again, and a page view.
fn retried() -> String {
    log(&[
        (30, "POST /orders", 504, "10.000", "k1"),
        (31, "GET /orders/1", 200, "0.001", "-"),
        (32, "POST /orders", 201, "0.400", "k1"),
    ])
}

const TWO_ORDERS: &str = "id,key,state,created_at\n1,k1,confirmed,2026-11-28 06:16:21.5\n2,k1,confirmed,2026-11-28 06:16:31.9\n";

#[test]
fn a_timeout_and_its_retry_are_two_requests_of_one_key_with_the_orders_that_they_made() {
    let log = retried();
    let case = Case {
        plan: keyed(),
        log: &log,
        orders: Some(TWO_ORDERS),
        ..Case::default()
    };
    let (lines, told) = case.run().expect("a history");
    assert_eq!(
        lines,
        [
            r#"{"kind":"contract","time_unit":"ms","amounts":"minor","clock_tolerance":1100,"observed":["status"]}"#,
            r#"{"kind":"request","t":"2026-11-28T06:16:19.999Z","duration":11001,"status":504,"key":"k1"}"#,
            r#"{"kind":"request","t":"2026-11-28T06:16:31.599Z","duration":1401,"status":201,"key":"k1"}"#,
            r#"{"kind":"order","id":"1","key":"k1","state":"confirmed","t":"2026-11-28T06:16:21.500Z"}"#,
            r#"{"kind":"order","id":"2","key":"k1","state":"confirmed","t":"2026-11-28T06:16:31.900Z"}"#,
            r#"{"kind":"audit","t":"2026-11-28T06:16:33.001Z","complete":["orders"]}"#,
        ]
    );
    for part in [
        "Orders id <- id, state <- state, key <- key, t <- created_at\n",
        "Read orders.csv: 2 rows\n",
        "Read access.log: 3 lines, 2 POST /orders\n",
        "Left out 1 GET\n",
        "Format the time of an nginx line is the end of its request\n",
        "Format duration <- field:1\n",
        "Requests key <- field:last\n",
        "Keys 2 of 2 requests with a key have that of an order\n",
        "Answers 201 x 1, 504 x 1\n",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_log_without_durations_is_widened_by_the_longest_that_is_assumed_and_that_is_told() {
    let log = r#"h - - [28/Nov/2026:06:16:30 +0000] "POST /orders HTTP/1.1" 201 57 "-" "-""#;
    let case = Case {
        plan: Plan {
            longest: 5_000_000_000,
            ..Plan::default()
        },
        log,
        ..Case::default()
    };
    let (lines, told) = case.run().expect("a history");
    assert_eq!(
        of_kind(&lines, "request"),
        [r#""t":"2026-11-28T06:16:25.000Z","duration":6000,"status":201}"#]
    );
    assert!(
        told.contains("Assumed 1 request without a duration took 5 s at most"),
        "{told}"
    );
    assert!(told.contains("no request has a key"), "{told}");
}

#[test]
fn several_paths_are_told_with_a_proposal_and_nothing_is_guessed() {
    let log = log(&[
        (1, "POST /orders", 201, "0.1", "k1"),
        (2, "POST /login", 200, "0.1", "-"),
    ]);
    let case = Case {
        plan: keyed(),
        log: &log,
        ..Case::default()
    };
    assert_eq!(
        case.mistake(),
        "--path: POST requests have several paths; say which ask for orders: 1 /login, 1 /orders"
    );
    let plan = Plan {
        paths: vec!["/orders".to_owned()],
        ..keyed()
    };
    let told = Case {
        plan,
        log: &log,
        ..Case::default()
    }
    .told();
    assert!(told.contains("Left out 1 POST /login\n"), "{told}");
}

#[test]
fn broken_lines_are_shown_with_their_places_up_to_twenty_and_counted_if_they_may_be_skipped() {
    let good = retried();
    let log = format!("{good}{}", "nonsense\n".repeat(25));
    let mistakes = Case {
        plan: keyed(),
        log: &log,
        ..Case::default()
    }
    .run()
    .expect_err("broken");
    assert_eq!(mistakes.len(), 21);
    assert_eq!(
        mistakes[0],
        "access.log:4: column 1: expected remote_addr and then ` - `, as the nginx format has it"
    );
    assert_eq!(mistakes[20], "5 more");
    let plan = Plan {
        skip_broken: true,
        ..keyed()
    };
    let told = Case {
        plan,
        log: &log,
        ..Case::default()
    }
    .told();
    assert!(
        told.contains(
            "Skipped 25 broken lines: what they said is missing, and a finding may come of that"
        ),
        "{told}"
    );
}

#[test]
fn a_line_with_a_wrong_time_status_or_duration_is_broken() {
    for (line, part) in [
        (
            r#"h - - [31/Feb/2026:06:16:30 +0000] "POST /o H" 201 57 "-" "-" 0.1 "k""#,
            "is no time that exists",
        ),
        (
            r#"h - - [28/Nov/2026:06:16:30 +0000] "POST /o H" 999 57 "-" "-" 0.1 "k""#,
            "\"999\" is no status",
        ),
        (
            r#"h - - [28/Nov/2026:06:16:30 +0000] "POST /o H" 201 57 "-" "-" 0.1 "k\xff\x22""#,
            "is not UTF-8",
        ),
    ] {
        let said = Case {
            plan: keyed(),
            log: line,
            ..Case::default()
        }
        .mistake();
        assert!(
            said.starts_with("access.log:1: ") && said.contains(part),
            "{said}"
        );
    }
}

#[test]
fn orders_with_keys_and_a_log_without_are_no_history_until_it_is_said_what_is_meant() {
    let log = retried();
    let case = Case {
        log: &log,
        orders: Some(TWO_ORDERS),
        ..Case::default()
    };
    let said = case.mistake();
    assert!(
        said.contains("--key: orders have keys, and no request of the log has one"),
        "{said}"
    );
    let plan = Plan {
        maps: maps(&["orders:key="]),
        ..Plan::default()
    };
    let lines = Case { plan, ..case }.lines();
    assert!(
        of_kind(&lines, "order")
            .iter()
            .all(|order| !order.contains("k1")),
        "{lines:?}"
    );
}

#[test]
fn what_was_asked_for_and_is_in_no_request_is_a_wrong_place() {
    let log = retried();
    let plan = Plan {
        maps: maps(&["requests:tenant=field:7"]),
        ..keyed()
    };
    let said = Case {
        plan,
        log: &log,
        ..Case::default()
    }
    .mistake();
    assert_eq!(
        said,
        "requests: tenant <- field:7: none of the 2 requests has it"
    );
}

#[test]
fn a_key_in_the_query_a_tenant_for_all_and_a_mapped_duration_are_taken() {
    let log = log(&[(30, "POST /orders?key=k%201", 201, "0.100 45ms", "x")]);
    let plan = Plan {
        key: Some(Selector::Query("key".to_owned())),
        tenant: Some("A".to_owned()),
        maps: maps(&["requests:duration=field:2"]),
        ..Plan::default()
    };
    let orders = "id,state,shop_id\n1,confirmed,A\n2,confirmed,\n";
    let lines = Case {
        plan,
        log: &log,
        orders: Some(orders),
        ..Case::default()
    }
    .lines();
    assert_eq!(
        of_kind(&lines, "request"),
        [
            r#""t":"2026-11-28T06:16:29.954Z","duration":1046,"status":201,"key":"k 1","tenant":"A"}"#
        ]
    );
    assert_eq!(
        of_kind(&lines, "order"),
        [
            r#""id":"1","tenant":"A","state":"confirmed"}"#,
            r#""id":"2","tenant":"A","state":"confirmed"}"#
        ]
    );
}

#[test]
fn a_snapshot_is_not_before_what_it_shows() {
    let log = retried();
    let at = |text: &str| Some(instant::read(text, 0).expect("a time").ns);
    let plan = Plan {
        snapshot: at("2026-11-28T07:00:00Z"),
        ..keyed()
    };
    let lines = Case {
        plan,
        log: &log,
        ..Case::default()
    }
    .lines();
    assert_eq!(
        of_kind(&lines, "audit"),
        [r#""t":"2026-11-28T07:00:00.000Z","complete":[]}"#]
    );
    let plan = Plan {
        snapshot: at("2026-11-28T06:16:30Z"),
        ..keyed()
    };
    let said = Case {
        plan,
        log: &log,
        ..Case::default()
    }
    .mistake();
    assert_eq!(
        said,
        "--snapshot 2026-11-28T06:16:30Z: something happened after it, at 2026-11-28T06:16:33Z"
    );
}
