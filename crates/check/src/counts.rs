//! How much there was of everything, and how much too much.

/// Sums over one history. They are plain numbers, so that those of many histories add.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Purchases that were meant, as far as requests say their intent.
    pub intents: u64,
    /// Requests for an order.
    pub attempts: u64,
    /// Requests that ask what became of an order.
    pub reads: u64,
    /// Requests to cancel an order, or for money back.
    pub changes: u64,
    /// Requests for an order that took effect.
    pub ok: u64,
    /// Requests for an order that did not.
    pub fail: u64,
    /// Requests for an order whose outcome is unknown.
    pub info: u64,
    /// Requests for an order that never ended.
    pub open: u64,
    /// Faults that struck.
    pub faults: u64,
    /// Intents with at least one `ok`.
    pub intents_with_order: u64,
    /// Intents that were answered with an order and have no live one of their own: it is another's, or there is none.
    pub intents_merged: u64,
    /// Intents without a live order that were refused as repetitions, or because a twin was in flight, and never answered `ok`.
    pub intents_refused: u64,
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

impl Counts {
    /// Units in live orders.
    pub const fn sold(&self) -> u64 {
        self.units_confirmed + self.units_pending
    }
}
