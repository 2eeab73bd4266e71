//! The slots of each table, their indexes, and what a transaction must remember to undo itself.

use std::hash::{BuildHasher, BuildHasherDefault};

use compact_str::CompactString;
use hashbrown::HashTable;
use orders::{ChargeRow, KeyIndex, KeyRecord, KeyState, NewOrder, NotificationKind};
use protocol::{Cart, Customer, IdempotencyKey, Line, OrderId, OrderState, ScopedKey, Sku, Tenant};
use rustc_hash::FxHasher;

use super::changes::Wrote;
use super::due::Due;
use super::{Database, Tx, Writer};

/// How to undo one change.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Undo {
    /// The row was only locked.
    LockKey(u32),
    InsertKey(u32),
    /// Inserted again where the same transaction had deleted it.
    ReinsertKey(u32, KeyRecord),
    UpdateKey(u32, KeyRecord),
    /// Nothing but the state was written, by whoever thought fit.
    SetKeyState(u32, KeyRecord),
    /// Where the row stood.
    DeleteKey(u32, KeyState),
    /// The order was only locked.
    LockOrder(u32),
    InsertOrder(u32),
    /// Items are rows of their own: those of an open transaction are in its log, and nowhere else.
    InsertItems(u32),
    /// One of them.
    InsertItem(u32),
    ClearCart(Tenant, Cart),
    OrderState(u32, OrderState),
    /// On hand and reserved, as they were when the row was locked.
    Stock(u32, i64, i64),
    Sales(u32, u64),
    /// How often it was used when the row was locked.
    Coupon(u32, i64),
    InsertCharge(u32),
    InsertNote(u32),
}

/// A hash under which neighbours stay neighbours: what is numbered in the order of time is looked up where the last look-up
/// was, which in a table of millions is the difference between a cache hit and a page walk. The low bits, which choose the
/// bucket, are the number itself; the high bits, by which a bucket is told from its neighbours, depend on everything.
/// Every tenant has a stretch of its own, because tenants may number alike.
#[inline]
pub(crate) fn neighbourly(number: u64, tenant: Tenant) -> u64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    const TAG: u64 = 0x7f << 57;
    let stretch = u64::from(tenant.0).wrapping_mul(GOLDEN) >> 16;
    let place = number.wrapping_add(stretch);
    (place & !TAG) | (place.wrapping_mul(GOLDEN) & TAG)
}

/// A neighbourly hash of a text: its digits are the number, its other characters spread.
fn hash_text(text: &str, tenant: Tenant) -> u64 {
    let (mut number, mut spread) = (0_u64, 0_u64);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0')),
            other => {
                spread =
                    (spread.rotate_left(5) ^ u64::from(other)).wrapping_mul(0x517c_c1b7_2722_0a95)
            }
        }
    }
    neighbourly(number.wrapping_add(spread), tenant)
}

fn hash_key(key: &ScopedKey) -> u64 {
    hash_text(key.key.as_str(), key.tenant)
}

fn hash_cart((tenant, cart): CartKey) -> u64 {
    neighbourly(cart.id, tenant)
}

/// Guests are not in the index.
fn hash_customer(tenant: Tenant, customer: Customer) -> u64 {
    match customer {
        Customer::User(id) => neighbourly(id.0, tenant),
        Customer::Guest => 0,
    }
}

fn hash_sku(tenant: Tenant, sku: &Sku) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one((tenant, sku))
}

/// A row of `idempotency_keys`.
#[derive(Debug)]
pub(crate) struct KeySlot {
    pub(crate) key: ScopedKey,
    pub(crate) record: KeyRecord,
    pub(crate) writer: Writer,
    /// Changed by the writer, and not only locked.
    pub(crate) changed: bool,
    /// Inserted by the writer, and not there for others.
    pub(crate) inserted: bool,
    /// Deleted by the writer, or free.
    pub(crate) deleted: bool,
    /// No row: the place waits for another key.
    free: bool,
}

/// `idempotency_keys`.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) slots: Vec<KeySlot>,
    index: HashTable<u32>,
    free: Vec<u32>,
    /// Committed claims by the end of their lease; entries may be out of date.
    pub(crate) claims: Due,
    /// Committed answers by their expiry; entries may be out of date.
    pub(crate) answers: Due,
}

