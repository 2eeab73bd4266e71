//! One method per SQL statement, at READ COMMITTED: what it sees, what it waits for, what it leaves behind.

use orders::ports::Constraint;
use orders::{
    ChargeRow, KeyRecord, KeyState, NewOrder, NotificationKind, OrderRow, StoreError, Token,
};
use protocol::{Cart, Customer, Line, Order, OrderId, OrderState, ScopedKey, Tenant, Time};

use super::due::Due;
use super::rows::Undo;
use super::{Database, Stop, Tx, writable};

/// What a stock statement does with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StockChange {
    Reserve,
    Settle,
    Release,
    Sell,
}

impl Database {
    pub(super) fn lock_key(&mut self, tx: Tx, key: &ScopedKey) -> Result<Option<KeyRecord>, Stop> {
        let Some(row) = self.keys.find(key) else {
            return Ok(None);
        };
        let slot = &mut self.keys.slots[row as usize];
        if slot.inserted && slot.writer != Some(tx) {
            // An uncommitted insert is invisible, also to FOR UPDATE.
            return Ok(None);
        }
        writable(slot.writer, tx)?;
        if slot.writer.is_none() {
            slot.writer = Some(tx);
            let record = slot.record;
            self.log(tx, Undo::LockKey(row));
            return Ok(Some(record));
        }
        Ok((!slot.deleted).then_some(slot.record))
    }

    pub(super) fn insert_key(
        &mut self,
        tx: Tx,
        key: &ScopedKey,
        record: KeyRecord,
    ) -> Result<(), Stop> {
        if let Some(row) = self.keys.find(key) {
            return self.insert_key_again(tx, row, record);
        }
        let row = self.keys.insert(key, record, tx);
        self.log(tx, Undo::InsertKey(row));
        Ok(())
    }

    /// The unique index has the key. Whoever changes its row may yet take it away; whoever only locked it will not.
    fn insert_key_again(&mut self, tx: Tx, row: u32, record: KeyRecord) -> Result<(), Stop> {
        let slot = &self.keys.slots[row as usize];
        match slot.writer {
            Some(other) if other != tx && self.changes_key(other, row) => Err(Stop::Wait(other)),
            Some(own) if own == tx && slot.deleted => {
                let slot = &mut self.keys.slots[row as usize];
                let old = std::mem::replace(&mut slot.record, record);
                slot.deleted = false;
                self.log(tx, Undo::ReinsertKey(row, old));
                Ok(())
            }
            _ => Err(StoreError::Unique(Constraint::Keys).into()),
        }
    }

    /// Whether a transaction has written a row of `idempotency_keys`, not only locked it. Any UPDATE counts: PostgreSQL's
    /// unique check sees a version that is about to be replaced, and waits to know by what.
    fn changes_key(&self, tx: Tx, row: u32) -> bool {
        self.undo_log(tx).iter().any(|undo| match undo {
            Undo::InsertKey(r)
            | Undo::ReinsertKey(r, _)
            | Undo::UpdateKey(r, _)
            | Undo::DeleteKey(r) => *r == row,
            _ => false,
        })
    }

    /// A record as those see it who do not see what its writer did.
    fn committed_key(&self, row: u32) -> &KeyRecord {
        let slot = &self.keys.slots[row as usize];
        let log = slot.writer.map_or(&[][..], |writer| self.undo_log(writer));
        let replaced = log.iter().find_map(|undo| match undo {
            Undo::UpdateKey(r, old) | Undo::ReinsertKey(r, old) if *r == row => Some(old),
            _ => None,
        });
        replaced.unwrap_or(&slot.record)
    }

    pub(super) fn update_key(
        &mut self,
        tx: Tx,
        key: &ScopedKey,
        held: Token,
        record: KeyRecord,
    ) -> Result<u64, Stop> {
        let Some(row) = self.keys.find(key) else {
            return Ok(0);
        };
        let slot = &self.keys.slots[row as usize];
        if let Some(other) = slot.writer.filter(|writer| *writer != tx) {
            let hit = self.resumed || self.committed_key(row).token == held;
            return if slot.inserted || !hit {
                Ok(0)
            } else {
                Err(Stop::Wait(other))
            };
        }
        let slot = &mut self.keys.slots[row as usize];
        if slot.deleted || slot.record.token != held {
            if self.resumed && slot.writer.is_none() {
                // Whoever waited for a row has locked it, also if it turns out to be another than was looked for.
                slot.writer = Some(tx);
                self.log(tx, Undo::LockKey(row));
            }
            return Ok(0);
        }
        let old = std::mem::replace(&mut slot.record, record);
        slot.writer = Some(tx);
        self.log(tx, Undo::UpdateKey(row, old));
        Ok(1)
    }

