//! `stock` and `sales`: what is there, and what was sold, of each SKU.

use hashbrown::HashTable;
use protocol::{Line, Sku, Tenant};

use super::hashes::hash_sku;
use super::undo::Undo;
use super::{Database, Omission, Stop, Tx, Writer, writable};

/// What a stock statement does with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StockChange {
    Reserve,
    Settle,
    Release,
    Sell,
    /// A sale without a guard.
    Take,
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
    /// Every shelf is as full as in the beginning.
    pub(crate) fn restock(&mut self) {
        for slot in &mut self.slots {
            (slot.on_hand, slot.reserved, slot.writer) = (slot.initial, 0, None);
        }
    }

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

impl Sales {
    /// Nothing was sold.
    pub(crate) fn forget(&mut self) {
        self.slots.fill((0, None));
    }
}

impl Database {
    /// Changes the stock of all lines or of none. The rows that have enough are locked one after another, and stay so; a row
    /// that was too short when the statement began is not waited for and not locked.
    pub(crate) fn change_stock(
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
        if !self.at_hand.resumed {
            self.look_for_short_rows(tx, if guarded { rows } else { &[] });
        }
        for (row, _) in rows.iter() {
            if self.open.slots[tx.place()].short.contains(row) {
                continue;
            }
            self.lock_stock(tx, *row)?;
        }
        // What was enough may be less by the time it was waited for.
        let short =
            |(row, quantity): &(u32, i64)| self.stocks.slots[*row as usize].on_hand < *quantity;
        let any_short = !self.open.slots[tx.place()].short.is_empty();
        if any_short || guarded && rows.iter().any(short) {
            return Ok(false);
        }
        for (row, quantity) in rows.iter() {
            let slot = &mut self.stocks.slots[*row as usize];
            let (on_hand, reserved) = match change {
                StockChange::Reserve => (-quantity, *quantity),
                StockChange::Settle => (0, -quantity),
                StockChange::Release => (*quantity, -quantity),
                StockChange::Sell | StockChange::Take => (-quantity, 0),
            };
            slot.on_hand += on_hand;
            slot.reserved += reserved;
        }
        Ok(true)
    }

    #[inline]
    fn lock_stock(&mut self, tx: Tx, row: u32) -> Result<(), Stop> {
        let slot = &mut self.stocks.slots[row as usize];
        writable(slot.writer, tx)?;
        if slot.writer.replace(tx).is_none() {
            let undo = Undo::Stock(row, slot.on_hand, slot.reserved);
            self.log(tx, undo);
        }
        Ok(())
    }

    /// Notes which rows are too short for the statement that begins.
    fn look_for_short_rows(&mut self, tx: Tx, rows: &[(u32, i64)]) {
        let mut short = std::mem::take(&mut self.open.slots[tx.place()].short);
        short.clear();
        let too_short = |(row, quantity): &&(u32, i64)| self.visible_on_hand(tx, *row) < *quantity;
        short.extend(rows.iter().filter(too_short).map(|(row, _)| *row));
        self.open.slots[tx.place()].short = short;
    }

    /// What `tx` sees on hand of every line's SKU; `None` if one has no row.
    pub(crate) fn read_stock(
        &mut self,
        tx: Tx,
        tenant: Tenant,
        lines: &[Line],
    ) -> Result<Option<Vec<i64>>, Stop> {
        let seen = |line: &Line| {
            let row = self.stocks.find(tenant, &line.sku)?;
            Some(self.visible_on_hand(tx, row))
        };
        Ok(lines.iter().map(seen).collect())
    }

    /// Writes what is on hand of a SKU, if it has a row.
    pub(crate) fn write_stock(
        &mut self,
        tx: Tx,
        tenant: Tenant,
        sku: &Sku,
        on_hand: i64,
    ) -> Result<(), Stop> {
        if let Some(row) = self.stocks.find(tenant, sku) {
            self.lock_stock(tx, row)?;
            self.stocks.slots[row as usize].on_hand = on_hand;
        }
        Ok(())
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

    pub(crate) fn increment_sales(
        &mut self,
        tx: Tx,
        tenant: Tenant,
        lines: &[Line],
    ) -> Result<(), Stop> {
        if self.leaves_out == Some(Omission::Sales) {
            return Ok(());
        }
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
}
