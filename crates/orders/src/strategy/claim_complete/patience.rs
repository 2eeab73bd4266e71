//! How long to wait, and for what.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use protocol::{Span, Time};

use crate::ports::Clock;
use crate::table::{Outcome, Waiter};

/// Maximum attempts of a transaction when every failure is definite.
pub(super) const ROUNDS_MAX: u32 = 8;

/// How often a request that waits looks whether another replica is done.
const LOOK_EVERY: Span = Span::millis(50);

const BACKOFF_FIRST: Span = Span::millis(5);
const BACKOFF_MAX: Span = Span::millis(200);

/// Waits for a twin on this replica, but not past `until`.
pub(super) async fn wait(clock: &impl Clock, mut waiter: Waiter, until: Time) -> Option<Outcome> {
    let now = clock.now();
    if now < until {
        let mut alarm = pin!(clock.sleep(until.since(now)));
        poll_fn(|context| match Pin::new(&mut waiter).poll(context) {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => alarm.as_mut().poll(context),
        })
        .await;
    }
    waiter.try_outcome()
}

/// Waits before the next look at a twin on another replica; `false` if `until` has come.
pub(super) async fn look_again(clock: &impl Clock, until: Time) -> bool {
    let left = until.since(clock.now());
    if left == Span::ZERO {
        return false;
    }
    clock.sleep(left.min(LOOK_EVERY)).await;
    true
}

/// Waits before the next round, twice as long each time.
pub(super) async fn back_off(clock: &impl Clock, round: u32) {
    let span = BACKOFF_FIRST * (1 << round.min(16));
    clock.sleep(span.min(BACKOFF_MAX)).await;
}
