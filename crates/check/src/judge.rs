//! The order of work: gather the facts once, then apply each rule; and the memory that is kept between histories.

use history::History;

use crate::case::Case;
use crate::counts::Counts;
use crate::facts::Facts;
use crate::rules::{Kind, Rule};
use crate::subject::Subject;
use crate::tally::Tally;
use crate::timeline::timelines;
use crate::verdict::{Outcome, RuleVerdict, Verdict, WITNESSES_MAX, Witness};

/// A judge that keeps its memory between histories: for millions of small ones, that is most of the time.
#[derive(Debug)]
pub struct Judge {
    facts: Facts,
    verdict: Verdict,
    witnesses_max: usize,
    left_out: Option<Rule>,
}

impl Default for Judge {
    fn default() -> Judge {
        Judge::new()
    }
}

impl Judge {
    /// A judge that keeps [`WITNESSES_MAX`] witnesses per rule.
    pub fn new() -> Judge {
        Judge {
            facts: Facts::default(),
            verdict: Verdict {
                rules: Rule::ALL.iter().copied().map(nothing).collect(),
                counts: Counts::default(),
            },
            witnesses_max: WITNESSES_MAX,
            left_out: None,
        }
    }

    /// A judge that leaves out a rule: to see what it costs.
    pub fn without(rule: Rule) -> Judge {
        Judge {
            left_out: Some(rule),
            ..Judge::new()
        }
    }

    /// Judges a history. A record that cannot have happened is judged by no rule but [`Rule::Malformed`]. The verdict stays with
    /// the judge until the next one.
    ///
    /// # Panics
    /// If a reference in the history has no name there.
    pub fn judge(&mut self, history: &History) -> &Verdict {
        self.facts.gather(history);
        let mut case = Case {
            history,
            facts: &self.facts,
            explained: false,
        };
        let is_malformed = !self.facts.flaws.is_empty();
        for found in &mut self.verdict.rules {
            let rule = found.rule;
            begin_again(found);
            let mut tally = Tally::new(found, self.witnesses_max);
            if self.left_out == Some(rule) {
                tally.not_judged("it was left out");
            } else if is_malformed && rule != Rule::Malformed {
                tally.not_judged("the record is malformed");
            } else {
                rule.apply(&case, &mut tally);
            }
            tally.finish();
            case.explained |= found.outcome == Outcome::Violated && rule.kind() != Kind::Evidence;
        }
        tell_timelines(&case, &mut self.verdict.rules);
        self.verdict.counts = self.facts.counts;
        &self.verdict
    }
}

/// Tells what happened to the purchases of all witnesses.
fn tell_timelines(case: &Case<'_>, rules: &mut [RuleVerdict]) {
    let mut witnesses: Vec<&mut Witness> = rules
        .iter_mut()
        .flat_map(|found| &mut found.witnesses)
        .collect();
    let mut subjects: Vec<Subject> = witnesses
        .iter_mut()
        .map(|witness| std::mem::take(&mut witness.subject))
        .collect();
    let told = timelines(case, &mut subjects);
    for (witness, timeline) in witnesses.into_iter().zip(told) {
        witness.timeline = timeline;
        witness.time = case.tell_time(witness.at);
    }
}

/// A rule that has not been applied yet.
fn nothing(rule: Rule) -> RuleVerdict {
    RuleVerdict {
        rule,
        outcome: Outcome::Vacuous,
        checked: 0,
        unknown: 0,
        violations: 0,
        witnesses: Vec::new(),
        note: None,
    }
}

/// A rule that is applied again. The memory of its witnesses is kept.
#[inline]
fn begin_again(found: &mut RuleVerdict) {
    (found.checked, found.unknown, found.violations) = (0, 0, 0);
    found.witnesses.clear();
    found.note = None;
}

/// Judges one history.
///
/// # Panics
/// If a reference in the history has no name there.
pub fn judge(history: &History) -> Verdict {
    let mut judge = Judge::new();
    judge.judge(history);
    judge.verdict
}
