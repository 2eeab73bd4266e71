//! The live quantity of a SKU exceeds what there was at first and was added. An attempt whose end is unknown counts only if its order is
//! in the database; an order that was there before the run does not.

use std::collections::BTreeMap;

use history::{AuditStock, OrderRef, SkuRef};

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
    // Where the audit does not list a SKU, the contract's initial stock counts; if the stock was not audited, there may have been more.
    let mut perhaps_restocked = 0;
    for (sku, initial) in promised {
        let is_over = sold(case, *sku) > i128::from(*initial);
        if !is_over || rows.iter().any(|row| row.sku == *sku) {
            continue;
        }
        if may_be_restocked(case) {
            perhaps_restocked += 1;
        } else {
            compare(case, tally, *sku, i128::from(*initial), None);
        }
    }
    tally.unknown(perhaps_restocked, RESTOCKED);
    let why = "it is not said what is in some of the live orders";
    tally.unknown(case.facts.gaps.live_without_items, why);
}

const RESTOCKED: &str = "more was sold than there was at first, and it was not looked at whether it was restocked";

/// Whether it is not known what was restocked.
fn may_be_restocked(case: &Case<'_>) -> bool {
    case.stock().is_none() && !mutant!("oversell/stock-that-is-not-looked-at-is-not-restocked")
}

/// Without the orders of the audit, what was sold is at least what was acknowledged, less what may have been cancelled.
fn judge_answers(case: &Case<'_>, tally: &mut Tally) {
    let capacity = capacity(case);
    if capacity.is_empty() || case.facts.answers.acknowledgements == 0 {
        tally.not_judged("the orders were not looked at");
        return;
    }
    let (sold, cancelled) = acknowledged(case);
    tally.checked(capacity.len() as u64);
    let (mut perhaps_restocked, mut perhaps_cancelled) = (0, 0);
    for (sku, capacity) in &capacity {
        let units = *sold.get(sku).unwrap_or(&0);
        if units <= *capacity || mutant!("oversell/answers-do-not-count") {
            continue;
        }
        if may_be_restocked(case) {
            perhaps_restocked += 1;
        } else if units - cancelled.get(sku).unwrap_or(&0) <= *capacity && !mutant!("oversell/cancelled-orders-are-kept") {
            perhaps_cancelled += 1;
        } else {
            tally.violation(case.facts.run.last_event, || {
                let name = case.history.names.skus.text(sku.index());
                let why = format!(
                    "{units} units of {name} were acknowledged; there were {capacity}. What is sold must have been there."
                );
                witness(why)
            });
        }
    }
    tally.unknown(perhaps_restocked, RESTOCKED);
    tally.unknown(perhaps_cancelled, "more was sold than there was, and some of it may have been cancelled before");
    let why = "the orders were not looked at";
    tally.unknown(capacity.len() as u64, why);
}

/// How much of each there was: as the audit says, else as the contract says of the beginning.
fn capacity(case: &Case<'_>) -> BTreeMap<SkuRef, i128> {
    let promised = case.history.contract.stock.iter();
    let promised = promised.map(|(sku, initial)| (*sku, i128::from(*initial)));
    let rows = case.stock().unwrap_or_default().iter();
    let restocked = |row: &AuditStock| match mutant!("oversell/answers-are-of-the-first-stock") {
        true => 0,
        false => i128::from(row.restocked),
    };
    let rows = rows.map(|row| (row.sku, i128::from(row.initial) + restocked(row)));
    promised.chain(rows).collect()
}

/// How many units of each were acknowledged, and how many of those are of orders whose cancellation was asked for.
fn acknowledged(case: &Case<'_>) -> (BTreeMap<SkuRef, i128>, BTreeMap<SkuRef, i128>) {
    let names = &case.history.names;
    let cancels = case.cancelled_on_request();
    let (mut sold, mut cancelled) = (BTreeMap::new(), BTreeMap::new());
    for (order, facts) in case.facts.orders.iter().enumerate() {
        let attempt = facts.acked.get().and_then(|done| case.attempt_at(done));
        let payload = attempt.and_then(|attempt| attempt.asked.payload);
        let items = payload.and_then(|payload| names.payload_items(payload));
        for item in items.map(|items| names.items(items)).unwrap_or_default() {
            let units = i128::from(item.quantity);
            *sold.entry(item.sku).or_default() += units;
            if cancels.contains(&OrderRef::new(order as u32)) {
                *cancelled.entry(item.sku).or_default() += units;
            }
        }
    }
    (sold, cancelled)
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
