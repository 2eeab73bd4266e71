//! A key record left `completed` inside its time to live; or it was completed, failed, released or extended by an owner that no longer
//! held it.

use history::{HostRef, RecordState, Transition};

use crate::case::Case;
use crate::keylog::Change;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    if case.facts.rare.transitions.is_empty() {
        tally.not_judged("nobody recorded how key records changed");
        return;
    }
    for (_, log) in case.key_logs() {
        let mut record = Record::default();
        let mut before: Option<&Change<'_>> = None;
        for change in &log {
            tally.checked(1);
            if let Some(what) = record.take(change, case.history.contract.ttl) {
                tally.violation(change.t, || {
                    let why = format!(
                        "the record of the key {} {what} at {}. Only who holds a claim may end it, and only once.",
                        case.tell_key(change.what.key),
                        case.tell_time(change.t),
                    );
                    let told = witness(why);
                    let told = before.map_or(told.clone(), |before| told.row(case.tell_change(before)));
                    told.row(case.tell_change(change))
                });
            }
            before = Some(change);
        }
    }
}

/// What is known of a record.
#[derive(Default)]
struct Record {
    state: Option<RecordState>,
    /// Who holds it, or held it last.
    holder: Option<(Option<HostRef>, u32)>,
    /// Who held it before that, and does not any more.
    ousted: Vec<HostRef>,
    /// When it was made, as far as the log says.
    made: Option<u64>,
}

impl Record {
    /// Takes a change, and says what is wrong with it.
    fn take(&mut self, change: &Change<'_>, ttl: Option<u64>) -> Option<&'static str> {
        let what = change.what;
        let state = match mutant!("unfenced/believes-the-log") {
            false => self.state.unwrap_or(what.from),
            true => what.from,
        };
        let wrong = match (state, what.to) {
            (RecordState::Completed, RecordState::Completed) if self.is_holder(what) => None,
            (RecordState::Completed, to) => self.leaves_completed(change.t, to, ttl),
            (RecordState::InProgress, RecordState::InProgress) => self
                .is_stale(what)
                .then_some("was extended by an owner that no longer held it"),
            (RecordState::InProgress, RecordState::Absent) => (self.is_stale(what)
                || self.is_ousted(what))
            .then_some("was released by an owner that no longer held it")
                .filter(|_| !mutant!("unfenced/anybody-may-release")),
            (RecordState::InProgress, RecordState::Completed) => (!self.is_holder(what))
                .then_some("was completed by an owner that did not hold it")
                .filter(|_| !mutant!("unfenced/anybody-may-complete")),
            (RecordState::InProgress, RecordState::Failed) => (!self.is_holder(what))
                .then_some("was failed by an owner that did not hold it")
                .filter(|_| !mutant!("unfenced/anybody-may-fail")),
            _ => None,
        };
        self.follow(change, state);
        wrong
    }

    fn follow(&mut self, change: &Change<'_>, before: RecordState) {
        let what = change.what;
        match what.to {
            RecordState::InProgress | RecordState::Completed | RecordState::Failed => {
                let is_new = match before {
                    RecordState::Absent => true,
                    RecordState::InProgress => false,
                    // An expired record may be claimed anew without being deleted first.
                    RecordState::Completed | RecordState::Failed => {
                        what.to == RecordState::InProgress
                            && !mutant!("unfenced/a-record-lives-once")
                    }
                };
                if is_new || self.made.is_none() {
                    self.made = Some(change.t);
                }
                if !self.is_stale(what) {
                    let before = self.holder.and_then(|(owner, _)| owner);
                    self.ousted.extend(before);
                    self.ousted.retain(|owner| Some(*owner) != what.owner);
                    self.holder = Some((what.owner, what.token));
                }
            }
            RecordState::Absent => *self = Record::default(),
        }
        self.state = Some(what.to);
    }

    fn leaves_completed(&self, t: u64, to: RecordState, ttl: Option<u64>) -> Option<&'static str> {
        if mutant!("unfenced/completed-may-be-left") {
            return None;
        }
        let made = self.made?;
        let inside = ttl.is_none_or(|ttl| t < made.saturating_add(ttl))
            || mutant!("unfenced/ttl-does-not-end-it");
        match to {
            RecordState::Completed => {
                Some("was completed twice").filter(|_| !mutant!("unfenced/twice-is-fine"))
            }
            _ => inside.then_some("left completed inside its time to live"),
        }
    }

    /// Whether the change is by who holds the record; if nobody is known to, whoever comes does.
    fn is_holder(&self, what: &Transition) -> bool {
        let Some((owner, token)) = self.holder else {
            return true;
        };
        let same_owner = owner.is_none()
            || what.owner.is_none()
            || owner == what.owner
            || mutant!("unfenced/owners-do-not-matter");
        let same_token = token == 0
            || what.token == 0
            || token == what.token
            || mutant!("unfenced/tokens-do-not-matter");
        same_owner && same_token
    }

    /// Whether the change is by somebody who once held the record, and another does now: without tokens, that is all that can be known.
    fn is_ousted(&self, what: &Transition) -> bool {
        let is_past = what.owner.is_some_and(|owner| self.ousted.contains(&owner));
        is_past && !mutant!("unfenced/those-who-were-ousted-may-release")
    }

    /// Whether the change is by somebody whose claim was taken over.
    fn is_stale(&self, what: &Transition) -> bool {
        let known = self.holder.map_or(0, |(_, token)| token);
        what.token > 0 && what.token < known && !mutant!("unfenced/old-tokens-are-fine")
    }
}
