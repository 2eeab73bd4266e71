//! `outbox`: the messages that are to be sent.

use orders::NotificationKind;
use protocol::OrderId;

use super::orders::{order_at, row_of};
use super::place::Place;
use super::undo::Undo;
use super::{Database, Stop, Tx};

/// `outbox`.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// The order, and what is told of it; none after the insert was undone.
    pub(crate) slots: Vec<Option<(Place, NotificationKind)>>,
    /// Whether there is a relay. Without one, nothing else is kept.
    pub(crate) are_relayed: bool,
    /// The rows that are committed, and that the relay has not seen.
    pub(crate) leaving: Vec<u32>,
}

impl Notes {
    /// Forgets every row, keeping the memory.
    pub(crate) fn forget(&mut self) {
        self.slots.clear();
        self.leaving.clear();
    }

    /// A row, if its insert was not undone.
    pub(crate) fn get(&self, row: usize) -> Option<(OrderId, NotificationKind)> {
        self.slots[row].map(|(order, kind)| (order_at(order), kind))
    }

    /// Every row, or none where its insert was undone.
    pub(crate) fn rows(
        &self,
    ) -> impl ExactSizeIterator<Item = Option<(OrderId, NotificationKind)>> {
        (0..self.slots.len()).map(|row| self.get(row))
    }

    pub(super) fn remove(&mut self, row: u32) {
        self.slots[row as usize] = None;
    }
}

impl Database {
    pub(crate) fn insert_notification(
        &mut self,
        tx: Tx,
        order: OrderId,
        kind: NotificationKind,
    ) -> Result<(), Stop> {
        self.notes
            .slots
            .push(Some((Place::of(row_of(order)), kind)));
        let row = self.notes.slots.len() as u32 - 1;
        self.log(tx, Undo::InsertNote(row));
        Ok(())
    }
}
