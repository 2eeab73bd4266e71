//! On-hand or reserved stock below 0 in the audit.

use crate::case::Case;
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let Some(rows) = case.stock() else {
        tally.not_judged("the stock was not looked at");
        return;
    };
    tally.checked(rows.len() as u64);
    for row in rows.iter().filter(|row| {
        row.on_hand < 0 && !mutant!("negative-stock/on-hand-does-not-matter")
            || row.reserved < 0 && !mutant!("negative-stock/reserved-does-not-matter")
            || mutant!("negative-stock/nothing-is-negative") && row.on_hand == 0
    }) {
        tally.violation(case.audit_time(), || {
            let sku = case.history.names.skus.text(row.sku.index());
            let why = format!(
                "the stock of {sku} has {} on hand and {} reserved. There cannot be less than nothing.",
                row.on_hand, row.reserved,
            );
            witness(why).row(case.tell_stock(row))
        });
    }
}
