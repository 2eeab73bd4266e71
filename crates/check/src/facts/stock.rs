//! How many units of each SKU the live orders have.

use history::{AuditOrder, History};
use protocol::OrderState;

use super::store::Facts;
use super::tables::{is_live, items_of, stock_table};

impl Facts {
    /// Adds up the units of an order.
    #[inline]
    pub(super) fn count_units(&mut self, history: &History, order: &AuditOrder) {
        if !is_live(order) {
            return;
        }
        let Some(basket) = items_of(history, order) else {
            self.gaps.live_without_items += 1;
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
        let prices = self.lookup.prices.get_or_init(|| {
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