impl Keys {
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.slots.reserve(rows);
        self.index
            .reserve(rows, |_| unreachable!("an empty index has nothing to move"));
    }

    #[inline]
    pub(crate) fn find(&self, key: &ScopedKey) -> Option<u32> {
        self.index
            .find(hash_key(key), |row| self.slots[*row as usize].key == *key)
            .copied()
    }

    pub(crate) fn insert(&mut self, key: &ScopedKey, record: KeyRecord, tx: Tx) -> u32 {
        let slot = KeySlot {
            key: key.clone(),
            record,
            writer: Some(tx),
            changed: true,
            inserted: true,
            deleted: false,
            free: false,
        };
        let row = match self.free.pop() {
            Some(row) => {
                self.slots[row as usize] = slot;
                row
            }
            None => {
                self.slots.push(slot);
                self.slots.len() as u32 - 1
            }
        };
        let slots = &self.slots;
        self.index.insert_unique(hash_key(key), row, |row| {
            hash_key(&slots[*row as usize].key)
        });
        row
    }

    fn remove(&mut self, row: u32) {
        let slot = &mut self.slots[row as usize];
        (slot.deleted, slot.inserted, slot.writer) = (true, false, None);
        (slot.changed, slot.free) = (false, true);
        let found = self
            .index
            .find_entry(hash_key(&slot.key), |other| *other == row);
        found.expect("every row is in the index").remove();
        self.free.push(row);
    }

    /// What a row holds is committed. It enters the queue of the completer or of the reaper, unless it goes at once.
    fn settle(&mut self, row: u32) {
        let slot = &mut self.slots[row as usize];
        (slot.writer, slot.inserted) = (None, false);
        if slot.deleted {
            return;
        }
        match slot.record.state {
            KeyState::Claimed => self.claims.push((slot.record.lease_until, row)),
            KeyState::Completed | KeyState::Released | KeyState::Failed => {
                self.answers.push((slot.record.expires_at, row))
            }
        }
    }
}

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
    customers: HashTable<u32>,
    /// The orders whose key is in an index, whichever: those of one text stand side by side.
    keys: HashTable<u32>,
}

type CartKey = (Tenant, Cart);

impl Orders {
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.slots.reserve(rows);
        for index in [&mut self.carts, &mut self.customers] {
            index.reserve(rows, |_| unreachable!("an empty index has nothing to move"));
        }
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

    /// The orders with a key that an index has, committed or not, whoever's they are.
    pub(crate) fn by_key(&self, key: &str) -> impl Iterator<Item = u32> {
        let rows = self.keys.iter_hash(hash_text(key, Tenant(0))).copied();
        rows.filter(move |row| Orders::indexed_key(&self.slots[*row as usize]) == Some(key))
    }

    fn enter_key(&mut self, row: u32) {
        let hash =
            |slot: &OrderSlot| Orders::indexed_key(slot).map(|key| hash_text(key, Tenant(0)));
        if let Some(hashed) = hash(&self.slots[row as usize]) {
            let slots = &self.slots;
            let rehash = |row: &u32| hash(&slots[*row as usize]).expect("it is in the index");
            self.keys.insert_unique(hashed, row, rehash);
        }
    }

    fn leave_key(&mut self, row: u32) {
        if let Some(key) = Orders::indexed_key(&self.slots[row as usize]) {
            let found = self
                .keys
                .find_entry(hash_text(key, Tenant(0)), |other| *other == row);
            found.expect("it was in the index").remove();
        }
    }

    /// The latest order of a customer, committed or not.
    pub(crate) fn latest_of(&self, tenant: Tenant, customer: Customer) -> Option<u32> {
        let found = self.customers.find(hash_customer(tenant, customer), |row| {
            self.is_of(*row, tenant, customer)
        });
        found.copied()
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
        if customer == Customer::Guest {
            return None;
        }
        let hash = hash_customer(tenant, customer);
        let slots = &self.slots;
        let same = |row: &u32| {
            let order = slots[*row as usize].row.as_ref();
            order.is_some_and(|order| (order.tenant, order.customer) == (tenant, customer))
        };
        if let Some(latest) = self.customers.find_mut(hash, same) {
            return Some(std::mem::replace(latest, row));
        }
        let rehash = |row: &u32| {
            let order = slots[*row as usize]
                .row
                .as_ref()
                .expect("a row in the index is there");
            hash_customer(order.tenant, order.customer)
        };
        self.customers.insert_unique(hash, row, rehash);
        None
    }

    fn leave_cart(&mut self, row: u32) {
        let slot = &mut self.slots[row as usize];
        if std::mem::take(&mut slot.in_carts) {
            let key = Orders::cart_key(slot).expect("a row in the index has a cart");
            let found = self.carts.find_entry(hash_cart(key), |other| *other == row);
            found.expect("it was in the index").remove();
        }
    }

