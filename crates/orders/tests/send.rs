//! A server runs its handlers on several threads, so the futures of every strategy are `Send` where the ports are concrete.
//!
//! The ports here never answer: the compiler decides. What tends to break it is a value that is not `Send`, such as the
//! arguments of a `format!`, kept alive across an `.await`.

use std::future::pending;

use compact_str::CompactString;
use orders::ports::{CacheError, Carts, Charges, Coupons, Keys, Orders, Outbox, Sales, Stock};
use orders::{
    Cache, ChargeRow, Clock, CommitTag, Contract, Gateway, GatewayError, Isolation, KeyRecord,
    KeyState, NewOrder, NotificationKind, OrderRow, Owner, Ports, Process, Store, StoreError,
    StrategyName, Token, Transaction,
};
use protocol::{
    Cart, ChargeAnswer, ChargeId, ChargeNotice, ChargeRequest, Coupon, Customer, IdempotencyKey,
    Line, Order, OrderContent, OrderId, OrderRequest, OrderState, ScopedKey, Sku, Span, Tenant,
    Time,
};

/// Every port at once.
struct Nowhere(Process);

/// A transaction of no database.
struct Nothing;

impl Ports for Nowhere {
    type Store = Nowhere;
    type Cache = Nowhere;
    type Gateway = Nowhere;
    type Clock = Nowhere;

    fn store(&self) -> &Nowhere {
        self
    }
    fn cache(&self) -> &Nowhere {
        self
    }
    fn gateway(&self) -> &Nowhere {
        self
    }
    fn clock(&self) -> &Nowhere {
        self
    }
    fn process(&self) -> &Process {
        &self.0
    }
    fn owner(&self) -> Owner {
        Owner(0)
    }
    fn nonce(&self) -> u128 {
        0
    }
}

impl Store for Nowhere {
    type Transaction<'a> = Nothing;

    async fn begin(&self, _: Isolation) -> Result<Nothing, StoreError> {
        pending().await
    }
    fn autocommit(&self) -> Nothing {
        Nothing
    }
}

impl Clock for Nowhere {
    fn now(&self) -> Time {
        Time(0)
    }
    async fn sleep(&self, _: Span) {
        pending().await
    }
}

impl Gateway for Nowhere {
    async fn charge(&self, _: ChargeRequest) -> Result<ChargeAnswer, GatewayError> {
        pending().await
    }
    async fn refund(&self, _: ChargeId) -> Result<(), GatewayError> {
        pending().await
    }
}

impl Cache for Nowhere {
    async fn get(&self, _: &CompactString) -> Result<Option<CompactString>, CacheError> {
        pending().await
    }
    async fn set(&self, _: &CompactString, _: CompactString, _: Span) -> Result<(), CacheError> {
        pending().await
    }
    async fn set_if_absent(
        &self,
        _: &CompactString,
        _: CompactString,
        _: Span,
    ) -> Result<bool, CacheError> {
        pending().await
    }
    async fn delete(&self, _: &CompactString) -> Result<(), CacheError> {
        pending().await
    }
    async fn delete_if(&self, _: &CompactString, _: &CompactString) -> Result<bool, CacheError> {
        pending().await
    }
}

impl Keys for Nothing {
    async fn lock_key(&mut self, _: &ScopedKey) -> Result<Option<KeyRecord>, StoreError> {
        pending().await
    }
    async fn insert_key(&mut self, _: &ScopedKey, _: KeyRecord) -> Result<(), StoreError> {
        pending().await
    }
    async fn find_key(&mut self, _: &ScopedKey) -> Result<Option<KeyRecord>, StoreError> {
        pending().await
    }
    async fn set_key_state(&mut self, _: &ScopedKey, _: KeyState) -> Result<u64, StoreError> {
        pending().await
    }
    async fn update_key(
        &mut self,
        _: &ScopedKey,
        _: Token,
        _: KeyRecord,
    ) -> Result<u64, StoreError> {
        pending().await
    }
    async fn lock_overdue_claims(
        &mut self,
        _: Time,
        _: usize,
    ) -> Result<Vec<(ScopedKey, KeyRecord)>, StoreError> {
        pending().await
    }
    async fn delete_expired_keys(&mut self, _: Time, _: usize) -> Result<u64, StoreError> {
        pending().await
    }
}

