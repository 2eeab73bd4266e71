//! What must not change a verdict, and what must not improve one: each history of `histories/`, and random ones, in other orders, under
//! other names, at other times, and with evidence taken away.

mod form;

use std::fs;
use std::path::PathBuf;

use check::{Outcome, Overall, Rule, RuleVerdict, Verdict, judge};
use form::{Absence, Lines};
use history::jsonl;
use proptest::prelude::*;

use crate::random;

/// How many orders of the lines are tried.
const ORDERS: usize = 20;

/// Every history that is one, with its name.
fn histories() -> Vec<(String, Lines)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("histories");
    let mut found = Vec::new();
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    paths.sort();
    for path in paths {
        let text = fs::read_to_string(&path).expect("a history is text");
        if jsonl::read(text.as_bytes()).is_ok() {
            let name = path
                .file_name()
                .expect("it has a name")
                .to_string_lossy()
                .into_owned();
            found.push((name, form::lines(&text)));
        }
    }
    assert!(found.len() > 200, "{} histories", found.len());
    found
}

fn verdict(lines: &Lines) -> Verdict {
    judge(&form::read(lines))
}

/// What was found about each rule, and in all.
fn essence(verdict: &Verdict) -> Vec<String> {
    let rules = verdict.rules.iter().map(|found| {
        let numbers = (found.checked, found.unknown, found.violations);
        format!("{} {:?} {numbers:?}", found.rule.name(), found.outcome)
    });
    let counts = format!("{:?}", verdict.counts);
    rules
        .chain([format!("{:?}", verdict.overall()), counts])
        .collect()
}

/// That, and the witnesses without the numbers of lines.
fn with_witnesses(verdict: &Verdict) -> Vec<String> {
    let mut all = essence(verdict);
    // What cannot have happened is told with its line.
    for found in verdict
        .rules
        .iter()
        .filter(|found| found.rule != Rule::Malformed)
    {
        for witness in &found.witnesses {
            let operations: Vec<&String> = witness
                .operations
                .iter()
                .map(|operation| &operation.text)
                .collect();
            all.push(format!(
                "{} {} {operations:?} {:?} {:?}",
                found.rule.name(),
                witness.why,
                witness.rows,
                witness.timeline
            ));
        }
        all.extend(
            found
                .note
                .as_ref()
                .map(|note| format!("{}: {note}", found.rule.name())),
        );
    }
    all
}

/// The lines in which two lists differ.
fn differences(before: &[String], after: &[String]) -> Vec<String> {
    let pairs = before
        .iter()
        .zip(after)
        .filter(|(before, after)| before != after);
    let mut found: Vec<String> = pairs
        .map(|(before, after)| format!("{before}  ->  {after}"))
        .collect();
    if before.len() != after.len() {
        found.push(format!("{} things, then {}", before.len(), after.len()));
    }
    found
}

/// What a change did to a verdict that must leave it as it is.
fn is_the_same(what: &str, before: &Verdict, changed: &Lines) -> Vec<String> {
    let after = verdict(changed);
    let differences = differences(&essence(before), &essence(&after));
    differences
        .into_iter()
        .map(|difference| format!("{what}: {difference}"))
        .collect()
}

fn same_facts(lines: &Lines) -> Vec<String> {
    let before = verdict(lines);
    let mut found = Vec::new();
    for permuted in form::permutations(lines, ORDERS) {
        let differences = differences(
            &with_witnesses(&before),
            &with_witnesses(&verdict(&permuted)),
        );
        found.extend(
            differences
                .into_iter()
                .map(|difference| format!("order of lines: {difference}")),
        );
    }
    found.extend(is_the_same(
        "rows as lines",
        &before,
        &form::rows_as_lines(lines),
    ));
    found.extend(is_the_same("names", &before, &form::renamed(lines)));
    found.extend(is_the_same(
        "split items",
        &before,
        &form::split_items(lines),
    ));
    if !form::is_dated(lines) {
        found.extend(is_the_same(
            "later",
            &before,
            &form::later(lines, 86_400_123),
        ));
        if let Some(changed) = form::smaller_unit(lines) {
            found.extend(is_the_same("another unit", &before, &changed));
        }
    }
    found
}

