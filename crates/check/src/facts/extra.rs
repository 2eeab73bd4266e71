//! What `extras` finds: orders that are one too many, and those that may be.

use crate::ttl::Bounds;

/// Why an order is one too many, the strongest reason first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Clause {
    /// Its intent has another live order.
    Intent,
    /// There are more live orders of this key, payload or content than purchases that asked for it.
    Crowd,
    /// The live orders of its purchase, which may be split, hold more than was asked for.
    Split,
    /// Its key has another live order, created less than the time to live apart.
    Key,
    /// Its key was answered with another order inside the time to live.
    Answers,
}

/// An order that is one too many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExtraOrder {
    /// When it was created, or answered, as far as that is known.
    pub(crate) at: u64,
    /// The order, by name.
    pub(crate) order: u32,
    /// The order that was there before, by name.
    pub(crate) other: u32,
    /// Why.
    pub(crate) clause: Clause,
    /// The key or the intent.
    pub(crate) group: u32,
}

/// Two live orders of one key that were created the time to live apart or more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ApartPair {
    /// The key.
    pub(crate) key: u32,
    /// The orders, by row.
    pub(crate) orders: [u32; 2],
    /// When the first one was created.
    pub(crate) made: Bounds,
    /// When the second one was, at the latest, or as its stamp says.
    pub(crate) then: u64,
}
