//! Captured and not refunded exceeds one charge per intent; per key, where no intents are known; per order, where neither is; or two
//! captured charges for one provider key. A second authorisation that is neither voided nor captured after the deadline is the customer's
//! money too. What was refunded or voided does not count, and charges of several tenders that make the price together are one payment. A
//! single charge of too much is `wrong-amount`.

use history::AuditCharge;
use protocol::ChargeState;

use super::duplicate_order::of_shared_keys;
use crate::attempts::{Subject, Whose, behind};
use crate::case::Case;
use crate::facts::{ExtraCharge, Money, is_live};
use crate::tally::Tally;
use crate::tell::witness;
use crate::verdict::Witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    if case.charges().is_none() {
        tally.not_judged("the charges were not looked at");
        return;
    }
    let facts = case.facts;
    tally.checked(facts.charges.charged);
    let shown = facts.charges.extra.iter().take(tally.witnesses_max());
    let subjects: Vec<Subject> = shown.map(|extra| subject(case, extra)).collect();
    let attempts = behind(case, &subjects);
    for (place, extra) in facts.charges.extra.iter().enumerate() {
        if extra.by_provider_key && mutant!("double-charge/provider-keys-do-not-count")
            || !extra.by_provider_key && mutant!("double-charge/purchases-do-not-count")
        {
            continue;
        }
        let at = case.charge(extra.row).t.unwrap_or(case.audit_time());
        tally.violation(at, || {
            let attempts = attempts.get(place).map_or(&[][..], Vec::as_slice);
            tell(case, extra, attempts)
        });
    }
    count_gaps(case, tally);
}

/// What charges leave out may be what makes one of them the second of a purchase.
fn count_gaps(case: &Case<'_>, tally: &mut Tally) {
    let facts = case.facts;
    let why = "two charges may be for one purchase or for two";
    tally.unknown(facts.charges.unclear.len() as u64, why);
    let why = "a charge names neither an order nor a purchase, so that it may be the second of any";
    let is_kept = |charge: &&AuditCharge| facts.money(charge) != Money::Gone;
    let kept = || case.charges().unwrap_or_default().iter().filter(is_kept);
    let are_several = kept().nth(1).is_some();
    let nameless = if are_several { facts.gaps.nameless_charges.len() } else { 0 };
    tally.unknown(nameless as u64, why);
    let keyless = kept().filter(|charge| charge.provider_key.is_none()).count();
    let are_some_keyed = keyless < kept().count();
    let why = "a charge does not say the provider's key, which others do";
    tally.unknown(if are_some_keyed { keyless as u64 } else { 0 }, why);
    let is_open = |charge: &&AuditCharge| {
        let order = charge.order.map(|order| &facts.orders[order.index()]);
        facts.rare.answers.nameless > 0 && are_several && order.is_some_and(|order| order.intent.get().is_none())
    };
    let is_unplaced = |charge: &&AuditCharge| charge.order.is_some() && charge.intent.is_none();
    let unplaced = if case.orders().is_none() && are_several { kept().filter(is_unplaced).count() } else { 0 };
    if !mutant!("double-charge/orders-need-not-be-looked-at") {
        let why = "a charge names its order, and it was not looked at for which purchase that is";
        tally.unknown(unplaced as u64, why);
    }
    let is_of_no_row = |charge: &&AuditCharge| is_of_no_row(case, charge);
    let unplaced = if are_several { kept().filter(is_of_no_row).count() } else { 0 };
    let why = "a charge is for an order that is not there, and it is not said for which purchase that was";
    tally.unknown(unplaced as u64, why);
    let why = "an answer does not name its order, so that a charge may be the second of a purchase";
    tally.unknown(kept().filter(is_open).count() as u64, why);
    let rows = case.orders().unwrap_or_default();
    let is_given_up = |row: &&u32| {
        let order = &rows[**row as usize];
        let is_unknown = facts.orders[order.id.index()].intent.get().is_none();
        !is_live(order) && is_unknown && are_several
    };
    let given_up = facts.gaps.keyless.iter().filter(is_given_up);
    // A charge for a cancelled order may belong to the same purchase as an order that does not say its key.
    let is_orphan = |charge: &AuditCharge| {
        let row = charge.order.and_then(|order| case.order(order.index()));
        row.is_some_and(|row| !is_live(row))
    };
    let has_orphans = kept().any(is_orphan);
    let is_stray = |row: &&u32| {
        let order = &rows[**row as usize];
        has_orphans && is_live(order) && facts.orders[order.id.index()].intent.get().is_none()
    };
    let strays = facts.gaps.keyless.iter().filter(is_stray);
    let shared = of_shared_keys(case);
    let shared = shared.iter().filter(|_| are_several);
    let paid = facts.gaps.perhaps_second.iter().chain(given_up).chain(strays).chain(shared);
    let paid = paid.filter(|row| case.is_paid(**row as usize));
    let why = "an order that does not say its key is paid for, and may be the second of a purchase";
    tally.unknown(paid.count() as u64, why);
    let why = "an order says too little to tell whether its key was used anew, or its charge is the second";
    tally.unknown(facts.gaps.further_lives, why);
    let why = "an order says neither its key nor what is in it, so that its charge may be the second of a purchase";
    let paid = facts.extras.unattributed.iter().filter(|row| case.is_paid(**row as usize));
    tally.unknown(paid.count() as u64, why);
}

