//! A mismatch answer although no other payload was ever sent with that key.

use std::collections::BTreeMap;

use crate::case::Case;
use crate::facts::Refusal;
use crate::keyed::{End, Try};
use crate::tally::Tally;
use crate::tell::witness;

/// Whether every attempt with a key says its payload, of the keys that were looked up.
type Known = BTreeMap<usize, bool>;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let mut known = Known::new();
    for done in &case.facts.rare.refusals.mismatches {
        tally.checked(1);
        judge(case, tally, &mut known, *done as usize);
    }
    let why = "a refusal says neither its status nor a code that is known, and may mean that the key came with another payload";
    tally.unknown(case.facts.gaps.bare_refusals, why);
    // An unclear refusal of the only payload is either this or in flight.
    for done in &case.facts.rare.refusals.unclear {
        let Some(attempt) = case.attempt_at(*done as usize) else {
            continue;
        };
        let could_be = attempt.said.status == case.history.contract.mismatch
            && attempt.said.status.is_some()
            && !mutant!("spurious-conflict/unclear-is-fine");
        if could_be && other_payload(case, &mut known, &attempt) == Some(false) {
            tally.checked(1);
            tally.unknown(1, "a refusal says neither that a request is in flight nor that the payload is another");
        }
    }
}

fn judge(case: &Case<'_>, tally: &mut Tally, known: &mut Known, done: usize) {
    let Some(attempt) = case.attempt_at(done) else {
        return;
    };
    match other_payload(case, known, &attempt) {
        Some(true) => {}
        None => tally.unknown(1, "it is not said with what payload a key was sent"),
        Some(false) => tally.violation(case.time(done), || {
            let why = format!(
                "{} was told at {} that its key came with another payload, and none was ever sent with it. A mismatch needs two payloads.",
                case.tell_attempt(done),
                case.tell_time(case.time(done)),
            );
            let before = case.facts.links[attempt.begun].previous.get();
            let told = witness(why).operation(case, done);
            before.map_or(told.clone(), |before| told.operation(case, before))
        }),
    }
}

/// Whether another payload was sent with the attempt's key; `None` if it is unknown.
fn other_payload(case: &Case<'_>, known: &mut Known, attempt: &Try<'_>) -> Option<bool> {
    debug_assert!(matches!(
        attempt.end,
        End::Fail(Refusal::Mismatch | Refusal::Unclear)
    ));
    let Some(key) = attempt.asked.key else {
        return Some(mutant!("spurious-conflict/a-key-is-not-needed"));
    };
    if case.facts.keys[key.index()].reused
        || mutant!("spurious-conflict/repeats-are-mismatches")
            && case.facts.links[attempt.begun].previous.get().is_some()
    {
        return Some(true);
    }
    let all_known = known.entry(key.index()).or_insert_with(|| {
        let attempts = case.attempts_with(key.index());
        attempts.iter().all(|attempt| attempt.asked.payload.is_some())
    });
    all_known.then_some(false)
}
