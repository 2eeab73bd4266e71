//! The statements of a transaction, each on its rows.

use orders::ports::{Carts, Charges, Constraint, Coupons, Keys, Orders, Outbox, Sales, Stock};
use orders::{
    ChargeRow, CommitTag, KeyIndex, KeyRecord, KeyState, NewOrder, NotificationKind, OrderRow,
    StoreError, Token, Transaction,
};
use protocol::{
    Cart, Coupon, Customer, IdempotencyKey, Line, Order, OrderContent, OrderId, OrderState,
    ScopedKey, Sku, Span, Tenant, Time,
};

use super::super::pause;
use super::Tx;

const ON_HAND: usize = 0;
const RESERVED: usize = 1;
const SOLD: usize = 2;

fn shown(row: &OrderRow) -> Order {
    Order {
        id: row.id,
        state: row.state,
        total: row.new.total,
    }
}

impl Keys for Tx<'_> {
    async fn lock_key(&mut self, key: &ScopedKey) -> Result<Option<KeyRecord>, StoreError> {
        self.statement(|this| Ok(this.db.keys.get(key).copied()))
            .await
    }
    async fn insert_key(&mut self, key: &ScopedKey, record: KeyRecord) -> Result<(), StoreError> {
        self.statement(|this| match this.db.keys.insert(key.clone(), record) {
            None => Ok(()),
            Some(_) => Err(StoreError::Unique(Constraint::Keys)),
        })
        .await
    }
    async fn update_key(
        &mut self,
        key: &ScopedKey,
        held: Token,
        record: KeyRecord,
    ) -> Result<u64, StoreError> {
        self.statement(
            |this| match this.db.keys.get_mut(key).filter(|row| row.token == held) {
                Some(row) => {
                    *row = record;
                    Ok(1)
                }
                None => Ok(0),
            },
        )
        .await
    }
    async fn lock_overdue_claims(
        &mut self,
        now: Time,
        limit: usize,
    ) -> Result<Vec<(ScopedKey, KeyRecord)>, StoreError> {
        self.statement(|this| {
            let overdue = this
                .db
                .keys
                .iter()
                .filter(|(_, row)| row.state == KeyState::Claimed && row.lease_over(now));
            Ok(overdue
                .take(limit)
                .map(|(key, row)| (key.clone(), *row))
                .collect())
        })
        .await
    }
    async fn delete_expired_keys(&mut self, before: Time, limit: usize) -> Result<u64, StoreError> {
        self.statement(|this| {
            let gone = |row: &KeyRecord| row.state != KeyState::Claimed && row.expires_at < before;
            let keys: Vec<_> = this
                .db
                .keys
                .iter()
                .filter(|(_, row)| gone(row))
                .map(|(key, _)| key.clone())
                .collect();
            for key in keys.iter().take(limit) {
                this.db.keys.remove(key);
            }
            Ok(keys.len().min(limit) as u64)
        })
        .await
    }
    async fn find_key(&mut self, key: &ScopedKey) -> Result<Option<KeyRecord>, StoreError> {
        self.statement(|this| Ok(this.db.keys.get(key).copied()))
            .await
    }
    async fn set_key_state(&mut self, key: &ScopedKey, state: KeyState) -> Result<u64, StoreError> {
        self.statement(|this| {
            let row = this.db.keys.get_mut(key);
            Ok(row.map_or(0, |row| {
                row.state = state;
                1
            }))
        })
        .await
    }
}

