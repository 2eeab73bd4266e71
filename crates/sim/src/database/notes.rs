//! `outbox`: the messages that are to be sent.

use orders::NotificationKind;
use protocol::OrderId;

use super::undo::Undo;
use super::{Database, Stop, Tx};

/// `outbox`.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) slots: Vec<Option<(OrderId, NotificationKind)>>,
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
}

impl Database {
    pub(crate) fn insert_notification(
        &mut self,
        tx: Tx,
        order: OrderId,
        kind: NotificationKind,
    ) -> Result<(), Stop> {
        self.notes.slots.push(Some((order, kind)));
        let row = self.notes.slots.len() as u32 - 1;
        self.log(tx, Undo::InsertNote(row));
        Ok(())
    }
}
