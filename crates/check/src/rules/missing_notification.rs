//! A confirmed order without its message, after the recovery deadline.

use protocol::OrderState;

use crate::case::Case;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let (Some(_), Some(orders)) = (case.notifications(), case.orders()) else {
        tally.not_judged("nobody looked at both the orders and the messages");
        return;
    };
    let unfinished = &case.facts.odd.unfinished;
    let mut checked = (orders.len() - unfinished.len()) as u64;
    for order in unfinished.iter().map(|row| &orders[*row as usize]) {
        let counts = order.state == OrderState::Confirmed
            || mutant!("missing-notification/pending-orders-too")
                && order.state == OrderState::Pending
            || mutant!("missing-notification/cancelled-orders-too")
                && order.state == OrderState::Cancelled;
        if !counts || case.is_baseline(order) && !mutant!("missing-notification/baseline-too") {
            continue;
        }
        checked += 1;
        if case.facts.orders[order.id.index()].told.get().is_some() {
            continue;
        }
        if !case.facts.settled && !mutant!("missing-notification/before-the-deadline-too") {
            tally.unknown(1, "the audit was taken before the recovery deadline");
        } else if !mutant!("missing-notification/never") {
            tally.violation(case.audit_time(), || {
                let why = format!(
                    "{} is confirmed, and no message told so. Who buys is told.",
                    case.tell_order(order.id.index()),
                );
                witness(why).row(case.tell_order_row(order))
            });
        }
    }
    tally.checked(checked);
}
