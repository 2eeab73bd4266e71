//! Units are reserved without an open order that they are held for, after the recovery deadline.

use crate::case::Case;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let (Some(rows), Some(_)) = (case.stock(), case.orders()) else {
        tally.not_judged("the stock and the orders were not both looked at");
        return;
    };
    tally.checked(rows.len() as u64);
    for row in rows {
        let pending = case.facts.skus[row.sku.index()].pending;
        let pending = if mutant!("reservation-leak/open-orders-do-not-count") {
            0
        } else {
            pending
        };
        let held = i128::from(row.reserved);
        let is_leak =
            held > i128::from(pending) || mutant!("reservation-leak/any-reservation") && held > 0;
        if !is_leak || mutant!("reservation-leak/only-without-any-order") && pending > 0 {
            continue;
        }
        if case.facts.gaps.live_without_items > 0 {
            tally.unknown(1, "it is not said what is in some of the live orders");
        } else if !case.facts.run.settled && !mutant!("reservation-leak/before-the-deadline-too") {
            tally.unknown(1, "the audit was taken before the recovery deadline");
        } else {
            tally.violation(case.audit_time(), || {
                let why = format!(
                    "{held} units of {} are reserved; open orders have {pending}. What is held is held for an order.",
                    case.history.names.skus.text(row.sku.index()),
                );
                witness(why).row(case.tell_stock(row))
            });
        }
    }
}
