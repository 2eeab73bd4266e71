//! The ports: everything that a strategy may do to the world. One `await` is one round trip.
//!
//! The errors tell what a caller may conclude, not what went wrong underneath.

#![expect(
    async_fn_in_trait,
    reason = "ports are plain async fn: the simulator is single-threaded, and the server names concrete types at its edge"
)]

use compact_str::CompactString;
use protocol::{
    Cart, ChargeAnswer, ChargeId, ChargeRequest, Coupon, Customer, IdempotencyKey, Line, Order,
    OrderContent, OrderId, OrderState, ScopedKey, Sku, Span, Tenant, Time,
};

use crate::metrics::Metric;
use crate::process::Process;
use crate::rows::{
    ChargeRow, KeyRecord, KeyState, NewOrder, NotificationKind, OrderRow, Owner, Token,
};

/// Everything a strategy works with, on one replica, for one request.
pub trait Ports {
    /// The database.
    type Store: Store;
    /// The cache.
    type Cache: Cache;
    /// The payment gateway.
    type Gateway: Gateway;
    /// The replica's clock.
    type Clock: Clock;

    /// The database.
    fn store(&self) -> &Self::Store;
    /// The cache.
    fn cache(&self) -> &Self::Cache;
    /// The payment gateway.
    fn gateway(&self) -> &Self::Gateway;
    /// The replica's clock.
    fn clock(&self) -> &Self::Clock;
    /// The memory of the replica's process.
    fn process(&self) -> &Process;
    /// Who we are: this replica in this life.
    fn owner(&self) -> Owner;
    /// A number that nobody else gets, in this run: the service's UUID.
    fn nonce(&self) -> u64;
    /// Something happened that the service's monitoring counts. Not a round trip.
    fn count(&self, _metric: Metric) {}
}

/// The isolation level of a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isolation {
    /// Every statement sees what was committed before it began.
    #[default]
    ReadCommitted,
    /// The transaction sees one snapshot.
    RepeatableRead,
    /// The transactions have an order.
    Serializable,
}

/// A unique index, by its name in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Constraint {
    /// `idempotency_keys_pkey` on (tenant, scope, key).
    Keys,
    /// `orders_idempotency_key` on (idempotency_key) of orders that put their key there; NULLs are distinct.
    OrdersKey,
    /// `orders_cart` on (tenant, cart, version) of orders that are not cancelled; NULLs are distinct.
    OrdersCart,
    /// `charges_order` on (order).
    ChargesOrder,
}

/// Why a statement or a commit gave no result, by what the caller may conclude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The transaction lost against another and was undone: serialization failure or deadlock. Safe to retry whole.
    #[error("the transaction conflicted with another and was undone")]
    Conflict,
    /// A unique index refused the row. The transaction is aborted.
    #[error("a unique index refused the row: {0:?}")]
    Unique(Constraint),
    /// It did not happen and will not.
    #[error("the database is unavailable; nothing happened")]
    Unavailable,
    /// The connection broke while the effect was under way: it may have happened.
    #[error("the connection broke; it may have happened")]
    Unknown,
    /// The transaction was aborted by an earlier error and takes no more statements (SQLSTATE 25P02).
    #[error("the current transaction is aborted")]
    Aborted,
}

/// The command tag of a COMMIT, which tells what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[must_use = "a COMMIT that rolled back is no error, and has committed nothing"]
pub enum CommitTag {
    /// `COMMIT`.
    Committed,
    /// `ROLLBACK`: an error had aborted the transaction before, and nothing of it is left.
    RolledBack,
}

impl CommitTag {
    /// Takes a ROLLBACK for the failure that it is.
    ///
    /// # Errors
    /// [`StoreError::Aborted`] if nothing was committed.
    pub fn committed(self) -> Result<(), StoreError> {
        match self {
            CommitTag::Committed => Ok(()),
            CommitTag::RolledBack => Err(StoreError::Aborted),
        }
    }
}

/// The database. What a committed transaction wrote is durable; what an open one wrote is invisible to others.
pub trait Store {
    /// An open transaction. Dropping it rolls back, as a lost connection does.
    type Transaction<'a>: Transaction
    where
        Self: 'a;

    /// `BEGIN ISOLATION LEVEL …`
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if no connection could be had.
    async fn begin(&self, isolation: Isolation) -> Result<Self::Transaction<'_>, StoreError>;

