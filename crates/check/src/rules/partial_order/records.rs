//! The key record that is written with an order: while the key is inside its time to live, the record of a confirmed order is completed,
//! and a record that says so has its order. A record that is still in progress is `stuck-claim`.

use std::collections::BTreeSet;

use history::{Audit, AuditKey, AuditOrder, KeyRef, RecordState};

use super::confirmed::{confirmed, lacks};
use crate::case::Case;
use crate::keyed::{End, Try};
use crate::tally::Tally;
use crate::tell::witness;
use crate::ttl::{Bounds, Within, within};

pub(super) fn judge(case: &Case<'_>, tally: &mut Tally, audit: &Audit, orders: &[AuditOrder]) {
    let Some(keys) = &audit.keys else { return };
    // Before the deadline a record may still be completed.
    if !case.facts.run.settled && !mutant!("partial-order/records-before-the-deadline-too") {
        return;
    }
    let mut states: Vec<Option<RecordState>> = vec![None; case.history.names.keys.len()];
    for row in keys {
        states[row.key.index()] = Some(row.state);
    }
    let mut has_order = vec![false; states.len()];
    for order in orders {
        if let Some(key) = order.key {
            has_order[key.index()] = true;
        }
    }
    let strange = strange(case, keys);
    for order in confirmed(case, orders) {
        let Some(key) = order.key.filter(|key| is_alive(case, *key)) else { continue };
        tally.checked(1);
        let what = match states[key.index()] {
            Some(RecordState::Completed | RecordState::InProgress) => continue,
            Some(RecordState::Failed) => "the record of its key says that it failed",
            Some(RecordState::Absent) | None => "its key has no record",
        };
        let is_strange = strange.contains(case.history.names.key_text(key).as_ref());
        if is_strange && !mutant!("partial-order/records-say-their-tenant") {
            tally.unknown(1, "the record of a key does not say its tenant, so that it may be another's");
        } else if !mutant!("partial-order/orders-need-no-record") {
            lacks(case, tally, order, what);
        }
    }
    judge_keyless(case, tally, &states, &has_order);
    judge_orderless(case, tally, orders, &states, &has_order);
}

/// The texts of recorded keys that no request has, because their records do not say the tenant.
fn strange(case: &Case<'_>, keys: &[AuditKey]) -> BTreeSet<String> {
    let is_strange = |row: &&AuditKey| case.facts.keys[row.key.index()].last_invoke.get().is_none();
    let names = &case.history.names;
    let strange = keys.iter().filter(is_strange);
    strange.map(|row| names.key_text(row.key).into_owned()).collect()
}

/// Whether a key is inside its time to live when the audit is taken, at the earliest that it can have been claimed.
fn is_alive(case: &Case<'_>, key: KeyRef) -> bool {
    let contract = &case.history.contract;
    let facts = &case.facts.keys[key.index()];
    if facts.last_invoke.get().is_none() {
        return false;
    }
    let claimed = Bounds::exactly(case.facts.first_sent(case.history, key.index()));
    let audit = Bounds::exactly(case.audit_time().saturating_add(contract.clock_tolerance));
    within(contract.ttl, claimed, audit) == Within::Inside || mutant!("partial-order/records-are-for-ever")
}

/// An order that does not say its key may be that of a key without a record.
fn judge_keyless(case: &Case<'_>, tally: &mut Tally, states: &[Option<RecordState>], has_order: &[bool]) {
    if case.facts.gaps.keyless.is_empty() || mutant!("partial-order/orders-without-a-key-have-their-record") {
        return;
    }
    let is_bare = |key: &usize| {
        let is_done = matches!(states[*key], Some(RecordState::Completed | RecordState::InProgress));
        !is_done && !has_order[*key] && is_alive(case, KeyRef::new(*key as u32))
    };
    let may_have_order = |key: &usize| case.perhaps_with(*key).any(|order| is_own(case, order));
    let mut bare = (0..states.len()).filter(is_bare);
    // One is enough: to count them all would compare every key with every order.
    let is_any = bare.any(|key| may_have_order(&key));
    let why = "a key has no completed record, and an order that may be its own does not say its key";
    tally.unknown(u64::from(is_any), why);
}

fn is_own(case: &Case<'_>, order: &AuditOrder) -> bool {
    confirmed(case, std::slice::from_ref(order)).next().is_some()
}

/// A completed record of a key that has no order keeps a refusal, unless the contract stores none.
fn judge_orderless(
    case: &Case<'_>,
    tally: &mut Tally,
    orders: &[AuditOrder],
    states: &[Option<RecordState>],
    has_order: &[bool],
) {
    let stored = case.history.contract.stored_errors.as_ref();
    let may_keep_refusals = stored.is_some_and(|stored| !stored.is_empty());
    if may_keep_refusals || mutant!("partial-order/records-need-no-order") {
        return;
    }
    let is_orderless = |key: &usize| {
        let is_done = states[*key] == Some(RecordState::Completed);
        is_done && !has_order[*key] && is_alive(case, KeyRef::new(*key as u32))
    };
    for key in (0..states.len()).filter(is_orderless) {
        let attempts = case.attempts_with(key);
        // What was answered is for `lost-ack`, and what was refused for `stored-error-policy`.
        if attempts.iter().any(|attempt| attempt.end != End::Unknown) {
            continue;
        }
        // Most have the live order of their purchase, which takes no look at all orders.
        let has_live = |attempt: &Try<'_>| {
            let intent = attempt.asked.intent.map(|intent| case.facts.intents[intent.index()].live.get());
            intent.flatten().is_some()
        };
        if attempts.iter().any(has_live) {
            continue;
        }
        let owners = orders.iter().filter_map(|order| may_be_answer(case, order, &attempts)).max();
        match owners {
            // A purchase that was sent with several keys has one order, and each of them a record.
            Some(Likely::Certain) => continue,
            Some(Likely::Perhaps) => {
                tally.unknown(1, "a key has a completed record, and no order that is known to be what it keeps");
                continue;
            }
            None if stored.is_none() && !mutant!("partial-order/what-is-not-promised-is-not-stored") => {
                tally.unknown(1, "a key has a completed record and no order, and the contract does not say whether it may keep a refusal");
                continue;
            }
            None => tally.checked(1),
        }
        let last = attempts.last().map(|attempt| attempt.event());
        tally.violation(case.audit_time(), || {
            let name = case.tell_key(KeyRef::new(key as u32));
            let why = format!(
                "the record of {name} is completed, and there is no order of it; the contract stores no refusals. A record and its order are written together."
            );
            witness(why).operations(case, last.as_slice())
        });
    }
}

/// How likely an order is what the record of a key keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Likely {
    /// It may be, as far as it is known what was asked for, and for which purchase.
    Perhaps,
    /// It is of the same purchase.
    Certain,
}

/// Whether an order of another key, or of none, may be what requests with a key were answered with.
fn may_be_answer(case: &Case<'_>, order: &AuditOrder, attempts: &[Try<'_>]) -> Option<Likely> {
    let intent = case.facts.orders[order.id.index()].intent.get();
    let likely = |attempt: &Try<'_>| {
        let own = attempt.asked.intent.map(|intent| intent.index());
        let is_foreign = order.tenant.is_some_and(|tenant| tenant != attempt.asked.tenant);
        match intent.zip(own) {
            _ if is_foreign => None,
            Some((a, b)) => (a == b).then_some(Likely::Certain),
            None => case.may_be_asked(order, attempt.asked).then_some(Likely::Perhaps),
        }
    };
    attempts.iter().filter_map(likely).max()
}
