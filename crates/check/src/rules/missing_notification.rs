//! A confirmed order without the message that tells so, after the recovery deadline. A message about another event of it is not that one.

use protocol::OrderState;

use crate::case::Case;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let (Some(_), Some(orders)) = (case.notifications(), case.orders()) else {
        tally.not_judged("the orders and the messages were not both looked at");
        return;
    };
    let rows = case.notifications().unwrap_or_default();
    let nameless = rows.iter().any(|row| row.order.is_none());
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
        let facts = &case.facts.orders[order.id.index()];
        let is_told = facts.told.get().is_some()
            || facts.messaged.get().is_some() && mutant!("missing-notification/any-message-will-do");
        if is_told {
            continue;
        }
        if facts.told_unclearly && !mutant!("missing-notification/unclear-messages-tell-nothing") {
            tally.unknown(1, "an order has messages, and it cannot be told from their names whether one says that it was taken");
            continue;
        }
        if nameless && !mutant!("missing-notification/nameless-messages-tell-nothing") {
            tally.unknown(1, "a message does not say which order it is about");
            continue;
        }
        if !case.facts.run.settled && !mutant!("missing-notification/before-the-deadline-too") {
            tally.unknown(1, "the audit was taken before the recovery deadline");
        } else if !mutant!("missing-notification/never") {
            tally.violation(case.audit_time(), || {
                let why = format!(
                    "{} is confirmed, and no message told so. A customer who buys is told.",
                    case.tell_order(order.id.index()),
                );
                witness(why).order_row(case, order)
            });
        }
    }
    tally.checked(checked);
}