impl Stock for Nothing {
    async fn reserve_stock(&mut self, _: Tenant, _: &[Line]) -> Result<bool, StoreError> {
        pending().await
    }
    async fn settle_stock(&mut self, _: Tenant, _: &[Line]) -> Result<(), StoreError> {
        pending().await
    }
    async fn release_stock(&mut self, _: Tenant, _: &[Line]) -> Result<(), StoreError> {
        pending().await
    }
    async fn sell_stock(&mut self, _: Tenant, _: &[Line]) -> Result<bool, StoreError> {
        pending().await
    }
    async fn read_stock(&mut self, _: Tenant, _: &[Line]) -> Result<Option<Vec<i64>>, StoreError> {
        pending().await
    }
    async fn take_stock(&mut self, _: Tenant, _: &[Line]) -> Result<(), StoreError> {
        pending().await
    }
    async fn write_stock(&mut self, _: Tenant, _: &Sku, _: i64) -> Result<(), StoreError> {
        pending().await
    }
    async fn insert_inventory_log(&mut self, _: OrderId, _: &[Line]) -> Result<(), StoreError> {
        pending().await
    }
}

impl Coupons for Nothing {
    async fn check_coupon(&mut self, _: Tenant, _: &Coupon) -> Result<bool, StoreError> {
        pending().await
    }
    async fn redeem_coupon(&mut self, _: Tenant, _: &Coupon) -> Result<bool, StoreError> {
        pending().await
    }
    async fn count_coupon(&mut self, _: Tenant, _: &Coupon) -> Result<(), StoreError> {
        pending().await
    }
    async fn release_coupon(&mut self, _: Tenant, _: &Coupon) -> Result<(), StoreError> {
        pending().await
    }
}

impl Orders for Nothing {
    async fn insert_order(&mut self, _: NewOrder) -> Result<OrderId, StoreError> {
        pending().await
    }
    async fn insert_items(&mut self, _: OrderId, _: &OrderContent) -> Result<(), StoreError> {
        pending().await
    }
    async fn insert_item(&mut self, _: OrderId, _: &Line) -> Result<(), StoreError> {
        pending().await
    }
    async fn find_items(&mut self, _: OrderId) -> Result<Vec<Line>, StoreError> {
        pending().await
    }
    async fn update_order(
        &mut self,
        _: OrderId,
        _: OrderState,
        _: OrderState,
    ) -> Result<u64, StoreError> {
        pending().await
    }
    async fn find_order(&mut self, _: OrderId) -> Result<Option<OrderRow>, StoreError> {
        pending().await
    }
    async fn find_order_by_cart(
        &mut self,
        _: Tenant,
        _: Cart,
    ) -> Result<Option<Order>, StoreError> {
        pending().await
    }
    async fn find_order_by_key(
        &mut self,
        _: Option<Tenant>,
        _: &IdempotencyKey,
    ) -> Result<Option<Order>, StoreError> {
        pending().await
    }
    async fn find_recent_orders(
        &mut self,
        _: Tenant,
        _: Customer,
        _: Span,
        _: usize,
    ) -> Result<Vec<Order>, StoreError> {
        pending().await
    }
}

impl Charges for Nothing {
    async fn insert_charge(&mut self, _: ChargeRow) -> Result<(), StoreError> {
        pending().await
    }
}

impl Sales for Nothing {
    async fn increment_sales(&mut self, _: Tenant, _: &[Line]) -> Result<(), StoreError> {
        pending().await
    }
}

impl Carts for Nothing {
    async fn find_cart(&mut self, _: Tenant, _: Cart) -> Result<bool, StoreError> {
        pending().await
    }
    async fn clear_cart(&mut self, _: Tenant, _: Cart) -> Result<(), StoreError> {
        pending().await
    }
}

impl Outbox for Nothing {
    async fn insert_notification(
        &mut self,
        _: OrderId,
        _: NotificationKind,
    ) -> Result<(), StoreError> {
        pending().await
    }
}

impl Transaction for Nothing {
    fn now(&self) -> Time {
        Time(0)
    }
    async fn commit(self) -> Result<CommitTag, StoreError> {
        pending().await
    }
    async fn rollback(self) {
        pending().await
    }
}

/// What a runtime with several threads asks of a task.
fn spawn<F: Future + Send>(_: F) {}

#[test]
fn every_strategy_its_upkeep_and_its_webhooks_can_be_spawned() {
    let ports = Nowhere(Process::new(1));
    let contract = Contract::REFERENCE;
    for strategy in StrategyName::ALL {
        spawn(async { strategy.create(&ports, &contract, &request()).await });
        spawn(strategy.maintain(&ports, &contract));
        spawn(async { strategy.hear(&ports, &contract, &notice()).await });
    }
}

fn request() -> OrderRequest {
    unreachable!("no future of these is ever polled")
}

fn notice() -> ChargeNotice {
    unreachable!("no future of these is ever polled")
}
