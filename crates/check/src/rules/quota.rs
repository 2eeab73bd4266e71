//! A coupon is on more live orders than its limit allows, or says itself that it was used more often. An order that does not say its
//! coupon, although its request had one, may have it.

use std::collections::BTreeMap;

use history::CouponRef;

use crate::case::Case;
use crate::facts::is_live;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let audit = case.history.audit.as_ref();
    let Some(coupons) = audit.and_then(|audit| audit.coupons.as_ref()) else {
        tally.not_judged("the coupons were not looked at");
        return;
    };
    tally.checked(coupons.len() as u64);
    let without = orders_without(case);
    for row in coupons {
        let orders = case.orders().unwrap_or_default().iter();
        let with = orders.filter(|order| order.coupon == Some(row.coupon));
        let live: Vec<_> = with
            .filter(|order| is_live(order) || mutant!("quota/cancelled-orders-count"))
            .collect();
        let by_orders = live.len() as u64 > row.limit && !mutant!("quota/orders-do-not-count");
        let by_row = row.used.is_some_and(|used| used > row.limit) && !mutant!("quota/the-row-does-not-count");
        let perhaps = live.len() + without.get(&row.coupon).copied().unwrap_or(0);
        if !by_orders && perhaps as u64 > row.limit && !mutant!("quota/what-is-not-said-is-not-used") {
            tally.unknown(1, "an order does not say its coupon, although its request had one");
        }
        if row.used.is_none() {
            tally.unknown(1, "a coupon does not say how often it was used");
        }
        if by_orders
            || by_row
            || mutant!("quota/the-limit-is-too-many") && live.len() as u64 == row.limit
        {
            tally.violation(case.audit_time(), || {
                let name = case.history.names.coupons.text(row.coupon.index());
                let why = format!(
                    "coupon {name} may be used {} times; {} live orders have it, and it says {}. A limit is a limit.",
                    row.limit,
                    live.len(),
                    row.used.map_or(String::from("nothing"), |used| used.to_string()),
                );
                live.iter().take(3).fold(witness(why), |told, order| told.order_row(case, order))
            });
        }
    }
}

/// Of each coupon, the live orders that do not say a coupon although a request that may have made them had this one.
fn orders_without(case: &Case<'_>) -> BTreeMap<CouponRef, usize> {
    let mut without = BTreeMap::new();
    let bare = case.orders().unwrap_or_default().iter();
    for order in bare.filter(|order| order.coupon.is_none() && is_live(order)) {
        let Some(key) = order.key else { continue };
        let asked = case.attempts_with(key.index()).into_iter();
        let mut coupons: Vec<CouponRef> = asked.filter_map(|attempt| attempt.asked.coupon).collect();
        coupons.sort_unstable();
        coupons.dedup();
        for coupon in coupons {
            *without.entry(coupon).or_default() += 1;
        }
    }
    without
}