    /// The insert is undone: the row goes, its number is not given again.
    fn remove(&mut self, row: u32) {
        self.leave_cart(row);
        self.leave_key(row);
        let (slots, customers) = (&mut self.slots, &mut self.customers);
        let order = slots[row as usize]
            .row
            .as_ref()
            .expect("an order is removed once");
        if order.customer != Customer::Guest {
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

/// A row of `stock`, for one shop and SKU.
#[derive(Debug)]
pub(crate) struct StockSlot {
    pub(crate) tenant: Tenant,
    pub(crate) sku: Sku,
    pub(crate) initial: i64,
    pub(crate) on_hand: i64,
    pub(crate) reserved: i64,
    pub(crate) writer: Writer,
}

/// `stock`.
#[derive(Debug, Default)]
pub(crate) struct Stocks {
    pub(crate) slots: Vec<StockSlot>,
    index: HashTable<u32>,
    /// The rows of the statement at hand: kept, so that a statement allocates nothing.
    pub(crate) scratch: Vec<(u32, i64)>,
}

impl Stocks {
    pub(crate) fn add(&mut self, tenant: Tenant, sku: Sku, initial: i64) {
        let row = self.slots.len() as u32;
        let hash = hash_sku(tenant, &sku);
        self.slots.push(StockSlot {
            tenant,
            sku,
            initial,
            on_hand: initial,
            reserved: 0,
            writer: None,
        });
        let slots = &self.slots;
        self.index.insert_unique(hash, row, |row| {
            let slot = &slots[*row as usize];
            hash_sku(slot.tenant, &slot.sku)
        });
    }

    #[inline]
    pub(crate) fn find(&self, tenant: Tenant, sku: &Sku) -> Option<u32> {
        let same = |row: &u32| {
            let slot = &self.slots[*row as usize];
            slot.tenant == tenant && slot.sku == *sku
        };
        self.index.find(hash_sku(tenant, sku), same).copied()
    }

    /// The rows of the lines, in the order of their SKUs, with the quantities added up. `None` if a SKU has no row.
    pub(crate) fn rows(
        &self,
        tenant: Tenant,
        lines: &[Line],
        rows: &mut Vec<(u32, i64)>,
    ) -> Option<()> {
        rows.clear();
        for line in lines {
            rows.push((self.find(tenant, &line.sku)?, i64::from(line.quantity)));
        }
        // Rows were added in the order of SKUs, so the order of rows is the order of SKUs.
        rows.sort_unstable();
        rows.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0 };
            same
        });
        Some(())
    }
}

/// `sales`: a counter for every row of `stock`.
#[derive(Debug, Default)]
pub(crate) struct Sales {
    pub(crate) slots: Vec<(u64, Writer)>,
}

/// `charges`.
#[derive(Debug, Default)]
pub(crate) struct Charges {
    pub(crate) slots: Vec<(Option<ChargeRow>, Writer)>,
}

/// `carts`: those that were bought, because all others are there.
#[derive(Debug, Default)]
pub(crate) struct Carts {
    /// Whether anybody ever looks. Where nobody does, nothing is kept.
    pub(crate) are_read: bool,
    cleared: HashTable<(CartKey, Writer)>,
}

impl Carts {
    /// Who cleared a cart, if it was cleared: nobody any more, or an open transaction.
    pub(crate) fn cleared_by(&self, tenant: Tenant, cart: Cart) -> Option<Writer> {
        let key = (tenant, cart);
        let found = self
            .cleared
            .find(hash_cart(key), |(other, _)| *other == key);
        found.map(|(_, writer)| *writer)
    }

    pub(crate) fn clear(&mut self, tenant: Tenant, cart: Cart, tx: Tx) {
        let key = (tenant, cart);
        self.cleared
            .insert_unique(hash_cart(key), (key, Some(tx)), |(key, _)| hash_cart(*key));
    }

    fn settle(&mut self, tenant: Tenant, cart: Cart) {
        let key = (tenant, cart);
        let found = self
            .cleared
            .find_mut(hash_cart(key), |(other, _)| *other == key);
        found.expect("it was cleared").1 = None;
    }

    fn revert(&mut self, tenant: Tenant, cart: Cart) {
        let key = (tenant, cart);
        let found = self
            .cleared
            .find_entry(hash_cart(key), |(other, _)| *other == key);
        found.expect("it was cleared").remove();
    }
}

/// `outbox`.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) slots: Vec<Option<(OrderId, NotificationKind)>>,
    /// Whether anybody relays them. Where nobody does, nothing else is kept.
    pub(crate) are_relayed: bool,
    /// The rows that are committed, and that the relay has not seen.
    pub(crate) leaving: Vec<u32>,
}

