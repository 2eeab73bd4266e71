//! A confirmed order without a captured charge at quiescence; where the contract captures later, without an authorisation. An order that
//! costs nothing needs none, and one with a coupon of unknown worth may need none.

use std::collections::BTreeSet;

use history::{AuditOrder, OrderRef};
use protocol::{ChargeState, OrderState};

use crate::case::Case;
use crate::facts::Money;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let (Some(orders), Some(_)) = (case.orders(), case.charges()) else {
        tally.not_judged("the orders and the charges were not both looked at");
        return;
    };
    let unfinished = &case.facts.odd.unfinished;
    let refunds = Refunds::of(case);
    let mut checked = (orders.len() - unfinished.len()) as u64;
    let nameless = case.facts.gaps.nameless_charges.len();
    let strange = case.facts.gaps.strange_charges.len();
    for order in unfinished.iter().map(|row| &orders[*row as usize]) {
        let counts = order.state == OrderState::Confirmed
            || mutant!("uncharged-order/open-orders-too") && order.state == OrderState::Pending;
        if !counts || case.is_baseline(order) && !mutant!("uncharged-order/baseline-too") {
            continue;
        }
        if may_be_free(case, order) && !is_charged(case, order) {
            // No charge may be right, and so proves nothing.
            continue;
        }
        checked += 1;
        let is_excused = is_free(case, order) || refunds.were_given(order);
        if is_charged(case, order) || is_excused || mutant!("uncharged-order/never") {
            continue;
        }
        if may_cost_nothing(case, order) {
            tally.unknown(1, "an order does not say what is in it, and may cost nothing");
            continue;
        }
        if refunds.may_be_given(order) {
            tally.unknown(1, "a charge that was given back does not say for which order it was");
            continue;
        }
        if nameless > 0 && !mutant!("uncharged-order/nameless-charges-pay-for-nothing") {
            tally.unknown(1, "a charge that names neither an order nor a purchase may pay for it");
            continue;
        }
        let has_no_purchase = case.facts.orders[order.id.index()].intent.get().is_none();
        if has_no_purchase && strange > 0 && !mutant!("uncharged-order/every-purchase-is-known") {
            tally.unknown(1, "a charge names a purchase that no request is known to be for, and may pay for it");
            continue;
        }
        if !case.facts.run.settled && !mutant!("uncharged-order/before-the-deadline-too") {
            tally.unknown(1, "the audit was taken before the recovery deadline");
            continue;
        }
        tally.violation(case.audit_time(), || {
            let why = format!(
                "{} is confirmed; the gateway holds no charge for it. A confirmed order is paid for.",
                case.tell_order(order.id.index()),
            );
            let intent = case.facts.orders[order.id.index()].intent.get();
            witness(why).order_row(case, order).intent(case, intent)
        });
    }
    tally.checked(checked);
}

/// A charge that names no order pays for the order of its intent.
#[inline]
fn is_charged(case: &Case<'_>, order: &AuditOrder) -> bool {
    let facts = &case.facts.orders[order.id.index()];
    if facts.captured.get().is_some() {
        return true;
    }
    let by_intent = facts
        .intent
        .get()
        .is_some_and(|intent| case.facts.intents[intent].captured_without_order);
    by_intent && !mutant!("uncharged-order/charges-name-their-order")
}

/// The refunds that clients asked for.
#[derive(Default)]
struct Refunds {
    /// The orders that they are of.
    asked: BTreeSet<OrderRef>,
    /// Those among them that were paid for, whether the money is still there or not.
    paid: BTreeSet<OrderRef>,
    /// Whether a charge that names neither an order nor a purchase was given back.
    is_nameless: bool,
}

impl Refunds {
    /// One pass over the charges, where a refund was asked for.
    fn of(case: &Case<'_>) -> Refunds {
        let asked: BTreeSet<OrderRef> = case.history.refund_requests.iter().map(|request| request.order).collect();
        let mut refunds = Refunds { asked, ..Refunds::default() };
        if refunds.asked.is_empty() {
            return refunds;
        }
        for charge in case.charges().unwrap_or_default() {
            if !matches!(charge.state, ChargeState::Captured | ChargeState::Refunded) {
                continue;
            }
            match (charge.order, charge.intent) {
                (Some(order), _) => refunds.paid.extend(refunds.asked.get(&order)),
                (None, Some(intent)) => {
                    let live = case.facts.intents[intent.index()].live.get();
                    let orders = case.orders().unwrap_or_default();
                    refunds.paid.extend(live.map(|live| orders[live].id));
                }
                (None, None) => refunds.is_nameless |= case.facts.money(charge) == Money::Gone,
            }
        }
        refunds
    }

    /// Whether an order was paid for, and its money given back because a client asked for that: the order may stand all the same.
    fn were_given(&self, order: &AuditOrder) -> bool {
        let is_given = self.asked.contains(&order.id) && self.paid.contains(&order.id);
        is_given && !mutant!("uncharged-order/refunds-on-request-are-no-payments")
    }

    /// Whether a charge that was given back does not say for which order it was, and may be this one's.
    fn may_be_given(&self, order: &AuditOrder) -> bool {
        let may_be = self.asked.contains(&order.id) && self.is_nameless;
        may_be && !mutant!("uncharged-order/nameless-refunds-are-of-nothing")
    }
}

/// Whether an order comes to nothing, by itself or less what its coupon takes off.
pub(super) fn is_free(case: &Case<'_>, order: &AuditOrder) -> bool {
    let off = order.coupon.and_then(|coupon| case.off(coupon)).unwrap_or(0);
    let off = if mutant!("uncharged-order/coupons-take-nothing") { 0 } else { off };
    let price = case.facts.price_of(case.history, order);
    price.is_some_and(|price| price <= off) && !mutant!("uncharged-order/nothing-is-free")
}

/// Whether it is not known what an order comes to, and it may be nothing: something has no price, or its coupon may take all off.
fn may_cost_nothing(case: &Case<'_>, order: &AuditOrder) -> bool {
    let contract = &case.history.contract;
    let is_unknown = case.facts.price_of(case.history, order).is_none() && !contract.prices.is_empty();
    let is_any_free = contract.prices.iter().any(|(_, price)| *price == 0) || order.coupon.is_some();
    is_unknown && is_any_free && !mutant!("uncharged-order/what-is-not-known-costs-something")
}

/// Whether an order has a coupon whose discount is unknown.
fn may_be_free(case: &Case<'_>, order: &AuditOrder) -> bool {
    let off = order.coupon.map(|coupon| case.off(coupon));
    off == Some(None) && !mutant!("uncharged-order/coupons-of-unknown-worth-take-nothing")
}