    pub(super) fn lock_overdue_claims(
        &mut self,
        tx: Tx,
        now: Time,
        limit: usize,
    ) -> Result<Vec<(ScopedKey, KeyRecord)>, Stop> {
        let mut found = Vec::new();
        for row in self.due(tx, now, limit, Queue::Claims) {
            let slot = &mut self.keys.slots[row as usize];
            found.push((slot.key.clone(), slot.record));
            if slot.writer.replace(tx).is_none() {
                self.log(tx, Undo::LockKey(row));
            }
        }
        Ok(found)
    }

    pub(super) fn delete_expired_keys(
        &mut self,
        tx: Tx,
        before: Time,
        limit: usize,
    ) -> Result<u64, Stop> {
        let rows = self.due(tx, before, limit, Queue::Answers);
        for row in &rows {
            let slot = &mut self.keys.slots[*row as usize];
            (slot.writer, slot.deleted) = (Some(tx), true);
            self.log(tx, Undo::DeleteKey(*row));
        }
        Ok(rows.len() as u64)
    }

    /// The committed rows of a queue that were due before `now`, first due first, without those that others have locked.
    /// Entries that are out of date leave the queue. What `tx` itself has written since is not looked for.
    fn due(&mut self, tx: Tx, now: Time, limit: usize, queue: Queue) -> Vec<u32> {
        let mut entries = std::mem::take(self.queue(queue));
        let (mut rows, mut kept) = (Vec::new(), Vec::new());
        while rows.len() < limit
            && let Some(entry) = entries.pop_before(now)
        {
            let (at, row) = entry;
            let slot = &self.keys.slots[row as usize];
            let due = match slot.record.state {
                KeyState::Claimed => (Queue::Claims, slot.record.lease_until),
                KeyState::Completed | KeyState::Released => {
                    (Queue::Answers, slot.record.expires_at)
                }
            };
            let current = !slot.deleted && due == (queue, at);
            // A row that was written twice with one time stands there twice, side by side.
            let twice = kept.last() == Some(&entry);
            if twice || !current && slot.writer.is_none() {
                continue;
            }
            kept.push(entry);
            if current && slot.writer.is_none_or(|writer| writer == tx) {
                rows.push(row);
            }
        }
        entries.put_back(kept);
        *self.queue(queue) = entries;
        rows
    }

    fn queue(&mut self, queue: Queue) -> &mut Due {
        match queue {
            Queue::Claims => &mut self.keys.claims,
            Queue::Answers => &mut self.keys.answers,
        }
    }

    /// Changes the stock of all lines or of none. The rows that have enough are locked one after another, and stay so; a row
    /// that was too short when the statement began is not waited for and not locked.
    pub(super) fn change_stock(
        &mut self,
        tx: Tx,
        tenant: Tenant,
        lines: &[Line],
        change: StockChange,
    ) -> Result<bool, Stop> {
        let mut rows = std::mem::take(&mut self.stocks.scratch);
        let outcome = self.change_rows(tx, tenant, lines, change, &mut rows);
        self.stocks.scratch = rows;
        outcome
    }

    fn change_rows(
        &mut self,
        tx: Tx,
        tenant: Tenant,
        lines: &[Line],
        change: StockChange,
        rows: &mut Vec<(u32, i64)>,
    ) -> Result<bool, Stop> {
        if self.stocks.rows(tenant, lines, rows).is_none() {
            return Ok(false);
        }
        let guarded = matches!(change, StockChange::Reserve | StockChange::Sell);
        if !self.resumed {
            self.look_for_short_rows(tx, if guarded { rows } else { &[] });
        }
        for (row, _) in rows.iter() {
            let slot = &mut self.stocks.slots[*row as usize];
            if self.transactions[tx.0 as usize].short.contains(row) {
                continue;
            }
            writable(slot.writer, tx)?;
            if slot.writer.replace(tx).is_none() {
                let undo = Undo::Stock(*row, slot.on_hand, slot.reserved);
                self.log(tx, undo);
            }
        }
        // What was enough may be less by the time it was waited for.
        let short =
            |(row, quantity): &(u32, i64)| self.stocks.slots[*row as usize].on_hand < *quantity;
        let any_short = !self.transactions[tx.0 as usize].short.is_empty();
        if any_short || guarded && rows.iter().any(short) {
            return Ok(false);
        }
        for (row, quantity) in rows.iter() {
            let slot = &mut self.stocks.slots[*row as usize];
            let (on_hand, reserved) = match change {
                StockChange::Reserve => (-quantity, *quantity),
                StockChange::Settle => (0, -quantity),
                StockChange::Release => (*quantity, -quantity),
                StockChange::Sell => (-quantity, 0),
            };
            slot.on_hand += on_hand;
            slot.reserved += reserved;
        }
        Ok(true)
    }

