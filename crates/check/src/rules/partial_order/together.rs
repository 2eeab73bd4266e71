//! What is written with an order: its cart is cleared, the sales counter counts it, the inventory log and the service's own table of
//! charges have it, its key record is completed, and of a purchase that is split all parts are there. They stand or fall together, and each
//! is judged where the audit has it. A message that was not sent is `missing-notification`.

use std::collections::BTreeMap;

use history::{Audit, AuditMove, AuditOrder, SkuRef};

use super::confirmed::{ByOrder, confirmed, lacks};
use super::{carts, parts, recorded, records};
use crate::case::Case;
use crate::facts::{is_live, items_of};
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally, orders: &[AuditOrder]) {
    let Some(audit) = case.history.audit.as_ref() else {
        return;
    };
    let parts = [
        ("carts", audit.carts.is_some()),
        ("sales", audit.sales.is_some()),
        ("inventory_log", audit.inventory_log.is_some()),
        ("recorded_charges", audit.recorded_charges.is_some()),
    ];
    let is_any_absent = parts.iter().any(|(_, there)| !there);
    if is_any_absent && parts.iter().any(|(_, there)| *there) {
        let absent: Vec<&str> = parts.iter().filter(|(_, there)| !there).map(|(part, _)| *part).collect();
        tally.note(format!("not judged, because the audit does not have them: {}", absent.join(", ")));
    }
    carts::judge(case, tally, audit, orders);
    judge_sales(case, tally, audit);
    judge_log(case, tally, audit, orders);
    recorded::judge(case, tally, audit, orders);
    records::judge(case, tally, audit, orders);
    if case.history.contract.split {
        parts::judge(case, tally, orders);
    }
}

/// The units of each SKU in rows of the log, by SKU, without those that come to nothing.
fn units(rows: &[AuditMove]) -> Vec<(SkuRef, i64)> {
    let mut units: Vec<(SkuRef, i64)> = rows.iter().map(|row| (row.sku, row.quantity)).collect();
    units.sort_unstable_by_key(|(sku, _)| *sku);
    units.dedup_by(|next, kept| {
        let is_same = next.0 == kept.0;
        kept.1 = if is_same { kept.1.saturating_add(next.1) } else { kept.1 };
        is_same
    });
    units.retain(|(_, units)| *units != 0);
    units
}

/// The sales counter of a SKU counts the units of confirmed orders.
fn judge_sales(case: &Case<'_>, tally: &mut Tally, audit: &Audit) {
    let Some(sales) = &audit.sales else { return };
    if case.facts.gaps.live_without_items > 0 {
        tally.unknown(1, "it is not said what is in some of the orders that the sales counters count");
        return;
    }
    let counted: BTreeMap<SkuRef, i64> = sales.iter().map(|row| (row.sku, row.sold)).collect();
    let units = case.facts.skus.iter().enumerate();
    for (sku, facts) in units {
        let sku = SkuRef::new(sku as u32);
        let sold = counted.get(&sku).copied();
        if sold.is_none() && facts.confirmed == 0 {
            continue;
        }
        tally.checked(1);
        let confirmed = facts.confirmed as i64;
        let old = facts.baseline as i64;
        let sold = sold.unwrap_or(0);
        // What was sold before the run may be counted or not.
        let fits = (confirmed - old..=confirmed).contains(&sold);
        if !fits && !mutant!("partial-order/sales-need-not-be-counted") {
            tally.violation(case.audit_time(), || {
                let name = case.history.names.skus.text(sku.index());
                let why = format!(
                    "the sales counter of {name} says {sold}; confirmed orders have {confirmed} units of it. What is written with an order stands or falls with it."
                );
                witness(why).orders_of(case, sku)
            });
        }
    }
}

/// The inventory log has exactly the items of each confirmed order, and nothing of orders that are not there.
fn judge_log(case: &Case<'_>, tally: &mut Tally, audit: &Audit, orders: &[AuditOrder]) {
    let Some(log) = &audit.inventory_log else { return };
    let moved = ByOrder::new(log, case.history.names.orders.len(), |row| row.order);
    for order in confirmed(case, orders) {
        let Some(basket) = items_of(case.history, order) else { continue };
        tally.checked(1);
        let items = case.history.names.items(basket).iter();
        let wanted = items.map(|item| (item.sku, i64::from(item.quantity)));
        if !units(moved.of(order.id)).into_iter().eq(wanted) && !mutant!("partial-order/the-log-may-lie") {
            lacks(case, tally, order, "the inventory log does not have its items as they are");
        }
    }
    let given_up = case.cancelled_on_request();
    for order in moved.orders() {
        let row = case.order(order.index());
        // What left for an order that was cancelled later did leave.
        let is_given_up = given_up.contains(&order) && row.is_some() && !mutant!("partial-order/what-left-comes-back");
        let is_gone = row.is_none_or(|row| !is_live(row)) && !is_given_up;
        if is_gone && !units(moved.of(order)).is_empty() && !mutant!("partial-order/the-log-may-have-more") {
            tally.violation(case.audit_time(), || {
                let why = format!(
                    "the inventory log has units that left for {}, and there is no such live order. What is written with an order stands or falls with it.",
                    case.tell_order(order.index()),
                );
                row.map_or(witness(why.clone()), |row| witness(why).order_row(case, row))
            });
        }
    }
}
