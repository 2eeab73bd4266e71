//! An order is still pending when the recovery deadline has passed: whether it was acknowledged, charged, or neither. Before the deadline
//! it may still be finished.

use protocol::OrderState;

use crate::case::Case;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let Some(orders) = case.orders() else {
        tally.not_judged("the orders were not looked at");
        return;
    };
    if case.history.contract.recovery_deadline.is_none() && !mutant!("stuck-order/there-is-always-a-deadline") {
        tally.not_judged("the contract names no recovery deadline");
        return;
    }
    tally.checked(orders.len() as u64);
    let is_open = |state| match mutant!("stuck-order/cancelled-orders-too") {
        false => state == OrderState::Pending && !mutant!("stuck-order/never"),
        true => state != OrderState::Confirmed,
    };
    let unfinished = case.facts.odd.unfinished.iter().map(|row| &orders[*row as usize]);
    for order in unfinished.filter(|order| is_open(order.state)) {
        if case.is_baseline(order) && !mutant!("stuck-order/baseline-too") {
            continue;
        }
        if !case.facts.run.settled && !mutant!("stuck-order/before-the-deadline-too") {
            tally.unknown(1, "the audit was taken before the recovery deadline");
            continue;
        }
        tally.violation(case.audit_time(), || {
            let facts = &case.facts.orders[order.id.index()];
            let known = match (facts.acked.get(), facts.captured.get()) {
                (Some(_), Some(_)) => ", although it was acknowledged and paid for",
                (Some(_), None) => ", although it was acknowledged",
                (None, Some(_)) => ", although it was paid for",
                (None, None) => "",
            };
            let why = format!(
                "{} is still pending at {}{known}. By the recovery deadline an order is confirmed or cancelled.",
                case.tell_order(order.id.index()),
                case.tell_time(case.audit_time()),
            );
            let told = witness(why).order_row(case, order);
            let told = match facts.captured.get() {
                Some(row) => told.charge_row(case, case.charge(row)),
                None => told,
            };
            told.intent(case, facts.intent.get())
        });
    }
}
