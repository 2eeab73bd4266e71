//! What customers need of a world: to send, to wait, to draw their lots, and to have written down what they did.

use history::IntentRef;

use crate::attempt::{Attempt, Outcome};
use crate::desk::Desk;
use crate::script::Script;

/// A world, as its customers see it. Each visit is a task of its own; a visit calls this only while it runs.
pub trait Wire {
    /// What the plan says of the customers of this world.
    fn script(&self) -> &Script;

    /// Sends a request, at once, and waits for what becomes of it.
    fn exchange(&self, attempt: Attempt) -> impl Future<Output = Outcome>;

    /// Waits, in microseconds of the plan's time.
    fn sleep(&self, span_us: u64) -> impl Future<Output = ()>;

    /// Works with what all customers share. No other call may be made meanwhile.
    fn at_desk<R>(&self, work: impl FnOnce(&mut Desk<'_>) -> R) -> R;

    /// The visit that calls it has ended, and its app can die: from now on an app's death does not concern it.
    fn left_app(&self, intent: IntentRef);
}
