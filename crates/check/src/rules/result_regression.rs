//! An `ok` precedes a request with the same key and payload inside its time to live, and that gets a definite failure, 404 or in flight.

use crate::case::Case;
use crate::facts::{Refusal, is_live};
use crate::keyed::{End, Try};
use crate::tally::Tally;
use crate::tell::witness;
use crate::ttl::{Within, within};

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let facts = case.facts;
    if facts.answers.acknowledgements == 0 {
        tally.not_judged("no request was answered ok");
        return;
    }
    tally.checked(facts.answers.repeats + facts.rare.answers.after_ok.len() as u64);
    for on_key in case.by_key(&facts.rare.answers.after_ok) {
        let oks: Vec<Try<'_>> = on_key.all.iter().filter(|attempt| attempt.end == End::Ok).copied().collect();
        for done in &on_key.events {
            if let Some(failed) = case.attempt_at(*done) {
                judge(case, tally, &oks, &failed, *done);
            }
        }
    }
}

fn judge(case: &Case<'_>, tally: &mut Tally, oks: &[Try<'_>], failed: &Try<'_>, done: usize) {
    match before(case, oks, failed) {
        Some((Within::Inside, _)) if failed.end == End::Fail(Refusal::Shed) => {
            tally.unknown(1, "a request was turned away at the door, and the contract does not say whether it may be");
        }
        Some((Within::Inside, _)) if failed.end == End::Unknown && failed.said.status.is_none() => {
            tally.unknown(1, "an answer has neither status nor order, and may say only that the request was accepted");
        }
        Some((Within::Inside, _)) if failed.asked.payload.is_none() && is_perhaps_mismatch(failed) => {
            tally.unknown(1, "a key was refused after an ok as sent with another payload, and it is not said with which it was sent");
        }
        Some((Within::Inside, ok)) if !is_same_said(case, failed, ok) => {
            tally.unknown(1, "a request failed after an ok with its key, and it is not said whether both asked for the same");
        }
        Some((Within::Inside, ok)) => tally.violation(case.time(done), || {
            let why = format!(
                "{} was answered ok, and after that {} was refused the same at {}. Inside its time to live a key keeps its answer.",
                case.tell_attempt(ok),
                case.tell_attempt(done),
                case.tell_time(case.time(done)),
            );
            witness(why).operation(case, ok).operation(case, done)
        }),
        Some((Within::Unknown, _)) => {
            tally.unknown(1, "a request failed after an ok, and it cannot be told whether the key had expired");
        }
        _ => {}
    }
}

/// The `ok` that precedes a failure and proves the most about it.
fn before(case: &Case<'_>, oks: &[Try<'_>], failed: &Try<'_>) -> Option<(Within, usize)> {
    let ttl = case
        .history
        .contract
        .ttl
        .filter(|_| !mutant!("result-regression/for-ever"));
    let mut found = None;
    for ok in oks {
        let payloads = [ok.asked.payload, failed.asked.payload];
        let is_unsaid = payloads.contains(&None) && !mutant!("result-regression/what-is-not-said-differs");
        let same = payloads[0] == payloads[1] || is_unsaid || mutant!("result-regression/any-payload");
        let precedes = ok.precedes(failed) || mutant!("result-regression/order-does-not-matter");
        if !same || !precedes || is_cancelled(case, ok) {
            continue;
        }
        let ignored = match failed.end {
            End::Fail(Refusal::InFlight | Refusal::Unclear) => {
                mutant!("result-regression/in-flight-is-fine")
            }
            End::Fail(Refusal::NotFound) => mutant!("result-regression/not-found-is-fine"),
            End::Fail(Refusal::Mismatch) => mutant!("result-regression/mismatch-is-fine"),
            End::Unknown => mutant!("result-regression/acceptances-are-fine"),
            _ => mutant!("result-regression/definite-failures-are-fine"),
        };
        let is = within(ttl, case.took_effect(ok), failed.span());
        match is {
            Within::Inside if !ignored && payloads[0] == payloads[1] => return Some((is, ok.event())),
            Within::Inside if !ignored => found = Some((is, ok.event())),
            Within::Unknown => found = found.or(Some((is, ok.event()))),
            _ => {}
        }
    }
    found
}

/// Whether a refusal says, or may say, that the key came with another payload.
fn is_perhaps_mismatch(failed: &Try<'_>) -> bool {
    let is_mismatch = matches!(failed.end, End::Fail(Refusal::Mismatch | Refusal::Unclear));
    is_mismatch && !mutant!("result-regression/a-mismatch-needs-no-payload")
}

/// Whether a failed request says its payload if the one that was answered `ok` does, and the other way round.
fn is_same_said(case: &Case<'_>, failed: &Try<'_>, ok: usize) -> bool {
    let ok = case.attempt_at(ok);
    ok.is_none_or(|ok| ok.asked.payload.is_some() == failed.asked.payload.is_some())
}

/// A cancelled order may be asked for again, by contract.
fn is_cancelled(case: &Case<'_>, ok: &Try<'_>) -> bool {
    let row = ok.said.order.and_then(|order| case.order(order.index()));
    row.is_some_and(|row| !is_live(row)) && !mutant!("result-regression/cancelled-orders-too")
}
