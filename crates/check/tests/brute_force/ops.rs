//! The history read literally: each attempt with its end, each order with its purchase and the time at which it was created.

use std::collections::BTreeSet;

use history::{
    AuditOrder, Completion, Event, History, IntentRef, Invoke, KeyRef, OrderRef, PayloadRef, What,
};
use protocol::OrderState;

/// An attempt with its end, found by searching.
#[derive(Clone)]
pub(super) struct Op {
    pub(super) asked: Invoke,
    pub(super) invoked: u64,
    pub(super) end: Option<Event>,
}

impl Op {
    pub(super) fn ok(&self) -> Option<(u64, Completion)> {
        match self.end?.what {
            What::Ok(said) => Some((self.end?.t, said)),
            _ => None,
        }
    }

    pub(super) fn may_have_taken_effect_unseen(&self) -> bool {
        self.end.is_none_or(|end| matches!(end.what, What::Info(_)))
    }
}

pub(super) fn ops(history: &History) -> Vec<Op> {
    let events = &history.events;
    let op = |event: &Event| {
        let What::Invoke(asked) = event.what else {
            return None;
        };
        let is_end = |e: &&Event| {
            e.process == event.process
                && matches!(e.what, What::Ok(_) | What::Fail(_) | What::Info(_))
        };
        Some(Op {
            asked,
            invoked: event.t,
            end: events.iter().find(is_end).copied(),
        })
    };
    events.iter().filter_map(op).collect()
}

pub(super) fn orders(history: &History) -> &[AuditOrder] {
    let audit = history.audit.as_ref().expect("an audit");
    audit.orders.as_deref().expect("orders")
}

pub(super) fn live(history: &History) -> impl Iterator<Item = &AuditOrder> {
    let rows = orders(history).iter();
    rows.filter(|order| order.state != OrderState::Cancelled)
}

pub(super) fn row(history: &History, order: OrderRef) -> Option<&AuditOrder> {
    orders(history).iter().find(|row| row.id == order)
}

/// The one element of a set of intents, if all are known.
pub(super) fn sole(intents: &BTreeSet<Option<IntentRef>>) -> Option<IntentRef> {
    let mut intents = intents.iter();
    match (intents.next(), intents.next()) {
        (Some(Some(intent)), None) => Some(*intent),
        _ => None,
    }
}

pub(super) fn senders(ops: &[Op], sent: impl Fn(&Invoke) -> bool) -> BTreeSet<Option<IntentRef>> {
    let ops = ops.iter().filter(|op| sent(&op.asked));
    ops.map(|op| op.asked.intent).collect()
}

pub(super) fn of_key(ops: &[Op], key: KeyRef) -> BTreeSet<Option<IntentRef>> {
    senders(ops, |asked| asked.key == Some(key))
}

pub(super) fn of_payload(ops: &[Op], payload: PayloadRef) -> BTreeSet<Option<IntentRef>> {
    senders(ops, |asked| asked.payload == Some(payload))
}

pub(super) fn is_strange(ops: &[Op], order: &AuditOrder) -> bool {
    order.key.is_some_and(|key| of_key(ops, key).is_empty())
}

pub(super) fn intent_of(ops: &[Op], id: OrderRef, row: Option<&AuditOrder>) -> Option<IntentRef> {
    let row = row?;
    let named = ops.iter().filter(|op| {
        let said = op.ok();
        said.is_some_and(|(_, said)| said.order == Some(id))
    });
    let named = named.map(|op| op.asked.intent).collect();
    row.key
        .and_then(|key| sole(&of_key(ops, key)))
        .or_else(|| sole(&named))
        .or_else(|| {
            let payload = row.payload.filter(|_| !is_strange(ops, row))?;
            let with_key = |asked: &Invoke| asked.key == row.key && asked.payload == Some(payload);
            let by_both = || sole(&senders(ops, with_key)).filter(|_| row.key.is_some());
            sole(&of_payload(ops, payload)).or_else(by_both)
        })
}

/// When an order was created, by its row, or between the first request that may have created it and the first answer with it.
pub(super) fn made(
    history: &History,
    ops: &[Op],
    key: KeyRef,
    payload: PayloadRef,
    id: Option<OrderRef>,
) -> (u64, u64) {
    if let Some(t) = id.and_then(|id| row(history, id)?.t) {
        return (t, t);
    }
    let of_key = || ops.iter().filter(|op| op.asked.key == Some(key));
    let named = || {
        of_key().filter(|op| {
            let same = op.ok().is_some_and(|(_, said)| said.order == id);
            same && op.asked.payload == Some(payload)
        })
    };
    let unseen = of_key().filter(|op| op.may_have_taken_effect_unseen());
    let earliest = named().chain(unseen).map(|op| op.invoked).min();
    let latest = named().filter_map(|op| Some(op.ok()?.0)).min();
    (
        earliest.expect("it was named"),
        latest.expect("it was named"),
    )
}
