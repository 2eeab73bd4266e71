//! What is asked for and what is answered.

use std::fmt;
use std::sync::Arc;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::key::IdempotencyKey;
use crate::money::Money;
use crate::party::{Customer, Tenant};
use crate::problem::Problem;

/// A stock-keeping unit, by its catalogue name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sku(pub CompactString);

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An order in the service's database: a number that grows by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(pub u64);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Line {
    /// What.
    pub sku: Sku,
    /// How many; at least one in a valid order.
    pub quantity: u32,
    /// The price of one at the time of ordering.
    pub unit_price: Money,
}

/// A coupon that an order redeems: something that so many orders may have and no more. A seat is one that a single order may
/// have, and that takes nothing off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Coupon {
    /// Its code, or the seat's number.
    pub code: CompactString,
    /// What it takes off the whole order, at the time of ordering; never below zero.
    pub off: Money,
}

/// A cart as it was when the customer pressed the button. Buying it, or editing it, makes the next version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cart {
    /// The cart's number.
    pub id: u64,
    /// Which edit of it.
    pub version: u32,
}

/// What is bought: shared, never edited.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderContent {
    /// The lines, in the order in which the client sent them.
    pub lines: Vec<Line>,
    /// A note to the shop.
    pub note: CompactString,
    /// The coupon, or the seat, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<Coupon>,
}

/// `POST /orders`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// The shop.
    pub tenant: Tenant,
    /// Who asks.
    pub customer: Customer,
    /// The client's key in the `Idempotency-Key` header, if it sent one.
    pub key: Option<IdempotencyKey>,
    /// A key in the body's `idempotencyKey` field. Boxed, because few clients send one, and requests are moved by the million.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_key: Option<Box<IdempotencyKey>>,
    /// The cart that is being bought.
    pub cart: Cart,
    /// What is in it.
    pub content: Arc<OrderContent>,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderState {
    /// Stock is reserved, the charge is not yet known.
    Pending,
    /// Charged; the shop is at work.
    Confirmed,
    /// Given up; stock released, charge refunded if there was one.
    Cancelled,
}

/// An order as an answer shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its number.
    pub id: OrderId,
    /// Where it stands.
    pub state: OrderState,
    /// What it costs.
    pub total: Money,
}

/// The answer to `POST /orders`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The order, where there is one to show.
    pub order: Option<Order>,
    /// What was wrong, where something was.
    pub problem: Option<Problem>,
    /// Whether this repeats an earlier answer. Whether the client is told so, by the `Idempotent-Replayed` header, is the
    /// contract's affair.
    pub replayed: bool,
}

impl Response {
    /// `201 Created` with the order.
    pub const fn created(order: Order) -> Response {
        Response {
            status: 201,
            order: Some(order),
            problem: None,
            replayed: false,
        }
    }

    /// A refusal.
    pub const fn refused(status: u16, problem: Problem) -> Response {
        Response {
            status,
            order: None,
            problem: Some(problem),
            replayed: false,
        }
    }

    /// The same answer, marked as a repetition.
    pub const fn replay(self) -> Response {
        Response {
            replayed: true,
            ..self
        }
    }

    /// Whether the answer says that the order was taken.
    #[inline]
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}
