//! The database of the small world: a transaction is a copy, and the first of two that overlap wins.

mod statements;

use std::collections::BTreeMap;

use orders::{CommitTag, Isolation, OrderRow, Store, StoreError};
use protocol::{Coupon, Line, OrderId, Sku};

use super::{Db, Trouble, World, pause};

pub struct Tx<'w> {
    world: &'w World,
    db: Db,
    number: u32,
    /// Commits when it began.
    seen: u32,
    /// Every statement is a transaction of its own.
    autocommit: bool,
    /// It has written the stock.
    stocks: bool,
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
                autocommit: false,
                stocks: false,
            }),
        }
    }

    fn autocommit(&self) -> Tx<'_> {
        Tx {
            world: self,
            db: Db::default(),
            number: 0,
            seen: 0,
            autocommit: true,
            stocks: false,
        }
    }
}

impl Tx<'_> {
    async fn statement<T>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        pause().await;
        if !self.autocommit {
            return run(self);
        }
        self.db = self.world.db.borrow().clone();
        let outcome = run(self);
        if outcome.is_ok() && self.db != *self.world.db.borrow() {
            self.world.commits.set(self.world.commits.get() + 1);
            *self.world.db.borrow_mut() = std::mem::take(&mut self.db);
        }
        outcome
    }

    /// Moves a quantity of every line between two columns; `false` and nothing if one is short.
    fn shift(&mut self, lines: &[Line], from: usize, to: usize) -> bool {
        let mut stock = self.db.stock.clone();
        for line in lines {
            let columns = stock.entry(line.sku.clone()).or_default();
            let quantity = i64::from(line.quantity);
            if columns[from] < quantity {
                return false;
            }
            columns[from] -= quantity;
            columns[to] += quantity;
        }
        self.db.stock = stock;
        self.stocks = true;
        true
    }

    /// Writes the stock beside the transactions, as whoever does so only does on a connection of its own: none that leaves the
    /// stock alone overlaps with it.
    async fn blindly(
        &mut self,
        write: impl FnOnce(&mut BTreeMap<Sku, [i64; 3]>),
    ) -> Result<(), StoreError> {
        assert!(self.autocommit, "in a transaction, use a guard");
        pause().await;
        write(&mut self.world.db.borrow_mut().stock);
        Ok(())
    }

    fn coupon(&mut self, coupon: &Coupon) -> &mut [u64; 2] {
        self.db
            .coupons
            .get_mut(&coupon.code)
            .expect("a test orders with coupons that there are")
    }

    fn order(&mut self, id: OrderId) -> Option<&mut OrderRow> {
        self.db.orders.iter_mut().find(|order| order.id == id)
    }

    /// The first of two that overlap wins.
    async fn end(self) -> Result<CommitTag, StoreError> {
        if self.autocommit {
            return Ok(CommitTag::Committed);
        }
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
            let db = &mut *self.world.db.borrow_mut();
            let stock = std::mem::take(&mut db.stock);
            *db = self.db;
            if !self.stocks {
                db.stock = stock;
            }
        }
        // The process may die between the commit and its acknowledgement.
        pause().await;
        result
    }
}
