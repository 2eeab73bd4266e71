//! The database of the small world: a transaction is a copy, and the first of two that overlap wins.

use orders::ports::Constraint;
use orders::{
    ChargeRow, CommitTag, Isolation, KeyRecord, KeyState, NewOrder, NotificationKind, OrderRow,
    Store, StoreError, Token, Transaction,
};
use protocol::{
    Cart, Customer, Line, Order, OrderContent, OrderId, OrderState, ScopedKey, Tenant, Time,
};

use super::{Db, Trouble, World, pause};

pub struct Tx<'w> {
    world: &'w World,
    db: Db,
    number: u32,
    /// Commits when it began.
    seen: u32,
}

impl Store for World {
    type Transaction<'a> = Tx<'a>;

    async fn begin(&self, _isolation: Isolation) -> Result<Tx<'_>, StoreError> {
        pause().await;
        let number = self.transactions.get() + 1;
        self.transactions.set(number);
        match self.troubles.borrow().get(&number) {
            Some(Trouble::BeginUnavailable) => Err(StoreError::Unavailable),
            _ => Ok(Tx {
                world: self,
                db: self.db.borrow().clone(),
                number,
                seen: self.commits.get(),
            }),
        }
    }
}

impl Tx<'_> {
    /// Moves a quantity of every line between two columns; `false` and nothing if one is short.
    fn shift(&mut self, lines: &[Line], from: usize, to: usize) -> bool {
        let mut stock = self.db.stock.clone();
        for line in lines {
            let columns = stock.entry(line.sku.clone()).or_default();
            let Some(left) = columns[from].checked_sub(u64::from(line.quantity)) else {
                return false;
            };
            columns[from] = left;
            columns[to] += u64::from(line.quantity);
        }
        self.db.stock = stock;
        true
    }

    fn order(&mut self, id: OrderId) -> Option<&mut OrderRow> {
        self.db.orders.iter_mut().find(|order| order.id == id)
    }
}

fn shown(row: &OrderRow) -> Order {
    Order {
        id: row.id,
        state: row.state,
        total: row.new.total,
    }
}

const ON_HAND: usize = 0;
const RESERVED: usize = 1;
const SOLD: usize = 2;