impl Stock for Tx<'_> {
    async fn reserve_stock(&mut self, _tenant: Tenant, lines: &[Line]) -> Result<bool, StoreError> {
        self.statement(|this| Ok(this.shift(lines, ON_HAND, RESERVED)))
            .await
    }
    async fn settle_stock(&mut self, _tenant: Tenant, lines: &[Line]) -> Result<(), StoreError> {
        self.statement(|this| {
            assert!(
                this.shift(lines, RESERVED, SOLD),
                "settles what was reserved"
            );
            Ok(())
        })
        .await
    }
    async fn release_stock(&mut self, _tenant: Tenant, lines: &[Line]) -> Result<(), StoreError> {
        self.statement(|this| {
            assert!(
                this.shift(lines, RESERVED, ON_HAND),
                "releases what was reserved"
            );
            Ok(())
        })
        .await
    }
    async fn sell_stock(&mut self, _tenant: Tenant, lines: &[Line]) -> Result<bool, StoreError> {
        self.statement(|this| Ok(this.shift(lines, ON_HAND, SOLD)))
            .await
    }
    async fn read_stock(
        &mut self,
        _tenant: Tenant,
        lines: &[Line],
    ) -> Result<Option<Vec<i64>>, StoreError> {
        self.statement(|this| {
            let stock = |line: &Line| this.db.stock.get(&line.sku);
            let on_hand = lines.iter().map(|line| Some(stock(line)?[ON_HAND]));
            Ok(on_hand.collect())
        })
        .await
    }
    async fn take_stock(&mut self, _tenant: Tenant, lines: &[Line]) -> Result<(), StoreError> {
        self.blindly(|stock| {
            for line in lines {
                let columns = stock.entry(line.sku.clone()).or_default();
                columns[ON_HAND] -= i64::from(line.quantity);
                columns[SOLD] += i64::from(line.quantity);
            }
        })
        .await
    }
    async fn write_stock(
        &mut self,
        _tenant: Tenant,
        sku: &Sku,
        on_hand: i64,
    ) -> Result<(), StoreError> {
        self.blindly(|stock| stock.entry(sku.clone()).or_default()[ON_HAND] = on_hand)
            .await
    }
    async fn insert_inventory_log(
        &mut self,
        order: OrderId,
        lines: &[Line],
    ) -> Result<(), StoreError> {
        self.statement(|this| {
            let rows = lines.iter().map(|line| (order, line.clone()));
            this.db.inventory_log.extend(rows);
            Ok(())
        })
        .await
    }
}

impl Coupons for Tx<'_> {
    async fn check_coupon(&mut self, _tenant: Tenant, coupon: &Coupon) -> Result<bool, StoreError> {
        self.statement(|this| {
            let [limit, used] = this.db.coupons[&coupon.code];
            Ok(used < limit)
        })
        .await
    }
    async fn redeem_coupon(
        &mut self,
        _tenant: Tenant,
        coupon: &Coupon,
    ) -> Result<bool, StoreError> {
        self.statement(|this| {
            let [limit, used] = this.coupon(coupon);
            let left = *used < *limit;
            *used += u64::from(left);
            Ok(left)
        })
        .await
    }
    async fn count_coupon(&mut self, _tenant: Tenant, coupon: &Coupon) -> Result<(), StoreError> {
        self.statement(|this| {
            this.coupon(coupon)[1] += 1;
            Ok(())
        })
        .await
    }
    async fn release_coupon(&mut self, _tenant: Tenant, coupon: &Coupon) -> Result<(), StoreError> {
        self.statement(|this| {
            this.coupon(coupon)[1] -= 1;
            Ok(())
        })
        .await
    }
}

