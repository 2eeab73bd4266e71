//! The captured amount is not what the items of the stored order come to; less what its coupon takes off. What several tenders paid is added up.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use history::{AuditCharge, AuditOrder, OrderRef};
use protocol::ChargeState;

use crate::case::Case;
use crate::facts::Clause;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let (Some(charges), Some(_)) = (case.charges(), case.orders()) else {
        tally.not_judged("the orders and the charges were not both looked at");
        return;
    };
    if case.history.contract.prices.is_empty() {
        tally.not_judged("the contract names no prices");
        return;
    }
    let odd = &case.facts.odd.charges;
    let mut checked = (charges.len() - odd.len()) as u64;
    let several = OnceCell::new();
    let mut payments: BTreeMap<OrderRef, Payment<'_>> = BTreeMap::new();
    for charge in odd.iter().map(|row| &charges[*row as usize]) {
        let counts =
            charge.state == ChargeState::Captured || mutant!("wrong-amount/refunded-counts");
        let row = match charge.order {
            Some(order) => case.order(order.index()),
            None => by_intent(case, charge, &several),
        };
        let Some(row) = row.filter(|_| counts) else {
            continue;
        };
        if charge.tender.is_some() && !mutant!("wrong-amount/each-tender-pays-for-all") {
            payments.entry(row.id).or_insert(Payment { row, charges: Vec::new() }).charges.push(charge);
            continue;
        }
        checked += 1;
        judge(case, tally, &Payment { row, charges: vec![charge] });
    }
    for payment in payments.values() {
        checked += 1;
        judge(case, tally, payment);
    }
    tally.checked(checked);
}

/// What was captured for an order: one charge, or the charges of several tenders.
struct Payment<'a> {
    row: &'a AuditOrder,
    charges: Vec<&'a AuditCharge>,
}

fn judge(case: &Case<'_>, tally: &mut Tally, payment: &Payment<'_>) {
    let row = payment.row;
    let Some(price) = case.facts.price_of(case.history, row) else {
        tally.unknown(1, "it is not known what an order comes to");
        return;
    };
    let amounts = payment.charges.iter().map(|charge| charge.amount);
    let amount = amounts.fold(0, i64::saturating_add);
    let has_nameless = !case.facts.gaps.nameless_charges.is_empty();
    let has_tenders = payment.charges.iter().any(|charge| charge.tender.is_some());
    if is_right(case, row, price, amount) {
        let why = "a charge that names neither an order nor a purchase may be one more tender of what an order costs";
        tally.unknown(u64::from(has_tenders && has_nameless), why);
        return;
    }
    if amount < price && has_nameless {
        tally.unknown(1, "a charge that names neither an order nor a purchase may be a part of what an order costs");
        return;
    }
    let at = payment.charges.iter().filter_map(|charge| charge.t).max();
    tally.violation(at.unwrap_or(case.audit_time()), || {
        let name = |charge: &&AuditCharge| case.history.names.charges.text(charge.id.index()).into_owned();
        let names: Vec<String> = payment.charges.iter().map(name).collect();
        let (noun, verb) = if names.len() == 1 { ("charge", "is") } else { ("charges", "are") };
        let why = format!(
            "{noun} {} {verb} {} for {}, whose items come to {}. A purchase costs what its items cost.",
            names.join(" and "),
            case.tell_amount(amount),
            case.tell_order(row.id.index()),
            case.tell_amount(price),
        );
        let charges = payment.charges.iter();
        charges.fold(witness(why), |told, charge| told.charge_row(case, charge)).order_row(case, row)
    });
}

/// Whether an amount is what an order comes to, less what its coupon takes off.
fn is_right(case: &Case<'_>, row: &AuditOrder, price: i64, amount: i64) -> bool {
    match row.coupon {
        None => {
            amount == price
                || (mutant!("wrong-amount/less-is-fine") && amount < price)
                || (mutant!("wrong-amount/more-is-fine") && amount > price)
        }
        Some(coupon) => {
            let least = if mutant!("wrong-amount/below-nothing") {
                i64::MIN
            } else {
                0
            };
            let off = case.off(coupon).filter(|_| !mutant!("wrong-amount/any-discount"));
            let is_exact = off.is_none_or(|off| amount == price.saturating_sub(off).max(least));
            is_exact
                && (0..=price).contains(&amount)
                && !mutant!("wrong-amount/coupons-give-nothing")
                || mutant!("wrong-amount/coupons-excuse-all")
        }
    }
}

/// The order of the purchase that a charge names, where it names no order: if the purchase has one live order and one captured charge.
/// Of several, it cannot be told which is paid for by which.
fn by_intent<'a>(
    case: &Case<'a>,
    charge: &AuditCharge,
    several: &OnceCell<BTreeSet<usize>>,
) -> Option<&'a AuditOrder> {
    let intent = charge.intent?.index();
    let live = case.facts.intents[intent].live.get()?;
    let is_one = !several
        .get_or_init(|| with_several(case))
        .contains(&intent)
        || mutant!("wrong-amount/any-order-of-the-purchase");
    let row = case.orders().map(|orders| &orders[live]);
    row.filter(|_| is_one && !mutant!("wrong-amount/charges-name-their-order"))
}

/// The intents with more than one live order or captured charge.
fn with_several(case: &Case<'_>) -> BTreeSet<usize> {
    let facts = case.facts;
    let orders = facts.extra_orders.iter();
    let orders = orders.filter(|extra| extra.clause == Clause::Intent);
    let charges = facts.extra_charges.iter().filter_map(|extra| {
        let charge = case.charge(extra.row);
        let order = charge.order.map(|order| &facts.orders[order.index()]);
        let intent = charge.intent.map(|intent| intent.index());
        intent.or_else(|| order?.intent.get())
    });
    let orders = orders.map(|extra| extra.group as usize);
    orders.chain(charges).collect()
}
