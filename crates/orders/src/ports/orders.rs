//! `orders` and `order_items`.

use protocol::{
    Cart, Customer, IdempotencyKey, Line, Order, OrderContent, OrderId, OrderState, Span, Tenant,
};

use super::store_error::StoreError;
use crate::rows::{NewOrder, OrderRow};

/// Statements on `orders` and `order_items`. What fails, fails as [`Transaction`](super::Transaction) says.
pub trait Orders {
    /// `INSERT INTO orders … RETURNING id`. Waits for a concurrent insert of the same key or cart; [`StoreError::Unique`] by
    /// `orders_idempotency_key` or `orders_cart` if that one commits.
    async fn insert_order(&mut self, new: NewOrder) -> Result<OrderId, StoreError>;

    /// `INSERT INTO order_items`, all lines in one statement. No other transaction waits for these inserts.
    async fn insert_items(
        &mut self,
        order: OrderId,
        content: &OrderContent,
    ) -> Result<(), StoreError>;

    /// `INSERT INTO order_items`, one line: the next one of the order's content. No other transaction waits for these inserts.
    async fn insert_item(&mut self, order: OrderId, line: &Line) -> Result<(), StoreError>;

    /// `SELECT … FROM order_items WHERE order_id = $order`: the lines that are committed, or our own.
    async fn find_items(&mut self, order: OrderId) -> Result<Vec<Line>, StoreError>;

    /// `UPDATE orders SET state = $to WHERE id = $order AND state = $from`: how many rows it hit, 0 or 1.
    async fn update_order(
        &mut self,
        order: OrderId,
        from: OrderState,
        to: OrderState,
    ) -> Result<u64, StoreError>;

    /// `SELECT … FROM orders WHERE id = $order`.
    async fn find_order(&mut self, order: OrderId) -> Result<Option<OrderRow>, StoreError>;

    /// `SELECT … FROM orders WHERE tenant = … AND natural_key = … AND state <> 'cancelled'`.
    async fn find_order_by_cart(
        &mut self,
        tenant: Tenant,
        cart: Cart,
    ) -> Result<Option<Order>, StoreError>;

    /// `SELECT … FROM orders WHERE idempotency_key = $key [AND tenant = $tenant] LIMIT 1`, of orders whose key is in an index.
    /// Whatever its state is. Never waits; what others have not committed is not there.
    async fn find_order_by_key(
        &mut self,
        tenant: Option<Tenant>,
        key: &IdempotencyKey,
    ) -> Result<Option<Order>, StoreError>;

    /// `SELECT … FROM orders WHERE tenant = … AND customer = … AND created_at > NOW() - $within ORDER BY created_at DESC LIMIT
    /// $limit`. `NOW()` and `created_at` are the database's clock. Whatever their states are. Nothing is equal to a guest, who is
    /// NULL. Never waits; what others have not committed is not there.
    async fn find_recent_orders(
        &mut self,
        tenant: Tenant,
        customer: Customer,
        within: Span,
        limit: usize,
    ) -> Result<Vec<Order>, StoreError>;
}
