//! An error that the contract stores is not replayed, or one that it must not store blocks the key: the key is refused to another payload,
//! or the same refusal is given again although the gateway was not asked again.

mod declines;

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
    if stored.is_none() && rare.refusals.mismatches.is_empty() {
        tally.not_judged("the contract does not say which errors are stored");
        return;
    }
    for key in &rare.keys.stored {
        judge_replays(case, tally, *key as usize);
    }
    for on_key in case.by_key(&rare.refusals.mismatches) {
        for done in &on_key.events {
            if let Some(attempt) = case.attempt_at(*done) {
                judge_block(case, tally, &on_key.all, &attempt);
            }
        }
    }
    declines::judge(case, tally);
    let is_promised = stored.as_ref().is_some_and(|stored| !stored.is_empty());
    let is_repeated = |done: &&u32| {
        let key = case.attempt_at(**done as usize).and_then(|attempt| attempt.asked.key);
        let last = key.and_then(|key| case.facts.keys[key.index()].last_invoke.get());
        last.is_some_and(|last| case.facts.links[last].previous.get().is_some())
    };
    let statusless = case.facts.gaps.statusless_refusals.iter().filter(|_| is_promised);
    let why = "a refusal has no status, so that it may be one that the contract stores";
    tally.unknown(statusless.filter(is_repeated).count() as u64, why);
}

/// Whether the contract stores a failure, if it says so of that status; one that stores nothing says it of all.
fn stores(case: &Case<'_>, said: &Completion) -> Option<bool> {
    let contract = &case.history.contract;
    let stores_none = contract.stored_errors.as_ref().is_some_and(Vec::is_empty);
    match said.status {
        Some(status) => contract.stores(status),
        None => stores_none.then_some(false),
    }
}

fn is_stored(case: &Case<'_>, attempt: &Try<'_>) -> bool {
    let contract = &case.history.contract;
    let status = attempt.said.status.and_then(|status| contract.stores(status)) == Some(true);
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
    let stored: Vec<&Try<'_>> = attempts.iter().filter(|attempt| is_stored(case, attempt)).collect();
    for later in &attempts {
        let is_first = |first: &&&Try<'_>| {
            (first.precedes(later)
                    || mutant!("stored-error-policy/order-does-not-matter")
                        && first.begun != later.begun)
                && (first.asked.payload == later.asked.payload
                    || mutant!("stored-error-policy/any-payload"))
        };
        let Some(first) = stored.iter().find(is_first) else {
            continue;
        };
        if later.end == End::Unknown {
            continue;
        }
        tally.checked(1);
        let same = match later.end {
            End::Fail(_) => is_same(case, &first.said, &later.said),
            _ => Some(false),
        };
        if same.is_none() {
            tally.unknown(1, "a refusal may repeat a stored one: it does not say all that the first does");
            continue;
        }
        let same = same == Some(true);
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
            Within::Unknown => tally.unknown(1, "a stored error was not repeated, and it cannot be told whether the key had expired"),
            Within::Outside => {}
        }
    }
}

/// Whether a failure says what another said: status, code and body. Unknown if one of them leaves out what the other says, or both say
/// neither a code nor a body although the recorder would have seen them.
fn is_same(case: &Case<'_>, first: &Completion, later: &Completion) -> Option<bool> {
    fn differ<T: PartialEq>(a: Option<T>, b: Option<T>) -> Option<bool> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a != b),
            (None, None) => Some(false),
            _ => None,
        }
    }
    let observed = case.history.contract.observed;
    let other_code = match mutant!("stored-error-policy/code-does-not-matter") {
        true => Some(false),
        false => differ(first.code, later.code),
    };
    let other_body = match mutant!("stored-error-policy/body-does-not-matter") || !observed.response {
        true => Some(false),
        false => differ(first.response, later.response),
    };
    let other_status = differ(first.status, later.status);
    // What the bodies say twice the codes need not say.
    let same_bodies = first.response.is_some() && first.response == later.response;
    let other_code = other_code.or(same_bodies.then_some(false));
    let differences = [other_status, other_code, other_body];
    if differences.contains(&Some(true)) {
        return Some(false);
    }
    let are_silent = first.code.is_none() && first.response.is_none() && observed.response;
    (!differences.contains(&None) && !are_silent).then_some(true)
}

/// A mismatch with payloads all of which had failed with errors that are not stored.
fn judge_block(case: &Case<'_>, tally: &mut Tally, attempts: &[Try<'_>], blocked: &Try<'_>) {
    let returned = blocked.returned.unwrap_or(u64::MAX);
    let own = |other: &&Try<'_>| other.begun != blocked.begun && other.invoked <= returned;
    let mut others = attempts
        .iter()
        .filter(own)
        .filter(|other| other.asked.payload != blocked.asked.payload);
    let first = others.clone().next();
    tally.checked(1);
    let frees = |other: &&Try<'_>| {
        let kind = match other.end {
            // Without a list, only what can never be stored is known not to be.
            End::Fail(Refusal::Invalid) => !is_stored(case, other),
            End::Fail(refusal) => {
                refusal.is_definite()
                    && !refusal.is_no_holder()
                    && stores(case, &other.said) == Some(false)
            }
            _ => mutant!("stored-error-policy/unknown-frees"),
        };
        kind && (other.precedes(blocked) || mutant!("stored-error-policy/overlapping-frees"))
    };
    let is_blocked =
        others.all(|other| frees(&other)) && !mutant!("stored-error-policy/blocking-is-fine");
    if let Some(first) = first.filter(|_| is_blocked) {
        tally.violation(returned, || {
            let why = format!(
                "{} was told at {} that its key came with another payload, and that had failed without a trace. An error that is not stored frees the key.",
                case.tell_attempt(blocked.event()),
                case.tell_time(returned),
            );
            witness(why).operation(case, first.event()).operation(case, blocked.event())
        });
    }
}
