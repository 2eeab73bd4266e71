//! The captured amount is not what the items of the stored order come to; less what its coupon takes off.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use history::{AuditCharge, AuditOrder};
use protocol::ChargeState;

use crate::case::Case;
use crate::facts::Clause;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let (Some(charges), Some(_)) = (case.charges(), case.orders()) else {
        tally.not_judged("nobody looked at both the orders and the charges");
        return;
    };
    if case.history.contract.prices.is_empty() {
        tally.not_judged("the contract names no prices");
        return;
    }
    let odd = &case.facts.odd.charges;
    let mut checked = (charges.len() - odd.len()) as u64;
    let several = OnceCell::new();
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
        checked += 1;
        let Some(price) = case.facts.price_of(case.history, row) else {
            tally.unknown(1, "nobody says what an order comes to");
            continue;
        };
        let right = match row.coupon {
            None => {
                charge.amount == price
                    || (mutant!("wrong-amount/less-is-fine") && charge.amount < price)
                    || (mutant!("wrong-amount/more-is-fine") && charge.amount > price)
            }
            Some(coupon) => {
                let least = if mutant!("wrong-amount/below-nothing") {
                    i64::MIN
                } else {
                    0
                };
                let off = case.off(coupon).filter(|_| !mutant!("wrong-amount/any-discount"));
                let is_exact =
                    off.is_none_or(|off| charge.amount == price.saturating_sub(off).max(least));
                is_exact
                    && (0..=price).contains(&charge.amount)
                    && !mutant!("wrong-amount/coupons-give-nothing")
                    || mutant!("wrong-amount/coupons-excuse-all")
            }
        };
        if !right {
            tally.violation(case.audit_time(), || {
                let why = format!(
                    "charge {} is {} for {}, whose items come to {}. A purchase costs what its items cost.",
                    case.history.names.charges.text(charge.id.index()),
                    protocol::Money(charge.amount),
                    case.tell_order(row.id.index()),
                    protocol::Money(price),
                );
                witness(why).row(case.tell_charge(charge)).row(case.tell_order_row(row))
            });
        }
    }
    tally.checked(checked);
}

/// The order of the purchase that a charge names, where it names no order: if the purchase has one live order and one captured charge.
/// Of several, nobody can tell which is paid for by which.
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
