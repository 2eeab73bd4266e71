//! Captured and not refunded exceeds one charge per intent (per order, where no intent is known), or two captured charges for one
//! provider key. What is only authorised, was refunded or voided does not count. A single charge of too much is `wrong-amount`.

use history::AuditCharge;

use crate::attempts::{Subject, Whose, behind};
use crate::case::Case;
use crate::facts::ExtraCharge;
use crate::tally::Tally;
use crate::tell::witness;
use crate::verdict::Witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    if case.charges().is_none() {
        tally.not_judged("nobody looked what the gateway captured");
        return;
    }
    let facts = case.facts;
    tally.checked(facts.charged);
    // All come true when the audit is taken, so the witnesses of the first are kept.
    let shown = facts.extra_charges.iter().take(tally.witnesses_max());
    let subjects: Vec<Subject> = shown.map(|extra| subject(case, extra)).collect();
    let attempts = behind(case, &subjects);
    for (place, extra) in facts.extra_charges.iter().enumerate() {
        if extra.by_provider_key && mutant!("double-charge/provider-keys-do-not-count")
            || !extra.by_provider_key && mutant!("double-charge/purchases-do-not-count")
        {
            continue;
        }
        tally.violation(case.audit_time(), || {
            let attempts = attempts.get(place).map_or(&[][..], Vec::as_slice);
            tell(case, extra, attempts)
        });
    }
}

/// Whose attempts made the two charges.
fn subject(case: &Case<'_>, extra: &ExtraCharge) -> Subject {
    let charges = [extra.other, extra.row].map(|row| case.charge(row));
    let orders = charges.map(|charge| charge.order.map(|order| order.index()));
    let mut rows = orders.iter().flatten().filter_map(|o| case.order(*o));
    let key = || rows.find_map(|row| row.key).map(Whose::Key);
    let whose = intent_of(case, charges[1]).map(Whose::Intent);
    Subject {
        orders,
        whose: whose.or_else(key).unwrap_or(Whose::Nobody),
    }
}

/// The purchase that a charge is for.
fn intent_of(case: &Case<'_>, charge: &AuditCharge) -> Option<usize> {
    let order = charge.order.map(|order| order.index());
    let intent = charge.intent.map(|intent| intent.index());
    intent.or_else(|| order.and_then(|order| case.facts.orders[order].intent.get()))
}

fn tell(case: &Case<'_>, extra: &ExtraCharge, attempts: &[usize]) -> Witness {
    let (first, second) = (case.charge(extra.other), case.charge(extra.row));
    let names = &case.history.names;
    let name = |charge: &AuditCharge| names.charges.text(charge.id.index()).into_owned();
    let intent = intent_of(case, second);
    let order = second.order.map(|order| order.index());
    let whose = match (extra.by_provider_key, intent, order) {
        (true, ..) => "one provider key".to_owned(),
        (false, Some(intent), _) => format!("the one purchase {}", names.intents.text(intent)),
        (false, None, Some(order)) => case.tell_order(order),
        (false, None, None) => "one purchase".to_owned(),
    };
    let why = format!(
        "the gateway captured charges {} and {} for {whose}, and neither was refunded. A purchase is charged once.",
        name(first),
        name(second),
    );
    let mut told = witness(why)
        .operations(case, attempts)
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
}
