//! Whether there was anything to judge: an `ok`, an audit, and every situation that the scenario requires.

use history::{History, Label, What};

use crate::case::Case;
use crate::tally::Tally;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let history = case.history;
    let required = &history.contract.required_coverage;
    tally.checked(2 + required.len() as u64);
    if case.facts.counts.ok == 0 && !mutant!("evidence/no-ok-is-fine") {
        tally.vacuous("no request was answered ok");
    }
    if history.audit.is_none() && !mutant!("evidence/no-audit-is-fine") {
        tally.vacuous("what the database holds was not looked at");
    }
    let left_out = history.audit.as_ref().map_or(&[][..], |audit| &audit.left_out);
    for (part, rows) in left_out {
        if !mutant!("evidence/rows-may-be-left-out") {
            tally.vacuous(format!("{rows} rows of {part} are there, and the audit does not say that these are all"));
        }
    }
    for name in required {
        if times_met(history, name) == 0 && !mutant!("evidence/situations-need-not-be-met") {
            tally.vacuous(format!("the situation `{name}` was never met"));
        }
    }
}

/// How often a run met what its scenario requires: a situation, or a fault by its word.
pub fn times_met(history: &History, name: &str) -> u64 {
    if let Some(label) = Label::from_name(name) {
        return history.coverage.count(label);
    }
    let is_it = |event: &&history::Event| {
        let What::Fault { fault, .. } = event.what else {
            return false;
        };
        let text = history.names.faults.text(fault.index());
        is_of(&text, name) && !mutant!("evidence/faults-do-not-count")
    };
    history.events.iter().filter(is_it).count() as u64
}

/// Whether a fault is one of a word: the word itself, or numbered where there are several.
fn is_of(fault: &str, word: &str) -> bool {
    match fault.strip_prefix(word) {
        Some("") => true,
        Some(rest) => rest
            .strip_prefix('-')
            .is_some_and(|number| number.parse::<u32>().is_ok()),
        None => false,
    }
}
