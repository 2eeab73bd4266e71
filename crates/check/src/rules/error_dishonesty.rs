//! A duplicate alone causes a server error; or an unknown outcome is recorded as a terminal failure.

use std::collections::BTreeMap;

use history::{KeyRef, RecordState};
use protocol::ChargeState;

use crate::case::Case;
use crate::facts::is_live;
use crate::keyed::{End, Try};
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    for on_key in case.by_key(&case.facts.rare.answers.server_errors) {
        for done in on_key.events.iter().copied() {
            judge_error(case, tally, &on_key.all, done);
        }
    }
    judge_records(case, tally);
}

fn judge_error(case: &Case<'_>, tally: &mut Tally, attempts: &[Try<'_>], done: usize) {
    {
        let status = case.attempt_at(done).and_then(|attempt| attempt.said.status);
        tally.checked(u64::from(status.is_some()));
        if let Some(other) = duplicate_of(case, attempts, done) {
            if status.is_none() {
                let why = "a duplicate ended without a status, which may have been a server error";
                tally.unknown(1, why);
                return;
            }
            tally.violation(case.time(done), || {
                let why = format!(
                    "{} got a server error at {}, and nothing was wrong but that {} asked for the same. A duplicate is no error of the server.",
                    case.tell_attempt(done),
                    case.tell_time(case.time(done)),
                    case.tell_attempt(other),
                );
                witness(why).operation(case, other).operation(case, done)
            });
        }
    }
}

/// Another attempt on the key, if it is all that can explain a server error: no fault struck since the first of them was sent, nor
/// within the recovery deadline before.
fn duplicate_of(case: &Case<'_>, attempts: &[Try<'_>], done: usize) -> Option<usize> {
    let attempt = case.attempt_at(done)?;
    let returned = attempt.returned?;
    let other = attempts
        .iter()
        .find(|other| other.begun != attempt.begun && other.invoked <= returned && !was_not_executed(case, other, &attempt));
    let other = other
        .filter(|_| !fails_alone(attempts))
        .map(|other| other.event());
    let other = if mutant!("error-dishonesty/alone-too") {
        other.or(Some(done))
    } else {
        other
    };
    let begin = attempts.iter().map(|other| other.invoked).min()?;
    let deadline = case.history.contract.recovery_deadline.unwrap_or(u64::MAX);
    let begin = begin.saturating_sub(deadline);
    let begin = if mutant!("error-dishonesty/only-faults-within") {
        attempt.invoked
    } else {
        begin
    };
    let faults = &case.facts.rare.others.faults;
    let from = faults.partition_point(|t| *t < begin);
    let is_faulty = faults
        .get(from)
        .is_some_and(|t| *t <= returned || mutant!("error-dishonesty/later-faults-excuse"));
    (!is_faulty || mutant!("error-dishonesty/faults-are-no-excuse"))
        .then_some(other)
        .flatten()
        .filter(|_| !mutant!("error-dishonesty/server-errors-are-fine"))
}

/// Whether an attempt was refused for certain before another was sent, and nothing of it is kept: then the other is the first that is
/// executed, and a duplicate of nothing.
fn was_not_executed(case: &Case<'_>, other: &Try<'_>, attempt: &Try<'_>) -> bool {
    let stored = case.history.contract.stored_errors.iter().flatten();
    let is_stored = other.said.status.is_some_and(|status| { stored }.any(|kept| *kept == status));
    let is_refused = matches!(other.end, End::Fail(refusal) if refusal.is_definite());
    is_refused && !is_stored && other.precedes(attempt) && !mutant!("error-dishonesty/what-was-refused-was-executed")
}

/// Whether the first attempt got a server error before any other was sent: then it is not for a duplicate that the service fails.
fn fails_alone(attempts: &[Try<'_>]) -> bool {
    let [first, second, ..] = attempts else {
        return false;
    };
    let error = first.said.status.is_none_or(|status| status >= 500);
    error && first.end != End::Ok
        && first.precedes(second)
        && !mutant!("error-dishonesty/failing-alone-is-no-excuse")
}

/// What a record that says failed speaks of: whatever happened after `after` and before `until`, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Life {
    after: Option<u64>,
    until: Option<u64>,
}

impl Life {
    const ALL: Life = Life { after: None, until: None };
}

/// The keys whose record says failed, at the end, or at any time as the log has it: then it speaks of what was done since the claim before
/// ended, until the record changed again.
fn failed_records(case: &Case<'_>) -> BTreeMap<KeyRef, Vec<Life>> {
    let mut failed: BTreeMap<KeyRef, Vec<Life>> = BTreeMap::new();
    let audit = case.history.audit.as_ref();
    let keys = audit.and_then(|audit| audit.keys.as_ref());
    for row in keys.into_iter().flatten().filter(|row| row.state == RecordState::Failed) {
        failed.entry(row.key).or_default().push(Life::ALL);
    }
    for (_, log) in case.key_logs() {
        let mut after = None;
        let mut log = log.peekable();
        while let Some(change) = log.next() {
            if change.to == RecordState::Failed && !mutant!("error-dishonesty/the-log-does-not-count") {
                let until = log.peek().map(|next| next.t);
                failed.entry(change.key).or_default().push(Life { after, until });
            }
            if change.to != RecordState::InProgress {
                after = Some(change.t);
            }
        }
    }
    failed
}

