//! A key record left `completed` inside its time to live; or it was completed, failed, released or extended by an owner that did not hold
//! it, or no longer. After its time to live a claim may be deleted by any owner.

use history::{HostRef, RecordState, Transition};

use crate::case::Case;
use crate::keyed::End;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    if case.history.transitions.is_empty() {
        tally.not_judged("the changes of key records were not recorded");
        return;
    }
    let said = Said::by(&case.history.transitions);
    for (key, log) in case.key_logs() {
        let (mut is_silent, mut is_late, mut is_wrong) = (false, false, false);
        let mut record = Record::default();
        let mut before: Option<&Transition> = None;
        for change in log {
            tally.checked(1);
            // Any process that finds a record past its time to live may delete it, and has no claim to name.
            let is_young = || record.made.is_none_or(|made| is_inside(case, key, made, change.t));
            is_silent |= said.more_than(change) && (change.to != RecordState::Absent || is_young());
            is_silent |= said.nothing() && record.asks_for_owner(change, is_young());
            is_late |= record.may_be_released_late(change, |made| is_inside(case, key, made, change.t));
            if let Some(what) = record.take(change, |made| is_inside(case, key, made, change.t)) {
                is_wrong = true;
                tally.violation(change.t, || {
                    let why = format!(
                        "the record of the key {} {what} at {}. Only the owner that holds a claim may end it, and only once.",
                        case.tell_key(change.key),
                        case.tell_time(change.t),
                    );
                    let told = witness(why);
                    let told = before.map_or(told.clone(), |before| told.row(case.tell_change(before)));
                    told.row(case.tell_change(change))
                });
            }
            before = Some(change);
        }
        let why = "a change of a key record does not say its owner or its token, by which it would have to be judged";
        tally.unknown(u64::from(is_silent && !is_wrong), why);
        let why = "an owner that was replaced deleted a record past its time to live: it cleared up, or released what it no longer held";
        tally.unknown(u64::from(is_late && !is_wrong), why);
    }
}

/// Whether `t` lies inside the time to live of a record made at `made`. The service counts from when it looked at its clock, which
/// is somewhere between the request and the commit: so it lies inside if it does counted from the request.
fn is_inside(case: &Case<'_>, key: usize, made: u64, t: u64) -> bool {
    if mutant!("unfenced/ttl-does-not-end-it") {
        return true;
    }
    let Some(ttl) = case.history.contract.ttl else {
        return true;
    };
    if t >= made.saturating_add(ttl) {
        return false;
    }
    let attempts = case.attempts_with(key).into_iter();
    let may_have_made = attempts.filter(|attempt| {
        let was_out = attempt.end == End::Unknown || attempt.returned.is_none_or(|r| made <= r);
        attempt.invoked <= made && was_out
    });
    let asked = may_have_made.map(|attempt| attempt.invoked).min();
    let asked = asked.filter(|_| !mutant!("unfenced/counts-from-the-commit"));
    t < asked.unwrap_or(made).saturating_add(ttl)
}

/// What the changes of a history say of who made them.
struct Said {
    owners: bool,
    tokens: bool,
}

impl Said {
    fn by(changes: &[Transition]) -> Said {
        Said {
            owners: changes.iter().any(|change| change.owner.is_some()),
            tokens: changes.iter().any(|change| change.token > 0),
        }
    }

    /// Whether no change says who made it.
    fn nothing(&self) -> bool {
        !self.owners && !self.tokens && !mutant!("unfenced/where-nothing-is-said-all-is-right")
    }

    /// Whether other changes say more than this one.
    fn more_than(&self, change: &Transition) -> bool {
        let is_silent = self.owners && change.owner.is_none() || self.tokens && change.token == 0;
        is_silent && !mutant!("unfenced/what-is-not-said-is-right")
    }
}

/// What is known of a record.
#[derive(Default)]
struct Record {
    state: Option<RecordState>,
    /// The owner that holds it, or held it last, with its token.
    holder: Option<(Option<HostRef>, u32)>,
    /// The owners that held it before that.
    ousted: Vec<HostRef>,
    /// When it was made, as far as the log says.
    made: Option<u64>,
}