    /// A connection in autocommit mode, as `db.query` on a pool is: every statement is a transaction of its own, and one round
    /// trip. It may wait inside that statement, and holds no lock after it. Its `commit` and `rollback` have nothing to do and
    /// cost nothing.
    ///
    /// A statement that writes fails with [`StoreError::Unknown`] where [`Transaction::commit`] would.
    fn autocommit(&self) -> Self::Transaction<'_>;
}

/// An open transaction: one method per SQL statement, each a round trip.
///
/// Every method fails with [`StoreError::Conflict`] or [`StoreError::Unique`] when the database aborts the transaction, with
/// [`StoreError::Aborted`] after that, and with [`StoreError::Unavailable`] when the connection is lost: the transaction is
/// then rolled back. Only [`Transaction::commit`] can end in [`StoreError::Unknown`], and a statement in autocommit mode.
pub trait Transaction {
    /// `NOW()`: when the transaction began, by the database's clock, which all replicas share. It comes with the answer to BEGIN, so
    /// it is no round trip. In autocommit mode it is the time of the call.
    fn now(&self) -> Time;

    /// `SELECT … FROM idempotency_keys WHERE … FOR UPDATE`: waits for whoever holds the row; what it returns stays ours until the end.
    async fn lock_key(&mut self, key: &ScopedKey) -> Result<Option<KeyRecord>, StoreError>;

    /// `INSERT INTO idempotency_keys`: waits for whoever inserts, changes or deletes the same key; [`StoreError::Unique`] if it
    /// is there after that, and at once if it is there and at most locked.
    async fn insert_key(&mut self, key: &ScopedKey, record: KeyRecord) -> Result<(), StoreError>;

    /// `SELECT … FROM idempotency_keys WHERE …`: what is committed, or our own. Never waits, locks nothing, and may be out of date
    /// as soon as it is read.
    async fn find_key(&mut self, key: &ScopedKey) -> Result<Option<KeyRecord>, StoreError>;

    /// `UPDATE idempotency_keys SET state = $state WHERE …`, whoever wrote the row last: how many rows it hit, 0 or 1. Waits for
    /// whoever holds the row.
    async fn set_key_state(&mut self, key: &ScopedKey, state: KeyState) -> Result<u64, StoreError>;

    /// `UPDATE idempotency_keys SET … WHERE … AND token = $held`: how many rows it hit, 0 or 1.
    async fn update_key(
        &mut self,
        key: &ScopedKey,
        held: Token,
        record: KeyRecord,
    ) -> Result<u64, StoreError>;

    /// `SELECT … WHERE state = 'claimed' AND lease_until < $now LIMIT $limit FOR UPDATE SKIP LOCKED`: claims whose owner has gone.
    async fn lock_overdue_claims(
        &mut self,
        now: Time,
        limit: usize,
    ) -> Result<Vec<(ScopedKey, KeyRecord)>, StoreError>;

    /// `DELETE FROM idempotency_keys WHERE … IN (SELECT … WHERE state <> 'claimed' AND expires_at < $before LIMIT $limit FOR
    /// UPDATE SKIP LOCKED)`: how many went.
    async fn delete_expired_keys(&mut self, before: Time, limit: usize) -> Result<u64, StoreError>;

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

    /// `SELECT used < "limit" FROM coupons WHERE tenant = … AND code = …`: whether one more order may have the coupon, as far as
    /// is committed, or our own. Never waits, and holds nothing: the next statement may find it used up.
    async fn check_coupon(&mut self, tenant: Tenant, coupon: &Coupon) -> Result<bool, StoreError>;

    /// `UPDATE coupons SET used = used + 1 WHERE … AND used < "limit"`: whether it hit the row. Waits for whoever holds the row
    /// and looks again; a row that is used up is neither waited for nor locked.
    async fn redeem_coupon(&mut self, tenant: Tenant, coupon: &Coupon) -> Result<bool, StoreError>;

    /// `UPDATE coupons SET used = used + 1 WHERE …`, whatever the limit is. Waits for whoever holds the row.
    async fn count_coupon(&mut self, tenant: Tenant, coupon: &Coupon) -> Result<(), StoreError>;

    /// The coupon is given back: `UPDATE coupons SET used = used - 1 WHERE …`. Waits for whoever holds the row.
    async fn release_coupon(&mut self, tenant: Tenant, coupon: &Coupon) -> Result<(), StoreError>;

    /// `INSERT INTO orders … RETURNING id`. Waits for a concurrent insert of the same key or cart; [`StoreError::Unique`] by
    /// `orders_idempotency_key` or `orders_cart` if that one commits.
    async fn insert_order(&mut self, new: NewOrder) -> Result<OrderId, StoreError>;

