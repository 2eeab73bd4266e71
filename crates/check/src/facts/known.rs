//! What is known of each key, intent, payload, order and SKU, and how events hang together. There may be millions: every byte counts.

use super::index::{Maybe, Sole};

/// What is known of a key.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyFacts {
    /// The event that ended the last attempt that may have held the claim.
    pub(crate) holder_end: Maybe,
    /// The event of its first invocation.
    pub(crate) first_invoke: Maybe,
    /// Which intent it was sent for.
    pub(crate) intent: Sole,
    /// The event of its first `ok`.
    pub(crate) first_ok: Maybe,
    /// The event of its last invocation; [`Link::previous`] goes on from there.
    pub(crate) last_invoke: Maybe,
    /// The first live order with it, by row.
    pub(crate) live: Maybe,
    /// The first payload that it was sent with.
    pub(crate) payload: Maybe,
    /// The first failure that the contract stores, by event.
    pub(crate) stored_error: Maybe,
    /// How many attempts ended without a certain answer; at most 255 are counted.
    pub(crate) infos: u8,
    /// Whether it was sent with another payload too.
    pub(crate) reused: bool,
    /// Whether a request with it was refused.
    pub(crate) refused: bool,
    /// Whether its `ok` answers, or their payloads, differ.
    pub(crate) mixed: bool,
    /// Whether it has more than one live order.
    pub(crate) crowded: bool,
    /// Whether a request with it says its intent.
    pub(crate) is_meant: bool,
    /// Whether a request with it does not say its intent.
    pub(crate) is_silent: bool,
    /// Whether a request with it does not say its payload.
    pub(crate) is_unsaid: bool,
}

impl KeyFacts {
    /// Whether it stands for the purchase: it was sent, and never for an intent, whatever other requests say of theirs.
    #[inline]
    pub(crate) fn is_purchase(&self) -> bool {
        self.is_silent && !self.is_meant
    }

    /// Whether it was sent for two purchases, or may have been.
    #[inline]
    pub(crate) fn is_shared(&self) -> bool {
        self.is_meant && self.intent.is_many()
    }
}

/// What is known of an intent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IntentFacts {
    /// Its first live order, by row.
    pub(crate) live: Maybe,
    /// Its first captured charge, by row.
    pub(crate) captured: Maybe,
    /// Its first charge that is captured or authorised, by row.
    pub(super) charged: Maybe,
    /// With which key it was sent.
    pub(crate) key: Sole,
    /// Whether a captured charge of it names no order.
    pub(crate) captured_without_order: bool,
    /// Whether a request was sent for it.
    pub(crate) sent: bool,
    /// Whether it was answered `ok`.
    pub(crate) ok: bool,
    /// Whether a request for it was refused because of another request.
    pub(crate) taken_for_repeat: bool,
    /// How many requests were sent for it.
    pub(crate) attempts: u32,
    /// How many of them certainly failed.
    pub(crate) failed: u32,
}

/// What is known of a payload.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PayloadFacts {
    /// Which intent it was sent for.
    pub(crate) intent: Sole,
    /// The event of the first request with it.
    pub(crate) first_invoke: Maybe,
    /// How many requests were sent with it.
    pub(crate) attempts: u32,
    /// How many of them certainly failed.
    pub(crate) failed: u32,
    /// Whether any of them had no key.
    pub(crate) is_keyless: bool,
}

/// What is known of an order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OrderFacts {
    /// Its row in the audit.
    pub(crate) row: Maybe,
    /// The first `ok` that named it, by event.
    pub(crate) acked: Maybe,
    /// Whether an `ok` to another tenant named it too.
    pub(crate) is_leaked: bool,
    /// Whether an `ok` to a request for another intent, or for none, named it too.
    pub(super) is_merged: bool,
    /// Whether an `ok` to a request with another key, or without one, named it too.
    pub(super) has_other_keys: bool,
    /// Its first message that tells that it was taken, by row.
    pub(crate) told: Maybe,
    /// Its first message of any kind, by row.
    pub(crate) messaged: Maybe,
    /// Whether it has more than one message.
    pub(crate) told_often: bool,
    /// Whether it has a message whose event may be that it was taken.
    pub(crate) told_unclearly: bool,
    /// Whether it is one too many.
    pub(super) is_extra: bool,
    /// Whether it was there before the run.
    pub(crate) is_baseline: bool,
    /// The intent it belongs to, as far as that can be known for certain.
    pub(crate) intent: Maybe,
    /// Its first charge that pays for it, by row.
    pub(crate) captured: Maybe,
    /// The first charge that is captured or authorised for it, by row.
    pub(super) kept: Maybe,
    /// The same, of those that name no purchase.
    pub(super) charged: Maybe,
}

/// What is known of a SKU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SkuFacts {
    /// Units in confirmed orders.
    pub(crate) confirmed: u64,
    /// Units in pending orders.
    pub(crate) pending: u64,
    /// Of all of them, those in orders that were there before the run.
    pub(crate) baseline: u64,
}

/// How events hang together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Link {
    /// Of an invocation: its completion. Of a completion: its invocation.
    pub(crate) partner: Maybe,
    /// Of an invocation: the one before it with the same key.
    pub(crate) previous: Maybe,
}
