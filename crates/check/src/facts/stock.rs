//! How many units of each SKU the live orders have.

use history::{AuditOrder, AuditStock, BasketRef, History, Item};
use protocol::OrderState;

use super::Facts;
use super::orders::is_live;

/// What is known of a SKU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SkuFacts {
    /// Units in confirmed orders.
    pub(crate) confirmed: u64,
    /// Units in pending orders.
    pub(crate) pending: u64,
    /// Of all of them, those in orders that were there before the run.
    pub(crate) baseline: u64,
}

impl Facts {
    /// Adds up the units of an order.
    #[inline]
    pub(super) fn count_units(&mut self, history: &History, order: &AuditOrder) {
        if !is_live(order) {
            return;
        }
        let Some(basket) = items_of(history, order) else {
            self.live_without_items += 1;
            return;
        };
        let is_old = self.orders[order.id.index()].is_baseline;
        for item in history.names.items(basket) {
            let sku = &mut self.skus[item.sku.index()];
            let units = u64::from(item.quantity);
            sku.baseline += if is_old { units } else { 0 };
            if order.state == OrderState::Pending {
                sku.pending += units;
                self.counts.units_pending += units;
            } else {
                sku.confirmed += units;
                self.counts.units_confirmed += units;
            }
        }
    }

    /// Adds up the stock.
    pub(super) fn count_stock(&mut self, history: &History) {
        for row in stock_table(history).unwrap_or_default() {
            let sum = |sum: &mut i64, units: i64| *sum = sum.saturating_add(units);
            sum(&mut self.counts.units_initial, row.initial);
            sum(&mut self.counts.units_restocked, row.restocked);
            sum(&mut self.counts.units_on_hand, row.on_hand);
            sum(&mut self.counts.units_reserved, row.reserved);
        }
    }

    /// What an order comes to by the contract's prices, if they say.
    pub(crate) fn price_of(&self, history: &History, order: &AuditOrder) -> Option<i64> {
        let prices = self.prices.get_or_init(|| {
            let mut prices = vec![None; history.names.skus.len()];
            for (sku, price) in &history.contract.prices {
                prices[sku.index()] = Some(*price);
            }
            prices
        });
        let items = history.names.items(items_of(history, order)?);
        items.iter().try_fold(0_i64, |sum, item| {
            let price = prices[item.sku.index()]?;
            Some(sum.saturating_add(price.saturating_mul(i64::from(item.quantity))))
        })
    }
}

impl Facts {
    /// What an order comes to less what its coupon takes off, if both are known.
    pub(crate) fn price_less_coupon(&self, history: &History, order: &AuditOrder) -> Option<i64> {
        let price = self.price_of(history, order)?;
        let Some(coupon) = order.coupon else {
            return Some(price);
        };
        let coupons = history.audit.as_ref()?.coupons.as_ref()?;
        let off = coupons.iter().find(|row| row.coupon == coupon)?.off?;
        Some(price.saturating_sub(off).max(0))
    }
}

/// Whether a list of items has nothing that another lacks. Both are sorted, each SKU once.
pub(crate) fn is_part_of(part: &[Item], whole: &[Item]) -> bool {
    part.iter().all(|item| {
        let found = whole.iter().find(|other| other.sku == item.sku);
        found.is_some_and(|other| item.quantity <= other.quantity)
    })
}

/// What is in an order: as its row says, else as its request did. An order that may be a part of what was asked for is as its row says only.
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

/// The audit's stock table, if the audit has one.
pub(crate) fn stock_table(history: &History) -> Option<&[AuditStock]> {
    let audit = history.audit.as_ref()?;
    audit.stock.as_deref()
}
