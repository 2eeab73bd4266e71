//! Switches each mutant on in turn, and looks whether a history of `histories/` finds it out.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use history::{History, jsonl};
use serde_json::Value;

use crate::facts::Facts;
use crate::linear::{Found, Problem, STATES_MAX};
use crate::{Rule, judge};

thread_local! {
    static ON: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Whether this mutant is the one that is on.
pub(crate) fn is_on(name: &'static str) -> bool {
    ON.get() == Some(name)
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Every name in `mutant!("name")` below a folder.
fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path
            .file_name()
            .is_some_and(|name| name != "harness.rs" && name != "lib.rs" && name != "mutants.rs")
        {
            let text = fs::read_to_string(&path).expect("a source is text");
            let calls = text.split("mutant!(").skip(1);
            let name = |call: &str| {
                Some(
                    call.trim_start()
                        .strip_prefix('"')?
                        .split_once('"')?
                        .0
                        .to_owned(),
                )
            };
            found.extend(calls.filter_map(name));
        }
    }
}

/// A history and what its MANIFEST says.
struct Case {
    file: String,
    history: History,
    violated: BTreeSet<String>,
    allowed: BTreeSet<String>,
    exit: u64,
    outcomes: Value,
    /// What the search must say of the first key.
    linear: Value,
}

fn cases() -> Vec<Case> {
    let text = fs::read(folder("histories/MANIFEST.json")).expect("the manifest is there");
    let manifest: Vec<Value> = serde_json::from_slice(&text).expect("the manifest is a list");
    let names = |value: &Value| -> BTreeSet<String> {
        let names = value.as_array().into_iter().flatten();
        names
            .filter_map(|name| Some(name.as_str()?.to_owned()))
            .collect()
    };
    let case = |case: &Value| {
        let file = case["file"].as_str().expect("a case has a file");
        let text = fs::read(folder("histories").join(file)).expect("the file is there");
        let expect = &case["expect"];
        Case {
            file: file.to_owned(),
            history: jsonl::read(&text[..]).expect("a history"),
            violated: names(&expect["violated"]),
            allowed: names(&expect["allowed"]),
            exit: expect["exit"].as_u64().expect("an exit code"),
            outcomes: expect["outcomes"].clone(),
            linear: expect["linear"].clone(),
        }
    };
    manifest.iter().map(case).collect()
}

/// Whether the judge says of a case what its MANIFEST says.
fn is_as_told(case: &Case) -> bool {
    let Ok(verdict) = catch_unwind(AssertUnwindSafe(|| judge(&case.history))) else {
        return false;
    };
    let found = verdict
        .violated()
        .filter(|found| found.rule != Rule::Malformed);
    let found: BTreeSet<String> = found.map(|found| found.rule.name().to_owned()).collect();
    let outcomes = verdict.rules.iter().all(|found| {
        let word = found.outcome.name();
        case.outcomes[found.rule.name()].is_null() || case.outcomes[found.rule.name()] == word
    });
    u64::from(verdict.overall().exit_code()) == case.exit
        && case.violated.is_subset(&found)
        && found
            .iter()
            .all(|name| case.violated.contains(name) || case.allowed.contains(name))
        && outcomes
        && (case.linear.is_null() || case.linear == search(&case.history))
}

/// What the search says of the first key of a history.
fn search(history: &History) -> &'static str {
    let mut facts = Facts::default();
    facts.gather(history);
    let case = crate::case::Case {
        history,
        facts: &facts,
        explained: false,
    };
    match Problem::of_key(&case, 0).map(|problem| problem.search(STATES_MAX)) {
        Some(Found::Fits) => "fits",
        Some(Found::DoesNotFit) => "does-not-fit",
        Some(Found::Capped) => "capped",
        Some(Found::LeftAlone) | None => "left-alone",
    }
}

/// The score that is written down: killed, of how many.
fn recorded() -> (usize, usize) {
    let text = fs::read_to_string(folder("README.md")).expect("the page is there");
    let (_, score) = text
        .split_once("Mutation score: ")
        .expect("the score is written down");
    let mut numbers = score
        .split(|c: char| !c.is_ascii_digit())
        .filter(|word| !word.is_empty());
    let mut number = || {
        numbers
            .next()
            .and_then(|word| word.parse().ok())
            .expect("a number")
    };
    (number(), number())
}

#[test]
fn every_weakened_rule_is_found_out_as_often_as_it_was() {
    let mut names = BTreeSet::new();
    collect(&folder("src"), &mut names);
    let cases = cases();
    let wrong = cases
        .iter()
        .filter(|case| !is_as_told(case))
        .map(|case| &case.file);
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "the judge itself is wrong on {wrong:?}");
    let mut survivors = Vec::new();
    for name in &names {
        ON.set(Some(name.clone().leak()));
        if cases.iter().all(is_as_told) {
            survivors.push(name.as_str());
        }
        ON.set(None);
    }
    let (killed, all) = (names.len() - survivors.len(), names.len());
    println!("mutation score: {killed} of {all}; survivors: {survivors:?}");
    assert_eq!(
        (killed, all),
        recorded(),
        "README.md has the score; survivors: {survivors:?}"
    );
    assert!(all >= 60, "{all} mutants are too few");
    for rule in Rule::ALL {
        let of_rule = |name: &&String| {
            name.split_once('/')
                .is_some_and(|(of, _)| of == rule.name())
        };
        assert!(
            names.iter().any(|name| of_rule(&name)),
            "{} has no mutant",
            rule.name()
        );
    }
}
