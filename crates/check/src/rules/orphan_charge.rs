//! A charge captured, not refunded, and its order absent or cancelled at quiescence; before the recovery deadline nobody can tell.

use history::AuditCharge;
use protocol::ChargeState;

use crate::case::Case;
use crate::facts::is_live;
use crate::tally::Tally;
use crate::tell::witness;
use crate::verdict::Witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let (Some(charges), Some(_)) = (case.charges(), case.orders()) else {
        tally.not_judged("nobody looked at both the orders and the charges");
        return;
    };
    tally.checked(case.facts.counts.charges_captured);
    let odd = case.facts.odd.charges.iter();
    let captured = odd.map(|row| &charges[*row as usize]).filter(|charge| {
        charge.state == ChargeState::Captured
            || mutant!("orphan-charge/refunded-counts") && charge.state == ChargeState::Refunded
    });
    for charge in captured.filter(|charge| is_orphan(case, charge)) {
        if case.facts.settled || mutant!("orphan-charge/before-the-deadline-too") {
            tally.violation(case.audit_time(), || tell(case, charge));
        } else {
            tally.unknown(1, "the audit was taken before the recovery deadline");
        }
    }
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
        "charge {id} is captured and not refunded; {what}. Nobody pays for what he does not get."
    );
    let intent = charge.intent.map(|intent| intent.index());
    let intent = intent.or_else(|| order.and_then(|order| case.facts.orders[order].intent.get()));
    let mut told = witness(why).row(case.tell_charge(charge));
    if let Some(row) = row {
        told = told.row(case.tell_order_row(row));
    }
    told.intent(case, intent)
}
