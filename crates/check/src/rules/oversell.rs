//! The live quantity of a SKU exceeds what there was at first and was added. An attempt whose end is unknown counts only if its order is
//! in the database.

use history::{AuditStock, SkuRef};

use crate::case::Case;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    if case.orders().is_none() {
        tally.not_judged("nobody looked which orders the database holds");
        return;
    }
    let rows = case.stock().unwrap_or_default();
    let promised = &case.history.contract.stock;
    if rows.is_empty() && promised.is_empty() {
        tally.not_judged("nobody says how much stock there was");
        return;
    }
    tally.checked(rows.len().max(promised.len()) as u64);
    for row in rows {
        let capacity = i128::from(row.initial) + i128::from(row.restocked);
        compare(case, tally, row.sku, capacity, Some(row));
    }
    // Where the audit does not speak of a SKU, the contract's initial stock must do.
    for (sku, initial) in promised {
        let is_over = sold(case, *sku) > i128::from(*initial);
        if is_over && !rows.iter().any(|row| row.sku == *sku) {
            compare(case, tally, *sku, i128::from(*initial), None);
        }
    }
    let why = "nobody says what is in some of the live orders";
    tally.unknown(case.facts.live_without_items, why);
}

fn sold(case: &Case<'_>, sku: SkuRef) -> i128 {
    let facts = case.facts.skus[sku.index()];
    i128::from(facts.confirmed) + i128::from(facts.pending)
}

fn compare(
    case: &Case<'_>,
    tally: &mut Tally,
    sku: SkuRef,
    capacity: i128,
    row: Option<&AuditStock>,
) {
    let sold = sold(case, sku);
    if sold <= capacity {
        return;
    }
    tally.violation(case.audit_time(), || {
        let name = case.history.names.skus.text(sku.index());
        let why = format!(
            "live orders have {sold} units of {name}; there were {capacity}. What is sold must have been there."
        );
        let told = row
            .into_iter()
            .fold(witness(why), |told, row| told.row(case.tell_stock(row)));
        told.orders_of(case, sku)
    });
}
