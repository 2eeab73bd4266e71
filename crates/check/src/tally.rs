//! What one rule has found so far.

use std::borrow::Cow;

use crate::rules::Rule;
use crate::verdict::{Outcome, RuleVerdict, Witness};

/// The findings of one rule. The outcome follows from them, unless the rule says otherwise.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    checked: u64,
    unknown: u64,
    violations: u64,
    witnesses: Vec<Witness>,
    witnesses_max: usize,
    note: Option<Cow<'static, str>>,
    outcome: Option<Outcome>,
}

impl Tally {
    /// Nothing found; at most so many witnesses will be kept.
    pub(crate) fn new(witnesses_max: usize) -> Tally {
        Tally {
            witnesses_max,
            ..Tally::default()
        }
    }

    /// How many witnesses are kept at most.
    pub(crate) fn witnesses_max(&self) -> usize {
        self.witnesses_max
    }

    /// So many more things were put to the test.
    pub(crate) fn checked(&mut self, count: u64) {
        self.checked += count;
    }

    /// So many of them the history does not decide.
    pub(crate) fn unknown(&mut self, count: u64, why: &'static str) {
        self.unknown += count;
        if count > 0 {
            self.note = Some(Cow::Borrowed(why));
        }
    }

    /// One of them breaks the rule. The witness is written only if it is among the earliest.
    pub(crate) fn violation(&mut self, at: u64, witness: impl FnOnce() -> Witness) {
        self.violations += 1;
        let place = self.witnesses.partition_point(|kept| kept.at <= at);
        if place < self.witnesses_max {
            self.witnesses.truncate(self.witnesses_max - 1);
            self.witnesses.insert(place, Witness { at, ..witness() });
        }
    }

    /// The rule's inputs are absent.
    pub(crate) fn not_judged(&mut self, why: &'static str) {
        self.outcome = Some(Outcome::NotJudged);
        self.note = Some(Cow::Borrowed(why));
    }

    /// The evidence is not there.
    pub(crate) fn vacuous(&mut self, why: impl Into<Cow<'static, str>>) {
        self.outcome = Some(Outcome::Vacuous);
        let why = why.into();
        self.note = Some(match self.note.take() {
            None => why,
            Some(before) => Cow::Owned(format!("{before}; {why}")),
        });
    }

    /// Something that a reader should know.
    pub(crate) fn note(&mut self, what: String) {
        self.note = Some(Cow::Owned(what));
    }

    /// The verdict. Checked zero times is vacuous, never held.
    pub(crate) fn finish(self, rule: Rule) -> RuleVerdict {
        let outcome = self.outcome.unwrap_or(if self.violations > 0 {
            Outcome::Violated
        } else if self.unknown > 0 {
            Outcome::Unknown
        } else if self.checked == 0 {
            Outcome::Vacuous
        } else {
            Outcome::Held
        });
        RuleVerdict {
            rule,
            outcome,
            checked: self.checked,
            unknown: self.unknown,
            violations: self.violations,
            witnesses: self.witnesses,
            note: self.note,
        }
    }
}
