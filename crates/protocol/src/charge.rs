//! What the payment gateway is asked and what it answers.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::order::OrderId;
use crate::party::Tenant;

/// A charge in the gateway's ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChargeId(pub u64);

/// The idempotency key of a charge, as the gateway sees it. Derived from the order, every retry of the order is the same charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GatewayKey(pub u128);

impl GatewayKey {
    /// The key of the one charge of an order.
    pub const fn of_order(tenant: Tenant, order: OrderId) -> GatewayKey {
        GatewayKey((1 << 96) | ((tenant.0 as u128) << 64) | order.0 as u128)
    }

    /// A key that is different for every attempt, by the low 96 bits of its nonce: what services do that do not know better.
    pub const fn of_attempt(nonce: u128) -> GatewayKey {
        GatewayKey((2 << 96) | (nonce & ((1 << 96) - 1)))
    }
}

impl fmt::Display for GatewayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// A request to capture an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeRequest {
    /// The gateway's idempotency key.
    pub key: GatewayKey,
    /// Whose account is credited.
    pub tenant: Tenant,
    /// The merchant's reference, if the order already has a number.
    pub order: Option<OrderId>,
    /// How much.
    pub amount: Money,
}

/// Where a charge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChargeState {
    /// Reserved on the card, not taken.
    Authorized,
    /// Taken.
    Captured,
    /// Taken and given back.
    Refunded,
    /// Reserved and released.
    Voided,
    /// Refused by the bank.
    Declined,
}

/// What the gateway tells a service unasked, when a capture has ended: a webhook. It comes late, perhaps twice, in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeNotice {
    /// The charge in the gateway's ledger.
    pub id: ChargeId,
    /// The key under which it was asked for.
    pub key: GatewayKey,
    /// Whose account is credited.
    pub tenant: Tenant,
    /// The merchant's reference, if there was one.
    pub order: Option<OrderId>,
    /// How much.
    pub amount: Money,
    /// How it ended: captured, or declined.
    pub state: ChargeState,
}

/// The gateway's definite answer. What is not definite is an error of the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeAnswer {
    /// The charge in the gateway's ledger.
    pub id: ChargeId,
    /// Where it stands.
    pub state: ChargeState,
    /// Whether this answer repeats an earlier one for the same key.
    pub replayed: bool,
}
