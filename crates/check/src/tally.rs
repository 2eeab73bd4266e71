//! What one rule has found so far.

use std::borrow::Cow;

use crate::verdict::{Outcome, RuleVerdict, Witness};

/// The findings of one rule, written where they stay. The outcome follows from them, unless the rule says otherwise.
#[derive(Debug)]
pub(crate) struct Tally<'a> {
    found: &'a mut RuleVerdict,
    witnesses_max: usize,
    outcome: Option<Outcome>,
}

impl<'a> Tally<'a> {
    /// Nothing found yet. At most `witnesses_max` witnesses will be kept.
    #[inline]
    pub(crate) fn new(found: &'a mut RuleVerdict, witnesses_max: usize) -> Tally<'a> {
        Tally {
            found,
            witnesses_max,
            outcome: None,
        }
    }

    /// How many witnesses are kept at most.
    pub(crate) fn witnesses_max(&self) -> usize {
        self.witnesses_max
    }

    /// Adds to the number of subjects that were put to the test.
    pub(crate) fn checked(&mut self, count: u64) {
        self.found.checked += count;
    }

    /// Whether anything was put to the test, or found, so far.
    pub(crate) fn has_checked(&self) -> bool {
        self.found.checked > 0 || self.found.violations > 0
    }

    /// Adds to the number of subjects that the history does not decide, and says why.
    pub(crate) fn unknown(&mut self, count: u64, why: &'static str) {
        self.found.unknown += count;
        if count > 0 {
            self.found.note = Some(Cow::Borrowed(why));
        }
    }

    /// One of them breaks the rule. The witness is written only if it is among the earliest.
    #[inline]
    pub(crate) fn violation(&mut self, at: u64, witness: impl FnOnce() -> Witness) {
        self.found.violations += 1;
        let kept = &mut self.found.witnesses;
        let is_full = kept.len() == self.witnesses_max;
        if is_full && kept.last().is_none_or(|last| last.at <= at) {
            return;
        }
        let place = kept.partition_point(|kept| kept.at <= at);
        kept.truncate(self.witnesses_max - 1);
        kept.insert(place, Witness { at, ..witness() });
    }

    /// The rule's inputs are absent.
    pub(crate) fn not_judged(&mut self, why: &'static str) {
        self.outcome = Some(Outcome::NotJudged);
        self.found.note = Some(Cow::Borrowed(why));
    }

    /// The evidence is not there.
    pub(crate) fn vacuous(&mut self, why: impl Into<Cow<'static, str>>) {
        self.outcome = Some(Outcome::Vacuous);
        let why = why.into();
        self.found.note = Some(match self.found.note.take() {
            None => why,
            Some(before) => Cow::Owned(format!("{before}; {why}")),
        });
    }

    /// Something that a reader should know.
    pub(crate) fn note(&mut self, what: String) {
        self.found.note = Some(Cow::Owned(what));
    }

    /// The rule is through. Checked zero times is vacuous, never held.
    #[inline]
    pub(crate) fn finish(self) {
        let found = self.found;
        found.outcome = self.outcome.unwrap_or(if found.violations > 0 {
            Outcome::Violated
        } else if found.unknown > 0 {
            Outcome::Unknown
        } else if found.checked == 0 {
            Outcome::Vacuous
        } else {
            Outcome::Held
        });
    }
}
