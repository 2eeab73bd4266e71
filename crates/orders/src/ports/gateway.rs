//! The payment gateway.

use protocol::{ChargeAnswer, ChargeId, ChargeRequest};

/// Why the gateway gave no definite answer, by what the caller may conclude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// `409`: a charge with this key is running. Ask again later, with the same key.
    #[error("a charge with this key is in use")]
    InUse,
    /// It did not happen.
    #[error("the gateway is unavailable; nothing happened")]
    Unavailable,
    /// Timeout, reset or 5xx: it may have happened. Ask again, with the same key.
    #[error("the gateway's answer is unknown; it may have happened")]
    Unknown,
}

/// The payment gateway. The same key with the same amount is the same charge, until the gateway forgets the key.
pub trait Gateway {
    /// Captures an amount. A declined charge is an answer, not an error. What became of a charge of which nothing was heard is found
    /// out by asking for it again.
    async fn charge(&self, request: ChargeRequest) -> Result<ChargeAnswer, GatewayError>;

    /// Gives a captured amount back. Refunding twice is refunding once.
    async fn refund(&self, charge: ChargeId) -> Result<(), GatewayError>;
}
