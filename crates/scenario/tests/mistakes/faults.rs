//! Faults that could not strike, or not so.

use scenario::{Options, Scale, parse};

use super::{GOOD, check, check_all};
use crate::known::options;

#[test]
fn a_window_comes_again_after_it_has_ended_and_a_replica_is_struck_that_there_is() {
    check_all(
        r#"
        until = "1h" => until = "1h", every = "29min" | " | recurs before it has ended | 
        lose-response = { chance = 0.2, client = "ios", => crash-replica = { chance = 0.2, down-for = "5s", replica = "replica-3", | " | no such replica | `replica-2`
        lose-response = { chance = 0.2, client = "ios", => pause-replica = { chance = 0.2, for = "5s", replica = "cache", | " | `cache` is not a replica | `replica-0`
        lose-response = { chance = 0.2, client = "ios", => clock-step = { chance = 0.2, by = "5s", replica = "replica-3", | " | no such replica | `replica-2`
        lose-response = { chance = 0.2, client = "ios", => clock-step = { chance = 0.2, by = "-5s", | " | `-5s` is not a length of time |
        lose-response = { chance = 0.2, client = "ios", => clock-step = { chance = 0.2, back = 0.5, | { | missing field `by` |
        "#,
    );
}

#[test]
fn a_replica_stands_still_for_a_time_or_for_leases() {
    check_all(
        r#"
        lose-response = { chance = 0.2, client = "ios", window => pause-replica = { chance = 0.2, window | 0.2 | the length of the pause is missing | `leases = 2`
        lose-response = { chance = 0.2, client = "ios" => pause-replica = { chance = 0.2, for = "1s", leases = 2 | 2, window | both say how long | leave one of them out
        lose-response = { chance = 0.2, client = "ios" => pause-replica = { chance = 0.2, leases = 0 | 0, window | the number of leases is 0 |
        "#,
    );
}

#[test]
fn a_rolling_restart_has_its_time_and_a_failover_loses_something() {
    let fault = GOOD.lines().last().expect("it ends with a fault");
    for (to, at, says, advises) in [
        (
            r#"rolling-restart = { from = "2h", down-for = "5s" }"#,
            r#""2h""#,
            "the restart lies outside the load",
            "the load lasts 2h",
        ),
        (
            r#"rolling-restart = { from = "1h", down-for = "1min", apart = "30s", every = "239s" }"#,
            r#""239s""#,
            "recurs before it has ended",
            "3 replicas one after another take 4min",
        ),
        (
            r#"rolling-restart = { from = "1h", down-for = "0s" }"#,
            r#""0s""#,
            "this time is 0",
            "",
        ),
        (
            r#"fail-over-cache = { chance = 1, down-for = "5s", loses = "0s" }"#,
            r#""0s""#,
            "this time is 0",
            "",
        ),
    ] {
        check(fault, to, at, says, advises);
    }
    let whole =
        r#"rolling-restart = { from = "1h", down-for = "1min", apart = "30s", every = "4min" }"#;
    assert!(parse("dinner.toml", &GOOD.replace(fault, whole), &options(1.0)).is_ok());
}

#[test]
fn a_fault_that_the_backend_cannot_do_is_refused_at_its_word() {
    let known = scenario::Known {
        faults: vec![scenario::FaultName::LoseRequest],
        backend: "sqlite".into(),
        ..options(1.0).known
    };
    let mistake = parse(
        "dinner.toml",
        GOOD,
        &Options {
            scale: Scale::FULL,
            overlay: None,
            known,
        },
    )
    .expect_err("refused");
    assert_eq!(mistake.offset(), GOOD.find("lose-response"));
    assert_eq!(mistake.to_string(), "`sqlite` cannot do `lose-response`");
    assert_eq!(mistake.advice(), Some("`sqlite` can do `lose-request`"));
}

#[test]
fn a_table_names_one_fault() {
    check_all(
        r#"
        lose-response = { => chance = 1\nlose-response = { | chance | `chance` stands beside `lose-response` | its own table
        [[fault]]\n => [[fault]]\n[[fault]]\n | [[fault]] | names no fault | lose-response
        "#,
    );
}

#[test]
fn a_partition_that_could_never_strike_is_refused() {
    let lose = r#"lose-response = { chance = 0.2, client = "ios", window = { from = "30min", until = "1h" } }"#;
    for (from, to, says) in [
        (
            "clients",
            "database",
            "one side of a partition is a replica",
        ),
        ("database", "cache", "one side of a partition is a replica"),
        ("gateway", "clients", "one side of a partition is a replica"),
        ("replica-0", "replica-1", "do not talk to each other"),
        ("replicas", "replica-0", "do not talk to each other"),
        ("clients", "clients", "two sides"),
    ] {
        let cut = format!(r#"partition = {{ from = "{from}", to = "{to}" }}"#);
        let text = GOOD.replace(lose, &cut);
        let mistake = parse("dinner.toml", &text, &options(1.0)).expect_err(&cut);
        assert!(mistake.to_string().contains(says), "{}", mistake.render());
        let offset = mistake.offset().expect("it has a place");
        assert!(
            text[offset..].starts_with(&format!("\"{to}\" }}")),
            "{}",
            mistake.render()
        );
    }
    for (from, to) in [
        ("clients", "replicas"),
        ("replica-2", "gateway"),
        ("cache", "replica-0"),
    ] {
        let cut = format!(r#"partition = {{ from = "{from}", to = "{to}" }}"#);
        assert!(
            parse("dinner.toml", &GOOD.replace(lose, &cut), &options(1.0)).is_ok(),
            "{cut}"
        );
    }
}
