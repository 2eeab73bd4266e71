//! The service's own table of charges, beside the gateway's ledger: each charge that pays for a confirmed order is there once, with its
//! order and its amount, and no other is.

use std::collections::BTreeSet;

use history::{Audit, AuditCharge, AuditOrder, AuditRecordedCharge, Capture, ChargeRef, OrderRef};
use protocol::ChargeState;

use super::confirmed::{ByOrder, confirmed, lacks};
use crate::case::Case;
use crate::facts::Money;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn judge(case: &Case<'_>, tally: &mut Tally, audit: &Audit, orders: &[AuditOrder]) {
    let Some(recorded) = &audit.recorded_charges else { return };
    let names = &case.history.names;
    let own = ByOrder::new(recorded, names.orders.len(), |row| row.order);
    for order in confirmed(case, orders) {
        let rows = own.of(order.id);
        let is_recorded = !rows.is_empty();
        let is_paid = case.facts.orders[order.id.index()].captured.get().is_some();
        tally.checked(u64::from(is_paid || is_recorded));
        if is_paid && !is_recorded && !mutant!("partial-order/charges-need-not-be-recorded") {
            lacks(case, tally, order, "the service's own table has no charge of it");
        }
        let charges: BTreeSet<ChargeRef> = rows.iter().map(|row| row.charge).collect();
        if charges.len() < rows.len() && !mutant!("partial-order/charges-may-be-recorded-twice") {
            lacks(case, tally, order, "the service's own table has a charge of it twice");
        }
    }
    let mut ledger: Vec<Option<&AuditCharge>> = vec![None; names.charges.len()];
    for charge in case.charges().unwrap_or_default() {
        ledger[charge.id.index()] = Some(charge);
    }
    judge_unrecorded(case, tally, recorded, &own);
    judge_rows(case, tally, recorded, &ledger);
}

/// Whether a charge pays for an order, so that it belongs into the table.
fn pays(case: &Case<'_>, charge: &AuditCharge) -> bool {
    match case.facts.money(charge) {
        Money::Taken => true,
        Money::Held => case.history.contract.capture == Capture::Later,
        Money::Gone => false,
    }
}

/// Whether the gateway took a charge, whatever it gave back of it later: the money is gone, and the charge is still in its ledger.
fn was_captured(charge: &AuditCharge) -> bool {
    let is_in_the_ledger = matches!(charge.state, ChargeState::Captured | ChargeState::Refunded);
    is_in_the_ledger && !mutant!("partial-order/what-was-given-back-was-never-there")
}

/// The order that a charge pays for: the one that it names, or the live one of its purchase.
fn order_of<'a>(case: &Case<'a>, charge: &AuditCharge) -> Option<&'a AuditOrder> {
    match (charge.order, charge.intent) {
        (Some(order), _) => case.order(order.index()),
        (None, Some(intent)) => {
            let live = case.facts.intents[intent.index()].live.get()?;
            case.orders().map(|orders| &orders[live])
        }
        (None, None) => None,
    }
}

/// Captured charges that are not in the table, although others of their order are, or which may be for any order.
fn judge_unrecorded(case: &Case<'_>, tally: &mut Tally, recorded: &[AuditRecordedCharge], own: &ByOrder<AuditRecordedCharge>) {
    let names = &case.history.names;
    let mut is_recorded = vec![false; names.charges.len()];
    for row in recorded {
        is_recorded[row.charge.index()] = true;
    }
    let unrecorded = case.charges().unwrap_or_default().iter();
    let unrecorded = unrecorded.filter(|charge| pays(case, charge) && !is_recorded[charge.id.index()]);
    let have_tenders = case.charges().unwrap_or_default().iter().any(|charge| charge.tender.is_some());
    let (mut nameless, mut bare) = (0, 0);
    for charge in unrecorded {
        let Some(order) = order_of(case, charge) else {
            nameless += u64::from(charge.order.is_none());
            continue;
        };
        let is_known = confirmed(case, std::slice::from_ref(order)).next().is_some();
        let are_others = !own.of(order.id).is_empty();
        // A second charge is its order's only as one of several tenders; else it is `double-charge`.
        let is_first = charge.order.is_none() && !are_others;
        let is_missing = is_first || charge.tender.is_some() && (are_others || charge.order.is_none());
        bare += u64::from(is_known && !is_missing && are_others && have_tenders);
        if is_known && is_missing && !mutant!("partial-order/one-recorded-charge-is-enough") {
            let name = names.charges.text(charge.id.index());
            lacks(case, tally, order, &format!("the service's own table does not have charge {name}, which pays for it"));
        }
    }
    if !mutant!("partial-order/charges-without-a-tender-are-none") {
        tally.unknown(bare, "a charge does not say its tender, which others do, so that it may be one that is not recorded");
    }
    // An order whose one charge is recorded needs no other, unless payments are split among tenders.
    let is_open = |order: &AuditOrder| have_tenders || own.of(order.id).is_empty();
    let may_pay = case.orders().is_some_and(|orders| confirmed(case, orders).any(is_open));
    if may_pay && !mutant!("partial-order/nameless-charges-pay-for-nothing") {
        tally.unknown(nameless, "a charge that does not say for which order it is may pay for one, and is not recorded");
    }
}

