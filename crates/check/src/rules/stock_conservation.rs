//! initial + restocked - on hand - reserved - sold is not 0. Sold are the units of confirmed orders; those of pending ones are in
//! `reserved`, or, with a service that does not reserve, already taken from `on hand`.

use history::AuditStock;

use crate::case::Case;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let (Some(rows), Some(_)) = (case.stock(), case.orders()) else {
        tally.not_judged("the stock and the orders were not both looked at");
        return;
    };
    tally.checked(rows.len() as u64);
    if case.facts.gaps.live_without_items > 0 {
        let why = "it is not said what is in some of the live orders";
        tally.unknown(rows.len() as u64, why);
        return;
    }
    for row in rows {
        let missing = missing(case, row);
        let is_fine = missing > 0 && mutant!("stock-conservation/losses-are-fine")
            || missing < 0 && mutant!("stock-conservation/gains-are-fine");
        if missing == 0 || is_fine {
            continue;
        }
        tally.violation(case.audit_time(), || {
            let sku = case.facts.skus[row.sku.index()];
            let (amount, verb) = match missing {
                1.. => (missing, "missing"),
                _ => (-missing, "too many"),
            };
            let why = format!(
                "of {}, {amount} units are {verb}: initial {} and restocked {} are not on hand {} and reserved {} and {} in confirmed orders. Stock goes where an order takes it, and nowhere else.",
                case.history.names.skus.text(row.sku.index()),
                row.initial,
                row.restocked,
                row.on_hand,
                row.reserved,
                sku.confirmed,
            );
            witness(why)
                .row(case.tell_stock(row))
                .orders_of(case, row.sku)
        });
    }
}

/// How many units are not accounted for.
fn missing(case: &Case<'_>, row: &AuditStock) -> i128 {
    let sku = case.facts.skus[row.sku.index()];
    let had = i128::from(row.initial)
        + i128::from(if mutant!("stock-conservation/restocking-does-not-count") {
            0
        } else {
            row.restocked
        });
    let reserved = if mutant!("stock-conservation/reserved-does-not-count") {
        0
    } else {
        row.reserved
    };
    let has = i128::from(row.on_hand) + i128::from(reserved) + i128::from(sku.confirmed);
    let rest = had - has;
    let unreserved = i128::from(sku.pending) - i128::from(row.reserved);
    if unreserved > 0
        && rest == unreserved
        && !mutant!("stock-conservation/open-orders-are-reserved")
    {
        return 0;
    }
    // What was at first may be before the orders of the baseline, or after them.
    let old = i128::from(sku.baseline);
    match rest == -old && !mutant!("stock-conservation/baseline-is-in-the-initial") {
        true => 0,
        false => rest,
    }
}
