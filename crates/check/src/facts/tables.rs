//! The tables of the audit, and what a row of an order says by itself.

use history::{AuditCharge, AuditOrder, AuditStock, BasketRef, History, Item, PayloadRef};
use protocol::OrderState;

/// The rows of the orders; none if they were not looked at.
#[inline]
pub(crate) fn order_rows(history: &History) -> &[AuditOrder] {
    let orders = history
        .audit
        .as_ref()
        .and_then(|audit| audit.orders.as_ref());
    orders.map_or(&[], |orders| orders)
}

/// The rows of the charges; none if they were not looked at.
#[inline]
pub(crate) fn charge_rows(history: &History) -> &[AuditCharge] {
    let charges = history
        .audit
        .as_ref()
        .and_then(|audit| audit.charges.as_ref());
    charges.map_or(&[], |charges| charges)
}

/// The audit's stock table, if the audit has one.
pub(crate) fn stock_table(history: &History) -> Option<&[AuditStock]> {
    let audit = history.audit.as_ref()?;
    audit.stock.as_deref()
}

/// Whether an order counts: pending or confirmed.
#[inline]
pub(crate) fn is_live(order: &AuditOrder) -> bool {
    order.state != OrderState::Cancelled || mutant!("duplicate-order/cancelled-orders-count")
}

/// What is in an order: as its row says, else as its request did. Where an order may be a part of a purchase, only its row counts.
#[inline]
pub(crate) fn items_of(history: &History, order: &AuditOrder) -> Option<BasketRef> {
    let is_whole = !history.contract.split || mutant!("partial-order/each-part-is-the-whole");
    order.items.or_else(|| {
        if !is_whole {
            return None;
        }
        let payload = order.payload?;
        history.names.payload_items(payload)
    })
}

/// Whether a list of items has nothing that another lacks. Both are sorted, each SKU once.
pub(crate) fn is_part_of(part: &[Item], whole: &[Item]) -> bool {
    part.iter().all(|item| {
        let found = whole.iter().find(|other| other.sku == item.sku);
        found.is_some_and(|other| item.quantity <= other.quantity)
    })
}

/// Whether the content of an order may be a payload, or, where purchases may be split, a part of it, as far as both say.
pub(crate) fn may_be_asked(
    history: &History,
    order: &AuditOrder,
    payload: Option<PayloadRef>,
) -> bool {
    let names = &history.names;
    if let (Some(stored), Some(asked)) = (order.payload, payload) {
        return stored == asked;
    }
    let asked = payload.and_then(|payload| names.payload_items(payload));
    let both = items_of(history, order).zip(asked);
    both.is_none_or(|(stored, asked)| {
        let (stored, asked) = (names.items(stored), names.items(asked));
        stored == asked || history.contract.split && is_part_of(stored, asked)
    })
}