/// What less evidence did to a verdict that it must not do: a violation may become unknown, not judged or vacuous, never held; and what
/// failed must not pass.
fn improved(what: &str, before: &Verdict, after: &Verdict) -> Vec<String> {
    let mut found = Vec::new();
    for (before, after) in before.rules.iter().zip(&after.rules) {
        if before.outcome == Outcome::Violated && after.outcome == Outcome::Held {
            found.push(format!("{what}: {} Violated -> Held", before.rule.name()));
        }
    }
    if before.overall() == Overall::Fail && after.overall() == Overall::Pass {
        found.push(format!("{what}: FAIL -> PASS"));
    }
    found
}

/// What passed, and fails with less evidence.
fn invented(what: &str, before: &Verdict, after: &Verdict) -> Vec<String> {
    if before.overall() != Overall::Pass || after.overall() != Overall::Fail {
        return Vec::new();
    }
    let told = |found: &RuleVerdict| format!("{what}: {} is violated", found.rule.name());
    after.violated().map(told).collect()
}

fn less_evidence(lines: &Lines) -> Vec<String> {
    let lines = form::rows_as_lines(lines);
    let before = verdict(&lines);
    if before.rule(Rule::Malformed).outcome == Outcome::Violated {
        return Vec::new();
    }
    let mut found = Vec::new();
    for ((kind, name), absence) in form::OPTIONAL {
        let places = form::having(&lines, (kind, name));
        let what = format!("no {kind}.{name}");
        let mut take = |what: &str, places: &[usize]| {
            let after = verdict(&form::without(&lines, name, places));
            found.extend(improved(what, &before, &after));
            if *absence != Absence::Says {
                found.extend(invented(what, &before, &after));
            }
        };
        if !places.is_empty() && *absence != Absence::UnknownOfSome {
            take(&format!("{what} at all"), &places);
        }
        if places.len() > 1 {
            for place in places {
                take(&format!("{what} in line {}", place + 1), &[place]);
            }
        }
    }
    found
}

/// Where the form itself says what it means that an attribute is absent: a row without a tenant is the only tenant's; and where no row
/// says its key, an order that is as it was asked for is taken for what was asked for (`ok-unattributed-one-order.jsonl`).
const BY_THE_FORM: [(&str, &str); 2] = [
    ("lost-ack-other-tenant.jsonl", "no order.tenant at all"),
    ("lost-ack-other-key.jsonl", "no order.key at all"),
];

fn is_by_the_form(name: &str, what: &str) -> bool {
    let mut known = BY_THE_FORM.iter();
    known.any(|(file, change)| *file == name && what.starts_with(change))
}

/// What is wrong, by history.
fn complaints(check: impl Fn(&Lines) -> Vec<String>) -> Vec<String> {
    let mut all = Vec::new();
    for (name, lines) in histories() {
        let mut found = check(&lines);
        found.sort();
        found.dedup();
        found.retain(|what| !is_by_the_form(&name, what));
        all.extend(found.into_iter().map(|what| format!("{name}: {what}")));
    }
    all
}

#[test]
fn the_same_facts_told_otherwise_have_the_same_verdict() {
    let complaints = complaints(same_facts);
    assert!(
        complaints.is_empty(),
        "{}:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}

#[test]
fn less_evidence_never_makes_a_better_verdict() {
    let complaints = complaints(less_evidence);
    assert!(
        complaints.is_empty(),
        "{}:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}

fn lines_of(history: &history::History) -> Lines {
    let mut text = Vec::new();
    jsonl::write(history, &mut text).expect("a vector takes everything");
    form::lines(&String::from_utf8(text).expect("JSON is UTF-8"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn random_facts_told_otherwise_have_the_same_verdict(history in random::history()) {
        let found = same_facts(&lines_of(&history));
        prop_assert!(found.is_empty(), "{}", found.join("\n"));
    }

    #[test]
    fn random_facts_with_less_evidence_have_no_better_verdict(history in random::history()) {
        let found = less_evidence(&lines_of(&history));
        prop_assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
