//! Captured and not refunded exceeds one charge per intent (per order, where no intent is known), or two captured charges for one
//! provider key. What is only authorised, was refunded or voided does not count. A single charge of too much is `wrong-amount`.

use crate::case::Case;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    if case.charges().is_none() {
        tally.not_judged("nobody looked what the gateway captured");
        return;
    }
    tally.checked(case.facts.charged);
    for extra in &case.facts.extra_charges {
        tally.violation(case.audit_time(), || {
            let (first, second) = (case.charge(extra.other), case.charge(extra.row));
            let name = |charge: &history::AuditCharge| {
                case.history.names.charges.text(charge.id.index()).into_owned()
            };
            let order = second.order.map(|order| order.index());
            let intent = second.intent.map(|intent| intent.index());
            let intent =
                intent.or_else(|| order.and_then(|order| case.facts.orders[order].intent.get()));
            let whose = match (extra.by_provider_key, intent, order) {
                (true, ..) => "one provider key".to_owned(),
                (false, Some(intent), _) => {
                    format!("the one purchase {}", case.history.names.intents.text(intent))
                }
                (false, None, Some(order)) => case.tell_order(order),
                (false, None, None) => "one purchase".to_owned(),
            };
            let why = format!(
                "the gateway captured charges {} and {} for {whose}, and neither was refunded. A purchase is charged once.",
                name(first),
                name(second),
            );
            let mut told = witness(why)
                .row(case.tell_charge(first))
                .row(case.tell_charge(second));
            for order in [first.order, second.order] {
                let row = order.and_then(|order| case.order(order.index()));
                let text = row.map(|row| case.tell_order_row(row));
                if let Some(text) = text.filter(|text| !told.rows.contains(text)) {
                    told = told.row(text);
                }
            }
            told.intent(case, intent)
        });
    }
}
