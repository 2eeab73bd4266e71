//! How much there was of everything, and how much too much.

use serde::{Deserialize, Serialize};

/// Sums over one history. They are plain numbers, so that those of many histories add.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Purchases that were meant, as far as anybody said.
    pub intents: u64,
    /// Requests for an order.
    pub attempts: u64,
    /// Requests that ask what became of an order.
    pub reads: u64,
    /// Requests for an order that took effect.
    pub ok: u64,
    /// Requests for an order that did not.
    pub fail: u64,
    /// Requests for an order of which nobody knows.
    pub info: u64,
    /// Requests for an order that never ended.
    pub open: u64,
    /// Faults that struck.
    pub faults: u64,
    /// Intents with at least one `ok`.
    pub intents_with_order: u64,
    /// Requests beyond the first of each intent.
    pub duplicate_requests: u64,
    /// Live orders in the audit: pending or confirmed.
    pub orders: u64,
    /// Pending ones among them.
    pub orders_pending: u64,
    /// Cancelled orders in the audit.
    pub orders_cancelled: u64,
    /// Live orders beyond the first of each intent; of each key inside its time to live, where no intents are known.
    pub extra_orders: u64,
    /// What those come to by the contract's prices, in minor units.
    pub extra_orders_amount: i64,
    /// Charges captured and not refunded.
    pub charges_captured: u64,
    /// Charges refunded.
    pub charges_refunded: u64,
    /// Captured charges beyond the first of each intent; of each order, where no intent is known.
    pub extra_charges: u64,
    /// What those come to, in minor units.
    pub extra_charges_amount: i64,
    /// Idempotency records in the audit.
    pub keys: u64,
    /// Those still in progress.
    pub keys_open: u64,
    /// Units in confirmed orders.
    pub units_confirmed: u64,
    /// Units in pending orders.
    pub units_pending: u64,
    /// Units there were at first, over all SKUs of the audit.
    pub units_initial: i64,
    /// Units that were added.
    pub units_restocked: i64,
    /// Units left to sell.
    pub units_on_hand: i64,
    /// Units held for open orders.
    pub units_reserved: i64,
}

/// The stock of one SKU against the orders that are live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockRow {
    /// Which.
    pub sku: String,
    /// How many there were at first.
    pub initial: i64,
    /// How many were added.
    pub restocked: i64,
    /// How many are left to sell.
    pub on_hand: i64,
    /// How many are held for open orders.
    pub reserved: i64,
    /// How many confirmed orders have.
    pub confirmed: u64,
    /// How many pending orders have.
    pub pending: u64,
}

impl Counts {
    /// Units in live orders.
    pub const fn sold(&self) -> u64 {
        self.units_confirmed + self.units_pending
    }

    /// Adds the sums of another history.
    pub fn add(&mut self, other: &Counts) {
        let Counts {
            intents,
            attempts,
            reads,
            ok,
            fail,
            info,
            open,
            faults,
            intents_with_order,
            duplicate_requests,
            orders,
            orders_pending,
            orders_cancelled,
            extra_orders,
            extra_orders_amount,
            charges_captured,
            charges_refunded,
            extra_charges,
            extra_charges_amount,
            keys,
            keys_open,
            units_confirmed,
            units_pending,
            units_initial,
            units_restocked,
            units_on_hand,
            units_reserved,
        } = other;
        self.intents += intents;
        self.attempts += attempts;
        self.reads += reads;
        self.ok += ok;
        self.fail += fail;
        self.info += info;
        self.open += open;
        self.faults += faults;
        self.intents_with_order += intents_with_order;
        self.duplicate_requests += duplicate_requests;
        self.orders += orders;
        self.orders_pending += orders_pending;
        self.orders_cancelled += orders_cancelled;
        self.extra_orders += extra_orders;
        self.extra_orders_amount += extra_orders_amount;
        self.charges_captured += charges_captured;
        self.charges_refunded += charges_refunded;
        self.extra_charges += extra_charges;
        self.extra_charges_amount += extra_charges_amount;
        self.keys += keys;
        self.keys_open += keys_open;
        self.units_confirmed += units_confirmed;
        self.units_pending += units_pending;
        self.units_initial += units_initial;
        self.units_restocked += units_restocked;
        self.units_on_hand += units_on_hand;
        self.units_reserved += units_reserved;
    }
}
