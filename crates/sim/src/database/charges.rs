//! `charges`: what an order was paid with, one of each order.

use orders::ports::Constraint;
use orders::{ChargeRow, StoreError};
use protocol::{ChargeId, Money};

use super::orders::{order_at, row_of};
use super::place::Place;
use super::undo::Undo;
use super::{Database, Omission, Stop, Tx, Writer, writable};

/// A row of `charges`. The numbers of charges and orders are counted, so they are kept in four bytes each.
#[derive(Debug)]
pub(crate) struct ChargeSlot {
    charge: u32,
    /// None after the insert was undone.
    pub(super) order: Option<Place>,
    amount: Money,
    pub(super) writer: Writer,
}

const _: () = assert!(size_of::<ChargeSlot>() == 24, "a million of them");

impl ChargeSlot {
    /// The row, if its insert was not undone.
    pub(crate) fn row(&self) -> Option<ChargeRow> {
        self.order.map(|order| ChargeRow {
            id: ChargeId(u64::from(self.charge)),
            order: order_at(order),
            amount: self.amount,
        })
    }
}

/// `charges`.
#[derive(Debug, Default)]
pub(crate) struct Charges {
    pub(crate) slots: Vec<ChargeSlot>,
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
        self.charges.slots.push(ChargeSlot {
            charge: u32::try_from(charge.id.0).expect("fewer than 2^32 charges"),
            order: Some(Place::of(order as u32)),
            amount: charge.amount,
            writer: Some(tx),
        });
        let row = self.charges.slots.len() as u32 - 1;
        self.orders.slots[order].charge = Some(Place::of(row));
        self.log(tx, Undo::InsertCharge(row));
        Ok(())
    }
}
