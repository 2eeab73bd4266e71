//! The words client, service and gateway exchange: keys, orders, money, charges, wire forms, problem types.
//!
//! This crate never decides anything. What is done about a duplicate is decided in `orders`; whether it was right, in `check`.
//!
//! - [`button`]: what the client's button does about impatient taps
//! - [`key`]: idempotency keys, their header syntax, and the scope in which a key is unique
//! - [`money`]: amounts as integer minor units
//! - [`order`]: what is asked for and what is answered
//! - [`party`]: tenants and customers
//! - [`preset`]: the published contracts by name
//! - [`charge`]: what the payment gateway is asked and answers
//! - [`problem`]: RFC 9457 problem types
//! - [`time`]: instants and spans in microseconds

pub mod button;
pub mod charge;
pub mod key;
pub mod money;
pub mod order;
pub mod party;
pub mod preset;
pub mod problem;
pub mod time;

pub use button::Button;
pub use charge::{ChargeAnswer, ChargeId, ChargeNotice, ChargeRequest, ChargeState, GatewayKey};
pub use key::{IdempotencyKey, KeyError, Scope, ScopedKey};
pub use money::{Money, MoneyError};
pub use order::{
    Cart, Coupon, Line, Order, OrderContent, OrderId, OrderRequest, OrderState, Response, Sku,
};
pub use party::{Customer, Tenant, UserId};
pub use preset::Preset;
pub use problem::{PROBLEM_JSON, Problem, ProblemDetails};
pub use time::{Span, Time};
