//! Charges that are kept although another one pays for the same.

use std::collections::BTreeSet;

use history::{AuditCharge, AuditOrder, History, OrderRef};
use protocol::ChargeState;

use super::duplicates::{first_told, purchase_key};
use super::ops::{Op, intent_of, live, row, sole};

/// Charges that are kept: captured, or authorised and not voided.
pub(super) fn kept(history: &History) -> Vec<&AuditCharge> {
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
pub(super) fn double_charges(history: &History, ops: &[Op]) -> u64 {
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

pub(super) fn kept_or_not(history: &History) -> impl Iterator<Item = &AuditCharge> {
    let audit = history.audit.as_ref().expect("an audit");
    audit.charges.as_ref().expect("charges").iter()
}

/// Where its intent is not known, a key stands for the purchase: more of its orders of one payload, each created less than the time to live
/// after the one before, are paid for than were answered, and more than one.
pub(super) fn paid_again_for_a_key(history: &History, ops: &[Op]) -> bool {
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
