//! `charges`: what an order was paid with, one of each order.

use orders::ports::Constraint;
use orders::{ChargeRow, StoreError};

use super::orders::row_of;
use super::undo::Undo;
use super::{Database, Omission, Stop, Tx, Writer, writable};

/// `charges`.
#[derive(Debug, Default)]
pub(crate) struct Charges {
    pub(crate) slots: Vec<(Option<ChargeRow>, Writer)>,
}

impl Database {
    pub(crate) fn insert_charge(&mut self, tx: Tx, charge: ChargeRow) -> Result<(), Stop> {
        if self.leaves_out == Some(Omission::Charge) {
            return Ok(());
        }
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
}
