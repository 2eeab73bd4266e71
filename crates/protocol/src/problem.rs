//! Problem types (RFC 9457): what a refusal means, so that a client knows whether to retry.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The media type of a refusal's body.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What a refusal means. It has one spelling everywhere: [`Problem::code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// The contract demands a key and the request has none.
    KeyMissing,
    /// The request itself is wrong: no lines, a quantity of zero, an unknown SKU.
    Invalid,
    /// The same key came with another content.
    KeyReused,
    /// A request with this key is being worked on.
    InProgress,
    /// Not enough stock.
    OutOfStock,
    /// The coupon was used as often as it may be, or the seat is taken.
    CouponUsed,
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
        Problem::Invalid,
        Problem::KeyReused,
        Problem::InProgress,
        Problem::OutOfStock,
        Problem::CouponUsed,
        Problem::PaymentDeclined,
        Problem::Duplicate,
        Problem::Unavailable,
        Problem::OutcomeUnknown,
    ];

    /// The machine-readable code, as in the history's `code` field and in the body of a refusal.
    pub const fn code(self) -> &'static str {
        match self {
            Problem::KeyMissing => "key_missing",
            Problem::Invalid => "invalid",
            Problem::KeyReused => "key_reused",
            Problem::InProgress => "in_progress",
            Problem::OutOfStock => "out_of_stock",
            Problem::CouponUsed => "coupon_used",
            Problem::PaymentDeclined => "payment_declined",
            Problem::Duplicate => "duplicate",
            Problem::Unavailable => "unavailable",
            Problem::OutcomeUnknown => "outcome_unknown",
        }
    }

    /// The URI reference that identifies the problem type.
    pub fn type_uri(self) -> String {
        format!("/problems/{}", self.code())
    }

    /// The short summary for people.
    pub const fn title(self) -> &'static str {
        match self {
            Problem::KeyMissing => "an Idempotency-Key header is required",
            Problem::Invalid => "the order is not valid",
            Problem::KeyReused => "the idempotency key was used with another order",
            Problem::InProgress => "a request with this key is in progress",
            Problem::OutOfStock => "not enough stock",
            Problem::CouponUsed => "the coupon is used up, or the seat is taken",
            Problem::PaymentDeclined => "the payment was declined",
            Problem::Duplicate => "the order looks like a repetition",
            Problem::Unavailable => "the service is unavailable; nothing happened",
            Problem::OutcomeUnknown => "the outcome is unknown; retry with the same key",
        }
    }

    /// The body of a refusal with this status.
    pub fn details(self, status: u16) -> ProblemDetails {
        ProblemDetails {
            type_uri: self.type_uri(),
            title: Cow::Borrowed(self.title()),
            status,
            code: self,
        }
    }
}

/// The body of a refusal: a problem details object (RFC 9457, section 3), with the code as an extension member (section 3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemDetails {
    /// The URI reference that identifies the problem type.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The short summary for people.
    pub title: Cow<'static, str>,
    /// The HTTP status, again.
    pub status: u16,
    /// What a program looks at.
    pub code: Problem,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_of_a_refusal_is_a_problem_details_object() {
        let details = Problem::KeyReused.details(422);
        let text = serde_json::to_string(&details).expect("it has a form in JSON");
        assert_eq!(
            text,
            r#"{"type":"/problems/key_reused","title":"the idempotency key was used with another order","status":422,"code":"key_reused"}"#
        );
        let back: ProblemDetails = serde_json::from_str(&text).expect("a client reads it");
        assert_eq!(back, details);
        // Section 3.2: a client must ignore members that it does not know.
        let more = text.replacen('{', r#"{"instance":"/orders/7","#, 1);
        assert_eq!(
            serde_json::from_str::<ProblemDetails>(&more).expect("still"),
            details
        );
    }

    #[test]
    fn a_problem_has_one_spelling() {
        for problem in Problem::ALL {
            let written = serde_json::to_string(&problem).expect("a word");
            assert_eq!(written, format!("\"{}\"", problem.code()));
            let details = problem.details(400);
            assert_eq!(details.type_uri, format!("/problems/{}", problem.code()));
            assert!(!details.title.is_empty());
        }
    }
}