impl Orders for Tx<'_> {
    async fn insert_order(&mut self, new: NewOrder) -> Result<OrderId, StoreError> {
        self.statement(|this| {
            let live = |row: &&OrderRow| {
                row.state != OrderState::Cancelled && row.new.natural_key.is_some()
            };
            let same = |row: &OrderRow| {
                row.new.natural_key == new.natural_key && row.new.tenant == new.tenant
            };
            let key_taken = |row: &OrderRow| {
                row.new.key_index == KeyIndex::Unique && row.new.key == new.key && new.key.is_some()
            };
            if new.key_index == KeyIndex::Unique && this.db.orders.iter().any(key_taken) {
                return Err(StoreError::Unique(Constraint::OrdersKey));
            }
            if this.db.orders.iter().filter(live).any(same) {
                return Err(StoreError::Unique(Constraint::OrdersCart));
            }
            let id = OrderId(this.db.orders.len() as u64 + 1);
            this.db.orders.push(OrderRow {
                id,
                state: new.state,
                new,
                items: 0,
            });
            Ok(id)
        })
        .await
    }
    async fn insert_items(
        &mut self,
        order: OrderId,
        _content: &OrderContent,
    ) -> Result<(), StoreError> {
        self.statement(|this| {
            let row = this.order(order).expect("the order is there");
            row.items = row.new.content.lines.len() as u32;
            Ok(())
        })
        .await
    }
    async fn update_order(
        &mut self,
        order: OrderId,
        from: OrderState,
        to: OrderState,
    ) -> Result<u64, StoreError> {
        self.statement(
            |this| match this.order(order).filter(|row| row.state == from) {
                Some(row) => {
                    row.state = to;
                    Ok(1)
                }
                None => Ok(0),
            },
        )
        .await
    }
    async fn find_order(&mut self, order: OrderId) -> Result<Option<OrderRow>, StoreError> {
        self.statement(|this| Ok(this.order(order).map(|row| row.clone())))
            .await
    }
    async fn find_order_by_cart(
        &mut self,
        tenant: Tenant,
        cart: Cart,
    ) -> Result<Option<Order>, StoreError> {
        self.statement(|this| {
            let live =
                |row: &&OrderRow| row.state != OrderState::Cancelled && row.new.tenant == tenant;
            Ok(this
                .db
                .orders
                .iter()
                .filter(live)
                .find(|row| row.new.natural_key == Some(cart))
                .map(shown))
        })
        .await
    }
    async fn find_order_by_key(
        &mut self,
        tenant: Option<Tenant>,
        key: &IdempotencyKey,
    ) -> Result<Option<Order>, StoreError> {
        self.statement(|this| {
            let found = |row: &&OrderRow| {
                row.new.key_index != KeyIndex::None
                    && row.new.key.as_ref() == Some(key)
                    && tenant.is_none_or(|tenant| row.new.tenant == tenant)
            };
            Ok(this.db.orders.iter().find(found).map(shown))
        })
        .await
    }
    async fn find_recent_orders(
        &mut self,
        tenant: Tenant,
        customer: Customer,
        within: Span,
        limit: usize,
    ) -> Result<Vec<Order>, StoreError> {
        let since = self.world.now_us.get().saturating_sub(within.0);
        self.statement(|this| {
            let recent = |row: &&OrderRow| {
                customer != Customer::Guest
                    && (row.new.tenant, row.new.customer) == (tenant, customer)
                    && row.new.created_at.0 > since
            };
            let rows = this.db.orders.iter().rev().filter(recent);
            Ok(rows.take(limit).map(shown).collect())
        })
        .await
    }
    async fn insert_item(&mut self, order: OrderId, _line: &Line) -> Result<(), StoreError> {
        self.statement(|this| {
            this.order(order).expect("the order is there").items += 1;
            Ok(())
        })
        .await
    }
    async fn find_items(&mut self, order: OrderId) -> Result<Vec<Line>, StoreError> {
        self.statement(|this| {
            let row = this.order(order).expect("the order is there");
            Ok(row.new.content.lines[..row.items as usize].to_vec())
        })
        .await
    }
}

impl Charges for Tx<'_> {
    async fn insert_charge(&mut self, charge: ChargeRow) -> Result<(), StoreError> {
        self.statement(|this| {
            if this.db.charges.iter().any(|row| row.order == charge.order) {
                return Err(StoreError::Unique(Constraint::ChargesOrder));
            }
            this.db.charges.push(charge);
            Ok(())
        })
        .await
    }
}

impl Sales for Tx<'_> {
    async fn increment_sales(
        &mut self,
        _tenant: Tenant,
        _lines: &[Line],
    ) -> Result<(), StoreError> {
        self.statement(|_| Ok(())).await
    }
}

impl Carts for Tx<'_> {
    async fn find_cart(&mut self, tenant: Tenant, cart: Cart) -> Result<bool, StoreError> {
        self.statement(|this| Ok(!this.db.cleared.contains(&(tenant, cart))))
            .await
    }
    async fn clear_cart(&mut self, tenant: Tenant, cart: Cart) -> Result<(), StoreError> {
        self.statement(|this| {
            this.db.cleared.push((tenant, cart));
            Ok(())
        })
        .await
    }
}

impl Outbox for Tx<'_> {
    async fn insert_notification(
        &mut self,
        order: OrderId,
        kind: NotificationKind,
    ) -> Result<(), StoreError> {
        if self.autocommit {
            // A queue beside the database: no transaction overlaps with it.
            pause().await;
            self.world.enqueued.borrow_mut().push((order, kind));
            return Ok(());
        }
        self.statement(|this| {
            this.db.notifications.push((order, kind));
            Ok(())
        })
        .await
    }
}

impl Transaction for Tx<'_> {
    /// Time does not pass within a transaction of this world.
    fn now(&self) -> Time {
        Time(self.world.now_us.get())
    }
    async fn commit(self) -> Result<CommitTag, StoreError> {
        self.end().await
    }
    async fn rollback(self) {
        if !self.autocommit {
            pause().await;
        }
    }
}
