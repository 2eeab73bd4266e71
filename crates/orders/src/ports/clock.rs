//! The replica's clock.

use protocol::{Span, Time};

/// The replica's clock: its own, with its own error.
pub trait Clock {
    /// The time as this replica sees it.
    fn now(&self) -> Time;

    /// Waits.
    async fn sleep(&self, span: Span);
}