/// Whether a charge names an order which the database lacks, and neither it nor an answer says whose that was: any purchase may have been
/// charged a second time with it.
fn is_of_no_row(case: &Case<'_>, charge: &AuditCharge) -> bool {
    let Some(order) = charge.order.filter(|_| case.orders().is_some()) else {
        return false;
    };
    let facts = &case.facts.orders[order.index()];
    let is_said = case.intent_of(charge).is_some() || facts.acked.get().is_some();
    facts.row.get().is_none() && !is_said && !mutant!("double-charge/orders-that-are-not-there-are-purchases-of-their-own")
}

/// Whose attempts made the two charges.
fn subject(case: &Case<'_>, extra: &ExtraCharge) -> Subject {
    let charges = [extra.other, extra.row].map(|row| case.charge(row));
    let orders = charges.map(|charge| charge.order.map(|order| order.index()));
    let mut rows = orders.iter().flatten().filter_map(|o| case.order(*o));
    let key = || rows.find_map(|row| row.key).map(Whose::Key);
    let whose = case.intent_of(charges[1]).map(Whose::Intent);
    Subject {
        orders,
        whose: whose.or_else(key).unwrap_or(Whose::Unknown),
    }
}

fn tell(case: &Case<'_>, extra: &ExtraCharge, attempts: &[usize]) -> Witness {
    let (first, second) = (case.charge(extra.other), case.charge(extra.row));
    let names = &case.history.names;
    let name = |charge: &AuditCharge| names.charges.text(charge.id.index()).into_owned();
    let intent = case.intent_of(second);
    let order = second.order.map(|order| order.index());
    let key = second.order.and_then(|order| case.order(order.index())).and_then(|row| row.key);
    let key = key.filter(|_| first.order != second.order);
    let whose = match (extra.by_provider_key, intent, order) {
        (true, ..) => "one provider key".to_owned(),
        (false, Some(intent), _) => format!("the one purchase {}", names.intents.text(intent)),
        (false, None, Some(order)) => match key {
            Some(key) => format!("the one purchase of {}", case.tell_key(key)),
            None => case.tell_order(order),
        },
        (false, None, None) => "one purchase".to_owned(),
    };
    let did = |charge: &AuditCharge| match charge.state {
        ChargeState::Authorized => "holds",
        _ => "captured",
    };
    let (one, two) = (did(first), did(second));
    let verbs = if one == two { one.to_owned() } else { format!("{one} and {two}") };
    let why = format!(
        "the gateway {verbs} charges {} and {} for {whose}, and neither was given back. A purchase is charged once.",
        name(first),
        name(second),
    );
    if extra.row == extra.other {
        let why = format!(
            "the gateway {two} charge {} for {whose}, and it was not given back. What it pays for is more than was asked for.",
            name(second),
        );
        return tell_rows(case, why, attempts, &[second]).intent(case, intent);
    }
    tell_rows(case, why, attempts, &[first, second]).intent(case, intent)
}

/// Charges with their orders.
fn tell_rows(case: &Case<'_>, why: String, attempts: &[usize], charges: &[&AuditCharge]) -> Witness {
    let told = witness(why).operations(case, attempts);
    let mut told = charges.iter().fold(told, |told, charge| told.charge_row(case, charge));
    for order in charges.iter().map(|charge| charge.order) {
        if let Some(row) = order.and_then(|order| case.order(order.index())) {
            told = told.order_row(case, row);
        }
    }
    told
}
