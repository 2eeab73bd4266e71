//! Closed forms against the table, read literally: every pair of everything, on random small histories.

use std::collections::BTreeSet;

use check::{Rule, judge};
use history::{
    AuditCharge, AuditOrder, Completion, Event, History, IntentRef, Invoke, KeyRef, OrderRef,
    PayloadRef, What,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use protocol::{ChargeState, OrderState};

use crate::random;

/// An attempt with its end, found by searching.
struct Op {
    asked: Invoke,
    invoked: u64,
    end: Option<Event>,
}

impl Op {
    fn ok(&self) -> Option<(u64, Completion)> {
        match self.end?.what {
            What::Ok(said) => Some((self.end?.t, said)),
            _ => None,
        }
    }

    fn may_have_taken_effect_unseen(&self) -> bool {
        self.end.is_none_or(|end| matches!(end.what, What::Info(_)))
    }
}

fn ops(history: &History) -> Vec<Op> {
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

fn orders(history: &History) -> &[AuditOrder] {
    let audit = history.audit.as_ref().expect("an audit");
    audit.orders.as_deref().expect("orders")
}

fn live(history: &History) -> impl Iterator<Item = &AuditOrder> {
    let rows = orders(history).iter();
    rows.filter(|order| order.state != OrderState::Cancelled)
}

fn row(history: &History, order: OrderRef) -> Option<&AuditOrder> {
    orders(history).iter().find(|row| row.id == order)
}

/// The one element of a set of intents, if all are known.
fn sole(intents: &BTreeSet<Option<IntentRef>>) -> Option<IntentRef> {
    let mut intents = intents.iter();
    match (intents.next(), intents.next()) {
        (Some(Some(intent)), None) => Some(*intent),
        _ => None,
    }
}

fn senders(ops: &[Op], sent: impl Fn(&Invoke) -> bool) -> BTreeSet<Option<IntentRef>> {
    let ops = ops.iter().filter(|op| sent(&op.asked));
    ops.map(|op| op.asked.intent).collect()
}

fn of_key(ops: &[Op], key: KeyRef) -> BTreeSet<Option<IntentRef>> {
    senders(ops, |asked| asked.key == Some(key))
}

fn of_payload(ops: &[Op], payload: PayloadRef) -> BTreeSet<Option<IntentRef>> {
    senders(ops, |asked| asked.payload == Some(payload))
}

fn is_strange(ops: &[Op], order: &AuditOrder) -> bool {
    order.key.is_some_and(|key| of_key(ops, key).is_empty())
}

fn intent_of(ops: &[Op], id: OrderRef, row: Option<&AuditOrder>) -> Option<IntentRef> {
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
            sole(&of_payload(ops, payload))
        })
}