    /// Notes which rows are too short for the statement that begins.
    fn look_for_short_rows(&mut self, tx: Tx, rows: &[(u32, i64)]) {
        let mut short = std::mem::take(&mut self.transactions[tx.0 as usize].short);
        short.clear();
        let too_short = |(row, quantity): &&(u32, i64)| self.visible_on_hand(tx, *row) < *quantity;
        short.extend(rows.iter().filter(too_short).map(|(row, _)| *row));
        self.transactions[tx.0 as usize].short = short;
    }

    /// What `tx` sees on hand: its own, or what is committed.
    fn visible_on_hand(&self, tx: Tx, row: u32) -> i64 {
        let slot = &self.stocks.slots[row as usize];
        let other = slot.writer.filter(|writer| *writer != tx);
        let log = other.map_or(&[][..], |writer| self.undo_log(writer));
        let replaced = log.iter().find_map(|undo| match undo {
            Undo::Stock(r, on_hand, _) if *r == row => Some(*on_hand),
            _ => None,
        });
        replaced.unwrap_or(slot.on_hand)
    }

    pub(super) fn insert_order(
        &mut self,
        tx: Tx,
        new: &mut Option<NewOrder>,
    ) -> Result<OrderId, Stop> {
        let order = new.as_ref().expect("a statement takes effect once");
        if let Some(cart) = order.natural_key {
            self.cart_is_free(tx, order.tenant, cart)?;
        }
        let row = self.orders.insert(
            new.take().expect("it was there a moment ago"),
            tx,
            self.now_us,
        );
        self.log(tx, Undo::InsertOrder(row));
        Ok(OrderId(u64::from(row) + 1))
    }

    /// Whether the unique index has no order under a cart that stands in the way. One that `tx` itself has cancelled does not;
    /// one that another changes may not in the end.
    fn cart_is_free(&self, tx: Tx, tenant: Tenant, cart: Cart) -> Result<(), Stop> {
        for row in self.orders.by_cart(tenant, cart) {
            let slot = &self.orders.slots[row as usize];
            match slot.writer {
                Some(own) if own == tx && slot.state == OrderState::Cancelled => {}
                Some(other) if other != tx && self.changes_order(other, row) => {
                    return Err(Stop::Wait(other));
                }
                _ => return Err(StoreError::Unique(Constraint::OrdersCart).into()),
            }
        }
        Ok(())
    }

    /// Whether a transaction has written a row of `orders`, not only locked it.
    fn changes_order(&self, tx: Tx, row: u32) -> bool {
        self.undo_log(tx).iter().any(|undo| match undo {
            Undo::InsertOrder(r) | Undo::OrderState(r, _) => *r == row,
            _ => false,
        })
    }

    pub(super) fn insert_items(&mut self, tx: Tx, order: OrderId) -> Result<(), Stop> {
        self.log(tx, Undo::InsertItems(row_of(order)));
        Ok(())
    }

    /// Whether `tx` sees items of an order: committed ones, or its own.
    fn sees_items(&self, tx: Tx, row: u32) -> bool {
        let own = |undo: &Undo| matches!(undo, Undo::InsertItems(r) if *r == row);
        self.orders.slots[row as usize].has_items || self.undo_log(tx).iter().any(own)
    }

    pub(super) fn update_order(
        &mut self,
        tx: Tx,
        order: OrderId,
        from: OrderState,
        to: OrderState,
    ) -> Result<u64, Stop> {
        let row = row_of(order);
        let seen = self.visible_state(tx, row);
        if !seen.is_some_and(|state| self.resumed || state == from) {
            return Ok(0);
        }
        let slot = &mut self.orders.slots[row as usize];
        writable(slot.writer, tx)?;
        if slot.state != from {
            if slot.writer.is_none() {
                // It was waited for, so it is locked.
                slot.writer = Some(tx);
                self.log(tx, Undo::LockOrder(row));
            }
            return Ok(0);
        }
        slot.writer = Some(tx);
        slot.state = to;
        self.log(tx, Undo::OrderState(row, from));
        Ok(1)
    }

