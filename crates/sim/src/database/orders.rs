//! `orders` and their items: the rows, their indexes, and the statements.

use hashbrown::HashTable;
use orders::ports::Constraint;
use orders::{KeyIndex, NewOrder, OrderRow, StoreError};
use protocol::{
    Cart, Customer, IdempotencyKey, Line, Money, Order, OrderId, OrderState, Span, Tenant,
};

use super::customers::Customers;
use super::hashes::{CartKey, hash_cart, hash_text};
use super::place::Place;
use super::placed::{NaturalKeys, Placed};
use super::texts::Texts;
use super::undo::Undo;
use super::{Database, Stop, Tx, Writer, writable};
use crate::memory::KEPT_MAX;

/// A row of `orders`.
#[derive(Debug)]
pub(crate) struct OrderSlot {
    /// `None` after the insert was undone: the sequence does not go back.
    pub(crate) row: Option<Placed>,
    pub(crate) state: OrderState,
    /// How many items are committed.
    pub(crate) items: u32,
    pub(crate) inserted: bool,
    /// Whether the index `orders_cart` has it. A cancelled order leaves it when the cancellation is committed.
    in_carts: bool,
    pub(crate) writer: Writer,
    /// When it was inserted, in true time: `created_at` is what a replica's clock said.
    pub(crate) inserted_us: u64,
    /// Its row in `charges`.
    pub(crate) charge: Option<Place>,
}

