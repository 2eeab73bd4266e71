//! `orders` and their items: the rows, their indexes, and the statements.

use hashbrown::HashTable;
use orders::ports::Constraint;
use orders::{KeyIndex, NewOrder, OrderRow, StoreError};
use protocol::{Cart, Customer, IdempotencyKey, Line, Order, OrderId, OrderState, Span, Tenant};

use super::hashes::{CartKey, hash_cart, hash_customer, hash_text};
use super::undo::Undo;
use super::{Database, Stop, Tx, Writer, writable};

/// A row of `orders`.
#[derive(Debug)]
pub(crate) struct OrderSlot {
    /// `None` after the insert was undone: the sequence does not go back.
    pub(crate) row: Option<NewOrder>,
    pub(crate) state: OrderState,
    /// How many items are committed.
    pub(crate) items: u32,
    pub(crate) inserted: bool,
    /// Whether the index `orders_cart` has it. A cancelled order leaves it when the cancellation is committed.
    in_carts: bool,
    pub(crate) writer: Writer,
    /// When it was inserted, in true time: `created_at` is what a replica's clock said.
    pub(crate) inserted_us: u64,
    /// The same customer's order before this one.
    pub(crate) before: Option<u32>,
    /// Its row in `charges`.
    pub(crate) charge: Option<u32>,
}

impl OrderSlot {
    /// How many lines its content has.
    pub(crate) fn lines(&self) -> u32 {
        let order = self.row.as_ref();
        order.map_or(0, |order| order.content.lines.len() as u32)
    }
}

/// `orders`; the number of an order is its row plus one.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    pub(crate) slots: Vec<OrderSlot>,
    carts: HashTable<u32>,
    /// Every customer's latest order, built on first use: few strategies need it, and customers come at
    /// random, so that each order would cost a cache miss.
    customers: Option<HashTable<u32>>,
    /// The orders whose key is in an index, whichever: those of one text stand side by side.
    keys: HashTable<u32>,
}

impl Orders {
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.slots.reserve(rows);
        self.carts
            .reserve(rows, |_| unreachable!("an empty index has nothing to move"));
    }

    /// Forgets every row, keeping the memory.
    pub(crate) fn forget(&mut self) {
        self.slots.clear();
        self.carts.clear();
        self.customers = None;
        self.keys.clear();
    }

    /// The entry of the index `orders_cart`: only for orders that have the column and are not cancelled.
    fn cart_key(slot: &OrderSlot) -> Option<CartKey> {
        let row = slot.row.as_ref()?;
        Some((row.tenant, row.natural_key?))
    }

    /// The rows that the unique index has under a cart, committed or not. They are more than one only while a transaction
    /// that cancelled an order and took the cart again is open.
    #[inline]
    pub(crate) fn by_cart(&self, tenant: Tenant, cart: Cart) -> impl Iterator<Item = u32> {
        let key = (tenant, cart);
        let rows = self.carts.iter_hash(hash_cart(key)).copied();
        rows.filter(move |row| Orders::cart_key(&self.slots[*row as usize]) == Some(key))
    }

    /// The text of an order's key, if an index has it.
    fn indexed_key(slot: &OrderSlot) -> Option<&str> {
        let row = slot.row.as_ref()?;
        let key = row.key.as_ref().filter(|_| row.key_index != KeyIndex::None);
        key.map(IdempotencyKey::as_str)
    }

    /// The orders with a key that an index has, committed or not, of all tenants.
    pub(crate) fn by_key(&self, key: &str) -> impl Iterator<Item = u32> {
        let rows = self.keys.iter_hash(hash_text(key)).copied();
        rows.filter(move |row| Orders::indexed_key(&self.slots[*row as usize]) == Some(key))
    }

    fn enter_key(&mut self, row: u32) {
        let hash = |slot: &OrderSlot| Orders::indexed_key(slot).map(hash_text);
        if let Some(hashed) = hash(&self.slots[row as usize]) {
            let slots = &self.slots;
            let rehash = |row: &u32| hash(&slots[*row as usize]).expect("it is in the index");
            self.keys.insert_unique(hashed, row, rehash);
        }
    }

    fn leave_key(&mut self, row: u32) {
        if let Some(key) = Orders::indexed_key(&self.slots[row as usize]) {
            let found = self.keys.find_entry(hash_text(key), |other| *other == row);
            found.expect("it was in the index").remove();
        }
    }

    /// The latest order of a customer, committed or not.
    pub(crate) fn latest_of(&mut self, tenant: Tenant, customer: Customer) -> Option<u32> {
        if self.customers.is_none() {
            self.index_customers();
        }
        let customers = self.customers.as_ref()?;
        let found = customers.find(hash_customer(tenant, customer), |row| {
            self.is_of(*row, tenant, customer)
        });
        found.copied()
    }

    /// Makes the index of customers, of all orders that are there.
    #[cold]
    fn index_customers(&mut self) {
        self.customers = Some(HashTable::new());
        for row in 0..self.slots.len() as u32 {
            let order = self.slots[row as usize].row.as_ref();
            if let Some((tenant, customer)) = order.map(|order| (order.tenant, order.customer)) {
                self.slots[row as usize].before = self.enter_customer(tenant, customer, row);
            }
        }
    }

    fn is_of(&self, row: u32, tenant: Tenant, customer: Customer) -> bool {
        let order = self.slots[row as usize].row.as_ref();
        order.is_some_and(|order| (order.tenant, order.customer) == (tenant, customer))
    }

    pub(crate) fn insert(&mut self, new: NewOrder, tx: Tx, now_us: u64) -> u32 {
        let row = self.slots.len() as u32;
        let (tenant, customer) = (new.tenant, new.customer);
        let keyed = new.key_index != KeyIndex::None;
        let cart = new
            .natural_key
            .filter(|_| new.state != OrderState::Cancelled);
        let before = self.enter_customer(tenant, customer, row);
        let state = new.state;
        self.slots.push(OrderSlot {
            row: Some(new),
            state,
            items: 0,
            inserted: true,
            in_carts: cart.is_some(),
            writer: Some(tx),
            inserted_us: now_us,
            before,
            charge: None,
        });
        if keyed {
            self.enter_key(row);
        }
        if let Some(cart) = cart {
            let slots = &self.slots;
            let rehash = |row: &u32| {
                hash_cart(Orders::cart_key(&slots[*row as usize]).expect("it is in the index"))
            };
            self.carts
                .insert_unique(hash_cart((tenant, cart)), row, rehash);
        }
        row
    }

    /// Makes `row` the customer's latest order; returns the one before. Guests have no identity.
    fn enter_customer(&mut self, tenant: Tenant, customer: Customer, row: u32) -> Option<u32> {
        let customers = self.customers.as_mut()?;
        if customer == Customer::Guest {
            return None;
        }
        let hash = hash_customer(tenant, customer);
        let slots = &self.slots;
        let same = |row: &u32| {
            let order = slots[*row as usize].row.as_ref();
            order.is_some_and(|order| (order.tenant, order.customer) == (tenant, customer))
        };
        if let Some(latest) = customers.find_mut(hash, same) {
            return Some(std::mem::replace(latest, row));
        }
        let rehash = |row: &u32| {
            let order = slots[*row as usize]
                .row
                .as_ref()
                .expect("a row in the index is there");
            hash_customer(order.tenant, order.customer)
        };
        customers.insert_unique(hash, row, rehash);
        None
    }

    pub(crate) fn leave_cart(&mut self, row: u32) {
        let slot = &mut self.slots[row as usize];
        if std::mem::take(&mut slot.in_carts) {
            let key = Orders::cart_key(slot).expect("a row in the index has a cart");
            let found = self.carts.find_entry(hash_cart(key), |other| *other == row);
            found.expect("it was in the index").remove();
        }
    }

    /// The insert is undone: the row goes, its number is not given again.
    pub(crate) fn remove(&mut self, row: u32) {
        self.leave_cart(row);
        self.leave_key(row);
        let slots = &mut self.slots;
        let order = slots[row as usize]
            .row
            .as_ref()
            .expect("an order is removed once");
        if let Some(customers) = &mut self.customers
            && order.customer != Customer::Guest
        {
            let hash = hash_customer(order.tenant, order.customer);
            match customers.find_entry(hash, |other| *other == row) {
                Ok(entry) => match slots[row as usize].before {
                    Some(before) => *entry.into_mut() = before,
                    None => {
                        entry.remove();
                    }
                },
                Err(_) => unlink(slots, customers, hash, row),
            }
        }
        let slot = &mut slots[row as usize];
        (slot.row, slot.writer, slot.inserted) = (None, None, false);
    }
}

