//! The rows of the audit with which anything is not as usual at first sight, so that the rules need not look at all of them.

use history::{AuditCharge, AuditNotification, AuditOrder, History};
use protocol::{ChargeState, OrderState};

use super::orders::order_rows;
use super::{Facts, Maybe};

/// Each list is of rows.
#[derive(Debug, Default)]
pub(crate) struct OddRows {
    /// Orders that do not look like what was asked for.
    pub(crate) contents: Vec<u32>,
    /// Orders of which a request was refused and none was answered `ok`.
    pub(crate) refused: Vec<u32>,
    /// Orders that are not confirmed, or lack a charge or a message, as far as anybody looked; or that were there before the run.
    pub(crate) unfinished: Vec<u32>,
    /// Charges that are not captured for a live order at its price, or whose purchase may have failed.
    pub(crate) charges: Vec<u32>,
    /// Messages that did not leave after their order was made.
    pub(crate) messages: Vec<u32>,
    /// Messages about an order that had one before, and that one.
    pub(crate) told_again: Vec<u32>,
}

impl OddRows {
    pub(super) fn clear(&mut self) {
        let OddRows {
            contents,
            refused,
            unfinished,
            charges,
            messages,
            told_again,
        } = self;
        for list in [contents, refused, unfinished, charges, messages, told_again] {
            list.clear();
        }
    }
}

impl Facts {
    /// Whether an order is what was asked for with its key, without looking twice.
    #[inline]
    pub(super) fn is_plain(&self, history: &History, order: &AuditOrder) -> bool {
        let (Some(key), Some(payload)) = (order.key, order.payload) else {
            return false;
        };
        let facts = &self.keys[key.index()];
        let items = order.items;
        facts.payload == Maybe::at(payload.index())
            && !facts.reused
            && (items.is_none() || items == history.names.payload_items(payload))
            && history.names.coupons.is_empty()
    }

    /// Whether a request that may have made an order was refused, and none with its key was answered `ok` for certain.
    #[inline]
    pub(super) fn may_have_failed(&self, order: &AuditOrder) -> bool {
        match (order.key, order.payload) {
            (Some(key), _) => {
                let facts = &self.keys[key.index()];
                facts.refused && (facts.first_ok == Maybe::default() || facts.reused)
            }
            (None, Some(payload)) => self.payloads[payload.index()].failed > 0,
            (None, None) => false,
        }
    }

    /// Whether a charge is captured for a live order at its price, and its purchase did not fail.
    #[inline]
    pub(super) fn is_plain_charge(&self, history: &History, charge: &AuditCharge) -> bool {
        let order = charge.order.map(|order| &self.orders[order.index()]);
        let Some(row) = order.and_then(|order| order.row.get()) else {
            return false;
        };
        let row = &order_rows(history)[row];
        let failed = |intent: usize| self.intents[intent].failed > 0;
        charge.state == ChargeState::Captured
            && row.state != OrderState::Cancelled
            && row.coupon.is_none()
            && !charge.intent.is_some_and(|intent| failed(intent.index()))
            && (history.contract.prices.is_empty()
                || self.price_of(history, row) == Some(charge.amount))
    }

    /// Finds the first message of each order, the orders that have more, and the messages that came too early.
    pub(super) fn join_notifications(&mut self, history: &History) {
        let audit = history.audit.as_ref();
        let rows = audit.and_then(|audit| audit.notifications.as_ref());
        for (row, message) in rows.into_iter().flatten().enumerate() {
            if !self.is_plain_message(history, message) {
                self.odd.messages.push(row as u32);
            }
            let Some(order) = message.order else {
                continue;
            };
            let facts = &mut self.orders[order.index()];
            match facts.told.get() {
                None => facts.told = Maybe::at(row),
                Some(first) => {
                    if !facts.told_often {
                        facts.told_often = true;
                        self.odd.told_again.push(first as u32);
                    }
                    self.odd.told_again.push(row as u32);
                }
            }
        }
    }

    /// Whether a message left after its order was made, as far as anybody knows when.
    #[inline]
    fn is_plain_message(&self, history: &History, message: &AuditNotification) -> bool {
        let order = message.order.map(|order| &self.orders[order.index()]);
        let row = order.and_then(|order| order.row.get());
        row.is_some_and(|row| match (message.t, order_rows(history)[row].t) {
            (Some(left), Some(made)) => left > made,
            _ => true,
        })
    }

    /// Finds the orders with which not everything is done. Charges and messages have been joined.
    pub(super) fn find_unfinished(&mut self, history: &History) {
        let audit = history.audit.as_ref();
        let has_charges = audit.is_some_and(|audit| audit.charges.is_some());
        let has_messages = audit.is_some_and(|audit| audit.notifications.is_some());
        for (row, order) in order_rows(history).iter().enumerate() {
            let facts = &self.orders[order.id.index()];
            let is_charged = facts.captured != Maybe::default() || !has_charges;
            let is_told = facts.told != Maybe::default() || !has_messages;
            let is_confirmed = order.state == OrderState::Confirmed && !facts.is_baseline;
            if !(is_confirmed && is_charged && is_told) {
                self.odd.unfinished.push(row as u32);
            }
        }
    }
}
