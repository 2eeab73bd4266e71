//! `inventory_logs`: what left the stock, and for which order. Only the audit reads it.

use protocol::{Line, OrderId, Tenant};

use super::orders::row_of;
use super::place::Place;
use super::undo::Undo;
use super::{Database, Omission, Stop, Tx};

/// A row of `inventory_logs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// The order, by its row; none after the insert was undone.
    pub(crate) order: Option<Place>,
    /// What left, by its row in `stock`.
    pub(crate) stock: u32,
    pub(crate) quantity: u32,
}

/// `inventory_logs`.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    /// Whether the audit shows them. Where it does not, nothing is kept.
    pub(crate) are_audited: bool,
    pub(crate) slots: Vec<Move>,
}

impl Database {
    /// One row for every line. What is no good of the shop has no stock that it could leave.
    pub(crate) fn insert_inventory_log(
        &mut self,
        tx: Tx,
        order: OrderId,
        lines: &[Line],
    ) -> Result<(), Stop> {
        if !self.moves.are_audited || self.leaves_out == Some(Omission::InventoryLog) {
            return Ok(());
        }
        let row = row_of(order);
        let first = self.moves.slots.len() as u32;
        let tenant = self.tenant_of(row);
        for line in lines {
            let stock = tenant.and_then(|tenant| self.stocks.find(tenant, &line.sku));
            self.moves.slots.extend(stock.map(|stock| Move {
                order: Some(Place::of(row)),
                stock,
                quantity: line.quantity,
            }));
        }
        let until = self.moves.slots.len() as u32;
        self.log(tx, Undo::InsertMoves(first, until));
        Ok(())
    }

    fn tenant_of(&self, row: u32) -> Option<Tenant> {
        let order = self.orders.slots.get(row as usize)?;
        order.row.as_ref().map(|order| order.tenant)
    }
}
