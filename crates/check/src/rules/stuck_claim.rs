//! A key row still in flight after the recovery deadline; or a duplicate refused as in flight although no attempt on the key is younger
//! than the deadline. Before faults are over nothing has to be settled. Where the network duplicates requests, nobody can tell.

use history::{Label, RecordState};

use crate::case::Case;
use crate::facts::Refusal;
use crate::keyed::{End, Try};
use crate::other_keys::OtherKeys;
use crate::tally::Tally;
use crate::tell::witness;
use crate::verdict::Witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let history = case.history;
    let rows = history.audit.as_ref().and_then(|audit| audit.keys.as_ref());
    if rows.is_none() && case.facts.refusals_seen == 0 {
        tally.not_judged("nobody looked at the keys, and no duplicate was refused");
        return;
    }
    for key in rows.into_iter().flatten() {
        tally.checked(1);
        if key.state != RecordState::InProgress || mutant!("stuck-claim/rows-do-not-count") {
            continue;
        }
        if !case.facts.settled && !mutant!("stuck-claim/before-the-deadline-too") {
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
            let told = witness(why).row(format!("key {name} in progress"));
            match last {
                Some(begun) => told.operation(case, begun),
                None => told,
            }
        });
    }
    judge_refusals(case, tally);
}

/// The refusals that no attempt explains. A request that the network delivers twice may be refused because of its own copy; where that
/// happens, a refusal proves nothing.
fn judge_refusals(case: &Case<'_>, tally: &mut Tally) {
    let (history, facts) = (case.history, case.facts);
    let contract = &history.contract;
    let copies = history.coverage.count(Label::DuplicateDelivered) > 0;
    let deadline = contract.recovery_deadline.unwrap_or(0);
    let quiet = facts.last_fault.map_or(0, |t| t.saturating_add(deadline));
    let quiet = if mutant!("stuck-claim/faults-are-no-excuse") {
        0
    } else {
        quiet
    };
    let (mut undecided, mut early) = (0, 0);
    let mut other_keys = OtherKeys::default();
    for done in &facts.rare.stuck {
        let done = *done as usize;
        let Some(attempt) = case.attempt_at(done) else {
            continue;
        };
        if let Some(key) = attempt.asked.key.map(|key| key.index()) {
            let explains = |key| is_explained(case, &attempt, key, deadline);
            // The same purchase may be at work under another key.
            if explains(key)
                || other_keys.of(case, key).any(|(other, _)| explains(other))
                    && !mutant!("stuck-claim/other-keys-explain-nothing")
            {
                continue;
            }
        }
        if attempt.invoked < quiet {
            early += 1;
            continue;
        }
        let is_certain = attempt.end == End::Fail(Refusal::InFlight)
            && contract.recovery_deadline.is_some()
            && (!copies || mutant!("stuck-claim/copies-explain-nothing"));
        if is_certain {
            if !mutant!("stuck-claim/refusals-do-not-count") {
                tally.violation(case.time(done), || tell_refusal(case, done, &attempt));
            }
        } else {
            undecided += 1;
        }
    }
    tally.checked(facts.refusals_seen - undecided - early);
    let why =
        "a duplicate was refused as in flight, and nobody can tell whether somebody was at work";
    tally.unknown(undecided, why);
}

/// Whether an attempt on the key that was not itself refused as a duplicate was sent before a refusal came, and is younger than the
/// deadline. One that never ended is as old as its beginning.
fn is_explained(case: &Case<'_>, refused: &Try<'_>, key: usize, deadline: u64) -> bool {
    let returned = refused.returned.unwrap_or(u64::MAX);
    let mut next = case.facts.keys[key].last_invoke.get();
    while let Some(begun) = next {
        next = case.facts.links[begun].previous.get();
        let Some(other) = case.attempt_at(begun) else {
            continue;
        };
        let holds = match other.end {
            End::Fail(refusal) => {
                !refusal.is_no_holder() || mutant!("stuck-claim/refusals-explain-refusals")
            }
            End::Ok | End::Unknown => true,
        };
        let ended = other.returned.unwrap_or(other.invoked);
        let ended = if mutant!("stuck-claim/open-attempts-explain-all") && other.done.is_none() {
            u64::MAX
        } else {
            ended
        };
        let age = if mutant!("stuck-claim/no-deadline") {
            0
        } else {
            deadline
        };
        let is_young = ended.saturating_add(age) > refused.invoked
            // At the same instant, it may still have been at work.
            || age == 0 && ended == refused.invoked;
        if begun != refused.begun && holds && other.invoked <= returned && is_young {
            return true;
        }
    }
    false
}

fn tell_refusal(case: &Case<'_>, done: usize, attempt: &Try<'_>) -> Witness {
    let key = attempt.asked.key;
    let key = key.map_or(String::new(), |key| format!(" {}", case.tell_key(key)));
    let why = format!(
        "{} was refused at {} because a request with the key{key} is in flight, and no attempt on it is younger than the recovery deadline. A claim outlives nobody.",
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
