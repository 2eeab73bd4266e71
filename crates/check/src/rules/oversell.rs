//! The live quantity of a SKU exceeds what there was at first and was added. An attempt whose end is unknown counts only if its order is
//! in the database; an order that was there before the run does not.

use std::collections::BTreeMap;

use history::{AuditStock, SkuRef};

use crate::case::Case;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    if case.orders().is_none() {
        judge_answers(case, tally);
        return;
    }
    let rows = case.stock().unwrap_or_default();
    let promised = &case.history.contract.stock;
    if rows.is_empty() && promised.is_empty() {
        tally.not_judged("it is not said how much stock there was");
        return;
    }
    tally.checked(rows.len().max(promised.len()) as u64);
    for row in rows {
        let capacity = i128::from(row.initial)
            + if mutant!("oversell/restocking-does-not-count") {
                0
            } else {
                i128::from(row.restocked)
            };
        compare(case, tally, row.sku, capacity, Some(row));
    }
    // Where the audit does not speak of a SKU, the contract's initial stock must do.
    for (sku, initial) in promised {
        let is_over = sold(case, *sku) > i128::from(*initial);
        if is_over && !rows.iter().any(|row| row.sku == *sku) {
            compare(case, tally, *sku, i128::from(*initial), None);
        }
    }
    let why = "it is not said what is in some of the live orders";
    tally.unknown(case.facts.live_without_items, why);
}

/// Without the orders of the audit, what was sold is at least what was acknowledged.
fn judge_answers(case: &Case<'_>, tally: &mut Tally) {
    let promised = &case.history.contract.stock;
    if promised.is_empty() || case.facts.acknowledgements == 0 {
        tally.not_judged("the orders were not looked at");
        return;
    }
    let names = &case.history.names;
    let mut sold: BTreeMap<SkuRef, i128> = BTreeMap::new();
    for facts in &case.facts.orders {
        let attempt = facts.acked.get().and_then(|done| case.attempt_at(done));
        let payload = attempt.and_then(|attempt| attempt.asked.payload);
        let items = payload.and_then(|payload| names.payload_items(payload));
        for item in items.map(|items| names.items(items)).unwrap_or_default() {
            *sold.entry(item.sku).or_default() += i128::from(item.quantity);
        }
    }
    tally.checked(promised.len() as u64);
    for (sku, initial) in promised {
        let sold = *sold.get(sku).unwrap_or(&0);
        if sold > i128::from(*initial) && !mutant!("oversell/answers-do-not-count") {
            tally.violation(case.facts.last_event, || {
                let name = names.skus.text(sku.index());
                let why = format!(
                    "{sold} units of {name} were acknowledged; there were {initial}. What is sold must have been there."
                );
                witness(why)
            });
        }
    }
    let why = "the orders were not looked at";
    tally.unknown(promised.len() as u64, why);
}

fn sold(case: &Case<'_>, sku: SkuRef) -> i128 {
    let facts = case.facts.skus[sku.index()];
    let pending = if mutant!("oversell/open-orders-do-not-count") {
        0
    } else {
        facts.pending
    };
    let old = if mutant!("oversell/baseline-counts") {
        0
    } else {
        facts.baseline
    };
    i128::from(facts.confirmed) + i128::from(pending) - i128::from(old)
}

fn compare(
    case: &Case<'_>,
    tally: &mut Tally,
    sku: SkuRef,
    capacity: i128,
    row: Option<&AuditStock>,
) {
    let sold = sold(case, sku);
    if sold <= capacity + i128::from(mutant!("oversell/one-too-many-is-fine")) {
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
