//! An error that the contract stores is not replayed, or one that it must not store blocks the key.

use history::Completion;

use crate::case::Case;
use crate::facts::Refusal;
use crate::keyed::{End, Try};
use crate::tally::Tally;
use crate::tell::witness;
use crate::ttl::{Within, within};

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let rare = &case.facts.rare;
    let stored = &case.history.contract.stored_errors;
    if stored.is_empty() && rare.mismatches.is_empty() {
        tally.not_judged("the contract does not say which errors are stored");
        return;
    }
    for key in &rare.stored_keys {
        judge_replays(case, tally, *key as usize);
    }
    for done in &rare.mismatches {
        if let Some(attempt) = case.attempt_at(*done as usize) {
            judge_block(case, tally, &attempt);
        }
    }
}

fn is_stored(case: &Case<'_>, attempt: &Try<'_>) -> bool {
    let stored = &case.history.contract.stored_errors;
    let status = attempt
        .said
        .status
        .is_some_and(|status| stored.contains(&status));
    match attempt.end {
        End::Fail(refusal) => status && !refusal.is_no_holder(),
        _ => false,
    }
}

/// After a failure that is stored, every answer to the same is that failure.
fn judge_replays(case: &Case<'_>, tally: &mut Tally, key: usize) {
    let attempts = case.attempts_with(key);
    let ttl = case
        .history
        .contract
        .ttl
        .filter(|_| !mutant!("stored-error-policy/for-ever"));
    for later in &attempts {
        let is_first = |first: &&Try<'_>| {
            is_stored(case, first)
                && (first.precedes(later)
                    || mutant!("stored-error-policy/order-does-not-matter")
                        && first.begun != later.begun)
                && (first.asked.payload == later.asked.payload
                    || mutant!("stored-error-policy/any-payload"))
        };
        let Some(first) = attempts.iter().find(is_first) else {
            continue;
        };
        if later.end == End::Unknown {
            continue;
        }
        tally.checked(1);
        let same = matches!(later.end, End::Fail(_)) && is_same(&first.said, &later.said);
        let shed = later.end == End::Fail(Refusal::Shed);
        if same
            || shed
            || mutant!("stored-error-policy/oks-are-fine") && later.end == End::Ok
            || mutant!("stored-error-policy/other-failures-are-fine") && later.end != End::Ok
        {
            continue;
        }
        match within(ttl, first.span(), later.span()) {
            Within::Inside => tally.violation(later.returned.unwrap_or(later.invoked), || {
                let why = format!(
                    "{} failed with an error that the contract stores, and {} was answered otherwise. A stored error is repeated.",
                    case.tell_attempt(first.event()),
                    case.tell_attempt(later.event()),
                );
                witness(why).operation(case, first.event()).operation(case, later.event())
            }),
            Within::Unknown => tally.unknown(1, "a stored error was not repeated, and nobody can tell whether the key had expired"),
            Within::Outside => {}
        }
    }
}

/// Whether a failure says what another said: status, code and body, as far as both say.
fn is_same(first: &Completion, later: &Completion) -> bool {
    fn differ<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
        a.zip(b).is_some_and(|(a, b)| a != b)
    }
    let other_code =
        differ(first.code, later.code) && !mutant!("stored-error-policy/code-does-not-matter");
    let other_body = differ(first.response, later.response)
        && !mutant!("stored-error-policy/body-does-not-matter");
    first.status == later.status && !other_code && !other_body
}

/// A mismatch with payloads all of which had failed with errors that are not stored.
fn judge_block(case: &Case<'_>, tally: &mut Tally, blocked: &Try<'_>) {
    let Some(key) = blocked.asked.key else { return };
    let attempts = case.attempts_with(key.index());
    let returned = blocked.returned.unwrap_or(u64::MAX);
    let own = |other: &&Try<'_>| other.begun != blocked.begun && other.invoked <= returned;
    let others: Vec<_> = attempts
        .iter()
        .filter(own)
        .filter(|other| other.asked.payload != blocked.asked.payload)
        .collect();
    tally.checked(1);
    let frees = |other: &&Try<'_>| {
        let kind = match other.end {
            // Without a list, only what can never be stored is known not to be.
            End::Fail(Refusal::Invalid) => !is_stored(case, other),
            End::Fail(refusal) => {
                refusal.is_definite()
                    && !refusal.is_no_holder()
                    && !is_stored(case, other)
                    && !case.history.contract.stored_errors.is_empty()
            }
            _ => mutant!("stored-error-policy/unknown-frees"),
        };
        kind && (other.precedes(blocked) || mutant!("stored-error-policy/overlapping-frees"))
    };
    let is_blocked = !others.is_empty()
        && others.iter().all(frees)
        && !mutant!("stored-error-policy/blocking-is-fine");
    if is_blocked {
        tally.violation(returned, || {
            let why = format!(
                "{} was told at {} that its key came with another payload, and that had failed without a trace. An error that is not stored frees the key.",
                case.tell_attempt(blocked.event()),
                case.tell_time(returned),
            );
            witness(why).operation(case, others[0].event()).operation(case, blocked.event())
        });
    }
}