impl Record {
    /// Takes a change, and says what is wrong with it.
    fn take(
        &mut self,
        what: &Transition,
        is_inside: impl Fn(u64) -> bool,
    ) -> Option<&'static str> {
        let state = match mutant!("unfenced/believes-the-log") {
            false => self.state.unwrap_or(what.from),
            true => what.from,
        };
        let wrong = match (state, what.to) {
            (RecordState::Completed, RecordState::Completed) if self.is_holder(what) => None,
            (RecordState::Completed, to) => self.leaves_completed(to, is_inside),
            (RecordState::InProgress, RecordState::InProgress) => self
                .is_stale(what)
                .then_some("was extended by an owner that no longer held it"),
            (RecordState::InProgress, RecordState::Absent) => self
                .releases_wrongly(what, is_inside)
                .filter(|_| !mutant!("unfenced/anybody-may-release")),
            (RecordState::InProgress, RecordState::Completed) => (!self.is_holder(what))
                .then_some("was completed by an owner that did not hold it")
                .filter(|_| !mutant!("unfenced/anybody-may-complete")),
            (RecordState::InProgress, RecordState::Failed) => (!self.is_holder(what))
                .then_some("was failed by an owner that did not hold it")
                .filter(|_| !mutant!("unfenced/anybody-may-fail")),
            _ => None,
        };
        self.follow(what, state);
        wrong
    }

    /// Whether a change is one that only the owner of the claim may make: all of a claim, and a completion anew. What is deleted past its
    /// time to live may be by any owner.
    fn asks_for_owner(&self, what: &Transition, is_young: bool) -> bool {
        let state = self.state.unwrap_or(what.from);
        match (state, what.to) {
            (RecordState::InProgress, RecordState::Absent) => is_young,
            (RecordState::InProgress, _) | (RecordState::Completed, RecordState::Completed) => true,
            _ => false,
        }
    }

    fn follow(&mut self, what: &Transition, before: RecordState) {
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
                    self.made = Some(what.t);
                }
                if !self.is_stale(what) {
                    let before = self.holder.and_then(|(owner, _)| owner);
                    if what.owner.is_none() {
                        // Any of those may hold it again.
                        self.ousted.clear();
                    }
                    let is_other = what.owner.is_some() && before != what.owner;
                    self.ousted.extend(before.filter(|_| is_other));
                    self.ousted.retain(|owner| Some(*owner) != what.owner);
                    self.holder = Some((what.owner, what.token));
                }
            }
            RecordState::Absent => *self = Record::default(),
        }
        self.state = Some(what.to);
    }

    fn leaves_completed(
        &self,
        to: RecordState,
        is_inside: impl Fn(u64) -> bool,
    ) -> Option<&'static str> {
        if mutant!("unfenced/completed-may-be-left") || !is_inside(self.made?) {
            return None;
        }
        match to {
            RecordState::Completed => {
                Some("was completed twice").filter(|_| !mutant!("unfenced/twice-is-fine"))
            }
            _ => Some("left completed inside its time to live"),
        }
    }

    /// What is wrong with the release of a claim: it was taken over, or its time to live is not over and another owner holds it.
    fn releases_wrongly(&self, what: &Transition, is_inside: impl Fn(u64) -> bool) -> Option<&'static str> {
        const NO_LONGER: &str = "was released by an owner that no longer held it";
        let is_young = self.made.is_none_or(is_inside);
        if self.is_stale(what) {
            Some(NO_LONGER)
        } else if self.is_holder(what) || !is_young || mutant!("unfenced/strangers-may-release") {
            None
        } else if self.is_ousted(what) {
            Some(NO_LONGER)
        } else {
            Some("was released by an owner that never held it")
        }
    }

    /// Whether a record past its time to live is deleted by an owner that once held its claim: without a token, that may be the release
    /// that it had in mind, or a clearing up that any owner may do.
    fn may_be_released_late(&self, what: &Transition, is_inside: impl Fn(u64) -> bool) -> bool {
        let is_late = (self.state, what.to) == (Some(RecordState::InProgress), RecordState::Absent)
            && self.made.is_some_and(|made| !is_inside(made));
        is_late && self.is_ousted(what) && !mutant!("unfenced/those-who-were-ousted-may-release")
    }

    /// Whether the change is by the owner that holds the record; if no owner is known, any may.
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

    /// Whether the change is by an owner that once held the record, and another does now: without tokens, that is all that can be known.
    fn is_ousted(&self, what: &Transition) -> bool {
        what.owner.is_some_and(|owner| self.ousted.contains(&owner))
    }

    /// Whether the change is by an owner whose claim was taken over.
    fn is_stale(&self, what: &Transition) -> bool {
        let known = self.holder.map_or(0, |(_, token)| token);
        what.token > 0 && what.token < known && !mutant!("unfenced/old-tokens-are-fine")
    }
}