impl Transaction for Tx<'_> {
    async fn lock_key(&mut self, key: &ScopedKey) -> Result<Option<KeyRecord>, StoreError> {
        pause().await;
        Ok(self.db.keys.get(key).copied())
    }
    async fn insert_key(&mut self, key: &ScopedKey, record: KeyRecord) -> Result<(), StoreError> {
        pause().await;
        match self.db.keys.insert(key.clone(), record) {
            None => Ok(()),
            Some(_) => Err(StoreError::Unique(Constraint::Keys)),
        }
    }
    async fn update_key(
        &mut self,
        key: &ScopedKey,
        held: Token,
        record: KeyRecord,
    ) -> Result<u64, StoreError> {
        pause().await;
        match self.db.keys.get_mut(key).filter(|row| row.token == held) {
            Some(row) => {
                *row = record;
                Ok(1)
            }
            None => Ok(0),
        }
    }
    async fn lock_overdue_claims(
        &mut self,
        now: Time,
        limit: usize,
    ) -> Result<Vec<(ScopedKey, KeyRecord)>, StoreError> {
        pause().await;
        let overdue = self
            .db
            .keys
            .iter()
            .filter(|(_, row)| row.state == KeyState::Claimed && row.lease_over(now));
        Ok(overdue
            .take(limit)
            .map(|(key, row)| (key.clone(), *row))
            .collect())
    }
    async fn delete_expired_keys(&mut self, before: Time, limit: usize) -> Result<u64, StoreError> {
        pause().await;
        let gone = |row: &KeyRecord| row.state != KeyState::Claimed && row.expires_at < before;
        let keys: Vec<_> = self
            .db
            .keys
            .iter()
            .filter(|(_, row)| gone(row))
            .map(|(key, _)| key.clone())
            .collect();
        for key in keys.iter().take(limit) {
            self.db.keys.remove(key);
        }
        Ok(keys.len().min(limit) as u64)
    }
    async fn reserve_stock(&mut self, _tenant: Tenant, lines: &[Line]) -> Result<bool, StoreError> {
        pause().await;
        Ok(self.shift(lines, ON_HAND, RESERVED))
    }
    async fn settle_stock(&mut self, _tenant: Tenant, lines: &[Line]) -> Result<(), StoreError> {
        pause().await;
        assert!(
            self.shift(lines, RESERVED, SOLD),
            "settles what was reserved"
        );
        Ok(())
    }
    async fn release_stock(&mut self, _tenant: Tenant, lines: &[Line]) -> Result<(), StoreError> {
        pause().await;
        assert!(
            self.shift(lines, RESERVED, ON_HAND),
            "releases what was reserved"
        );
        Ok(())
    }
    async fn sell_stock(&mut self, _tenant: Tenant, lines: &[Line]) -> Result<bool, StoreError> {
        pause().await;
        Ok(self.shift(lines, ON_HAND, SOLD))
    }
    async fn insert_order(&mut self, new: NewOrder) -> Result<OrderId, StoreError> {
        pause().await;
        let live =
            |row: &&OrderRow| row.state != OrderState::Cancelled && row.new.natural_key.is_some();
        let same =
            |row: &OrderRow| row.new.natural_key == new.natural_key && row.new.tenant == new.tenant;
        if self.db.orders.iter().filter(live).any(same) {
            return Err(StoreError::Unique(Constraint::OrdersCart));
        }
        let id = OrderId(self.db.orders.len() as u64 + 1);
        self.db.orders.push(OrderRow {
            id,
            state: new.state,
            new,
            has_items: false,
        });
        Ok(id)
    }
    async fn insert_items(
        &mut self,
        order: OrderId,
        _content: &OrderContent,
    ) -> Result<(), StoreError> {
        pause().await;
        self.order(order).expect("the order is there").has_items = true;
        Ok(())
    }
    async fn update_order(
        &mut self,
        order: OrderId,
        from: OrderState,
        to: OrderState,
    ) -> Result<u64, StoreError> {
        pause().await;
        match self.order(order).filter(|row| row.state == from) {
            Some(row) => {
                row.state = to;
                Ok(1)
            }
            None => Ok(0),
        }
    }
    async fn find_order(&mut self, order: OrderId) -> Result<Option<OrderRow>, StoreError> {
        pause().await;
        Ok(self.order(order).map(|row| row.clone()))
    }
    async fn find_order_by_cart(
        &mut self,
        tenant: Tenant,
        cart: Cart,
    ) -> Result<Option<Order>, StoreError> {
        pause().await;
        let live = |row: &&OrderRow| row.state != OrderState::Cancelled && row.new.tenant == tenant;
        Ok(self
            .db
            .orders
            .iter()
            .filter(live)
            .find(|row| row.new.natural_key == Some(cart))
            .map(shown))
    }
    async fn find_recent_order(
        &mut self,
        tenant: Tenant,
        customer: Customer,
        since: Time,
    ) -> Result<Option<Order>, StoreError> {
        pause().await;
        let recent = |row: &&OrderRow| {
            row.new.tenant == tenant && row.new.customer == customer && row.new.created_at > since
        };
        Ok(self.db.orders.iter().rev().find(recent).map(shown))
    }
    async fn insert_charge(&mut self, charge: ChargeRow) -> Result<(), StoreError> {
        pause().await;
        if self.db.charges.iter().any(|row| row.order == charge.order) {
            return Err(StoreError::Unique(Constraint::ChargesOrder));
        }
        self.db.charges.push(charge);
        Ok(())
    }
    async fn increment_sales(
        &mut self,
        _tenant: Tenant,
        _lines: &[Line],
    ) -> Result<(), StoreError> {
        pause().await;
        Ok(())
    }
    async fn clear_cart(&mut self, _tenant: Tenant, _cart: Cart) -> Result<(), StoreError> {
        pause().await;
        Ok(())
    }
    async fn insert_notification(
        &mut self,
        order: OrderId,
        kind: NotificationKind,
    ) -> Result<(), StoreError> {
        pause().await;
        self.db.notifications.push((order, kind));
        Ok(())
    }
    async fn commit(self) -> Result<CommitTag, StoreError> {
        pause().await;
        let trouble = self.world.troubles.borrow().get(&self.number).copied();
        let (applied, result) = match trouble {
            Some(Trouble::CommitConflict) => (false, Err(StoreError::Conflict)),
            Some(Trouble::CommitUnknown { applied }) => (applied, Err(StoreError::Unknown)),
            Some(Trouble::BeginUnavailable) | None => (true, Ok(CommitTag::Committed)),
        };
        if self.seen != self.world.commits.get() {
            return Err(StoreError::Conflict);
        }
        if applied {
            self.world.commits.set(self.seen + 1);
            *self.world.db.borrow_mut() = self.db;
        }
        // The process may die between the commit and its acknowledgement.
        pause().await;
        result
    }
    async fn rollback(self) {
        pause().await;
    }
}