impl Database {
    /// A change becomes the committed state.
    #[inline]
    pub(super) fn settle(&mut self, change: Undo) {
        match change {
            Undo::LockKey(row) => self.keys.slots[row as usize].writer = None,
            Undo::InsertKey(row) => {
                self.note_change(row, None, Wrote::Record);
                self.keys.settle(row);
            }
            Undo::ReinsertKey(row, _) => self.keys.settle(row),
            Undo::SetKeyState(row, old) => {
                self.note_change(row, Some(old.state), Wrote::State);
                self.keys.settle(row);
            }
            Undo::UpdateKey(row, old) => {
                self.note_change(row, Some(old.state), Wrote::Record);
                self.keys.settle(row);
                let token = self.keys.slots[row as usize].record.token;
                // Only a claim gives a higher token; of a key that is claimed already, that is a take-over.
                self.takeovers += u64::from(old.state == KeyState::Claimed && token > old.token);
            }
            Undo::DeleteKey(row, before) => {
                self.note_change(row, Some(before), Wrote::Record);
                // It may have been inserted again since, and deleted again since then.
                let slot = &self.keys.slots[row as usize];
                if slot.deleted && !slot.free {
                    self.note_gone(row);
                    self.keys.remove(row);
                }
            }
            Undo::LockOrder(row) => self.orders.slots[row as usize].writer = None,
            Undo::InsertOrder(row) => {
                let slot = &mut self.orders.slots[row as usize];
                (slot.writer, slot.inserted) = (None, false);
            }
            Undo::OrderState(row, _) => {
                self.orders.slots[row as usize].writer = None;
                if self.orders.slots[row as usize].state == OrderState::Cancelled {
                    self.orders.leave_cart(row);
                }
            }
            Undo::InsertItems(row) => {
                let slot = &mut self.orders.slots[row as usize];
                slot.items = slot.lines();
            }
            Undo::InsertItem(row) => self.orders.slots[row as usize].items += 1,
            Undo::ClearCart(tenant, cart) => self.carts.settle(tenant, cart),
            Undo::InsertNote(row) => {
                if self.notes.are_relayed {
                    self.notes.leaving.push(row);
                }
            }
            Undo::Stock(row, ..) => self.stocks.slots[row as usize].writer = None,
            Undo::Coupon(row, _) => self.coupons.slots[row as usize].writer = None,
            Undo::Sales(row, _) => self.sales.slots[row as usize].1 = None,
            Undo::InsertCharge(row) => self.charges.slots[row as usize].1 = None,
        }
    }

    /// A change is taken back.
    pub(super) fn revert(&mut self, change: Undo) {
        match change {
            Undo::LockKey(row) => self.keys.slots[row as usize].writer = None,
            Undo::InsertKey(row) => self.keys.remove(row),
            Undo::ReinsertKey(row, old) => {
                let slot = &mut self.keys.slots[row as usize];
                (slot.record, slot.deleted) = (old, true);
            }
            Undo::UpdateKey(row, old) | Undo::SetKeyState(row, old) => {
                let slot = &mut self.keys.slots[row as usize];
                (slot.record, slot.writer, slot.changed) = (old, None, false);
            }
            Undo::DeleteKey(row, _) => {
                let slot = &mut self.keys.slots[row as usize];
                (slot.deleted, slot.writer, slot.changed) = (false, None, false);
            }
            Undo::InsertOrder(row) => self.orders.remove(row),
            Undo::LockOrder(row) => self.orders.slots[row as usize].writer = None,
            Undo::InsertItems(_) | Undo::InsertItem(_) => {}
            Undo::ClearCart(tenant, cart) => self.carts.revert(tenant, cart),
            Undo::OrderState(row, old) => {
                let slot = &mut self.orders.slots[row as usize];
                (slot.state, slot.writer) = (old, None);
            }
            Undo::Stock(row, on_hand, reserved) => {
                let slot = &mut self.stocks.slots[row as usize];
                (slot.on_hand, slot.reserved, slot.writer) = (on_hand, reserved, None);
            }
            Undo::Coupon(row, used) => {
                let slot = &mut self.coupons.slots[row as usize];
                (slot.used, slot.writer) = (used, None);
            }
            Undo::Sales(row, sold) => self.sales.slots[row as usize] = (sold, None),
            Undo::InsertCharge(row) => {
                let order = self.charges.slots[row as usize]
                    .0
                    .take()
                    .map(|charge| charge.order);
                if let Some(order) = order {
                    self.orders.slots[order.0 as usize - 1].charge = None;
                }
                self.charges.slots[row as usize].1 = None;
            }
            Undo::InsertNote(row) => self.notes.slots[row as usize] = None,
        }
    }
}

/// The name of a SKU as the catalogue has it.
pub(crate) fn sku(name: &str) -> Sku {
    Sku(CompactString::new(name))
}
