//! What orders took that no request explains.

use history::AuditOrder;

use super::Units;
use crate::case::Case;
use crate::facts::{items_of, order_rows};
use crate::keyed::Try;

/// Units of orders that no request explains.
pub(super) struct Strange {
    /// Of keys or contents that were never sent, and beyond the first of what was meant once.
    pub(super) certain: Units,
    /// Of orders that do not say their key, and may be of a request or of none.
    pub(super) perhaps: Units,
    /// How many of them do not say what they took.
    pub(super) untold: u64,
}

pub(super) fn strange(case: &Case<'_>) -> Strange {
    let rows = order_rows(case.history);
    let odd = case.facts.odd.contents.iter().map(|row| &rows[*row as usize]);
    let odd = odd.filter(|order| order.key.is_some());
    let keyless = rows.iter().filter(|order| order.key.is_none());
    let extra = &case.facts.extras.orders;
    let is_extra = |order: &AuditOrder| extra.iter().any(|extra| extra.order as usize == order.id.index());
    let mut strange = Strange {
        certain: Units::new(),
        perhaps: Units::new(),
        untold: 0,
    };
    for extra in extra.iter().filter_map(|extra| case.order(extra.order as usize)) {
        strange.untold += untold(case, extra);
        add_order(case, &mut strange.certain, extra);
    }
    for order in odd.chain(keyless).filter(|order| !is_extra(order)) {
        let is_own = |attempt: &Try<'_>| case.may_be_asked(order, attempt.asked);
        let units = match order.key {
            Some(key) if case.attempts_with(key.index()).iter().any(is_own) => continue,
            Some(_) => &mut strange.certain,
            None => &mut strange.perhaps,
        };
        add_order(case, units, order);
        strange.untold += untold(case, order);
    }
    strange
}

/// One, if an order does not say what it took.
fn untold(case: &Case<'_>, order: &AuditOrder) -> u64 {
    let is_untold = items_of(case.history, order).is_none();
    u64::from(is_untold && !mutant!("false-sold-out/strange-orders-say-what-they-took"))
}

pub(super) fn add_order(case: &Case<'_>, units: &mut Units, order: &AuditOrder) {
    if mutant!("false-sold-out/strange-orders-take-nothing") {
        return;
    }
    let basket = items_of(case.history, order);
    for item in basket.map(|basket| case.history.names.items(basket)).unwrap_or_default() {
        *units.entry(item.sku).or_default() += i128::from(item.quantity);
    }
}
