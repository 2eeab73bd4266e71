//! Problem types (RFC 9457): what a refusal means, so that a client knows whether to retry.

use serde::{Deserialize, Serialize};

/// The `type` of a problem response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// The contract demands a key and the request has none.
    KeyMissing,
    /// The key is not a key.
    KeyMalformed,
    /// The request itself is wrong: no lines, a quantity of zero, an unknown SKU.
    Invalid,
    /// The same key came with another content.
    KeyReused,
    /// A request with this key is being worked on.
    InProgress,
    /// Not enough stock.
    OutOfStock,
    /// The gateway declined the charge.
    PaymentDeclined,
    /// The strategy takes this request for a repetition and refuses it.
    Duplicate,
    /// Nothing happened; try again.
    Unavailable,
    /// It may have happened; retry with the same key to find out.
    OutcomeUnknown,
}

impl Problem {
    /// Every problem type.
    pub const ALL: [Problem; 10] = [
        Problem::KeyMissing,
        Problem::KeyMalformed,
        Problem::Invalid,
        Problem::KeyReused,
        Problem::InProgress,
        Problem::OutOfStock,
        Problem::PaymentDeclined,
        Problem::Duplicate,
        Problem::Unavailable,
        Problem::OutcomeUnknown,
    ];

    /// The machine-readable code, as in the history's `code` field.
    pub const fn code(self) -> &'static str {
        match self {
            Problem::KeyMissing => "key_missing",
            Problem::KeyMalformed => "key_malformed",
            Problem::Invalid => "invalid",
            Problem::KeyReused => "key_reused",
            Problem::InProgress => "in_progress",
            Problem::OutOfStock => "out_of_stock",
            Problem::PaymentDeclined => "payment_declined",
            Problem::Duplicate => "duplicate",
            Problem::Unavailable => "unavailable",
            Problem::OutcomeUnknown => "outcome_unknown",
        }
    }

    /// The URI reference that identifies the problem type.
    pub fn type_uri(self) -> String {
        format!("/problems/{}", self.code().replace('_', "-"))
    }

    /// The short summary for people.
    pub const fn title(self) -> &'static str {
        match self {
            Problem::KeyMissing => "an Idempotency-Key header is required",
            Problem::KeyMalformed => "the Idempotency-Key header is malformed",
            Problem::Invalid => "the order is not valid",
            Problem::KeyReused => "the idempotency key was used with another order",
            Problem::InProgress => "a request with this key is in progress",
            Problem::OutOfStock => "not enough stock",
            Problem::PaymentDeclined => "the payment was declined",
            Problem::Duplicate => "the order looks like a repetition",
            Problem::Unavailable => "the service is unavailable; nothing happened",
            Problem::OutcomeUnknown => "the outcome is unknown; retry with the same key",
        }
    }
}
