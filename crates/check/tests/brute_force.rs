//! Closed forms against the table, read literally: every pair of everything, on random small histories.

use std::collections::BTreeSet;

use check::{Rule, judge};
use history::{
    AuditCharge, AuditOrder, Completion, Event, History, IntentRef, Invoke, KeyRef, OrderRef,
    PayloadRef, What,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::RngSeed;
use proptest::test_runner::TestRunner;
use protocol::{ChargeState, OrderState};

use crate::random;

/// An attempt with its end, found by searching.
#[derive(Clone)]
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
            let with_key = |asked: &Invoke| asked.key == row.key && asked.payload == Some(payload);
            let by_both = || sole(&senders(ops, with_key)).filter(|_| row.key.is_some());
            sole(&of_payload(ops, payload)).or_else(by_both)
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

fn duplicate_by_key(history: &History, ops: &[Op]) -> bool {
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

fn duplicate_by_intent(history: &History, ops: &[Op]) -> bool {
    let intent = |order: &AuditOrder| intent_of(ops, order.id, Some(order));
    let pair = |a: &AuditOrder, b: &AuditOrder| {
        a.id != b.id && intent(a).is_some() && intent(a) == intent(b)
    };
    live(history).any(|a| live(history).any(|b| pair(a, b)))
}

/// More live orders of one key, of one payload, or in all, that belong to no certain purchase, than there are purchases that asked for
/// them and have no order. What was not asked for is no purchase's second order.
fn duplicate_by_crowd(history: &History, ops: &[Op]) -> bool {
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
fn free_intents(history: &History, ops: &[Op], asked: &dyn Fn(&Invoke) -> bool) -> usize {
    let has_order = |intent: &&Option<IntentRef>| {
        live(history).any(|order| intent_of(ops, order.id, Some(order)) == **intent)
    };
    let senders = senders(ops, asked);
    senders.iter().filter(|intent| !has_order(intent)).count()
}

/// Without intents: how many orders more the keys may have that were sent for something. A key makes one in each time to live, and no more
/// than requests were sent.
fn free_keys(history: &History, ops: &[Op], asked: &dyn Fn(&Invoke) -> bool) -> usize {
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
fn free_requests(history: &History, ops: &[Op], asked: &dyn Fn(&Invoke) -> bool) -> usize {
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
fn first_told(history: &History, id: OrderRef) -> Option<Invoke> {
    let names = |event: &&Event| matches!(event.what, What::Ok(said) if said.order == Some(id));
    let told = history.events.iter().find(names)?;
    history.events.iter().find_map(|event| match event.what {
        What::Invoke(asked) if event.process == told.process => Some(asked),
        _ => None,
    })
}

/// Without intents: the key whose purchase an order is, by its row, or by the first answer that names it.
fn purchase_key(history: &History, order: &AuditOrder) -> Option<KeyRef> {
    order.key.or_else(|| first_told(history, order.id)?.key)
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
        // Answers that name no order are of one life of the key if their bodies are the same.
        let is_of_its_life = |op: &Op| {
            one.order.is_some()
                || op
                    .ok()
                    .is_none_or(|(_, said)| said.response == one.response)
        };
        let of_its_life: Vec<Op> = ops
            .iter()
            .filter(|op| is_of_its_life(op))
            .cloned()
            .collect();
        let (earliest, _) = made(history, &of_its_life, key, payload, one.order);
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

/// Charges that are kept: captured, or authorised and not voided.
fn kept(history: &History) -> Vec<&AuditCharge> {
    let audit = history.audit.as_ref().expect("an audit");
    let charges = audit.charges.as_ref().expect("charges").iter();
    let is_kept = |charge: &&AuditCharge| {
        matches!(
            charge.state,
            ChargeState::Captured | ChargeState::Authorized
        )
    };
    charges.filter(is_kept).collect()
}

/// Charges that are kept beyond the first of their intent (their order, where no intent is known) or of their provider key.
fn double_charges(history: &History, ops: &[Op]) -> u64 {
    let kept = kept(history);
    let named_for = |order: OrderRef| {
        let own = kept_or_not(history).filter(|charge| charge.order == Some(order));
        sole(
            &own.map(|charge| charge.intent)
                .filter(Option::is_some)
                .collect(),
        )
    };
    let intent = |charge: &AuditCharge| {
        charge.intent.or_else(|| {
            let order = charge.order?;
            intent_of(ops, order, row(history, order)).or_else(|| named_for(order))
        })
    };
    let same = |a: &AuditCharge, b: &AuditCharge| {
        let are_captured = [a, b]
            .iter()
            .all(|charge| charge.state == ChargeState::Captured);
        let by_provider =
            are_captured && a.provider_key.is_some() && a.provider_key == b.provider_key;
        let by_group = match (intent(a), intent(b)) {
            (None, None) => a.order.is_some() && a.order == b.order,
            (a, b) => a == b,
        };
        by_provider || by_group
    };
    // What hangs together, directly or by others, is one payment.
    let mut payment: Vec<usize> = (0..kept.len()).collect();
    for i in 0..kept.len() {
        for j in 0..i {
            if same(kept[i], kept[j]) {
                let (from, to) = (payment[i], payment[j]);
                payment
                    .iter_mut()
                    .filter(|p| **p == from)
                    .for_each(|p| *p = to);
            }
        }
    }
    let payments: BTreeSet<usize> = payment.into_iter().collect();
    (kept.len() - payments.len()) as u64
}

fn kept_or_not(history: &History) -> impl Iterator<Item = &AuditCharge> {
    let audit = history.audit.as_ref().expect("an audit");
    audit.charges.as_ref().expect("charges").iter()
}

/// Where its intent is not known, a key stands for the purchase: more of its orders of one payload, each created less than the time to live after the one
/// before, are paid for than were answered, and more than one.
fn paid_again_for_a_key(history: &History, ops: &[Op]) -> bool {
    let intents_known = ops.iter().any(|op| op.asked.intent.is_some());
    let key_of = |order: &AuditOrder| match intents_known {
        true => order
            .key
            .filter(|_| intent_of(ops, order.id, Some(order)).is_none()),
        false => purchase_key(history, order),
    };
    let ttl = history.contract.ttl.unwrap_or(u64::MAX);
    let is_paid = |order: &AuditOrder| {
        kept(history)
            .iter()
            .any(|charge| charge.order == Some(order.id))
    };
    let is_told = |order: &AuditOrder| first_told(history, order.id).is_some();
    let is_over = |first: &AuditOrder| {
        let key = key_of(first);
        let same = |o: &&AuditOrder| key_of(o) == key && o.payload == first.payload;
        let mut own: Vec<&AuditOrder> = live(history).filter(same).collect();
        own.sort_by_key(|order| order.t);
        let mut lives = own.chunk_by(|a, b| b.t.expect("a time") - a.t.expect("a time") < ttl);
        let count = |life: &[&AuditOrder], is: &dyn Fn(&AuditOrder) -> bool| {
            life.iter().filter(|o| is(o)).count()
        };
        key.is_some() && lives.any(|life| count(life, &is_paid) > count(life, &is_told).max(1))
    };
    live(history).any(is_over)
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
            duplicate_by_key(&history, &ops),
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
    #![proptest_config(ProptestConfig { cases: 4096, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn duplicate_order_is_what_the_table_says(history in random::history()) {
        let ops = ops(&history);
        let all_audited = ops.iter().filter_map(|op| op.ok()?.1.order).all(|o| row(&history, o).is_some());
        let by_row = duplicate_by_key(&history, &ops)
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
        let ops = ops(&history);
        let expected = double_charges(&history, &ops);
        let last = history.events.last().map_or(0, |event| event.t);
        let is_settled = history.contract.recovery_deadline.is_none_or(|deadline| last + deadline <= 100);
        let is_decided = is_settled || kept(&history).iter().all(|charge| charge.state == ChargeState::Captured);
        let by_key = paid_again_for_a_key(&history, &ops);
        // Charges of orders that are one too many are too, and then the judge may count more than are too many by themselves.
        let by_orders = by_key || duplicate_by_crowd(&history, &ops);
        prop_assert!(found <= expected || by_orders, "{} of {}", found, expected);
        prop_assert!(found >= expected || !is_decided, "{} of {}", found, expected);
        prop_assert!(found > 0 || !by_key || !is_decided);
    }
}
