//! A key row still in flight after the recovery deadline; or a duplicate refused as in flight although no attempt on the key is younger
//! than the deadline, faults are over, and the network duplicates nothing.

use history::{Label, RecordState, What};

use crate::case::{Attempt, Case};
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
    tally.checked(case.facts.refusals_seen);
    for key in rows.into_iter().flatten() {
        tally.checked(1);
        if key.state != RecordState::InProgress {
            continue;
        }
        if !case.facts.settled {
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

/// An attempt that may hold the claim: when it was sent, and when it ended at the latest, of all that were sent until then.
struct Holder {
    invoked: u64,
    ended: u64,
}

/// The refusals that no attempt explains. A request that the network delivers twice may be refused because of its own copy; where that
/// happens, a refusal proves nothing.
fn judge_refusals(case: &Case<'_>, tally: &mut Tally) {
    let history = case.history;
    let Some(deadline) = history.contract.recovery_deadline else {
        return;
    };
    if history.coverage.count(Label::DuplicateDelivered) > 0 {
        return;
    }
    let quiet = case
        .facts
        .last_fault
        .map_or(0, |t| t.saturating_add(deadline));
    let mut refusals: Vec<(usize, u32, Attempt<'_>)> = Vec::new();
    for done in &case.facts.refusals {
        if let Some(attempt) = case.attempt(*done as usize)
            && let Some(key) = attempt.asked.key
            && attempt.invoked >= quiet
        {
            refusals.push((key.index(), *done, attempt));
        }
    }
    refusals.sort_unstable_by_key(|(key, done, _)| (*key, *done));
    for group in refusals.chunk_by(|a, b| a.0 == b.0) {
        let holders = holders(case, group[0].0);
        for (_, done, attempt) in group {
            let sent = holders.partition_point(|holder| holder.invoked <= attempt.returned);
            let ended = sent.checked_sub(1).map(|last| holders[last].ended);
            if ended.is_none_or(|ended| ended.saturating_add(deadline) <= attempt.invoked) {
                let done = *done as usize;
                tally.violation(attempt.returned, || tell_refusal(case, done, attempt));
            }
        }
    }
}

/// The attempts on a key that were not themselves refused as duplicates, in the order in which they were sent.
fn holders(case: &Case<'_>, key: usize) -> Vec<Holder> {
    let facts = case.facts;
    let mut holders = Vec::new();
    let mut next = facts.keys[key].last_invoke.get();
    while let Some(begun) = next {
        next = facts.links[begun].previous.get();
        let invoked = case.time(begun);
        let done = facts.links[begun].partner.get();
        let end = done.map(|done| &case.history.events[done]);
        match end {
            Some(end) if matches!(end.what, What::Fail(said) if facts.is_refusal(&said)) => {}
            // An attempt that never ended is as old as its beginning.
            _ => holders.push(Holder {
                invoked,
                ended: end.map_or(invoked, |end| end.t),
            }),
        }
    }
    holders.reverse();
    let mut latest = 0;
    for holder in &mut holders {
        latest = holder.ended.max(latest);
        holder.ended = latest;
    }
    holders
}

fn tell_refusal(case: &Case<'_>, done: usize, attempt: &Attempt<'_>) -> Witness {
    let key = attempt.asked.key;
    let key = key.map_or(String::new(), |key| format!(" {}", case.tell_key(key)));
    let why = format!(
        "{} was refused at {} because a request with the key{key} is in flight, and no attempt on it is younger than the recovery deadline. A claim outlives nobody.",
        case.tell_attempt(done),
        case.tell_time(attempt.returned),
    );
    let mut told = witness(why).operation(case, done);
    let before = case.facts.links[attempt.begun].previous.get();
    if let Some(before) = before {
        told = told.operation(case, before);
    }
    told.intent(case, attempt.asked.intent.map(|intent| intent.index()))
}
