//! A coupon is on more live orders than its limit allows, or says itself that it was used more often.

use crate::case::Case;
use crate::facts::is_live;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let audit = case.history.audit.as_ref();
    let Some(coupons) = audit.and_then(|audit| audit.coupons.as_ref()) else {
        tally.not_judged("nobody looked at the coupons");
        return;
    };
    tally.checked(coupons.len() as u64);
    for row in coupons {
        let orders = case.orders().unwrap_or_default().iter();
        let with = orders.filter(|order| order.coupon == Some(row.coupon));
        let live: Vec<_> = with
            .filter(|order| is_live(order) || mutant!("quota/cancelled-orders-count"))
            .collect();
        let by_orders = live.len() as u64 > row.limit && !mutant!("quota/orders-do-not-count");
        let by_row = row.used > row.limit && !mutant!("quota/the-row-does-not-count");
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
                    row.used,
                );
                live.iter().take(3).fold(witness(why), |told, order| told.row(case.tell_order_row(order)))
            });
        }
    }
}
