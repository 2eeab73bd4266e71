//! What waiters of one claim share: its outcome, once it is known, and whom to wake.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use protocol::Response;

use crate::sync::{Arc, Mutex, lock};

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was completed with this answer, which is stored.
    Done(Response),
    /// It was given up, or ended in an answer that is not stored: try for yourself.
    Released,
}

/// Waits for what becomes of a twin's claim. A future; it can also be asked with [`Waiter::try_outcome`].
///
/// If the claim is taken over because its lease ran out, the waiter waits for the new holder.
#[must_use = "a waiter does nothing unless polled or asked"]
pub struct Waiter {
    flight: Arc<Flight>,
    /// Where its waker lies in the flight, once it was polled.
    seat: Option<usize>,
}

/// A claim that has waiters.
pub(super) struct Flight {
    state: Mutex<State>,
}

struct State {
    outcome: Option<Outcome>,
    seats: Vec<Option<Waker>>,
}

impl Flight {
    pub(super) fn new() -> Flight {
        Flight {
            state: Mutex::new(State {
                outcome: None,
                seats: Vec::new(),
            }),
        }
    }

    /// Sets the outcome and wakes everyone, in the order in which they sat down, so that a simulated run repeats itself.
    pub(super) fn land(&self, outcome: Outcome) {
        let mut state = lock(&self.state);
        state.outcome = Some(outcome);
        let seats = std::mem::take(&mut state.seats);
        drop(state);
        seats.into_iter().flatten().for_each(Waker::wake);
    }
}

impl State {
    fn sit(&mut self, seat: &mut Option<usize>, waker: &Waker) {
        match *seat {
            Some(taken) => match &mut self.seats[taken] {
                Some(old) => old.clone_from(waker),
                empty => *empty = Some(waker.clone()),
            },
            None => {
                *seat = Some(self.seats.len());
                self.seats.push(Some(waker.clone()));
            }
        }
    }
}

impl Waiter {
    pub(super) fn new(flight: Arc<Flight>) -> Waiter {
        Waiter { flight, seat: None }
    }

    /// The outcome, if it is known.
    pub fn try_outcome(&self) -> Option<Outcome> {
        lock(&self.flight.state).outcome
    }
}

impl Future for Waiter {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let Waiter { flight, seat } = &mut *self;
        let mut state = lock(&flight.state);
        if let Some(outcome) = state.outcome {
            return Poll::Ready(outcome);
        }
        if cfg!(orders_broken = "lost-wakeup") {
            // Broken on purpose: looks under one lock, sits down under the next, and is asleep when the claim lands between.
            drop(state);
            state = lock(&flight.state);
        }
        state.sit(seat, context.waker());
        Poll::Pending
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let Some(seat) = self.seat else { return };
        let left = lock(&self.flight.state)
            .seats
            .get_mut(seat)
            .and_then(Option::take);
        // Dropped after the lock is given back: the last waker of a task may drop the task, and with it other waiters.
        drop(left);
    }
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter")
            .field("outcome", &self.try_outcome())
            .finish_non_exhaustive()
    }
}
