//! The audit and its rows as they are written: in the audit line, or a line each.

use super::raw::Item;
use super::record::record;
use super::scalar::{Amount, AuditPart, ChargeWord, KeyState, OrderWord, Pairs, Text, Time};

record! {
    /// When the rows were read, which parts are complete, and the rows that have no line of their own.
    Audit<'a> {
        required {
            /// When, after every event.
            t: Time<'a>,
        }
        optional {
            /// The parts whose rows have lines of their own, and were read as a whole.
            complete: Vec<AuditPart>,
            /// The orders.
            orders: Vec<Order<'a>>,
            /// The gateway's ledger.
            charges: Vec<Charge<'a>>,
            /// What the gateway gave back.
            refunds: Vec<Refund<'a>>,
            /// The stock, by SKU.
            stock: Pairs<'a, Stock<'a>>,
            /// The messages that left.
            notifications: Vec<Message<'a>>,
            /// The idempotency records.
            keys: Vec<KeyRow<'a>>,
            /// The coupons, by name.
            coupons: Pairs<'a, Coupon<'a>>,
            /// The carts that were bought from.
            carts: Vec<Cart<'a>>,
            /// The sales counters, by SKU.
            sales: Pairs<'a, Sale<'a>>,
            /// The service's log of what left the stock.
            inventory_log: Vec<Move<'a>>,
            /// The service's own table of charges.
            recorded_charges: Vec<RecordedCharge<'a>>,
            /// How often each situation was met.
            coverage: Pairs<'a, u64>,
        }
    }
}

record! {
    /// An order.
    Order<'a> {
        required {
            /// Its number.
            id: Text<'a>,
            /// Where it stands.
            state: OrderWord,
        }
        optional {
            /// Whose it is; the only shop's if absent.
            tenant: Text<'a>,
            /// The key that it was created with.
            key: Text<'a>,
            /// The purchase that it was created for.
            intent: Text<'a>,
            /// The request that it was created from.
            payload: Text<'a>,
            /// Its lines.
            items: Vec<Item<'a>>,
            /// Its coupon.
            coupon: Text<'a>,
            /// The cart that it was made from.
            cart: Text<'a>,
            /// When it was created.
            t: Time<'a>,
            /// Whether it was there before the run.
            baseline: bool,
        }
    }
}

record! {
    /// A charge in the gateway's ledger.
    Charge<'a> {
        required {
            /// The gateway's number.
            id: Text<'a>,
            /// How much.
            amount: Amount<'a>,
            /// Where it stands.
            state: ChargeWord,
        }
        optional {
            /// The order that it pays for.
            order: Text<'a>,
            /// The purchase that it pays for, if it has no order.
            intent: Text<'a>,
            /// The key under which the gateway was asked.
            provider_key: Text<'a>,
            /// The purse that it was taken from.
            tender: Text<'a>,
            /// When it came to that state.
            t: Time<'a>,
        }
    }
}

record! {
    /// Something that the gateway gave back.
    Refund<'a> {
        required {
            /// The gateway's number.
            id: Text<'a>,
            /// Of which charge.
            charge: Text<'a>,
            /// How much.
            amount: Amount<'a>,
        }
        optional {
            /// The refund's own key.
            key: Text<'a>,
            /// When.
            t: Time<'a>,
        }
    }
}

record! {
    /// The stock of a SKU.
    Stock<'a> {
        required {
            /// How many can be sold.
            on_hand: i64,
        }
        optional {
            /// What, if it has a line of its own.
            sku: Text<'a>,
            /// How many there were at first; as the contract says if absent.
            initial: i64,
            /// How many were delivered; 0 if absent.
            restocked: i64,
            /// How many are held for open orders; 0 if absent.
            reserved: i64,
        }
    }
}

record! {
    /// A message that left.
    Message<'a> {
        required {
            /// Its id.
            message: Text<'a>,
            /// What it tells.
            event: Text<'a>,
        }
        optional {
            /// About which order.
            order: Text<'a>,
            /// When.
            t: Time<'a>,
        }
    }
}

record! {
    /// An idempotency record.
    KeyRow<'a> {
        required {
            /// Which key.
            key: Text<'a>,
            /// Where it stands.
            state: KeyState,
        }
        optional {
            /// The shop; the only one if absent.
            tenant: Text<'a>,
        }
    }
}

record! {
    /// A coupon. A seat is a coupon with a limit of 1.
    Coupon<'a> {
        required {
            /// How often it may be used.
            limit: u64,
        }
        optional {
            /// Which, if it has a line of its own.
            coupon: Text<'a>,
            /// How often it says that it was used; 0 if absent.
            used: u64,
            /// What it takes off an order; not known if absent.
            off: Amount<'a>,
        }
    }
}

record! {
    /// A cart that was bought from.
    Cart<'a> {
        required {
            /// Which.
            cart: Text<'a>,
            /// Whether an order has emptied it.
            cleared: bool,
        }
        optional {
            /// The shop; the only one if absent.
            tenant: Text<'a>,
        }
    }
}

record! {
    /// The sales counter of a SKU.
    Sale<'a> {
        required {
            /// How many units it says were sold.
            sold: i64,
        }
        optional {
            /// What, if it has a line of its own.
            sku: Text<'a>,
        }
    }
}

record! {
    /// A row of the service's log of what left the stock.
    Move<'a> {
        required {
            /// For which order.
            order: Text<'a>,
            /// What.
            sku: Text<'a>,
            /// How many units.
            quantity: i64,
        }
        optional {
        }
    }
}

record! {
    /// A row of the service's own table of charges.
    RecordedCharge<'a> {
        required {
            /// The gateway's number.
            charge: Text<'a>,
            /// Which order it pays for.
            order: Text<'a>,
        }
        optional {
            /// How much.
            amount: Amount<'a>,
        }
    }
}
