//! A client that keeps retrying a key after everything has healed is never told what became of it.

use std::collections::BTreeMap;

use crate::case::Case;
use crate::facts::Refusal;
use crate::keyed::{End, Try};
use crate::tally::Tally;
use crate::tell::witness;

/// This many requests without a certain answer are too many.
const UNKNOWN_MAX: usize = 3;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let Some(deadline) = case.history.contract.recovery_deadline else {
        tally.not_judged("the contract names no recovery deadline");
        return;
    };
    let deadline = if mutant!("unresolved-retry/at-once") {
        0
    } else {
        deadline
    };
    let healed = case
        .facts
        .run.last_fault
        .map_or(0, |t| t.saturating_add(deadline));
    let healed = if mutant!("unresolved-retry/faults-are-no-excuse") {
        0
    } else {
        healed
    };
    tally.checked(case.facts.run.keys_sent);
    for key in &case.facts.rare.keys.unresolved {
        let attempts = case.attempts_with(*key as usize);
        let (purchases, is_certain) = purchases(&attempts);
        for purchase in purchases {
            judge(case, tally, *key, &purchase, is_certain, healed);
        }
    }
}

/// The attempts with a key by purchase: by intent if all say theirs, else by payload if all say that, else all together. Whether it is
/// certain that each is one purchase.
fn purchases<'a>(attempts: &[Try<'a>]) -> (Vec<Vec<Try<'a>>>, bool) {
    let by = |name: fn(&Try<'_>) -> Option<usize>| {
        let mut purchases: BTreeMap<usize, Vec<Try<'a>>> = BTreeMap::new();
        for attempt in attempts {
            purchases.entry(name(attempt)?).or_default().push(*attempt);
        }
        Some(purchases.into_values().collect::<Vec<_>>())
    };
    if mutant!("unresolved-retry/any-purchase-of-the-key-is-told") {
        return (vec![attempts.to_vec()], true);
    }
    if let Some(purchases) = by(|attempt| Some(attempt.asked.intent?.index())) {
        return (purchases, true);
    }
    let by_payload = by(|attempt| Some(attempt.asked.payload?.index()));
    (by_payload.unwrap_or_else(|| vec![attempts.to_vec()]), false)
}

fn judge(case: &Case<'_>, tally: &mut Tally, key: u32, attempts: &[Try<'_>], is_certain: bool, healed: u64) {
    let after: Vec<&Try<'_>> = attempts
        .iter()
        .filter(|attempt| attempt.invoked >= healed && !is_gone(case, attempt))
        .collect();
    let untold = after.iter().filter(|attempt| is_untold(attempt)).count();
    // A client that heard of its order before knows it all the same.
    let knows = |attempt: &Try<'_>| attempt.end == End::Ok;
    let is_told = after.iter().any(|attempt| !is_untold(attempt)) || attempts.iter().any(knows);
    let is_told = is_told && !mutant!("unresolved-retry/one-answer-is-not-enough");
    let max = match mutant!("unresolved-retry/once-is-too-often") {
        true => 1,
        false => UNKNOWN_MAX,
    };
    if untold < max || mutant!("unresolved-retry/never") {
        return;
    }
    if is_told {
        let first_ok = attempts.iter().find(|attempt| knows(attempt)).and_then(|ok| ok.returned);
        let asks_on = |attempt: &&&Try<'_>| {
            is_untold(attempt) && first_ok.is_some_and(|ok| ok < attempt.invoked)
        };
        let asked_on = after.iter().filter(asks_on).count();
        if asked_on >= max && !is_certain && !mutant!("unresolved-retry/asking-on-is-fine") {
            let why = "a key was asked for again and again after it was answered, and it is not said whether by another purchase";
            tally.unknown(1, why);
        }
        return;
    }
    let unclear = after.iter().filter(|attempt| attempt.end == End::Fail(Refusal::Unclear)).count();
    if untold - unclear < max && !mutant!("unresolved-retry/what-is-unclear-is-no-answer") {
        let why = "a key was asked for again and again, and it is not said whether its refusals tell what became of it";
        tally.unknown(1, why);
        return;
    }
    let last = after[after.len() - 1];
    tally.violation(last.returned.unwrap_or(last.invoked), || {
        let why = format!(
            "the key {} was sent {untold} times after every fault was over, and no answer says what became of it. A client that keeps asking is told in the end.",
            case.tell_key(history::KeyRef::new(key)),
        );
        let events: Vec<usize> = after.iter().take(UNKNOWN_MAX).map(|attempt| attempt.event()).collect();
        witness(why).operations(case, &events)
    });
}

/// Whether it ended, and told nothing of what became of the request.
fn is_untold(attempt: &Try<'_>) -> bool {
    match attempt.end {
        End::Unknown => true,
        // Told that it is a duplicate, and not of which order.
        End::Fail(Refusal::Duplicate) => {
            attempt.said.order.is_none() && !mutant!("unresolved-retry/duplicate-is-an-answer")
        }
        End::Fail(refusal) => {
            !refusal.is_definite() && !mutant!("unresolved-retry/in-flight-is-an-answer")
        }
        End::Ok => false,
    }
}

/// Whether it was the client that left, or the request never ended.
fn is_gone(case: &Case<'_>, attempt: &Try<'_>) -> bool {
    let died = ["client died", "client-died", "client_died"];
    let code = attempt
        .said
        .code
        .map(|code| case.history.names.codes.text(code.index()));
    let is_gone = attempt.done.is_none() || code.is_some_and(|code| died.contains(&&*code));
    is_gone && !mutant!("unresolved-retry/dead-clients-count")
}
