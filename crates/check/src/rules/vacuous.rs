//! Whether there was anything to judge: an `ok`, an audit, and every situation that the scenario requires.

use history::Label;

use crate::case::Case;
use crate::tally::Tally;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let history = case.history;
    let required = &history.contract.required_coverage;
    tally.checked(2 + required.len() as u64);
    if case.facts.counts.ok == 0 && !mutant!("vacuous/no-ok-is-fine") {
        tally.vacuous("no request was answered ok");
    }
    if history.audit.is_none() && !mutant!("vacuous/no-audit-is-fine") {
        tally.vacuous("nobody looked what the database holds");
    }
    for name in required {
        match Label::from_name(name) {
            None if !mutant!("vacuous/unknown-situations-are-fine") => {
                tally.vacuous(format!("nobody counts the situation `{name}`"))
            }
            Some(label)
                if history.coverage.count(label) == 0
                    && !mutant!("vacuous/situations-need-not-be-met") =>
            {
                tally.vacuous(format!("the situation `{name}` was never met"));
            }
            _ => {}
        }
    }
}