const _: () = assert!(size_of::<OrderSlot>() == 88, "a million of them");

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
    texts: Texts,
    others: NaturalKeys,
    /// Every customer's orders, built on first use: few strategies need it, and customers come at
    /// random, so that each order would cost a cache miss.
    customers: Option<Customers>,
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
        self.texts.forget();
        self.others.clear();
        self.carts.clear();
        self.customers = None;
        self.keys.clear();
    }

    /// No order is looked for any more: the memory of large indexes is given back.
    pub(super) fn close(&mut self) {
        if self.slots.len() > KEPT_MAX {
            (self.carts, self.keys) = (HashTable::new(), HashTable::new());
            self.customers = None;
        }
    }

    /// No row is looked at any more: the memory of large tables is given back.
    pub(crate) fn release(&mut self) {
        if self.slots.len() > KEPT_MAX {
            *self = Orders::default();
        }
    }

    /// The entry of the index `orders_cart`: only for orders that have the column and are not cancelled.
    fn cart_key(&self, row: u32) -> Option<CartKey> {
        let order = self.slots[row as usize].row.as_ref()?;
        Some((order.tenant, order.natural_key(row, &self.others)?))
    }

    /// The rows that the unique index has under a cart, committed or not. They are more than one only while a transaction
    /// that cancelled an order and took the cart again is open.
    #[inline]
    pub(crate) fn by_cart(&self, tenant: Tenant, cart: Cart) -> impl Iterator<Item = u32> {
        let key = (tenant, cart);
        let rows = self.carts.iter_hash(hash_cart(key)).copied();
        rows.filter(move |row| self.cart_key(*row) == Some(key))
    }

    /// The text of an order's key, if an index has it.
    fn indexed_key(&self, row: u32) -> Option<&str> {
        let order = self.slots[row as usize].row.as_ref()?;
        let is_indexed = order.key_index != KeyIndex::None;
        order.key_text(&self.texts).filter(|_| is_indexed)
    }

    /// The orders with a key that an index has, committed or not, of all tenants.
    pub(crate) fn by_key(&self, key: &str) -> impl Iterator<Item = u32> {
        let rows = self.keys.iter_hash(hash_text(key)).copied();
        rows.filter(move |row| self.indexed_key(*row) == Some(key))
    }

    fn enter_key(&mut self, row: u32) {
        let mut keys = std::mem::take(&mut self.keys);
        let hash = |row: u32| self.indexed_key(row).map(hash_text);
        if let Some(hashed) = hash(row) {
            let rehash = |row: &u32| hash(*row).expect("it is in the index");
            keys.insert_unique(hashed, row, rehash);
        }
        self.keys = keys;
    }

    fn leave_key(&mut self, row: u32) {
        if let Some(hash) = self.indexed_key(row).map(hash_text) {
            let found = self.keys.find_entry(hash, |other| *other == row);
            found.expect("it was in the index").remove();
        }
    }

    /// The latest order of a customer, committed or not.
    pub(crate) fn latest_of(&mut self, tenant: Tenant, customer: Customer) -> Option<u32> {
        let customers = self
            .customers
            .get_or_insert_with(|| Customers::of(&self.slots));
        customers.latest(&self.slots, tenant, customer)
    }

    /// The order before this one, of the same customer.
    fn before(&self, row: u32) -> Option<u32> {
        self.customers.as_ref()?.before(row)
    }

    pub(crate) fn insert(&mut self, new: NewOrder, tx: Tx, now_us: u64) -> u32 {
        let row = self.slots.len() as u32;
        let (keyed, state) = (new.key_index != KeyIndex::None, new.state);
        let cart = new
            .natural_key
            .filter(|_| new.state != OrderState::Cancelled);
        let tenant = new.tenant;
        let placed = Placed::new(new, row, &mut self.texts, &mut self.others);
        self.slots.push(OrderSlot {
            row: Some(placed),
            state,
            items: 0,
            inserted: true,
            in_carts: cart.is_some(),
            writer: Some(tx),
            inserted_us: now_us,
            charge: None,
        });
        if let Some(customers) = &mut self.customers {
            customers.enter(&self.slots, row);
        }
        if keyed {
            self.enter_key(row);
        }
        if let Some(cart) = cart {
            let mut carts = std::mem::take(&mut self.carts);
            let rehash = |row: &u32| hash_cart(self.cart_key(*row).expect("it is in the index"));
            carts.insert_unique(hash_cart((tenant, cart)), row, rehash);
            self.carts = carts;
        }
        row
    }

    pub(crate) fn leave_cart(&mut self, row: u32) {
        if std::mem::take(&mut self.slots[row as usize].in_carts) {
            let key = self.cart_key(row).expect("a row in the index has a cart");
            let found = self.carts.find_entry(hash_cart(key), |other| *other == row);
            found.expect("it was in the index").remove();
        }
    }

    /// The insert is undone: the row goes, its number is not given again.
    pub(crate) fn remove(&mut self, row: u32) {
        self.leave_cart(row);
        self.leave_key(row);
        if let Some(customers) = &mut self.customers {
            customers.leave(&self.slots, row);
        }
        let slot = &mut self.slots[row as usize];
        let order = slot.row.take().expect("an order is removed once");
        order.give_up(row, &mut self.texts, &mut self.others);
        (slot.writer, slot.inserted) = (None, false);
    }

    /// What a row was inserted with; none if its insert was undone.
    pub(crate) fn new_order(&self, row: u32) -> Option<NewOrder> {
        let order = self.slots.get(row as usize)?.row.as_ref()?;
        Some(order.unpack(row, &self.texts, &self.others))
    }

    /// What an order costs; none if its insert was undone.
    pub(super) fn total(&self, row: u32) -> Option<Money> {
        let order = self.slots[row as usize].row.as_ref();
        order.map(|order| order.total)
    }

    /// The text of an order's key, if it has one.
    pub(crate) fn key_text<'a>(&'a self, order: &'a Placed) -> Option<&'a str> {
        order.key_text(&self.texts)
    }
}

#[inline]
pub(crate) fn row_of(order: OrderId) -> u32 {
    (order.0 - 1) as u32
}

/// The number of the order at a place.
#[inline]
pub(crate) fn order_at(place: Place) -> OrderId {
    OrderId(u64::from(place.row()) + 1)
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
            let unique = |order: &Placed| order.key_index == KeyIndex::Unique;
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
            let new = self.orders.new_order(row);
            let new = new.expect("a visible order has a row");
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
            next = self.orders.before(row);
        }
        Ok(found)
    }
}
