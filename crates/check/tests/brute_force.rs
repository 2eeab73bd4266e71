//! Closed forms against the table, read literally: every pair of everything, on random small histories.

mod charges;
mod duplicates;
mod ops;

use check::{Rule, judge};
use history::History;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::RngSeed;
use proptest::test_runner::TestRunner;
use protocol::{ChargeState, OrderState};

use crate::random;
use charges::{double_charges, kept, paid_again_for_a_key};
use duplicates::{duplicate_by_answers, duplicate_by_crowd, duplicate_by_intent, duplicate_by_key};
use ops::{Op, live, made, ops, row};

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
