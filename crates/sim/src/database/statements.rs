//! One method per SQL statement, at READ COMMITTED: what it sees, what it waits for, what it leaves behind.

use orders::ports::Constraint;
use orders::{
    ChargeRow, KeyIndex, KeyRecord, KeyState, NewOrder, NotificationKind, OrderRow, StoreError,
    Token,
};
use protocol::{
    Cart, Customer, IdempotencyKey, Line, Order, OrderId, OrderState, ScopedKey, Span, Tenant, Time,
};

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
            // Any UPDATE counts: PostgreSQL's unique check sees a version that is about to be replaced, and waits to know by what.
            Some(other) if other != tx && slot.changed => Err(Stop::Wait(other)),
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

    /// A record as those see it who do not see what its writer did.
    fn committed_key(&self, row: u32) -> &KeyRecord {
        let slot = &self.keys.slots[row as usize];
        let log = slot.writer.map_or(&[][..], |writer| self.undo_log(writer));
        let replaced = log.iter().find_map(|undo| match undo {
            Undo::UpdateKey(r, old) | Undo::SetKeyState(r, old) | Undo::ReinsertKey(r, old)
                if *r == row =>
            {
                Some(old)
            }
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
        (slot.writer, slot.changed) = (Some(tx), true);
        self.log(tx, Undo::UpdateKey(row, old));
        Ok(1)
    }

    /// The record as `tx` sees it; nothing is locked and nothing waits.
    pub(super) fn find_key(&mut self, tx: Tx, key: &ScopedKey) -> Result<Option<KeyRecord>, Stop> {
        let Some(row) = self.keys.find(key) else {
            return Ok(None);
        };
        let slot = &self.keys.slots[row as usize];
        Ok(match slot.writer {
            Some(other) if other != tx => (!slot.inserted).then(|| *self.committed_key(row)),
            _ => (!slot.deleted).then_some(slot.record),
        })
    }

    /// Writes the state of a record, whoever wrote the row before.
    pub(super) fn set_key_state(
        &mut self,
        tx: Tx,
        key: &ScopedKey,
        state: KeyState,
    ) -> Result<u64, Stop> {
        let Some(row) = self.keys.find(key) else {
            return Ok(0);
        };
        let slot = &mut self.keys.slots[row as usize];
        if slot.inserted && slot.writer != Some(tx) {
            return Ok(0);
        }
        writable(slot.writer, tx)?;
        if slot.deleted {
            return Ok(0);
        }
        let old = slot.record;
        (slot.record.state, slot.writer, slot.changed) = (state, Some(tx), true);
        self.log(tx, Undo::SetKeyState(row, old));
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
            (slot.writer, slot.deleted, slot.changed) = (Some(tx), true, true);
            let before = slot.record.state;
            self.log(tx, Undo::DeleteKey(*row, before));
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
                KeyState::Completed | KeyState::Released | KeyState::Failed => {
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

    /// Whether `tx` sees enough on hand for every line.
    pub(super) fn check_stock(
        &mut self,
        tx: Tx,
        tenant: Tenant,
        lines: &[Line],
    ) -> Result<bool, Stop> {
        let mut rows = std::mem::take(&mut self.stocks.scratch);
        let known = self.stocks.rows(tenant, lines, &mut rows).is_some();
        let enough = |(row, quantity): &(u32, i64)| self.visible_on_hand(tx, *row) >= *quantity;
        let enough = known && rows.iter().all(enough);
        self.stocks.scratch = rows;
        Ok(enough)
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
        if order.key_index == KeyIndex::Unique {
            self.key_is_free(tx, order)?;
        }
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

    /// Whether the unique index has no order under the key of a new one. An order that is cancelled keeps its key.
    fn key_is_free(&self, tx: Tx, order: &NewOrder) -> Result<(), Stop> {
        let key = order.key.as_ref().map_or("", IdempotencyKey::as_str);
        for row in self.orders.by_key(key) {
            let slot = &self.orders.slots[row as usize];
            let unique = |order: &NewOrder| order.key_index == KeyIndex::Unique;
            if !slot.row.as_ref().is_some_and(unique) {
                continue;
            }
            match slot.writer {
                Some(other) if other != tx && self.changes_order(other, row) => {
                    return Err(Stop::Wait(other));
                }
                _ => return Err(StoreError::Unique(Constraint::OrdersKey).into()),
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

    pub(super) fn insert_item(&mut self, tx: Tx, order: OrderId) -> Result<(), Stop> {
        self.log(tx, Undo::InsertItem(row_of(order)));
        Ok(())
    }

    /// How many items of an order `tx` sees: committed ones, and its own.
    fn visible_items(&self, tx: Tx, row: u32) -> u32 {
        let slot = &self.orders.slots[row as usize];
        let own = |undo: &Undo| match undo {
            Undo::InsertItems(r) if *r == row => slot.lines(),
            Undo::InsertItem(r) if *r == row => 1,
            _ => 0,
        };
        slot.items + self.undo_log(tx).iter().map(own).sum::<u32>()
    }

    /// The lines of an order whose items `tx` sees: they were inserted in their order.
    pub(super) fn find_items(&mut self, tx: Tx, order: OrderId) -> Result<Vec<Line>, Stop> {
        let row = row_of(order);
        let items = self.visible_items(tx, row) as usize;
        let order = self.orders.slots[row as usize].row.as_ref();
        Ok(order.map_or(Vec::new(), |order| order.content.lines[..items].to_vec()))
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
                items: self.visible_items(tx, row),
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

    pub(super) fn find_order_by_key(
        &mut self,
        tx: Tx,
        tenant: Option<Tenant>,
        key: &IdempotencyKey,
    ) -> Result<Option<Order>, Stop> {
        let of_tenant = |row: &u32| {
            let order = self.orders.slots[*row as usize].row.as_ref();
            tenant.is_none_or(|tenant| order.is_some_and(|order| order.tenant == tenant))
        };
        let rows = self.orders.by_key(key.as_str()).filter(of_tenant);
        let seen = rows.filter_map(|row| Some((row, self.visible_state(tx, row)?)));
        let first = seen.min_by_key(|(row, _)| *row);
        Ok(first.map(|(row, state)| self.order_at(row, state)))
    }

    pub(super) fn find_recent_orders(
        &mut self,
        tx: Tx,
        tenant: Tenant,
        customer: Customer,
        within: Span,
        limit: usize,
    ) -> Result<Vec<Order>, Stop> {
        let mut found = Vec::new();
        if customer == Customer::Guest {
            return Ok(found);
        }
        let mut next = self.orders.latest_of(tenant, customer);
        while let Some(row) = next.filter(|_| found.len() < limit) {
            let slot = &self.orders.slots[row as usize];
            if slot.inserted_us + within.0 <= self.now_us {
                // They are chained by the time of their insert.
                break;
            }
            if let Some(state) = self.visible_state(tx, row) {
                found.push(self.order_at(row, state));
            }
            next = slot.before;
        }
        Ok(found)
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

    /// Whether `tx` sees a cart: it is there until a transaction has committed that cleared it.
    pub(super) fn find_cart(&mut self, tx: Tx, tenant: Tenant, cart: Cart) -> Result<bool, Stop> {
        self.carts.are_read = true;
        Ok(match self.carts.cleared_by(tenant, cart) {
            None => true,
            Some(writer) => writer.is_some_and(|writer| writer != tx),
        })
    }

    pub(super) fn clear_cart(&mut self, tx: Tx, tenant: Tenant, cart: Cart) -> Result<(), Stop> {
        if !self.carts.are_read {
            return Ok(());
        }
        match self.carts.cleared_by(tenant, cart) {
            // A second DELETE waits, and then hits no row.
            Some(writer) => writable(writer, tx),
            None => {
                self.carts.clear(tenant, cart, tx);
                self.log(tx, Undo::ClearCart(tenant, cart));
                Ok(())
            }
        }
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
