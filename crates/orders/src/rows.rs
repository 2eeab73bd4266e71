//! What the store keeps: one struct per table.

use std::sync::Arc;

use protocol::{
    Cart, ChargeId, Customer, IdempotencyKey, Money, OrderContent, OrderId, OrderState, Response,
    Span, Tenant, Time,
};
use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;

/// A process that works on claims: a replica in one of its lives. A restarted replica is another owner, so a server draws this number at
/// random when it starts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Owner(pub u64);

/// A fencing token: grows by one with every claim of a key, so that a stale owner can be told from the present one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Token(pub u32);

/// Where a key stands. That a key is absent is the absence of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// A process works on it, until the lease is over.
    Claimed,
    /// The answer is known and is given to everyone who asks again.
    Completed,
    /// Given back before any effect: the next request may claim it.
    Released,
    /// Marked as failed. Only strategies write it that know no better: the reference never keeps a failure that may pass.
    Failed,
}

/// A row of `idempotency_keys`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// Where it stands.
    pub state: KeyState,
    /// Who claimed it last.
    pub owner: Owner,
    /// The token of that claim.
    pub token: Token,
    /// When the claim may be taken over.
    pub lease_until: Time,
    /// When the key is forgotten.
    pub expires_at: Time,
    /// What was asked for.
    pub fingerprint: Fingerprint,
    /// The order that the claim works on, once it has a number.
    pub order: Option<OrderId>,
    /// The answer, once it is known.
    pub response: Option<Response>,
}

/// A row of `orders`, with its lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRow {
    /// Its number.
    pub id: OrderId,
    /// Everything it was created with.
    pub new: NewOrder,
    /// Where it stands.
    pub state: OrderState,
    /// How many of its lines were inserted, from the first.
    pub items: u32,
}

/// The values of an `INSERT INTO orders`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOrder {
    /// The shop.
    pub tenant: Tenant,
    /// The customer.
    pub customer: Customer,
    /// The client's key, or what a strategy puts in its place.
    pub key: Option<IdempotencyKey>,
    /// Which index the key is in.
    pub key_index: KeyIndex,
    /// The cart, as information.
    pub cart: Cart,
    /// The column with the unique index `orders_cart` over (tenant, cart, version) of orders that are not cancelled.
    /// `None` is SQL's NULL: never equal to another.
    pub natural_key: Option<Cart>,
    /// The lines.
    pub content: Arc<OrderContent>,
    /// What it costs.
    pub total: Money,
    /// Where it stands at first.
    pub state: OrderState,
    /// When, by the replica's clock.
    pub created_at: Time,
}

/// Which index an order's key is in.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum KeyIndex {
    /// None: it is there as information.
    #[default]
    None,
    /// One that finds it, and lets any number of orders have it.
    Plain,
    /// `orders_idempotency_key`, unique on the text alone. An order without a key is NULL there, and equal to no other.
    Unique,
}

/// A row of `charges`: what the service believes about the gateway's ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeRow {
    /// The gateway's number.
    pub id: ChargeId,
    /// Whose charge it is.
    pub order: OrderId,
    /// How much.
    pub amount: Money,
}

/// What a notification tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotificationKind {
    /// The order was taken: confirmation mail and kitchen ticket.
    Created,
}

impl KeyRecord {
    /// Whether the lease is over at `now`. At the very instant of its end it still holds.
    pub fn lease_over(&self, now: Time) -> bool {
        now > self.lease_until
    }

    /// Whether the key is past its time to live at `now`, with `grace` added.
    pub fn expired(&self, now: Time, grace: Span) -> bool {
        now > self.expires_at + grace
    }
}
