//! A claim that we hold, with all that is needed to settle it.

use std::sync::Arc;

use protocol::{Cart, Money, Order, OrderContent, OrderId, OrderState, ScopedKey, Time};

use super::clocks::Clocks;
use crate::rows::{KeyRecord, KeyState, OrderRow, Owner, Token};

/// A claim that we hold, and the order that it works on. The content is the stored one: a retry may spell it differently,
/// and what was reserved must be what is settled.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) key: ScopedKey,
    pub(super) token: Token,
    /// As the record has it: a time of the database.
    pub(super) lease_until: Time,
    /// The same by our own clock.
    pub(super) works_until: Time,
    pub(super) order: OrderId,
    pub(super) cart: Cart,
    pub(super) content: Arc<OrderContent>,
    pub(super) total: Money,
    /// The claim was not held before: no charge of this order can be under way but ours.
    pub(super) first: bool,
}

impl Held {
    /// A claim that was taken over, with its order as the database has it.
    pub(super) fn taken_over(
        key: ScopedKey,
        record: &KeyRecord,
        row: OrderRow,
        clocks: Clocks,
    ) -> Held {
        Held {
            key,
            token: record.token,
            lease_until: record.lease_until,
            works_until: clocks.own(record.lease_until),
            order: row.id,
            cart: row.new.cart,
            content: row.new.content,
            total: row.new.total,
            first: false,
        }
    }

    /// Whether this record is the claim, as we wrote it: that tells a lost acknowledgement from a lost commit.
    pub(super) fn is(&self, record: &KeyRecord, owner: Owner) -> bool {
        record.state == KeyState::Claimed
            && record.owner == owner
            && record.token == self.token
            && record.order == Some(self.order)
            && record.lease_until == self.lease_until
    }

    /// The order as an answer shows it.
    pub(super) fn shown(&self, state: OrderState) -> Order {
        Order {
            id: self.order,
            state,
            total: self.total,
        }
    }
}
