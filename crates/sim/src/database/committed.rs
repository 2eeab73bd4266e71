//! What is committed at this moment, whatever transactions are open: for a test that looks at the rows and not at the slots.

use ::orders::{ChargeRow, KeyRecord, NotificationKind, OrderRow};
use compact_str::CompactString;
use explore::TaskId;
use protocol::{Cart, OrderId, ScopedKey, Sku, Tenant};

use super::orders::order_at;
use super::undo::Undo;
use super::{Database, Tx, Writer};

/// The committed rows of every table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// `idempotency_keys`.
    pub keys: Vec<(ScopedKey, KeyRecord)>,
    /// `orders`, with how many of their items there are.
    pub orders: Vec<OrderRow>,
    /// `charges`.
    pub charges: Vec<ChargeRow>,
    /// `stock`: on hand and reserved.
    pub stock: Vec<(Tenant, Sku, [i64; 2])>,
    /// `sales`: how many were sold.
    pub sales: Vec<(Tenant, Sku, u64)>,
    /// `coupons`: how often each was used.
    pub coupons: Vec<(Tenant, CompactString, i64)>,
    /// `outbox`.
    pub notifications: Vec<(OrderId, NotificationKind)>,
    /// The carts that were cleared.
    pub cleared: Vec<(Tenant, Cart)>,
    /// `inventory_logs`.
    pub moves: Vec<(OrderId, Sku, u32)>,
}

impl Database {
    /// The rows as a transaction sees them that has written nothing.
    pub(crate) fn committed(&mut self) -> Committed {
        let tx = self.open();
        let committed = Committed {
            keys: self.committed_keys(tx),
            orders: self.committed_orders(tx),
            charges: self.committed_charges(),
            stock: self.committed_stock(),
            sales: self.committed_sales(),
            coupons: self.committed_coupons(),
            notifications: self.committed_notes(),
            cleared: self.committed_carts(),
            moves: self.committed_moves(),
        };
        self.hang_up(tx);
        committed
    }

    /// Whether a task's statement waits for another transaction.
    pub(crate) fn waits(&self, task: TaskId) -> bool {
        let mut waiters = self.open.slots.iter().flat_map(|held| &held.waiters);
        waiters.any(|(waiter, _)| *waiter == task)
    }

    fn committed_keys(&mut self, tx: Tx) -> Vec<(ScopedKey, KeyRecord)> {
        let slots = (0..).zip(&self.keys.slots).filter(|(_, slot)| !slot.free);
        let keys: Vec<ScopedKey> = slots.map(|(row, _)| self.keys.key(row)).collect();
        let mut rows = Vec::new();
        for key in keys {
            let found = self.find_key(tx, &key).expect("a plain look never waits");
            rows.extend(found.map(|record| (key, record)));
        }
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        rows
    }

    fn committed_orders(&mut self, tx: Tx) -> Vec<OrderRow> {
        let mut rows = Vec::new();
        for number in 1..=self.orders.slots.len() as u64 {
            let found = self.find_order(tx, OrderId(number));
            rows.extend(found.expect("a plain look never waits"));
        }
        rows
    }

    fn committed_charges(&self) -> Vec<ChargeRow> {
        let slots = (0..).zip(&self.charges.slots);
        let committed = slots.filter(|(_, slot)| slot.writer.is_none());
        committed
            .filter_map(|(row, _)| self.charges.get(row, &self.orders))
            .collect()
    }

    fn committed_stock(&self) -> Vec<(Tenant, Sku, [i64; 2])> {
        let mut rows = Vec::new();
        for (row, slot) in self.stocks.slots.iter().enumerate() {
            let before = self.replaced(slot.writer, |undo| match undo {
                Undo::Stock(r, on_hand, reserved) if *r as usize == row => {
                    Some([*on_hand, *reserved])
                }
                _ => None,
            });
            let columns = before.unwrap_or([slot.on_hand, slot.reserved]);
            rows.push((slot.tenant, slot.sku.clone(), columns));
        }
        rows
    }

    fn committed_sales(&self) -> Vec<(Tenant, Sku, u64)> {
        let stocks = self.stocks.slots.iter().zip(&self.sales.slots);
        let mut rows = Vec::new();
        for (row, (stock, (sold, writer))) in stocks.enumerate() {
            let before = self.replaced(*writer, |undo| match undo {
                Undo::Sales(r, sold) if *r as usize == row => Some(*sold),
                _ => None,
            });
            rows.push((stock.tenant, stock.sku.clone(), before.unwrap_or(*sold)));
        }
        rows
    }

    fn committed_coupons(&self) -> Vec<(Tenant, CompactString, i64)> {
        let mut rows = Vec::new();
        for (row, slot) in self.coupons.slots.iter().enumerate() {
            let before = self.replaced(slot.writer, |undo| match undo {
                Undo::Coupon(r, used) if *r as usize == row => Some(*used),
                _ => None,
            });
            let used = before.unwrap_or(slot.used);
            rows.push((slot.tenant, slot.code.clone(), used));
        }
        rows
    }

    /// What an open transaction has replaced in a row that it wrote, if it did.
    fn replaced<T>(&self, writer: Writer, old: impl Fn(&Undo) -> Option<T>) -> Option<T> {
        self.undo_log(writer?).iter().find_map(old)
    }

    fn committed_notes(&self) -> Vec<(OrderId, NotificationKind)> {
        let open = |row: u32| {
            self.is_being_inserted(|undo| matches!(undo, Undo::InsertNote(r) if *r == row))
        };
        let rows = self.notes.rows().enumerate();
        let committed = rows.filter(|(row, _)| !open(*row as u32));
        committed.filter_map(|(_, note)| note).collect()
    }

    fn committed_carts(&self) -> Vec<(Tenant, Cart)> {
        let mut carts: Vec<_> = self.carts.cleared().collect();
        carts.sort_unstable();
        carts
    }

    fn committed_moves(&self) -> Vec<(OrderId, Sku, u32)> {
        let open = |row: u32| {
            self.is_being_inserted(
                |undo| matches!(undo, Undo::InsertMoves(first, until) if (*first..*until).contains(&row)),
            )
        };
        let mut rows = Vec::new();
        for (row, moved) in self.moves.slots.iter().enumerate() {
            if let Some(order) = moved.order.filter(|_| !open(row as u32)) {
                let sku = self.stocks.slots[moved.stock as usize].sku.clone();
                rows.push((order_at(order), sku, moved.quantity));
            }
        }
        rows
    }

    /// Whether an open transaction has this in its log.
    fn is_being_inserted(&self, which: impl Fn(&Undo) -> bool) -> bool {
        let open = self.open.slots.iter();
        open.flat_map(|transaction| &transaction.undo).any(which)
    }
}
