//! The port `orders::Transaction`: which statement of the database each method is.

use history::Label;
use orders::ports::{Carts, Charges, Coupons, Keys, Orders, Outbox, Sales, Stock};
use orders::{
    ChargeRow, CommitTag, KeyRecord, KeyState, NewOrder, NotificationKind, OrderRow, StoreError,
    Token, Transaction,
};
use protocol::{
    Cart, Coupon, Customer, IdempotencyKey, Line, Order, OrderContent, OrderId, OrderState,
    ScopedKey, Sku, Span, Tenant, Time,
};
use scenario::CrashPoint;

use super::{Connection, SimTransaction};
use crate::database::stock::StockChange;

impl SimTransaction<'_> {
    async fn stock(
        &self,
        tenant: Tenant,
        lines: &[Line],
        change: StockChange,
    ) -> Result<bool, StoreError> {
        self.statement(false, |db, tx| db.change_stock(tx, tenant, lines, change))
            .await
    }
}

impl Keys for SimTransaction<'_> {
    async fn lock_key(&mut self, key: &ScopedKey) -> Result<Option<KeyRecord>, StoreError> {
        self.statement(true, |db, tx| db.lock_key(tx, key)).await
    }

    async fn insert_key(&mut self, key: &ScopedKey, record: KeyRecord) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.insert_key(tx, key, record))
            .await
    }

    async fn update_key(
        &mut self,
        key: &ScopedKey,
        held: Token,
        record: KeyRecord,
    ) -> Result<u64, StoreError> {
        self.statement(false, |db, tx| db.update_key(tx, key, held, record))
            .await
    }

    async fn find_key(&mut self, key: &ScopedKey) -> Result<Option<KeyRecord>, StoreError> {
        self.statement(true, |db, tx| db.find_key(tx, key)).await
    }

    async fn set_key_state(&mut self, key: &ScopedKey, state: KeyState) -> Result<u64, StoreError> {
        self.statement(false, |db, tx| db.set_key_state(tx, key, state))
            .await
    }

    async fn lock_overdue_claims(
        &mut self,
        now: Time,
        limit: usize,
    ) -> Result<Vec<(ScopedKey, KeyRecord)>, StoreError> {
        self.statement(false, |db, tx| db.lock_overdue_claims(tx, now, limit))
            .await
    }

    async fn delete_expired_keys(&mut self, before: Time, limit: usize) -> Result<u64, StoreError> {
        let deleted = self
            .statement(false, |db, tx| db.delete_expired_keys(tx, before, limit))
            .await?;
        if deleted > 0 {
            self.ports.world.state.borrow_mut().cover(Label::KeyExpired);
        }
        Ok(deleted)
    }
}

impl Stock for SimTransaction<'_> {
    async fn reserve_stock(&mut self, tenant: Tenant, lines: &[Line]) -> Result<bool, StoreError> {
        self.stock(tenant, lines, StockChange::Reserve).await
    }

    async fn settle_stock(&mut self, tenant: Tenant, lines: &[Line]) -> Result<(), StoreError> {
        self.stock(tenant, lines, StockChange::Settle)
            .await
            .map(|_| ())
    }

    async fn release_stock(&mut self, tenant: Tenant, lines: &[Line]) -> Result<(), StoreError> {
        self.stock(tenant, lines, StockChange::Release)
            .await
            .map(|_| ())
    }

    async fn sell_stock(&mut self, tenant: Tenant, lines: &[Line]) -> Result<bool, StoreError> {
        self.stock(tenant, lines, StockChange::Sell).await
    }

    async fn read_stock(
        &mut self,
        tenant: Tenant,
        lines: &[Line],
    ) -> Result<Option<Vec<i64>>, StoreError> {
        self.statement(true, |db, tx| db.read_stock(tx, tenant, lines))
            .await
    }

    async fn take_stock(&mut self, tenant: Tenant, lines: &[Line]) -> Result<(), StoreError> {
        self.stock(tenant, lines, StockChange::Take)
            .await
            .map(|_| ())
    }

    async fn write_stock(
        &mut self,
        tenant: Tenant,
        sku: &Sku,
        on_hand: i64,
    ) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.write_stock(tx, tenant, sku, on_hand))
            .await
    }

    async fn insert_inventory_log(
        &mut self,
        order: OrderId,
        lines: &[Line],
    ) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.insert_inventory_log(tx, order, lines))
            .await
    }
}

