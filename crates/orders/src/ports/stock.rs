//! `stock`, and the log of what left it.

use protocol::{Line, OrderId, Sku, Tenant};

use super::store_error::StoreError;

/// Statements on `stock` and `inventory_logs`. What fails, fails as [`Transaction`](super::Transaction) says.
pub trait Stock {
    /// `UPDATE stock SET on_hand = on_hand - q, reserved = reserved + q WHERE on_hand >= q`, one statement for all lines,
    /// rows taken in the order of their SKUs. `false`, and nothing done, if any line is short. A row that is short is neither
    /// waited for nor locked; the others are.
    async fn reserve_stock(&mut self, tenant: Tenant, lines: &[Line]) -> Result<bool, StoreError>;

    /// The reservation becomes a sale: `reserved = reserved - q`.
    async fn settle_stock(&mut self, tenant: Tenant, lines: &[Line]) -> Result<(), StoreError>;

    /// The reservation is given back: `reserved = reserved - q, on_hand = on_hand + q`.
    async fn release_stock(&mut self, tenant: Tenant, lines: &[Line]) -> Result<(), StoreError>;

    /// `UPDATE stock SET on_hand = on_hand - q WHERE on_hand >= q`, for all lines or none: a sale without a reservation.
    async fn sell_stock(&mut self, tenant: Tenant, lines: &[Line]) -> Result<bool, StoreError>;

    /// `SELECT on_hand FROM stock WHERE sku IN (…)`: what is on hand of each line's SKU, as far as it is committed; `None` if one has
    /// no row. Never waits, and holds nothing: the next statement may find less.
    async fn read_stock(
        &mut self,
        tenant: Tenant,
        lines: &[Line],
    ) -> Result<Option<Vec<i64>>, StoreError>;

    /// `UPDATE stock SET on_hand = on_hand - q WHERE …`, whatever is there: a sale without a guard.
    async fn take_stock(&mut self, tenant: Tenant, lines: &[Line]) -> Result<(), StoreError>;

    /// `UPDATE stock SET on_hand = $on_hand WHERE …`, whatever is there.
    async fn write_stock(
        &mut self,
        tenant: Tenant,
        sku: &Sku,
        on_hand: i64,
    ) -> Result<(), StoreError>;

    /// `INSERT INTO inventory_logs`, one row for every line. No other transaction waits for these inserts.
    async fn insert_inventory_log(
        &mut self,
        order: OrderId,
        lines: &[Line],
    ) -> Result<(), StoreError>;
}
