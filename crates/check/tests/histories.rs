//! Every history in `histories/` gets the verdict that its MANIFEST says, as far as the rules are written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use check::{Outcome, Overall, Rule, RuleVerdict, Verdict, judge};
use history::{History, jsonl};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("histories")
}

fn load(file: &str) -> History {
    let text = std::fs::read(folder().join(file)).expect("the file is there");
    jsonl::read(&text[..]).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn names(value: &Value) -> BTreeSet<String> {
    let names = value.as_array().map(Vec::as_slice).unwrap_or_default();
    names
        .iter()
        .filter_map(|name| Some(name.as_str()?.to_owned()))
        .collect()
}

fn violated(verdict: &Verdict) -> BTreeSet<String> {
    let safety = verdict.violated().filter(|v| v.rule != Rule::Malformed);
    safety.map(|v| v.rule.name().to_owned()).collect()
}

fn manifest() -> Vec<Value> {
    let text = std::fs::read(folder().join("MANIFEST.json")).expect("the manifest is there");
    serde_json::from_slice(&text).expect("the manifest is a list")
}

/// What a case says of one rule, where it says more than whether it is violated.
fn other(expect: &Value, found: &RuleVerdict) -> Option<String> {
    let wanted = expect["outcomes"][found.rule.name()].as_str()?;
    let outcome = found.outcome.name();
    (outcome != wanted).then(|| format!("{} is {outcome}, not {wanted}", found.rule.name()))
}

/// What is wrong with the verdict on one case, if anything.
fn complaint(case: &Value) -> Option<String> {
    let file = case["file"].as_str().expect("a case has a file");
    let expect = &case["expect"];
    let verdict = judge(&load(file));
    let found = violated(&verdict);
    let listed = names(&expect["violated"]);
    let allowed = names(&expect["allowed"]);
    let written = |name: &&String| Rule::from_name(name).is_some();
    let missed: Vec<_> = listed
        .iter()
        .filter(written)
        .filter(|n| !found.contains(*n))
        .collect();
    let invented: Vec<_> = found
        .iter()
        .filter(|n| !listed.contains(*n) && !allowed.contains(*n))
        .collect();
    let overall = verdict.overall();
    let is_decided = listed.iter().all(|name| written(&name));
    let exit = expect["exit"].as_u64().expect("a case has an exit code");
    let wrong_exit = is_decided && u64::from(overall.exit_code()) != exit;
    let is_malformed = expect["malformed"] == Value::Bool(true);
    let wrong_form = is_malformed != (overall == Overall::Malformed);
    let other: Vec<String> = verdict
        .rules
        .iter()
        .filter_map(|found| other(expect, found))
        .collect();
    (!missed.is_empty() || !invented.is_empty() || wrong_exit || wrong_form || !other.is_empty()).then(|| {
        format!("{file}: missed {missed:?}, invented {invented:?}, {overall:?}, want exit {exit}: {other:?}")
    })
}

#[test]
fn every_history_gets_the_verdict_of_its_manifest() {
    let complaints: Vec<String> = manifest().iter().filter_map(complaint).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_file_is_in_the_manifest() {
    let listed: BTreeSet<String> = manifest()
        .iter()
        .filter_map(|case| Some(case["file"].as_str()?.to_owned()))
        .collect();
    let there: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("the folder is there")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".jsonl"))
        .collect();
    assert_eq!(listed, there);
}

#[test]
fn every_rule_has_two_cases_that_break_it_and_two_that_keep_it() {
    let mut counts: BTreeMap<Rule, (u32, u32)> = BTreeMap::new();
    for case in manifest() {
        let verdict = judge(&load(case["file"].as_str().expect("a case has a file")));
        let listed = names(&case["expect"]["violated"]);
        for found in verdict.rules {
            let is_alarm = match found.rule {
                Rule::Malformed => found.outcome == Outcome::Violated,
                Rule::Evidence => found.outcome == Outcome::Vacuous,
                rule => listed.contains(rule.name()),
            };
            let (broken, kept) = counts.entry(found.rule).or_default();
            *broken += u32::from(is_alarm);
            *kept += u32::from(found.outcome == Outcome::Held);
        }
    }
    let few: Vec<_> = counts
        .iter()
        .filter(|(_, (broken, kept))| *broken < 2 || *kept < 2)
        .collect();
    assert!(few.is_empty(), "{few:?}");
}

#[test]
fn a_malformed_file_is_refused_with_the_line() {
    let verdict = judge(&load("malformed-two-completions.jsonl"));
    let witness = &verdict.rule(Rule::Malformed).witnesses[0];
    assert!(witness.why.starts_with("line 4: attempt 0 "), "{witness:?}");
}

