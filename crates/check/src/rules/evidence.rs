//! Whether there was anything to judge: an `ok`, an audit, and every situation that the scenario requires.

use history::Label;

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
        let is_counted = Label::from_name(name).is_some() || !mutant!("evidence/faults-do-not-count");
        let is_met = is_counted && history.times_met(name) > 0;
        if !is_met && !mutant!("evidence/situations-need-not-be-met") {
            tally.vacuous(format!("the situation `{name}` was never met"));
        }
    }
}
