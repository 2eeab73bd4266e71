//! `charges`: what an order was paid with, one of each order.

use std::collections::BTreeMap;

use orders::ports::Constraint;
use orders::{ChargeRow, StoreError};
use protocol::{ChargeId, Money};

use super::orders::{Orders, order_at, row_of};
use super::place::Place;
use super::undo::Undo;
use super::{Database, Omission, Stop, Tx, Writer, writable};
use crate::memory::KEPT_MAX;

/// A row of `charges`. The numbers of charges and orders are counted, so they are kept in four bytes each.
#[derive(Debug)]
pub(crate) struct ChargeSlot {
    charge: u32,
    /// None after the insert was undone.
    pub(super) order: Option<Place>,
    pub(super) writer: Writer,
}

const _: () = assert!(size_of::<ChargeSlot>() == 12, "a million of them");

/// `charges`.
#[derive(Debug, Default)]
pub(crate) struct Charges {
    pub(crate) slots: Vec<ChargeSlot>,
    /// The amounts of rows that have another than their order's total.
    pub(super) amounts: BTreeMap<u32, Money>,
}

impl Charges {
    /// Forgets every row, keeping the memory.
    pub(super) fn forget(&mut self) {
        self.slots.clear();
        self.amounts.clear();
    }

    /// No row is looked at any more: the memory of a large table is given back.
    pub(crate) fn release(&mut self) {
        if self.slots.len() > KEPT_MAX {
            *self = Charges::default();
        }
    }

    /// A row, if its insert was not undone.
    pub(super) fn get(&self, row: u32, orders: &Orders) -> Option<ChargeRow> {
        let slot = &self.slots[row as usize];
        let order = slot.order?;
        let amount = self.amounts.get(&row).copied();
        Some(ChargeRow {
            id: ChargeId(u64::from(slot.charge)),
            order: order_at(order),
            amount: amount
                .or_else(|| orders.total(order.row()))
                .expect("a charged order is there"),
        })
    }

    /// Every row whose insert was not undone.
    pub(crate) fn rows(&self, orders: &Orders) -> impl Iterator<Item = ChargeRow> {
        (0..self.slots.len() as u32).filter_map(|row| self.get(row, orders))
    }
}

impl Database {
    pub(crate) fn insert_charge(&mut self, tx: Tx, charge: ChargeRow) -> Result<(), Stop> {
        if self.leaves_out == Some(Omission::Charge) {
            return Ok(());
        }
        let order = row_of(charge.order) as usize;
        if let Some(row) = self.orders.slots[order].charge {
            writable(self.charges.slots[row.row() as usize].writer, tx)?;
            return Err(StoreError::Unique(Constraint::ChargesOrder).into());
        }
        let next = self.charges.slots.len() as u32;
        if self.orders.total(order as u32) != Some(charge.amount) {
            self.charges.amounts.insert(next, charge.amount);
        }
        self.charges.slots.push(ChargeSlot {
            charge: u32::try_from(charge.id.0).expect("fewer than 2^32 charges"),
            order: Some(Place::of(order as u32)),
            writer: Some(tx),
        });
        self.orders.slots[order].charge = Some(Place::of(next));
        self.log(tx, Undo::InsertCharge(next));
        Ok(())
    }
}