    /// `INSERT INTO order_items`, all lines in one statement. Inserts nobody waits for.
    async fn insert_items(
        &mut self,
        order: OrderId,
        content: &OrderContent,
    ) -> Result<(), StoreError>;

    /// `INSERT INTO order_items`, one line: the next one of the order's content. Inserts nobody waits for.
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

    /// `INSERT INTO charges`. [`StoreError::Unique`] by `charges_order`.
    async fn insert_charge(&mut self, charge: ChargeRow) -> Result<(), StoreError>;

    /// `UPDATE sales SET sold = sold + q`, rows taken in the order of their SKUs.
    async fn increment_sales(&mut self, tenant: Tenant, lines: &[Line]) -> Result<(), StoreError>;

    /// `INSERT INTO inventory_logs`, one row for every line. Inserts nobody waits for.
    async fn insert_inventory_log(
        &mut self,
        order: OrderId,
        lines: &[Line],
    ) -> Result<(), StoreError>;

    /// `SELECT … FROM carts WHERE tenant = … AND id = … AND version = …`: whether the cart is still there, as far as is committed.
    /// Never waits, and locks nothing.
    async fn find_cart(&mut self, tenant: Tenant, cart: Cart) -> Result<bool, StoreError>;

    /// `DELETE FROM carts WHERE tenant = … AND id = … AND version = …`.
    async fn clear_cart(&mut self, tenant: Tenant, cart: Cart) -> Result<(), StoreError>;

    /// `INSERT INTO outbox`: a notification that leaves after the commit.
    async fn insert_notification(
        &mut self,
        order: OrderId,
        kind: NotificationKind,
    ) -> Result<(), StoreError>;

    /// `COMMIT`. Of a transaction that an error has aborted it is a ROLLBACK, which is no error: the tag tells.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] if the connection broke before the acknowledgement: it may have happened.
    /// [`StoreError::Conflict`] if the database refused it: it did not happen.
    async fn commit(self) -> Result<CommitTag, StoreError>;

    /// `ROLLBACK`.
    async fn rollback(self);
}

/// Why the cache gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// It did not happen.
    #[error("the cache is unavailable")]
    Unavailable,
    /// It may have happened.
    #[error("the connection to the cache broke; it may have happened")]
    Unknown,
}

/// The cache: fast, shared by the replicas, and allowed to forget everything at any moment.
pub trait Cache {
    /// `GET key`.
    async fn get(&self, key: &CompactString) -> Result<Option<CompactString>, CacheError>;

    /// `SETEX key ttl value`.
    async fn set(
        &self,
        key: &CompactString,
        value: CompactString,
        ttl: Span,
    ) -> Result<(), CacheError>;

    /// `SET key value NX EX ttl`: whether the value was set.
    async fn set_if_absent(
        &self,
        key: &CompactString,
        value: CompactString,
        ttl: Span,
    ) -> Result<bool, CacheError>;

    /// `DEL key`.
    async fn delete(&self, key: &CompactString) -> Result<(), CacheError>;

    /// `EVAL`: `DEL key` if its value is this one, in one step. Whether it was.
    async fn delete_if(
        &self,
        key: &CompactString,
        value: &CompactString,
    ) -> Result<bool, CacheError>;
}

/// Why the gateway gave no definite answer, by what the caller may conclude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// `409`: a charge with this key is running. Ask again later, with the same key.
    #[error("a charge with this key is in use")]
    InUse,
    /// It did not happen.
    #[error("the gateway is unavailable; nothing happened")]
    Unavailable,
    /// Timeout, reset or 5xx: it may have happened. Ask again, with the same key.
    #[error("the gateway's answer is unknown; it may have happened")]
    Unknown,
}

/// The payment gateway. The same key with the same amount is the same charge, until the gateway forgets the key.
pub trait Gateway {
    /// Captures an amount. A declined charge is an answer, not an error. What became of a charge of which nothing was heard is found
    /// out by asking for it again.
    async fn charge(&self, request: ChargeRequest) -> Result<ChargeAnswer, GatewayError>;

    /// Gives a captured amount back. Refunding twice is refunding once.
    async fn refund(&self, charge: ChargeId) -> Result<(), GatewayError>;
}

/// The replica's clock: its own, with its own error.
pub trait Clock {
    /// The time as this replica sees it.
    fn now(&self) -> Time;

    /// Waits.
    async fn sleep(&self, span: Span);
}
