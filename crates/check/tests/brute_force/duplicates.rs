//! Duplicate orders, clause by clause: every pair, every group.

use std::collections::BTreeSet;

use history::{AuditOrder, Event, History, IntentRef, Invoke, KeyRef, OrderRef, PayloadRef, What};
use protocol::OrderState;

use super::ops::{Op, intent_of, is_strange, live, made, row, senders};
use crate::random;

pub(super) fn duplicate_by_key(history: &History, ops: &[Op]) -> bool {
    let ttl = history.contract.ttl.unwrap_or(u64::MAX);
    // Where no intents are known, an answer tells of which key an order without one is.
    let is_known = ops.iter().any(|op| op.asked.intent.is_some());
    let key = |order: &AuditOrder| match is_known {
        true => order.key,
        false => purchase_key(history, order),
    };
    let pair = |a: &AuditOrder, b: &AuditOrder| {
        let apart = a.t.expect("a time").abs_diff(b.t.expect("a time"));
        a.id != b.id && key(a).is_some() && key(a) == key(b) && apart < ttl
    };
    live(history).any(|a| live(history).any(|b| pair(a, b)))
}

pub(super) fn duplicate_by_intent(history: &History, ops: &[Op]) -> bool {
    let intent = |order: &AuditOrder| intent_of(ops, order.id, Some(order));
    let pair = |a: &AuditOrder, b: &AuditOrder| {
        a.id != b.id && intent(a).is_some() && intent(a) == intent(b)
    };
    live(history).any(|a| live(history).any(|b| pair(a, b)))
}

/// More live orders of one key, of one payload, or in all, that belong to no certain purchase, than there are purchases that asked for
/// them and have no order. What was not asked for is no purchase's second order.
pub(super) fn duplicate_by_crowd(history: &History, ops: &[Op]) -> bool {
    let intents_known = ops.iter().any(|op| op.asked.intent.is_some());
    let is_sent = |payload| ops.iter().any(|op| op.asked.payload == Some(payload));
    let is_stray = |order: &&AuditOrder| {
        let is_open = match intents_known {
            true => intent_of(ops, order.id, Some(order)).is_none() && !is_strange(ops, order),
            false => order.key.is_none() && first_told(history, order.id).is_none(),
        };
        let asked = order.key.is_some() || order.payload.is_some_and(is_sent);
        is_open && asked
    };
    let strays: Vec<&AuditOrder> = live(history).filter(is_stray).collect();
    let is_over = |strays: usize, asked: &dyn Fn(&Invoke) -> bool| {
        let room = match intents_known {
            true => free_intents(history, ops, asked),
            false => free_keys(history, ops, asked) + free_requests(history, ops, asked),
        };
        ops.iter().any(|op| asked(&op.asked)) && strays > room
    };
    let by_key = (0..random::KEYS).map(KeyRef::new).any(|key| {
        let own = strays.iter().filter(|order| order.key == Some(key));
        is_over(own.count(), &|asked| asked.key == Some(key))
    });
    let by_payload = (0..random::PAYLOADS).map(PayloadRef::new).any(|payload| {
        let own = strays.iter().filter(|order| order.payload == Some(payload));
        is_over(own.count(), &|asked| asked.payload == Some(payload))
    });
    by_key || by_payload || is_over(strays.len(), &|_| true)
}

/// How many intents that asked for something have no live order.
pub(super) fn free_intents(
    history: &History,
    ops: &[Op],
    asked: &dyn Fn(&Invoke) -> bool,
) -> usize {
    let has_order = |intent: &&Option<IntentRef>| {
        live(history).any(|order| intent_of(ops, order.id, Some(order)) == **intent)
    };
    let senders = senders(ops, asked);
    senders.iter().filter(|intent| !has_order(intent)).count()
}

/// Without intents: how many orders more the keys may have that were sent for something. A key makes one in each time to live, and no more
/// than requests were sent.
pub(super) fn free_keys(history: &History, ops: &[Op], asked: &dyn Fn(&Invoke) -> bool) -> usize {
    let sent = ops.iter().filter(|op| asked(&op.asked));
    let keys: BTreeSet<KeyRef> = sent.filter_map(|op| op.asked.key).collect();
    let room = |key: &KeyRef| {
        let own: Vec<&Op> = ops.iter().filter(|op| op.asked.key == Some(*key)).collect();
        let first = own.iter().map(|op| op.invoked).min().expect("it was sent");
        let end = |op: &&Op| match op.end {
            Some(end) if !op.may_have_taken_effect_unseen() => end.t,
            _ => 100,
        };
        let last = own.iter().map(end).max().expect("it was sent");
        let lives = history
            .contract
            .ttl
            .map_or(1, |ttl| (last - first) / ttl + 1);
        let lives = own.len().min(usize::try_from(lives).expect("few"));
        let has = live(history).filter(|order| purchase_key(history, order) == Some(*key));
        lives.saturating_sub(has.count())
    };
    keys.iter().map(room).sum()
}

/// Without intents: how many requests without a key asked for something and were not told of an order that the database holds.
pub(super) fn free_requests(
    history: &History,
    ops: &[Op],
    asked: &dyn Fn(&Invoke) -> bool,
) -> usize {
    let is_told = |op: &Op| {
        let order = op.ok().and_then(|(_, said)| said.order);
        order.is_some_and(|order| live(history).any(|row| row.id == order))
    };
    let own = ops
        .iter()
        .filter(|op| op.asked.key.is_none() && asked(&op.asked));
    own.filter(|op| !is_told(op)).count()
}

/// The request of the first answer that names an order.
pub(super) fn first_told(history: &History, id: OrderRef) -> Option<Invoke> {
    let names = |event: &&Event| matches!(event.what, What::Ok(said) if said.order == Some(id));
    let told = history.events.iter().find(names)?;
    history.events.iter().find_map(|event| match event.what {
        What::Invoke(asked) if event.process == told.process => Some(asked),
        _ => None,
    })
}

/// Without intents: the key whose purchase an order is, by its row, or by the first answer that names it.
pub(super) fn purchase_key(history: &History, order: &AuditOrder) -> Option<KeyRef> {
    order.key.or_else(|| first_told(history, order.id)?.key)
}

pub(super) fn duplicate_by_answers(history: &History, ops: &[Op]) -> bool {
    let ttl = history.contract.ttl.unwrap_or(u64::MAX);
    let gone = |id| row(history, id).is_some_and(|row| row.state == OrderState::Cancelled);
    let pair = |a: &Op, b: &Op| {
        let (Some((_, one)), Some((_, two))) = (a.ok(), b.ok()) else {
            return false;
        };
        let same = a.asked.key.is_some()
            && (a.asked.key, a.asked.payload) == (b.asked.key, b.asked.payload);
        let (Some(x), Some(y), Some(key), Some(payload)) =
            (one.order, two.order, a.asked.key, a.asked.payload)
        else {
            return false;
        };
        if !same || x == y || gone(x) || gone(y) {
            return false;
        }
        let (x, y) = (
            made(history, ops, key, payload, Some(x)),
            made(history, ops, key, payload, Some(y)),
        );
        let most = x.1.saturating_sub(y.0).max(y.1.saturating_sub(x.0));
        most < ttl
    };
    ops.iter().any(|a| ops.iter().any(|b| pair(a, b)))
}