impl Coupons for SimTransaction<'_> {
    async fn check_coupon(&mut self, tenant: Tenant, coupon: &Coupon) -> Result<bool, StoreError> {
        self.statement(true, |db, tx| db.check_coupon(tx, tenant, coupon))
            .await
    }

    async fn redeem_coupon(&mut self, tenant: Tenant, coupon: &Coupon) -> Result<bool, StoreError> {
        self.statement(false, |db, tx| db.redeem_coupon(tx, tenant, coupon))
            .await
    }

    async fn count_coupon(&mut self, tenant: Tenant, coupon: &Coupon) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.count_coupon(tx, tenant, coupon, 1))
            .await
    }

    async fn release_coupon(&mut self, tenant: Tenant, coupon: &Coupon) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.count_coupon(tx, tenant, coupon, -1))
            .await?;
        let state = &mut *self.ports.world.state.borrow_mut();
        state.cover(Label::CouponGivenBack);
        Ok(())
    }
}

impl Orders for SimTransaction<'_> {
    async fn insert_order(&mut self, new: NewOrder) -> Result<OrderId, StoreError> {
        let mut new = Some(new);
        self.statement(false, |db, tx| db.insert_order(tx, &mut new))
            .await
    }

    async fn insert_items(
        &mut self,
        order: OrderId,
        _content: &OrderContent,
    ) -> Result<(), StoreError> {
        // The lines are those of the row's content; what matters is whether they were inserted.
        self.statement(false, |db, tx| db.insert_items(tx, order))
            .await
    }

    async fn insert_item(&mut self, order: OrderId, _line: &Line) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.insert_item(tx, order))
            .await
    }

    async fn find_items(&mut self, order: OrderId) -> Result<Vec<Line>, StoreError> {
        self.statement(true, |db, tx| db.find_items(tx, order))
            .await
    }

    async fn update_order(
        &mut self,
        order: OrderId,
        from: OrderState,
        to: OrderState,
    ) -> Result<u64, StoreError> {
        self.statement(false, |db, tx| db.update_order(tx, order, from, to))
            .await
    }

    async fn find_order(&mut self, order: OrderId) -> Result<Option<OrderRow>, StoreError> {
        self.statement(true, |db, tx| db.find_order(tx, order))
            .await
    }

    async fn find_order_by_cart(
        &mut self,
        tenant: Tenant,
        cart: Cart,
    ) -> Result<Option<Order>, StoreError> {
        self.statement(true, |db, tx| db.find_order_by_cart(tx, tenant, cart))
            .await
    }

    async fn find_order_by_key(
        &mut self,
        tenant: Option<Tenant>,
        key: &IdempotencyKey,
    ) -> Result<Option<Order>, StoreError> {
        self.statement(true, |db, tx| db.find_order_by_key(tx, tenant, key))
            .await
    }

    async fn find_recent_orders(
        &mut self,
        tenant: Tenant,
        customer: Customer,
        within: Span,
        limit: usize,
    ) -> Result<Vec<Order>, StoreError> {
        self.statement(true, |db, tx| {
            db.find_recent_orders(tx, tenant, customer, within, limit)
        })
        .await
    }
}

impl Charges for SimTransaction<'_> {
    async fn insert_charge(&mut self, charge: ChargeRow) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.insert_charge(tx, charge))
            .await
    }
}

impl Sales for SimTransaction<'_> {
    async fn increment_sales(&mut self, tenant: Tenant, lines: &[Line]) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.increment_sales(tx, tenant, lines))
            .await
    }
}

impl Carts for SimTransaction<'_> {
    async fn find_cart(&mut self, tenant: Tenant, cart: Cart) -> Result<bool, StoreError> {
        self.statement(true, |db, tx| db.find_cart(tx, tenant, cart))
            .await
    }

    async fn clear_cart(&mut self, tenant: Tenant, cart: Cart) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.clear_cart(tx, tenant, cart))
            .await
    }
}

impl Outbox for SimTransaction<'_> {
    async fn insert_notification(
        &mut self,
        order: OrderId,
        kind: NotificationKind,
    ) -> Result<(), StoreError> {
        self.statement(false, |db, tx| db.insert_notification(tx, order, kind))
            .await
    }
}

impl Transaction for SimTransaction<'_> {
    fn now(&self) -> Time {
        match self.connection.get() {
            Connection::Between | Connection::Within => {
                self.ports.world.instant(self.ports.world.now_us())
            }
            Connection::Open | Connection::Lost | Connection::Done => self.began,
        }
    }

    async fn commit(self) -> Result<CommitTag, StoreError> {
        match self.connection.get() {
            Connection::Open => {}
            Connection::Between | Connection::Within => return Ok(CommitTag::Committed),
            Connection::Lost | Connection::Done => return Err(StoreError::Unavailable),
        }
        self.ports
            .round_trip(CrashPoint::AfterCommit, false, |state, _| {
                Some(self.end(state))
            })
            .await
    }

    async fn rollback(self) {
        if self.connection.get() == Connection::Open {
            self.ports
                .round_trip(CrashPoint::Anywhere, false, |state, _| {
                    self.connection.set(Connection::Done);
                    state.database.rollback(self.tx.get());
                    Some(())
                })
                .await;
        }
    }
}
