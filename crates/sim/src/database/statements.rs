//! One method per SQL statement, at READ COMMITTED: what it sees, what it waits for, what it leaves behind.

use orders::ports::Constraint;
use orders::{
    ChargeRow, KeyRecord, KeyState, NewOrder, NotificationKind, OrderRow, StoreError, Token,
};
use protocol::{Cart, Customer, Line, Order, OrderId, OrderState, ScopedKey, Tenant, Time};

use super::rows::Undo;
use super::{Database, Stop, Tx, writable};

/// A claim's lease is looked for so far beyond the present, because the replicas' clocks differ.
const SKEW_MAX_US: u64 = 5_000_000;

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
            writable(self.keys.slots[row as usize].writer, tx)?;
            return Err(StoreError::Unique(Constraint::Keys).into());
        }
        let row = self.keys.insert(key, record, tx);
        self.log(tx, Undo::InsertKey(row));
        Ok(())
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
        let slot = &mut self.keys.slots[row as usize];
        if slot.inserted && slot.writer != Some(tx) {
            return Ok(0);
        }
        writable(slot.writer, tx)?;
        if slot.deleted || slot.record.token != held {
            return Ok(0);
        }
        let old = std::mem::replace(&mut slot.record, record);
        slot.writer = Some(tx);
        let claimed = KeyState::Claimed;
        if (old.state, record.state) == (claimed, claimed) && record.owner != old.owner {
            self.takeovers += 1;
        }
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
        for row in self.due(now, limit, Queue::Claims) {
            let slot = &mut self.keys.slots[row as usize];
            slot.writer = Some(tx);
            found.push((slot.key.clone(), slot.record));
            self.log(tx, Undo::LockKey(row));
        }
        Ok(found)
    }

    pub(super) fn delete_expired_keys(
        &mut self,
        tx: Tx,
        before: Time,
        limit: usize,
    ) -> Result<u64, Stop> {
        let rows = self.due(before, limit, Queue::Answers);
        for row in &rows {
            let slot = &mut self.keys.slots[*row as usize];
            (slot.writer, slot.deleted) = (Some(tx), true);
            self.log(tx, Undo::DeleteKey(*row));
        }
        Ok(rows.len() as u64)
    }

    /// The committed, unlocked rows of a queue that were due before `now`; entries that are out of date leave the queue.
    fn due(&mut self, now: Time, limit: usize, queue: Queue) -> Vec<u32> {
        let horizon = Time(now.0.saturating_add(SKEW_MAX_US));
        let mut entries = std::mem::take(match queue {
            Queue::Claims => &mut self.keys.claims,
            Queue::Answers => &mut self.keys.answers,
        });
        let (mut rows, mut kept) = (Vec::new(), Vec::new());
        while let Some((at, row)) = entries.front().copied().filter(|(at, _)| *at <= horizon) {
            entries.pop_front();
            let slot = &self.keys.slots[row as usize];
            let (claimed, due_at) = match slot.record.state {
                KeyState::Claimed => (true, slot.record.lease_until),
                KeyState::Completed | KeyState::Released => (false, slot.record.expires_at),
            };
            let current = !slot.deleted && claimed == (queue == Queue::Claims) && due_at == at;
            if !current && slot.writer.is_none() {
                continue;
            }
            kept.push((at, row));
            if current
                && at < now
                && slot.writer.is_none()
                && rows.len() < limit
                && !rows.contains(&row)
            {
                rows.push(row);
            }
            if rows.len() == limit {
                break;
            }
        }
        kept.into_iter()
            .rev()
            .for_each(|entry| entries.push_front(entry));
        match queue {
            Queue::Claims => self.keys.claims = entries,
            Queue::Answers => self.keys.answers = entries,
        }
        rows
    }

    /// Changes the stock of all lines or of none. The rows are locked one after another, and stay so.
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
        for (row, _) in rows.iter() {
            let slot = &mut self.stocks.slots[*row as usize];
            writable(slot.writer, tx)?;
            slot.writer = Some(tx);
            let undo = Undo::Stock(*row, slot.on_hand, slot.reserved);
            self.log(tx, undo);
        }
        let guarded = matches!(change, StockChange::Reserve | StockChange::Sell);
        let short =
            |(row, quantity): &(u32, i64)| self.stocks.slots[*row as usize].on_hand < *quantity;
        if guarded && rows.iter().any(short) {
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

    pub(super) fn insert_order(
        &mut self,
        tx: Tx,
        new: &mut Option<NewOrder>,
    ) -> Result<OrderId, Stop> {
        let order = new.as_ref().expect("a statement takes effect once");
        if let Some(row) = order
            .natural_key
            .and_then(|cart| self.orders.by_cart(order.tenant, cart))
        {
            writable(self.orders.slots[row as usize].writer, tx)?;
            return Err(StoreError::Unique(Constraint::OrdersCart).into());
        }
        let row = self.orders.insert(
            new.take().expect("it was there a moment ago"),
            tx,
            self.now_us,
        );
        self.log(tx, Undo::InsertOrder(row));
        Ok(OrderId(u64::from(row) + 1))
    }

    pub(super) fn insert_items(&mut self, tx: Tx, order: OrderId) -> Result<(), Stop> {
        let row = row_of(order);
        self.orders.slots[row as usize].has_items = true;
        self.log(tx, Undo::InsertItems(row));
        Ok(())
    }

    pub(super) fn update_order(
        &mut self,
        tx: Tx,
        order: OrderId,
        from: OrderState,
        to: OrderState,
    ) -> Result<u64, Stop> {
        let row = row_of(order);
        let Some(slot) = self.orders.slots.get_mut(row as usize) else {
            return Ok(0);
        };
        if slot.row.is_none() || (slot.inserted && slot.writer != Some(tx)) {
            return Ok(0);
        }
        writable(slot.writer, tx)?;
        if slot.state != from {
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
                has_items: slot.has_items,
            }
        }))
    }

    pub(super) fn find_order_by_cart(
        &mut self,
        tx: Tx,
        tenant: Tenant,
        cart: Cart,
    ) -> Result<Option<Order>, Stop> {
        let row = self.orders.by_cart(tenant, cart);
        let seen = row.and_then(|row| Some((row, self.visible_state(tx, row)?)));
        Ok(seen
            .filter(|(_, state)| *state != OrderState::Cancelled)
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
            *writer = Some(tx);
            let undo = Undo::Sales(*row, *sold);
            self.log(tx, undo);
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
