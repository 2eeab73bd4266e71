//! A key row still in flight after the recovery deadline; or a duplicate refused as in flight although no attempt on the key is younger
//! than the deadline. Before faults are over nothing has to be settled. Where the network duplicates requests, it cannot be told.

use history::{Label, RecordState};

use crate::case::Case;
use crate::facts::{Refusal, is_acceptance};
use crate::keyed::{End, OnKey, Try};
use crate::other_keys::OtherKeys;
use crate::tally::Tally;
use crate::tell::witness;
use crate::verdict::Witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let history = case.history;
    let rows = history.audit.as_ref().and_then(|audit| audit.keys.as_ref());
    if rows.is_none() && case.facts.run.refusals_seen == 0 && case.facts.gaps.bare_refusals == 0 {
        tally.not_judged("the keys were not looked at, and no duplicate was refused");
        return;
    }
    for key in rows.into_iter().flatten() {
        tally.checked(1);
        if key.state != RecordState::InProgress || mutant!("stuck-claim/rows-do-not-count") {
            continue;
        }
        if !case.facts.run.settled && !mutant!("stuck-claim/before-the-deadline-too") {
            tally.unknown(1, "the audit was taken before the recovery deadline");
            continue;
        }
        tally.violation(case.audit_time(), || {
            let name = case.tell_key(key.key);
            let why = format!(
                "the key {name} is still in progress at the audit, at {}. A claim is completed or released by the recovery deadline.",
                case.tell_time(case.audit_time()),
            );
            let last = case.facts.keys[key.key.index()].last_invoke.get();
            let told = witness(why).row(format!("key {name} in progress")).of_key(key.key);
            match last {
                Some(begun) => told.operation(case, begun),
                None => told,
            }
        });
    }
    judge_refusals(case, tally);
    let why = "a refusal says neither its status nor a code that is known, and may mean that a request is in flight";
    tally.unknown(case.facts.gaps.bare_refusals, why);
}

/// The refusals that no attempt explains. A request that the network delivers twice may be refused because of its own copy; where that
/// happens, a refusal proves nothing.
fn judge_refusals(case: &Case<'_>, tally: &mut Tally) {
    let (history, facts) = (case.history, case.facts);
    let contract = &history.contract;
    let copies = history.coverage.count(Label::DuplicateDelivered) > 0;
    let deadline = contract.recovery_deadline.unwrap_or(0);
    let quiet = facts.run.last_fault.map_or(0, |t| t.saturating_add(deadline));
    let quiet = if mutant!("stuck-claim/faults-are-no-excuse") {
        0
    } else {
        quiet
    };
    let (mut undecided, mut early) = (0, 0);
    let mut other_keys = OtherKeys::default();
    for on_key in case.by_key(&facts.rare.refusals.stuck) {
        let own = Holders::of(case, &on_key.all, deadline);
        // The same purchase may be at work under another key.
        let others: Vec<Holders> = other_keys
            .of(case, on_key.key)
            .filter(|_| !mutant!("stuck-claim/other-keys-explain-nothing"))
            .map(|(other, _)| Holders::of(case, &case.attempts_with(other), deadline))
            .collect();
        for done in &on_key.events {
            let Some(attempt) = case.attempt_at(*done) else {
                continue;
            };
            let explains = |holders: &Holders| holders.explain(&attempt);
            if is_its_own_work(case, &on_key, &attempt) || explains(&own) || others.iter().any(explains) {
                continue;
            }
            if attempt.invoked < quiet {
                early += 1;
                continue;
            }
            let says_so = attempt.end == End::Fail(Refusal::InFlight) || is_accepted(case, &attempt);
            let is_certain = says_so
                && contract.recovery_deadline.is_some()
                && (!copies || mutant!("stuck-claim/copies-explain-nothing"));
            if !is_certain {
                undecided += 1;
            } else if !mutant!("stuck-claim/refusals-do-not-count") {
                tally.violation(case.time(*done), || tell_refusal(case, *done, &attempt));
            }
        }
    }
    tally.checked(facts.run.refusals_seen - undecided - early);
    let why = "a duplicate was refused as in flight, and it cannot be told whether a request was being worked on";
    tally.unknown(undecided, why);
}

