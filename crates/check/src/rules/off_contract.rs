//! A refusal whose meaning is known, by its code, came with another status than the contract promises for that meaning: of a duplicate in
//! flight, or of another payload. Without a code the status is all that tells the meaning, and cannot contradict it.

use history::{Completion, InFlight, What};

use crate::case::Case;
use crate::facts::Refusal;
use crate::keyed::Try;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let contract = &case.history.contract;
    let in_flight = match contract.in_flight {
        Some(InFlight::Refuse(status)) => Some(status),
        Some(InFlight::Accept) => Some(202),
        Some(InFlight::Wait | InFlight::Replay) | None => None,
    };
    if in_flight.is_none() && contract.mismatch.is_none() {
        tally.not_judged("the contract promises no status for a duplicate in flight or for another payload");
        return;
    }
    if !contract.observed.status {
        tally.not_judged("the recorder did not see the status of answers");
        return;
    }
    for done in case.facts.rare.refusals.meant.iter().map(|done| *done as usize) {
        let What::Fail(said) = &case.history.events[done].what else {
            continue;
        };
        let (promised, what) = match case.facts.refusal(case.history, said) {
            Refusal::InFlight => (in_flight, "a duplicate in flight"),
            Refusal::Mismatch => (contract.mismatch, "another payload under the same key"),
            _ => continue,
        };
        let Some(promised) = promised else { continue };
        judge(case, tally, done, said, promised, what);
    }
    let uncoded = case.facts.gaps.uncoded_refusals.iter().map(|done| *done as usize);
    let unclear = uncoded.filter(|done| may_be_promised(case, *done, in_flight, contract.mismatch));
    let why = "a refusal says nothing but a status that may stand for a duplicate in flight, or for another payload";
    tally.unknown(unclear.count() as u64, why);
    let why = "a refusal says neither its status nor a code that is known";
    tally.unknown(case.facts.gaps.bare_refusals, why);
}

/// Whether a refusal without a code, with a status that may mean anything, may be one for which the contract promises another status: its
/// key was sent with another payload, or another request with it was out.
fn may_be_promised(case: &Case<'_>, done: usize, in_flight: Option<u16>, mismatch: Option<u16>) -> bool {
    let Some(attempt) = case.attempt_at(done) else { return false };
    let refusal = case.facts.refusal(case.history, &attempt.said);
    let Some(key) = attempt.asked.key.filter(|_| matches!(refusal, Refusal::Invalid | Refusal::Definite)) else {
        return false;
    };
    if attempt.said.status.is_none() || mutant!("off-contract/what-is-not-said-is-something-else") {
        return false;
    }
    let is_reused = mismatch.is_some() && case.facts.keys[key.index()].reused;
    let returned = attempt.returned.unwrap_or(u64::MAX);
    let others = case.attempts_with(key.index()).into_iter().filter(|other| other.begun != attempt.begun);
    let was_out = |other: &Try<'_>| other.invoked <= returned && other.returned.is_none_or(|t| t >= attempt.invoked);
    is_reused || in_flight.is_some() && { others }.any(|other| was_out(&other))
}

fn judge(case: &Case<'_>, tally: &mut Tally, done: usize, said: &Completion, promised: u16, what: &str) {
    tally.checked(1);
    match said.status {
        None => tally.unknown(1, "a refusal has no status"),
        Some(status) if status == promised => {
            if said.code.is_none() && may_mean_the_other(case, done) {
                tally.unknown(1, "a refusal says by its status alone what it means, and may mean something else");
            }
        }
        Some(_) if mutant!("off-contract/any-status-is-fine") => {}
        Some(status) => tally.violation(case.time(done), || {
            let why = format!(
                "{} was refused at {} with {status} for {what}; the contract promises {promised}. A client goes by the status.",
                case.tell_attempt(done),
                case.tell_time(case.time(done)),
            );
            let attempt = case.attempt_at(done);
            let before = attempt.and_then(|attempt| case.facts.links[attempt.begun].previous.get());
            let told = witness(why).operation(case, done);
            before.map_or(told.clone(), |before| told.operation(case, before))
        }),
    }
}

/// Whether a refusal without a code may mean what another status stands for: its key was sent with another payload before, so that it may
/// be refused for that.
fn may_mean_the_other(case: &Case<'_>, done: usize) -> bool {
    let Some(attempt) = case.attempt_at(done) else { return false };
    let is_reused = attempt.asked.key.is_some_and(|key| case.facts.keys[key.index()].reused);
    // Of another payload it is the status that is promised for it.
    let is_mismatch = case.facts.refusal(case.history, &attempt.said) == Refusal::Mismatch;
    is_reused && !is_mismatch && !mutant!("off-contract/a-status-has-one-meaning")
}
