//! A charge captured, not refunded, and its order absent or cancelled at quiescence; before the recovery deadline that is undecided.

use history::{AuditCharge, AuditOrder};
use protocol::{ChargeState, OrderState};

use super::uncharged_order::{is_charged, is_free};
use crate::case::Case;
use crate::facts::{Money, is_live};
use crate::tally::Tally;
use crate::tell::witness;
use crate::verdict::Witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let (Some(charges), Some(orders)) = (case.charges(), case.orders()) else {
        tally.not_judged("the orders and the charges were not both looked at");
        return;
    };
    tally.checked(case.facts.counts.charges_captured);
    let odd = case.facts.odd.charges.iter();
    let captured = odd.map(|row| &charges[*row as usize]).filter(|charge| {
        case.facts.money(charge) == Money::Taken && charge.state == ChargeState::Captured
            || mutant!("orphan-charge/refunded-counts") && charge.state == ChargeState::Refunded
    });
    // A charge that names neither order nor purchase may pay for any order that has none.
    let mut unpaid = unpaid_orders(case, orders);
    for charge in captured {
        let is_nameless = charge.order.is_none() && charge.intent.is_none();
        if is_nameless && unpaid > 0 && !mutant!("orphan-charge/nameless-charges-pay-for-nothing") {
            unpaid -= 1;
            tally.unknown(1, "a charge names neither an order nor a purchase");
        } else if !is_orphan(case, charge) {
            continue;
        } else if case.facts.settled || mutant!("orphan-charge/before-the-deadline-too") {
            tally.violation(charge.t.unwrap_or(case.audit_time()), || tell(case, charge));
        } else {
            tally.unknown(1, "the audit was taken before the recovery deadline");
        }
    }
}

/// How many confirmed orders have no charge that is known to be theirs, and may need one.
fn unpaid_orders(case: &Case<'_>, orders: &[AuditOrder]) -> usize {
    let unfinished = case.facts.odd.unfinished.iter().map(|row| &orders[*row as usize]);
    let unpaid = unfinished.filter(|order| {
        order.state == OrderState::Confirmed
            && !case.is_baseline(order)
            && !is_charged(case, order)
            && !is_free(case, order)
    });
    unpaid.count()
}

/// A charge that names no order pays for the live order of its intent, if there is one.
fn is_orphan(case: &Case<'_>, charge: &AuditCharge) -> bool {
    let order = charge.order.map(|order| case.order(order.index()));
    match (order, charge.intent) {
        (Some(row), _) => row.map_or(!mutant!("orphan-charge/absent-is-fine"), |row| {
            !is_live(row) && !mutant!("orphan-charge/cancelled-is-fine")
        }),
        (None, Some(_)) if mutant!("orphan-charge/any-intent-will-do") => false,
        (None, Some(intent)) => case.facts.intents[intent.index()].live.get().is_none(),
        (None, None) => !mutant!("orphan-charge/nameless-is-fine"),
    }
}

fn tell(case: &Case<'_>, charge: &AuditCharge) -> Witness {
    let order = charge.order.map(|order| order.index());
    let row = order.and_then(|order| case.order(order));
    let id = case.history.names.charges.text(charge.id.index());
    let what = match (order, row) {
        (Some(order), Some(_)) => format!("{} is cancelled", case.tell_order(order)),
        (Some(order), None) => format!("the database holds no {}", case.tell_order(order)),
        (None, _) => "it belongs to no live order".to_owned(),
    };
    let why = format!(
        "charge {id} is captured and not refunded; {what}. A customer pays only for what is delivered."
    );
    let intent = charge.intent.map(|intent| intent.index());
    let intent = intent.or_else(|| order.and_then(|order| case.facts.orders[order].intent.get()));
    let mut told = witness(why).charge_row(case, charge);
    if let Some(row) = row {
        told = told.order_row(case, row);
    }
    told.intent(case, intent)
}
