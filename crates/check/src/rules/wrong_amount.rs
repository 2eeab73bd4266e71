//! The captured amount is not what the items of the stored order come to; less what its coupon takes off.

use history::CouponRef;
use protocol::ChargeState;

use crate::case::Case;
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
    let mut checked = 0;
    for charge in charges {
        let counts =
            charge.state == ChargeState::Captured || mutant!("wrong-amount/refunded-counts");
        let row = charge.order.and_then(|order| case.order(order.index()));
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
                let off = off(case, coupon).filter(|_| !mutant!("wrong-amount/any-discount"));
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

/// What a coupon takes off, if somebody says.
fn off(case: &Case<'_>, coupon: CouponRef) -> Option<i64> {
    let coupons = case.history.audit.as_ref()?.coupons.as_ref()?;
    coupons.iter().find(|row| row.coupon == coupon)?.off
}