/// A record that says failed, of a key with a live order or a captured charge, when a client was never told the outcome.
fn judge_records(case: &Case<'_>, tally: &mut Tally) {
    let audit = case.history.audit.as_ref();
    let are_keys_read = audit.is_some_and(|audit| audit.keys.is_some());
    for (key, lives) in failed_records(case) {
        tally.checked(1);
        let attempts = case.attempts_with(key.index());
        let is_unknown = attempts.iter().any(|attempt| attempt.end == End::Unknown)
            || mutant!("error-dishonesty/known-outcomes-too");
        if !is_unknown || mutant!("error-dishonesty/records-may-lie") {
            continue;
        }
        let effects = effects_of(case, key);
        let is_own = |t: Option<u64>| is_of(case, &lives, t);
        let Some((_, effect)) = effects.iter().find(|(t, _)| is_own(*t) == Some(true)) else {
            let may_be_own = effects.iter().any(|(t, _)| is_own(*t).is_none());
            let is_keyless = effects.is_empty()
                && (case.perhaps_with(key.index()).next().is_some() || !case.facts.gaps.nameless_charges.is_empty());
            let are_unseen = effects.is_empty() && case.orders().is_none();
            let is_unread = !effects.is_empty() && !are_keys_read && lives.iter().any(|life| life.until.is_none());
            if (are_unseen || is_unread) && !mutant!("error-dishonesty/what-was-not-looked-at-is-right") {
                let why = "a record says failed, and what it stands for at the end was not looked at";
                tally.unknown(1, why);
            } else if is_keyless {
                let why = "a record says failed, and an order or a charge that may be its request's does not say whose it is";
                tally.unknown(1, why);
            } else if may_be_own {
                let why = "a record said failed for a while, and an order or a charge of its key does not say when it was made";
                tally.unknown(1, why);
            }
            continue;
        };
        tally.violation(case.audit_time(), || {
            let why = format!(
                "the record of the key {} says failed; the request took effect. An outcome that is not known is no failure.",
                case.tell_key(key),
            );
            let told = witness(why).row(effect.clone()).of_key(key);
            attempts.first().map_or(told.clone(), |attempt| told.operation(case, attempt.event()))
        });
    }
}

/// Whether something that happened then is what a record that says failed speaks of; `None` if it is not known when it happened.
fn is_of(case: &Case<'_>, lives: &[Life], t: Option<u64>) -> Option<bool> {
    if lives.contains(&Life::ALL) {
        return Some(true);
    }
    let (t, tolerance) = (t?, case.history.contract.clock_tolerance);
    let is_inside = |life: &Life| {
        let is_after = life.after.is_none_or(|after| after.saturating_add(tolerance) < t);
        let is_before = life.until.is_none_or(|until| t.saturating_add(tolerance) < until);
        (is_after || mutant!("error-dishonesty/earlier-lives-too"))
            && (is_before || mutant!("error-dishonesty/later-lives-too"))
    };
    Some(lives.iter().any(is_inside))
}

/// What took effect with a key: each live order and each captured charge, when it was made, as its row.
fn effects_of(case: &Case<'_>, key: KeyRef) -> Vec<(Option<u64>, String)> {
    let mut effects = Vec::new();
    for order in case.orders_with(key.index()) {
        let captured = case.facts.orders[order.id.index()].captured.get();
        let captured = captured.map(|row| case.charge(row));
        let captured = captured.filter(|charge| charge.state == ChargeState::Captured);
        if is_live(order) && !mutant!("error-dishonesty/orders-do-not-count") {
            effects.push((order.t, case.tell_order_row(order)));
        }
        if let Some(charge) = captured.filter(|_| !mutant!("error-dishonesty/charges-do-not-count")) {
            effects.push((charge.t, case.tell_order_row(order)));
        }
    }
    if effects.is_empty() {
        effects.extend(charge_of(case, key));
    }
    effects
}

/// The captured charge of the one purchase that a key was sent for, if no order has it.
fn charge_of(case: &Case<'_>, key: KeyRef) -> Option<(Option<u64>, String)> {
    let intent = case.facts.intents[case.facts.keys[key.index()].intent.get()?];
    let charge = case.charge(intent.captured.get()?);
    let is_nameless = charge.order.is_none() && intent.live.get().is_none();
    (is_nameless && !mutant!("error-dishonesty/charges-without-an-order-do-not-count"))
        .then(|| (charge.t, case.tell_charge(charge)))
}