/// What is wrong with a row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wrong {
    /// There is no such order.
    NoOrder,
    /// The gateway holds the charge for another order.
    OtherOrder,
    /// The gateway does not hold the charge.
    NotHeld,
    /// The gateway has another amount.
    OtherAmount,
}

/// What the rows of the table say is as the orders and the gateway have it.
fn judge_rows(case: &Case<'_>, tally: &mut Tally, recorded: &[AuditRecordedCharge], ledger: &[Option<&AuditCharge>]) {
    let names = &case.history.names;
    let mut found: Vec<(&AuditRecordedCharge, Wrong)> = Vec::new();
    for row in recorded {
        let Some(order) = case.order(row.order.index()) else {
            let is_wrong = !mutant!("partial-order/charges-of-no-order-may-be-recorded");
            found.extend(is_wrong.then_some((row, Wrong::NoOrder)));
            continue;
        };
        if case.charges().is_none() {
            continue;
        }
        let charge = ledger[row.charge.index()];
        match charge.map(|charge| is_of(case, charge, row.order)) {
            Some(Some(false)) if !mutant!("partial-order/charges-may-be-recorded-for-another-order") => {
                found.push((row, Wrong::OtherOrder));
            }
            Some(None) if !mutant!("partial-order/charges-are-for-what-the-table-says") => {
                tally.unknown(1, "a recorded charge does not say at the gateway for which order it is");
            }
            _ => {}
        }
        if confirmed(case, std::slice::from_ref(order)).next().is_none() || mutant!("partial-order/the-table-may-lie") {
            continue;
        }
        match charge.filter(|charge| pays(case, charge) || was_captured(charge)) {
            None => found.push((row, Wrong::NotHeld)),
            Some(charge) if differs(row, charge) => {
                found.push((row, Wrong::OtherAmount));
            }
            Some(_) if row.amount.is_none() && !mutant!("partial-order/recorded-amounts-need-not-be-said") => {
                tally.unknown(1, "a recorded charge does not say its amount");
            }
            Some(_) => {}
        }
    }
    // Rows have no order of their own, and what is told of them must not depend on that of the lines.
    found.sort_by_cached_key(|(row, wrong)| {
        let charge = names.charges.text(row.charge.index()).into_owned();
        (names.orders.text(row.order.index()).into_owned(), charge, *wrong)
    });
    for (row, wrong) in found {
        tell(case, tally, row, wrong);
    }
}

/// Whether a row has another amount than the gateway.
fn differs(row: &AuditRecordedCharge, charge: &AuditCharge) -> bool {
    let is_other = row.amount.is_some_and(|amount| amount != charge.amount);
    is_other && !mutant!("partial-order/recorded-amounts-do-not-matter")
}

fn tell(case: &Case<'_>, tally: &mut Tally, row: &AuditRecordedCharge, wrong: Wrong) {
    let name = case.history.names.charges.text(row.charge.index());
    let says = format!("the service's own table says that charge {name} pays for");
    let what = match wrong {
        Wrong::NoOrder => format!("{says} {}, which is not there", case.tell_order(row.order.index())),
        Wrong::OtherOrder => format!("{says} it, which the gateway holds for another"),
        Wrong::NotHeld => format!("{says} it, which the gateway does not hold"),
        Wrong::OtherAmount => format!("the service's own table has another amount of charge {name} than the gateway"),
    };
    match case.order(row.order.index()) {
        Some(order) => lacks(case, tally, order, &what),
        None => tally.violation(case.audit_time(), || {
            witness(format!("{what}. What is written with an order stands or falls with it."))
        }),
    }
}

/// Whether a charge is for an order, as far as the gateway says.
fn is_of(case: &Case<'_>, charge: &AuditCharge, order: OrderRef) -> Option<bool> {
    let by_intent = || {
        let own = case.facts.orders[order.index()].intent.get()?;
        Some(charge.intent?.index() == own)
    };
    charge.order.map(|own| own == order).or_else(by_intent)
}