fn is_accepted(case: &Case<'_>, attempt: &Try<'_>) -> bool {
    attempt.done.is_some() && is_acceptance(case.history, &attempt.said)
}

/// Whether a request that was only accepted is itself what is being worked on: no attempt before it on its key was left open.
fn is_its_own_work(case: &Case<'_>, on_key: &OnKey<'_>, attempt: &Try<'_>) -> bool {
    let is_open_before = |other: &Try<'_>| {
        other.begun != attempt.begun && other.invoked <= attempt.invoked && other.end == End::Unknown
    };
    is_accepted(case, attempt)
        && !on_key.all.iter().any(is_open_before)
        && !mutant!("stuck-claim/an-accepted-request-is-never-at-work")
}

/// The attempts on a key that may have held its claim, in the order in which they were sent.
struct Holders {
    /// When each was sent, and until when any of those up to it may have held the claim.
    until: Vec<(u64, u64)>,
    /// Whether an attempt that ended at the very instant may still have held it.
    at_once: bool,
}

impl Holders {
    fn of(case: &Case<'_>, attempts: &[Try<'_>], deadline: u64) -> Holders {
        let age = if mutant!("stuck-claim/no-deadline") {
            0
        } else {
            deadline
        };
        let mut until: Vec<(u64, u64)> = Vec::new();
        for attempt in attempts.iter().filter(|attempt| may_hold(case, attempt)) {
            // One that never ended is as old as its beginning.
            let ended = attempt.returned.unwrap_or(attempt.invoked);
            let ended = if mutant!("stuck-claim/open-attempts-explain-all") && attempt.done.is_none() {
                u64::MAX
            } else {
                ended
            };
            let before = until.last().map_or(0, |(_, until)| *until);
            until.push((attempt.invoked, before.max(ended.saturating_add(age))));
        }
        Holders {
            until,
            at_once: age == 0,
        }
    }

    /// Whether one of them was sent before a refusal came, and was younger than the deadline when the refused request was sent.
    fn explain(&self, refused: &Try<'_>) -> bool {
        let returned = refused.returned.unwrap_or(u64::MAX);
        let sent = self.until.partition_point(|(invoked, _)| *invoked <= returned);
        let until = sent.checked_sub(1).map(|last| self.until[last].1);
        until.is_some_and(|until| until > refused.invoked || self.at_once && until == refused.invoked)
    }
}

/// Whether an attempt may have held the claim of its key. One that was refused as a duplicate, or accepted beside another, did not.
fn may_hold(case: &Case<'_>, attempt: &Try<'_>) -> bool {
    match attempt.end {
        End::Fail(refusal) => !refusal.is_no_holder() || mutant!("stuck-claim/refusals-explain-refusals"),
        End::Unknown => !is_accepted(case, attempt),
        End::Ok => true,
    }
}

fn tell_refusal(case: &Case<'_>, done: usize, attempt: &Try<'_>) -> Witness {
    let key = attempt.asked.key;
    let name = key.map_or(String::new(), |key| format!(" {}", case.tell_key(key)));
    let why = format!(
        "{} was told at {} that a request with the key{name} is in flight, and no attempt on it is younger than the recovery deadline. A claim does not outlive its request by more than that.",
        case.tell_attempt(done),
        case.tell_time(case.time(done)),
    );
    let mut told = witness(why).operation(case, done);
    let before = case.facts.links[attempt.begun].previous.get();
    if let Some(before) = before {
        told = told.operation(case, before);
    }
    told.intent(case, attempt.asked.intent.map(|intent| intent.index()))
}