/// When an order was created, by its row, or between the first request that may have created it and the first answer with it.
fn made(
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

fn duplicate_by_key(history: &History) -> bool {
    let ttl = history.contract.ttl.unwrap_or(u64::MAX);
    let pair = |a: &AuditOrder, b: &AuditOrder| {
        let apart = a.t.expect("a time").abs_diff(b.t.expect("a time"));
        a.id != b.id && a.key.is_some() && a.key == b.key && apart < ttl
    };
    live(history).any(|a| live(history).any(|b| pair(a, b)))
}

fn duplicate_by_intent(history: &History, ops: &[Op]) -> bool {
    let intent = |order: &AuditOrder| intent_of(ops, order.id, Some(order));
    let pair = |a: &AuditOrder, b: &AuditOrder| {
        a.id != b.id && intent(a).is_some() && intent(a) == intent(b)
    };
    live(history).any(|a| live(history).any(|b| pair(a, b)))
}

/// More live orders that nobody can attribute than there are intents that sent their key, or payload, and have no order. What nobody
/// sent is of no purchase.
fn duplicate_by_crowd(history: &History, ops: &[Op]) -> bool {
    let strays: Vec<&AuditOrder> = live(history)
        .filter(|order| intent_of(ops, order.id, Some(order)).is_none() && !is_strange(ops, order))
        .collect();
    let has_order = |intent: &&Option<IntentRef>| {
        live(history).any(|order| intent_of(ops, order.id, Some(order)) == **intent)
    };
    let is_over = |strays: usize, senders: BTreeSet<Option<IntentRef>>| {
        let known = !senders.is_empty() && senders.iter().all(|intent| intent.is_some());
        let free = senders.iter().filter(|intent| !has_order(intent)).count();
        known && strays > free
    };
    let intents_known = ops.iter().any(|op| op.asked.intent.is_some());
    let by_key = |order: &&AuditOrder| {
        order.key.is_some_and(|key| {
            let strays = strays.iter().filter(|s| s.key == Some(key)).count();
            is_over(strays, of_key(ops, key))
        })
    };
    let by_payload = |order: &&AuditOrder| {
        order.payload.is_some_and(|payload| {
            let same = strays.iter().filter(|s| s.payload == Some(payload));
            is_over(same.count(), of_payload(ops, payload))
        })
    };
    intents_known
        && strays
            .iter()
            .any(|order| by_key(order) || by_payload(order))
}

fn duplicate_by_answers(history: &History, ops: &[Op]) -> bool {
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

/// Requests that were answered otherwise than one before them.
fn mismatches(history: &History, ops: &[Op]) -> u64 {
    let ttl = history.contract.ttl;
    let pair = |a: &Op, b: &Op| {
        let (Some((returned, one)), Some((until, two))) = (a.ok(), b.ok()) else {
            return false;
        };
        let (Some(key), Some(payload)) = (a.asked.key, a.asked.payload) else {
            return false;
        };
        let same = (a.asked.key, a.asked.payload) == (b.asked.key, b.asked.payload);
        let order = one.order.is_some() && two.order.is_some() && one.order != two.order;
        let body = one.response != two.response;
        let first = one.order.and_then(|order| row(history, order));
        if one.order != two.order && first.is_some_and(|row| row.state == OrderState::Cancelled) {
            return false;
        }
        if !same || returned >= b.invoked || !(order || body || one.status != two.status) {
            return false;
        }
        let (earliest, _) = made(history, ops, key, payload, one.order);
        let created = two.order.and_then(|order| row(history, order)?.t);
        let handled = created.filter(|t| (b.invoked..=until).contains(t));
        ttl.is_none_or(|ttl| handled.unwrap_or(until) < earliest + ttl)
    };
    let is_mismatch = |b: &&Op| ops.iter().any(|a| pair(a, b));
    ops.iter().filter(is_mismatch).count() as u64
}

/// SKUs of which more is sold than there was.
fn oversold(history: &History) -> u64 {
    let audit = history.audit.as_ref().expect("an audit");
    let stock = audit.stock.as_ref().expect("stock");
    let sold = |sku| -> i64 {
        let units = live(history).filter_map(|order| {
            let basket = history.names.payload_items(order.payload?)?;
            let items = history.names.items(basket).iter();
            let of_sku = items.filter(|item| item.sku == sku);
            Some(of_sku.map(|item| i64::from(item.quantity)).sum::<i64>())
        });
        units.sum()
    };
    let over = |row: &&history::AuditStock| sold(row.sku) > row.initial + row.restocked;
    stock.iter().filter(over).count() as u64
}

/// Captured charges that come after another of their intent (their order, where no intent is known) or of their provider key.
fn double_charges(history: &History, ops: &[Op]) -> u64 {
    let audit = history.audit.as_ref().expect("an audit");
    let charges = audit.charges.as_ref().expect("charges");
    let captured: Vec<&AuditCharge> = charges
        .iter()
        .filter(|charge| charge.state == ChargeState::Captured)
        .collect();
    let intent = |charge: &AuditCharge| {
        charge.intent.or_else(|| {
            let order = charge.order?;
            intent_of(ops, order, row(history, order))
        })
    };
    let same = |a: &AuditCharge, b: &AuditCharge| {
        let by_provider = a.provider_key.is_some() && a.provider_key == b.provider_key;
        let by_group = match (intent(a), intent(b)) {
            (Some(a), Some(b)) => a == b,
            (None, None) => a.order.is_some() && a.order == b.order,
            // A charge without an intent of its own, for an order that another charge's intent has.
            (Some(_), None) => a.order.is_some() && a.order == b.order,
            (None, Some(_)) => false,
        };
        by_provider || by_group
    };
    let extra = |i: &usize| (0..*i).any(|j| same(captured[j], captured[*i]));
    (0..captured.len()).filter(extra).count() as u64
}

#[test]
fn the_random_histories_meet_every_clause_alone_and_none() {
    let mut runner = TestRunner::deterministic();
    let mut met = [0_u32; 8];
    for _ in 0..4000 {
        let tree = random::history().new_tree(&mut runner);
        let history = tree.expect("no filter").current();
        let ops = ops(&history);
        let clauses = [
            duplicate_by_key(&history),
            duplicate_by_intent(&history, &ops),
            duplicate_by_crowd(&history, &ops),
            duplicate_by_answers(&history, &ops),
        ];
        let count = clauses.iter().filter(|clause| **clause).count();
        for (place, clause) in clauses.iter().enumerate() {
            met[place] += u32::from(*clause && count == 1);
        }
        met[4] += u32::from(count == 0);
        met[5] += u32::from(mismatches(&history, &ops) > 0);
        met[6] += u32::from(oversold(&history) > 0);
        met[7] += u32::from(double_charges(&history, &ops) > 0);
    }
    assert!(met.iter().all(|count| *count >= 20), "{met:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn duplicate_order_is_what_the_table_says(history in random::history()) {
        let ops = ops(&history);
        let all_audited = ops.iter().filter_map(|op| op.ok()?.1.order).all(|o| row(&history, o).is_some());
        let by_row = duplicate_by_key(&history)
            || duplicate_by_intent(&history, &ops)
            || duplicate_by_crowd(&history, &ops);
        let expected = by_row || duplicate_by_answers(&history, &ops);
        let found = judge(&history).rule(Rule::DuplicateOrder).violations > 0;
        // Orders that are not in the audit have no exact time: then the judge may say less, but never more.
        if all_audited || by_row {
            prop_assert_eq!(found, expected);
        } else {
            prop_assert!(!found || expected);
        }
    }

    #[test]
    fn replay_mismatch_is_what_the_table_says(history in random::history()) {
        let verdict = judge(&history);
        let found = verdict.rule(Rule::ReplayMismatch).violations;
        prop_assert_eq!(found, mismatches(&history, &ops(&history)));
    }

    #[test]
    fn oversell_is_what_the_table_says(history in random::history()) {
        let verdict = judge(&history);
        prop_assert_eq!(verdict.rule(Rule::Oversell).violations, oversold(&history));
    }

    #[test]
    fn double_charge_is_what_the_table_says(history in random::history()) {
        let verdict = judge(&history);
        let found = verdict.rule(Rule::DoubleCharge).violations;
        prop_assert_eq!(found, double_charges(&history, &ops(&history)));
    }
}