    /// The state of an order as `tx` sees it; `None` if it sees no such order.
    fn visible_state(&self, tx: Tx, row: u32) -> Option<OrderState> {
        let slot = self
            .orders
            .slots
            .get(row as usize)
            .filter(|slot| slot.row.is_some())?;
        match slot.writer {
            Some(other) if other != tx => {
                let old = self.undo_log(other).iter().find_map(|undo| match undo {
                    Undo::OrderState(r, old) if *r == row => Some(*old),
                    _ => None,
                });
                (!slot.inserted).then(|| old.unwrap_or(slot.state))
            }
            _ => Some(slot.state),
        }
    }

    fn order_at(&self, row: u32, state: OrderState) -> Order {
        let new = self.orders.slots[row as usize]
            .row
            .as_ref()
            .expect("a visible order has a row");
        Order {
            id: OrderId(u64::from(row) + 1),
            state,
            total: new.total,
        }
    }

    pub(super) fn find_order(&mut self, tx: Tx, order: OrderId) -> Result<Option<OrderRow>, Stop> {
        let row = row_of(order);
        let state = self.visible_state(tx, row);
        Ok(state.map(|state| {
            let slot = &self.orders.slots[row as usize];
            let new = slot.row.clone().expect("a visible order has a row");
            OrderRow {
                id: order,
                new,
                state,
                has_items: self.sees_items(tx, row),
            }
        }))
    }

    pub(super) fn find_order_by_cart(
        &mut self,
        tx: Tx,
        tenant: Tenant,
        cart: Cart,
    ) -> Result<Option<Order>, Stop> {
        let rows = self.orders.by_cart(tenant, cart);
        let mut seen = rows.filter_map(|row| Some((row, self.visible_state(tx, row)?)));
        Ok(seen
            .find(|(_, state)| *state != OrderState::Cancelled)
            .map(|(row, state)| self.order_at(row, state)))
    }

    pub(super) fn find_recent_order(
        &mut self,
        tx: Tx,
        tenant: Tenant,
        customer: Customer,
        since: Time,
    ) -> Result<Option<Order>, Stop> {
        if customer == Customer::Guest {
            return Ok(None);
        }
        let mut next = self.orders.latest_of(tenant, customer);
        while let Some(row) = next {
            let slot = &self.orders.slots[row as usize];
            let recent = slot
                .row
                .as_ref()
                .is_some_and(|order| order.created_at > since);
            if let Some(state) = self.visible_state(tx, row).filter(|_| recent) {
                return Ok(Some(self.order_at(row, state)));
            }
            next = slot.before;
        }
        Ok(None)
    }

    pub(super) fn insert_charge(&mut self, tx: Tx, charge: ChargeRow) -> Result<(), Stop> {
        let order = row_of(charge.order) as usize;
        if let Some(row) = self.orders.slots[order].charge {
            writable(self.charges.slots[row as usize].1, tx)?;
            return Err(StoreError::Unique(Constraint::ChargesOrder).into());
        }
        self.charges.slots.push((Some(charge), Some(tx)));
        let row = self.charges.slots.len() as u32 - 1;
        self.orders.slots[order].charge = Some(row);
        self.log(tx, Undo::InsertCharge(row));
        Ok(())
    }

    pub(super) fn increment_sales(
        &mut self,
        tx: Tx,
        tenant: Tenant,
        lines: &[Line],
    ) -> Result<(), Stop> {
        let mut rows = std::mem::take(&mut self.stocks.scratch);
        let found = self.stocks.rows(tenant, lines, &mut rows).is_some();
        let outcome = if found {
            self.add_sales(tx, &rows)
        } else {
            Ok(())
        };
        self.stocks.scratch = rows;
        outcome
    }

    fn add_sales(&mut self, tx: Tx, rows: &[(u32, i64)]) -> Result<(), Stop> {
        for (row, _) in rows {
            let (sold, writer) = &mut self.sales.slots[*row as usize];
            writable(*writer, tx)?;
            if writer.replace(tx).is_none() {
                let undo = Undo::Sales(*row, *sold);
                self.log(tx, undo);
            }
        }
        for (row, quantity) in rows {
            self.sales.slots[*row as usize].0 += quantity.unsigned_abs();
        }
        Ok(())
    }

    pub(super) fn insert_notification(
        &mut self,
        tx: Tx,
        order: OrderId,
        kind: NotificationKind,
    ) -> Result<(), Stop> {
        self.notes.slots.push(Some((order, kind)));
        let row = self.notes.slots.len() as u32 - 1;
        self.log(tx, Undo::InsertNote(row));
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Queue {
    Claims,
    Answers,
}

#[inline]
fn row_of(order: OrderId) -> u32 {
    (order.0 - 1) as u32
}