/// Takes a row out of the middle of its customer's chain.
fn unlink(slots: &mut [OrderSlot], customers: &HashTable<u32>, hash: u64, row: u32) {
    let who = |row: u32, slots: &[OrderSlot]| {
        slots[row as usize]
            .row
            .as_ref()
            .map(|o| (o.tenant, o.customer))
    };
    let of = who(row, slots);
    let mut at = *customers
        .find(hash, |other| who(*other, slots) == of)
        .expect("the chain has a head");
    while let Some(before) = slots[at as usize].before {
        if before == row {
            slots[at as usize].before = slots[row as usize].before;
            return;
        }
        at = before;
    }
}

#[inline]
pub(crate) fn row_of(order: OrderId) -> u32 {
    (order.0 - 1) as u32
}

impl Database {
    pub(crate) fn insert_order(
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
            self.at_hand.now_us,
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

    pub(crate) fn insert_items(&mut self, tx: Tx, order: OrderId) -> Result<(), Stop> {
        self.log(tx, Undo::InsertItems(row_of(order)));
        Ok(())
    }

    pub(crate) fn insert_item(&mut self, tx: Tx, order: OrderId) -> Result<(), Stop> {
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
    pub(crate) fn find_items(&mut self, tx: Tx, order: OrderId) -> Result<Vec<Line>, Stop> {
        let row = row_of(order);
        let items = self.visible_items(tx, row) as usize;
        let order = self.orders.slots[row as usize].row.as_ref();
        Ok(order.map_or(Vec::new(), |order| order.content.lines[..items].to_vec()))
    }

    pub(crate) fn update_order(
        &mut self,
        tx: Tx,
        order: OrderId,
        from: OrderState,
        to: OrderState,
    ) -> Result<u64, Stop> {
        let row = row_of(order);
        let seen = self.visible_state(tx, row);
        if !seen.is_some_and(|state| self.at_hand.resumed || state == from) {
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

    pub(crate) fn find_order(&mut self, tx: Tx, order: OrderId) -> Result<Option<OrderRow>, Stop> {
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

    pub(crate) fn find_order_by_cart(
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

    pub(crate) fn find_order_by_key(
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

    pub(crate) fn find_recent_orders(
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
            if slot.inserted_us + within.0 <= self.at_hand.now_us {
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
}
