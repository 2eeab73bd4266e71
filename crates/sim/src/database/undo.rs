//! What a transaction must remember to undo itself, and what becomes of it at its end.

use orders::{KeyRecord, KeyState};
use protocol::{Cart, OrderState, Tenant};

use super::Database;
use super::changes::Wrote;

/// How to undo one change.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Undo {
    /// The row was only locked.
    LockKey(u32),
    InsertKey(u32),
    /// Inserted again where the same transaction had deleted it.
    ReinsertKey(u32, KeyRecord),
    UpdateKey(u32, KeyRecord),
    /// Nothing but the state was written, without regard to the owner.
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
    /// The rows from the first, up to this one.
    InsertMoves(u32, u32),
    InsertNote(u32),
}

impl Database {
    /// A change becomes the committed state.
    #[inline]
    pub(crate) fn settle(&mut self, change: Undo) {
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
                self.note_update(row, &old);
                self.keys.settle(row);
                let token = self.keys.slots[row as usize].record.token;
                // Only a claim gives a higher token; of a key that is claimed already, that is a take-over.
                self.counts.takeovers +=
                    u64::from(old.state == KeyState::Claimed && token > old.token);
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
            Undo::InsertMoves(..) => {}
            Undo::Stock(row, ..) => self.stocks.slots[row as usize].writer = None,
            Undo::Coupon(row, _) => self.coupons.slots[row as usize].writer = None,
            Undo::Sales(row, _) => self.sales.slots[row as usize].1 = None,
            Undo::InsertCharge(row) => self.charges.slots[row as usize].writer = None,
        }
    }

    /// A change is taken back.
    pub(crate) fn revert(&mut self, change: Undo) {
        match change {
            Undo::LockKey(row) => self.keys.slots[row as usize].writer = None,
            Undo::InsertKey(row) => self.keys.remove(row),
            Undo::ReinsertKey(row, old) => {
                self.keys.replace(row, &old);
                self.keys.slots[row as usize].deleted = true;
            }
            Undo::UpdateKey(row, old) | Undo::SetKeyState(row, old) => {
                self.keys.replace(row, &old);
                let slot = &mut self.keys.slots[row as usize];
                (slot.writer, slot.changed) = (None, false);
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
                let slot = &mut self.charges.slots[row as usize];
                if let Some(order) = slot.order.take() {
                    self.orders.slots[order.row() as usize].charge = None;
                }
                slot.writer = None;
                self.charges.amounts.remove(&row);
            }
            Undo::InsertMoves(first, until) => {
                for row in &mut self.moves.slots[first as usize..until as usize] {
                    row.order = None;
                }
            }
            Undo::InsertNote(row) => self.notes.remove(row),
        }
    }
}
