//! What the database and the gateway hold at the end. A part that was not looked at is `None`, which is not the same as empty.

use protocol::{ChargeState, OrderState};

use crate::event::RecordState;
use crate::names::{
    BasketRef, CartRef, ChargeRef, CodeRef, CouponRef, IntentRef, KeyRef, MessageRef, OrderRef,
    PayloadRef, ProviderKeyRef, RefundKeyRef, RefundRef, SkuRef, TenantRef, TenderRef,
};

/// The audit: taken after quiescence, in one consistent snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// When, in the contract's unit.
    pub t: u64,
    /// The orders.
    pub orders: Option<Vec<AuditOrder>>,
    /// The orders among them that were there before the run began.
    pub baseline: Vec<OrderRef>,
    /// The gateway's ledger, each charge with the order that it belongs to.
    pub charges: Option<Vec<AuditCharge>>,
    /// The stock.
    pub stock: Option<Vec<AuditStock>>,
    /// The notifications that left.
    pub notifications: Option<Vec<AuditNotification>>,
    /// The idempotency records.
    pub keys: Option<Vec<AuditKey>>,
    /// The coupons.
    pub coupons: Option<Vec<AuditCoupon>>,
    /// What the gateway gave back.
    pub refunds: Option<Vec<AuditRefund>>,
    /// The carts that were bought from.
    pub carts: Option<Vec<AuditCart>>,
    /// The sales counters.
    pub sales: Option<Vec<AuditSale>>,
    /// The service's log of what left the stock.
    pub inventory_log: Option<Vec<AuditMove>>,
    /// The service's own table of charges.
    pub recorded_charges: Option<Vec<AuditRecordedCharge>>,
    /// Rows that were left out, because their part is not said to be complete: the part's name, and how many.
    pub left_out: Vec<(&'static str, u64)>,
}

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditOrder {
    /// Its number.
    pub id: OrderRef,
    /// Whose it is.
    pub tenant: Option<TenantRef>,
    /// The key it was created with.
    pub key: Option<KeyRef>,
    /// The purchase it was created for, if the row says.
    pub intent: Option<IntentRef>,
    /// The request it was created from.
    pub payload: Option<PayloadRef>,
    /// Its lines.
    pub items: Option<BasketRef>,
    /// Its coupon.
    pub coupon: Option<CouponRef>,
    /// The cart it was made from.
    pub cart: Option<CartRef>,
    /// Where it stands.
    pub state: OrderState,
    /// When it was created, in the contract's unit.
    pub t: Option<u64>,
}

/// A charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditCharge {
    /// The gateway's number.
    pub id: ChargeRef,
    /// The order it pays for, if there is one.
    pub order: Option<OrderRef>,
    /// The purchase it pays for, if the harness knows it otherwise than by the order.
    pub intent: Option<IntentRef>,
    /// The gateway's idempotency key.
    pub provider_key: Option<ProviderKeyRef>,
    /// The purse that it was taken from.
    pub tender: Option<TenderRef>,
    /// Where it stands.
    pub state: ChargeState,
    /// How much, in the contract's amounts.
    pub amount: i64,
    /// When it came to that state, in the contract's unit.
    pub t: Option<u64>,
}

/// Something that was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditRefund {
    /// The gateway's number.
    pub id: RefundRef,
    /// Of which charge.
    pub charge: ChargeRef,
    /// The refund's own key.
    pub key: Option<RefundKeyRef>,
    /// How much, in the contract's amounts.
    pub amount: i64,
    /// When, in the contract's unit.
    pub t: Option<u64>,
}

/// A cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditCart {
    /// Which.
    pub cart: CartRef,
    /// Whose shop.
    pub tenant: Option<TenantRef>,
    /// Whether an order has emptied it.
    pub is_cleared: bool,
}

/// The sales counter of a SKU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditSale {
    /// What.
    pub sku: SkuRef,
    /// How many units it says were sold.
    pub sold: i64,
}

/// A row of the service's log of what left the stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditMove {
    /// For which order.
    pub order: OrderRef,
    /// What.
    pub sku: SkuRef,
    /// How many units.
    pub quantity: i64,
}

/// A row of the service's own table of charges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditRecordedCharge {
    /// The gateway's number.
    pub charge: ChargeRef,
    /// Which order it pays for.
    pub order: OrderRef,
    /// How much, in the contract's amounts.
    pub amount: Option<i64>,
}

/// The stock of a SKU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditStock {
    /// What.
    pub sku: SkuRef,
    /// How many there were at first.
    pub initial: i64,
    /// How many were added.
    pub restocked: i64,
    /// How many can be sold.
    pub on_hand: i64,
    /// How many are held for open orders.
    pub reserved: i64,
}

/// A notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditNotification {
    /// Its message id.
    pub message: MessageRef,
    /// Which order it is about.
    pub order: Option<OrderRef>,
    /// What it tells.
    pub event: CodeRef,
    /// When it left, in the contract's unit.
    pub t: Option<u64>,
}

/// An idempotency record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditKey {
    /// Which key. A record in a scope of the service's own has a key that no client sent.
    pub key: KeyRef,
    /// Where it stands.
    pub state: RecordState,
}

/// A coupon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditCoupon {
    /// Which.
    pub coupon: CouponRef,
    /// How often it may be used.
    pub limit: u64,
    /// How often it says it was, if it says.
    pub used: Option<u64>,
    /// What it takes off an order, in the contract's amounts, if that is known.
    pub off: Option<i64>,
}
