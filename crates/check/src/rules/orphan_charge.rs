//! A charge captured, not refunded, and its order absent or cancelled at quiescence; before the recovery deadline that is undecided.

use std::collections::BTreeMap;

use history::{AuditCharge, AuditOrder, Capture, OrderRef};
use protocol::ChargeState;

use crate::case::Case;
use crate::facts::{Money, is_live};
use crate::tally::Tally;
use crate::tell::witness;
use crate::verdict::Witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let (Some(charges), Some(orders)) = (case.charges(), case.orders()) else {
        tally.not_judged("the orders and the charges were not both looked at");
        return;
    };
    tally.checked(case.facts.counts.charges_captured);
    let odd = case.facts.odd.charges.iter();
    let captured = odd.map(|row| &charges[*row as usize]).filter(|charge| {
        case.facts.money(charge) == Money::Taken && charge.state == ChargeState::Captured
            || mutant!("orphan-charge/refunded-counts") && charge.state == ChargeState::Refunded
    });
    // A charge that names neither order nor purchase may pay for any order that is not paid for.
    let mut owed = owed(case, orders);
    for charge in captured {
        let is_nameless = charge.order.is_none() && is_without_purchase(case, charge);
        let has_use = owed.is_none_or(|owed| charge.amount <= owed);
        if is_nameless && has_use && !mutant!("orphan-charge/nameless-charges-pay-for-nothing") {
            owed = owed.map(|owed| owed.saturating_sub(charge.amount));
            tally.unknown(1, "a charge names neither an order nor a purchase that is known");
        } else if !is_orphan(case, charge) {
            continue;
        } else if case.facts.run.settled || mutant!("orphan-charge/before-the-deadline-too") {
            tally.violation(charge.t.unwrap_or(case.audit_time()), || tell(case, charge));
        } else {
            tally.unknown(1, "the audit was taken before the recovery deadline");
        }
    }
}

/// What the live orders cost, less what was captured for them; `None` if an order may cost anything.
fn owed(case: &Case<'_>, orders: &[AuditOrder]) -> Option<i64> {
    if case.facts.gaps.nameless_charges.is_empty() && case.facts.gaps.strange_charges.is_empty() {
        return Some(0);
    }
    let mut paid: BTreeMap<OrderRef, i64> = BTreeMap::new();
    for charge in case.charges().unwrap_or_default() {
        if let Some(order) = order_of(case, charge).filter(|_| pays(case, charge)) {
            let sum = paid.entry(order).or_default();
            *sum = sum.saturating_add(charge.amount);
        }
    }
    let mut owed: i64 = 0;
    for order in orders.iter().filter(|order| is_live(order)) {
        if case.is_baseline(order) && mutant!("orphan-charge/old-orders-are-paid-for") {
            continue;
        }
        let paid = paid.get(&order.id).copied();
        match (case.facts.price_less_coupon(case.history, order), paid) {
            (Some(price), paid) => {
                owed = owed.saturating_add(price.saturating_sub(paid.unwrap_or(0)).max(0));
            }
            (None, None) => return None,
            (None, Some(_)) if mutant!("orphan-charge/orders-without-a-price-cost-what-was-paid") => {}
            // What was paid may be a part of what an order costs that does not say its items.
            (None, Some(_)) => return None,
        }
    }
    Some(owed)
}

/// Whether a charge that names no order has no known purchase either: it names none, or one without any request or order.
fn is_without_purchase(case: &Case<'_>, charge: &AuditCharge) -> bool {
    charge.intent.is_none_or(|intent| {
        let facts = &case.facts.intents[intent.index()];
        let is_strange = !facts.sent && facts.live.get().is_none();
        is_strange && !mutant!("orphan-charge/every-purchase-is-known")
    })
}

/// The order that a charge pays for: the one that it names, or the live one of its intent.
fn order_of(case: &Case<'_>, charge: &AuditCharge) -> Option<OrderRef> {
    let by_intent = || {
        let live = case.facts.intents[charge.intent?.index()].live.get()?;
        let is_wanted = !mutant!("orphan-charge/purchases-pay-for-nothing");
        case.orders().filter(|_| is_wanted).map(|orders| orders[live].id)
    };
    charge.order.or_else(by_intent)
}

/// Whether a charge leaves less to be paid: where the contract captures later, an authorisation does too.
fn pays(case: &Case<'_>, charge: &AuditCharge) -> bool {
    match case.facts.money(charge) {
        Money::Taken => true,
        Money::Held => case.history.contract.capture == Capture::Later && !mutant!("orphan-charge/only-captures-pay"),
        Money::Gone => false,
    }
}

/// A charge that names no order pays for the live order of its intent, if there is one.
fn is_orphan(case: &Case<'_>, charge: &AuditCharge) -> bool {
    let order = charge.order.map(|order| case.order(order.index()));
    match (order, charge.intent) {
        (Some(row), _) => row.map_or(!mutant!("orphan-charge/absent-is-fine"), |row| {
            !is_live(row) && !mutant!("orphan-charge/cancelled-is-fine")
        }),
        (None, Some(_)) if mutant!("orphan-charge/any-intent-will-do") => false,
        (None, Some(intent)) => case.facts.intents[intent.index()].live.get().is_none(),
        (None, None) => !mutant!("orphan-charge/nameless-is-fine"),
    }
}

fn tell(case: &Case<'_>, charge: &AuditCharge) -> Witness {
    let order = charge.order.map(|order| order.index());
    let row = order.and_then(|order| case.order(order));
    let id = case.history.names.charges.text(charge.id.index());
    let what = match (order, row) {
        (Some(order), Some(_)) => format!("{} is cancelled", case.tell_order(order)),
        (Some(order), None) => format!("the database holds no {}", case.tell_order(order)),
        (None, _) => "it belongs to no live order".to_owned(),
    };
    let why = format!(
        "charge {id} is captured and not refunded; {what}. A customer pays only for what is delivered."
    );
    let intent = charge.intent.map(|intent| intent.index());
    let intent = intent.or_else(|| order.and_then(|order| case.facts.orders[order].intent.get()));
    let mut told = witness(why).charge_row(case, charge);
    if let Some(row) = row {
        told = told.order_row(case, row);
    }
    told.intent(case, intent)
}
