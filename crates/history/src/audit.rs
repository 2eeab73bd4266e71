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
    /// The notifications that were sent.
    pub notifications: Option<Vec<AuditNotification>>,
    /// The idempotency records.
    pub keys: Option<Vec<AuditKey>>,
    /// The coupons.
    pub coupons: Option<Vec<AuditCoupon>>,
    /// The refunds.
    pub refunds: Option<Vec<AuditRefund>>,
    /// The carts that were bought from.
    pub carts: Option<Vec<AuditCart>>,
    /// The sales counters.
    pub sales: Option<Vec<AuditSale>>,
    /// The service's log of what left the stock.
    pub inventory_log: Option<Vec<AuditMove>>,
    /// The service's own table of charges.
    pub recorded_charges: Option<Vec<AuditRecordedCharge>>,
    /// Parts that were left out because they are not declared complete: name and number of rows.
    pub left_out: Vec<(&'static str, u64)>,
}

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditOrder {
    /// Its number.
    pub id: OrderRef,
    /// The tenant.
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
    /// Its state.
    pub state: OrderState,
    /// When it was created, in the contract's unit.
    pub t: Option<u64>,
}

/// A charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditCharge {
    /// The gateway's id.
    pub id: ChargeRef,
    /// The order it pays for, if there is one.
    pub order: Option<OrderRef>,
    /// The purchase it pays for, if the harness knows it independently of the order.
    pub intent: Option<IntentRef>,
    /// The gateway's idempotency key.
    pub provider_key: Option<ProviderKeyRef>,
    /// The source of the money, such as a card or a gift card.
    pub tender: Option<TenderRef>,
    /// Its state.
    pub state: ChargeState,
    /// The amount, as the contract writes amounts.
    pub amount: i64,
    /// When it came to that state, in the contract's unit.
    pub t: Option<u64>,
}

/// A refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditRefund {
    /// The gateway's id.
    pub id: RefundRef,
    /// The charge.
    pub charge: ChargeRef,
    /// The refund's own key.
    pub key: Option<RefundKeyRef>,
    /// The amount, as the contract writes amounts.
    pub amount: i64,
    /// When, in the contract's unit.
    pub t: Option<u64>,
}

/// A cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditCart {
    /// Its name.
    pub cart: CartRef,
    /// The tenant.
    pub tenant: Option<TenantRef>,
    /// Whether an order has emptied it.
    pub is_cleared: bool,
}

/// The sales counter of a SKU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditSale {
    /// The SKU.
    pub sku: SkuRef,
    /// Its count of sold units.
    pub sold: i64,
}

/// A row of the service's log of what left the stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditMove {
    /// The order.
    pub order: OrderRef,
    /// The SKU.
    pub sku: SkuRef,
    /// The number of units.
    pub quantity: i64,
}

/// A row of the service's own table of charges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditRecordedCharge {
    /// The gateway's id.
    pub charge: ChargeRef,
    /// The order that it pays for.
    pub order: OrderRef,
    /// The amount, as the contract writes amounts.
    pub amount: Option<i64>,
}

/// The stock of a SKU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditStock {
    /// The SKU.
    pub sku: SkuRef,
    /// The initial stock.
    pub initial: i64,
    /// Units that were added.
    pub restocked: i64,
    /// Units that can be sold.
    pub on_hand: i64,
    /// Units that are held for open orders.
    pub reserved: i64,
}

/// A notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditNotification {
    /// Its message id.
    pub message: MessageRef,
    /// The order that it is about.
    pub order: Option<OrderRef>,
    /// The event that it reports.
    pub event: CodeRef,
    /// When it was sent, in the contract's unit.
    pub t: Option<u64>,
}

/// An idempotency record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditKey {
    /// The key. A record that the service made for itself has a key that no client sent.
    pub key: KeyRef,
    /// Its state.
    pub state: RecordState,
}

/// A coupon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditCoupon {
    /// Its name.
    pub coupon: CouponRef,
    /// Its limit.
    pub limit: u64,
    /// Its counter of uses, if it has one.
    pub used: Option<u64>,
    /// The discount on an order, as the contract writes amounts, if it is known.
    pub off: Option<i64>,
}
