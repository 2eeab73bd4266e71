//! A key is still replayed after its time to live and the grace, where the contract promises a new request.

use history::Expiry;

use crate::case::Case;
use crate::keyed::{End, Try};
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let contract = &case.history.contract;
    let Some(ttl) = contract.ttl.filter(|_| contract.expiry == Expiry::Exact) else {
        tally.not_judged("the contract does not promise that a key is forgotten");
        return;
    };
    let grace = if mutant!("immortal-key/no-grace") {
        0
    } else {
        contract.grace
    };
    let ttl = if mutant!("immortal-key/ignores-ttl") {
        0
    } else {
        ttl
    };
    tally.checked(case.facts.answers.repeats);
    let mut keys = case.facts.rare.keys.late_replays.clone();
    if mutant!("immortal-key/ignores-ttl") {
        keys.extend(0..case.facts.keys.len() as u32);
    }
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let attempts = case.attempts_with(key as usize);
        for late in attempts.iter().filter(|attempt| attempt.end == End::Ok) {
            let may_be_old = |first: &Try<'_>| {
                let until = first.returned.map(|t| t.saturating_add(ttl).saturating_add(grace));
                let is_nameless = first.said.order.is_none() || late.said.order.is_none();
                first.end == End::Ok && is_nameless && until.is_some_and(|until| until < late.invoked)
            };
            if case.history.contract.observed.order && attempts.iter().any(may_be_old) {
                tally.unknown(1, "an answer does not name its order, and the answers are further apart than the time to live");
                continue;
            }
            let same = |first: &&Try<'_>| {
                first.end == End::Ok
                    && (first.said.order == late.said.order
                        || mutant!("immortal-key/new-orders-are-replays"))
                    && first.precedes(late)
            };
            let Some(first) = attempts
                .iter()
                .filter(same)
                .min_by_key(|first| first.returned)
            else {
                continue;
            };
            let known = first.returned.unwrap_or(u64::MAX);
            let until = known.saturating_add(ttl).saturating_add(grace);
            // In the last instant of the grace both are still right.
            let is_over = until < late.invoked
                || until == late.invoked && mutant!("immortal-key/the-last-instant-is-over");
            if is_over && !mutant!("immortal-key/never") {
                tally.violation(late.invoked, || {
                    let why = format!(
                        "{} was answered with the order of {}, whose key had to be forgotten after {}. After its time to live a key is new.",
                        case.tell_attempt(late.event()),
                        case.tell_attempt(first.event()),
                        case.tell_time(until),
                    );
                    witness(why).operation(case, first.event()).operation(case, late.event())
                });
            }
        }
    }
}