#[test]
fn a_witness_reads_as_two_sentences_with_operations_and_rows() {
    let verdict = judge(&load("duplicate-by-intent.jsonl"));
    let witness = &verdict.rule(Rule::DuplicateOrder).witnesses[0];
    assert_eq!(
        witness.why,
        "the database holds orders 1 and 2 for the one purchase i1. A purchase that was meant once is one order, whatever its keys."
    );
    assert_eq!(witness.intent.as_deref(), Some("i1"));
    assert_eq!(witness.rows.len(), 2);
    let operations: Vec<&str> = witness.operations.iter().map(|o| &*o.text).collect();
    assert_eq!(
        operations,
        [
            "attempt 0 asked for b1 with (A, k1) at 1 ms and got no certain answer timeout, at 9 ms",
            "attempt 1 asked for b1 with (A, k2) at 10 ms and got ok 201, order 2 with body R2, at 15 ms",
        ]
    );
    let charged = &verdict.rule(Rule::DoubleCharge).witnesses[0];
    assert_eq!(charged.operations, witness.operations);
}

/// The attempts of the first witnesses of a duplicate and of its second charge, in a history in JSONL without its first line.
fn shown(lines: &[&str]) -> (Vec<String>, Vec<String>) {
    const CONTRACT: &str = r#"{"kind":"contract","time_unit":"ms","ttl":1000}"#;
    let text = [&[CONTRACT], lines].concat().join("\n");
    let verdict = judge(&jsonl::read(text.as_bytes()).expect("a history"));
    let of = |rule| -> Vec<String> {
        let witness = verdict.rule(rule).witnesses.first().expect("a witness");
        witness
            .operations
            .iter()
            .map(|o| o.process.clone())
            .collect()
    };
    (of(Rule::DuplicateOrder), of(Rule::DoubleCharge))
}

const TWO_ORDERS_OF_A_KEY: &str = r#"{"kind":"audit","t":9000,"orders":[{"id":"1","tenant":"A","key":"k","payload":"b","state":"confirmed","t":1},{"id":"2","tenant":"A","key":"k","payload":"b","state":"confirmed","t":20}],"charges":[{"id":"c1","order":"1","amount":1,"state":"captured"},{"id":"c2","order":"2","amount":1,"state":"captured","provider_key":7},{"id":"c3","order":"2","amount":1,"state":"captured","provider_key":7}]}"#;

#[test]
fn a_witness_shows_the_attempts_whose_replies_were_lost_and_not_those_that_were_refused() {
    let (orders, charges) = shown(&[
        r#"{"kind":"invoke","t":1,"process":0,"op":"create","tenant":"A","key":"k","payload":"b"}"#,
        r#"{"kind":"info","t":9,"process":0,"error":"reset"}"#,
        r#"{"kind":"invoke","t":10,"process":1,"op":"create","tenant":"A","key":"k","payload":"b"}"#,
        r#"{"kind":"fail","t":15,"process":1,"status":409,"code":"in_progress"}"#,
        r#"{"kind":"invoke","t":16,"process":2,"op":"create","tenant":"A","key":"other","payload":"b"}"#,
        r#"{"kind":"info","t":18,"process":2,"error":"reset"}"#,
        r#"{"kind":"invoke","t":19,"process":3,"op":"create","tenant":"A","key":"k","payload":"b"}"#,
        r#"{"kind":"ok","t":25,"process":3,"status":201,"order":"2","response":"R2"}"#,
        TWO_ORDERS_OF_A_KEY,
    ]);
    assert_eq!(orders, ["0", "3"]);
    assert_eq!(charges, ["0", "3"]);
}

#[test]
fn a_witness_shows_at_most_four_attempts_and_the_one_with_the_answer_always() {
    let invoke = |process: u64| {
        format!(
            r#"{{"kind":"invoke","t":{process},"process":{process},"op":"create","tenant":"A","key":"k","payload":"b","intent":"i"}}"#
        )
    };
    let lines: Vec<String> = (1..=8).map(invoke).collect();
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    lines.push(r#"{"kind":"ok","t":25,"process":8,"status":201,"order":"2","response":"R2"}"#);
    lines.push(TWO_ORDERS_OF_A_KEY);
    let (orders, charges) = shown(&lines);
    assert_eq!(orders, ["1", "2", "3", "8"]);
    assert_eq!(charges, ["1", "2", "3", "8"]);
}

#[test]
fn a_kept_judge_forgets_the_history_before() {
    let mut kept = check::Judge::new();
    for case in manifest() {
        let history = load(case["file"].as_str().expect("a case has a file"));
        let (again, fresh) = (kept.judge(&history).clone(), judge(&history));
        assert_eq!(format!("{again:?}"), format!("{fresh:?}"));
    }
}

#[test]
fn what_cannot_have_happened_is_named_with_its_line() {
    for (file, why) in [
        ("malformed-completion-alone", "line 4: attempt 7 "),
        (
            "malformed-order-twice",
            "line 4: the audit lists order 1 twice.",
        ),
        (
            "malformed-charge-twice",
            "line 4: the audit lists charge c1 twice.",
        ),
        (
            "malformed-audit-early",
            "line 4: the audit is dated 4 ms, and the last event in line 3 5 ms.",
        ),
        (
            "malformed-audit-before-a-change",
            "line 6: the audit is dated 6 ms, and the last change of a key record 7 ms.",
        ),
    ] {
        let verdict = judge(&load(&format!("{file}.jsonl")));
        let found = verdict.rule(Rule::Malformed);
        assert_eq!(found.violations, 1, "{file}");
        let said = &found.witnesses[0].why;
        assert!(said.starts_with(why), "{file}: {said}");
    }
}
