//! The button on the client's page.

use crate::time::Span;

/// What the button does about impatient taps. It holds back the taps of one page only: other tabs, relaunched apps and automatic
/// retries do not go through it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Button {
    /// Every tap is a request.
    #[default]
    Plain,
    /// While a request of the page is under way, a tap does nothing.
    DisabledWhileSubmitting,
    /// The request is sent once this span has passed without another tap: every tap starts the span anew. While the request is
    /// under way, the button is disabled.
    Debounced(Span),
}
