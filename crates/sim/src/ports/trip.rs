//! A round trip: a message from a handler, its effect, and the answer.

use std::future::poll_fn;
use std::task::Poll;

use explore::TaskId;
use orders::Clock;
use protocol::Span;
use scenario::CrashPoint;

use crate::event::{Event, Fired};
use crate::ports::ReplicaPorts;
use crate::replicas::call::Progress;
use crate::state::State;

/// Where a round trip stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trip {
    Begin,
    Sent,
    Answered,
    /// Its process dies; it never ends.
    Lost,
}

impl ReplicaPorts<'_> {
    /// A message to the database or the cache, its effect there, and the answer. An effect that has to wait gives `None` and is
    /// tried again when it may.
    pub(crate) async fn round_trip<R>(
        &self,
        here: CrashPoint,
        reads: bool,
        effect: impl FnMut(&mut State, TaskId) -> Option<R>,
    ) -> R {
        self.trip(here, reads, false, effect).await
    }

    /// A round trip whose answer only leads to the next statement of the same transaction. Where no fault can strike the
    /// process in between, nothing in the world can tell whether the handler goes on when the answer arrives, or at once with
    /// its clock set forward to that moment: so it goes on at once, and a third of all events need not happen. A handler that
    /// is ahead may do nothing that others could see before its time; [`Ports::table`] asserts it.
    pub(crate) async fn statement_trip<R>(
        &self,
        reads: bool,
        effect: impl FnMut(&mut State, TaskId) -> Option<R>,
    ) -> R {
        let goes_ahead = !self.world.setting.faults.strike_processes && self.world.goes_ahead;
        self.trip(CrashPoint::Anywhere, reads, goes_ahead, effect)
            .await
    }

    async fn trip<R>(
        &self,
        here: CrashPoint,
        reads: bool,
        goes_ahead: bool,
        mut effect: impl FnMut(&mut State, TaskId) -> Option<R>,
    ) -> R {
        let (mut trip, mut answer) = (Trip::Begin, None);
        poll_fn(move |_| {
            match (trip, self.world.fired.get()) {
                (Trip::Begin, _) => trip = self.leave(here, reads),
                (Trip::Sent, Fired::Reach) => {
                    let state = &mut *self.world.state.borrow_mut();
                    let task = state.task(self.slot);
                    let statements = state.database.counts.statements;
                    let found = effect(state, task);
                    if state.replicas.calls[self.slot].is_upkeep() {
                        state.tally.upkeep_statements +=
                            state.database.counts.statements - statements;
                    }
                    state.release_waiters();
                    let Some(found) = found else {
                        return Poll::Pending;
                    };
                    if goes_ahead {
                        let call = &mut state.replicas.calls[self.slot];
                        (call.progress, call.ahead_us) = (Progress::Idle, self.one_way_us());
                        return Poll::Ready(found);
                    }
                    answer = Some(found);
                    trip = self.come_back(state, task);
                }
                (Trip::Answered, Fired::Reply) => {
                    self.world.state.borrow_mut().replicas.calls[self.slot].progress =
                        Progress::Idle;
                    return Poll::Ready(answer.take().expect("an answered trip has an answer"));
                }
                _ => {}
            }
            Poll::Pending
        })
        .await
    }

    #[inline]
    fn leave(&self, here: CrashPoint, reads: bool) -> Trip {
        let state = &mut *self.world.state.borrow_mut();
        if !state.set_out(&self.world.setting, self.slot, here) {
            return Trip::Lost;
        }
        let task = state.task(self.slot);
        let call = &mut state.replicas.calls[self.slot];
        let ahead_us = std::mem::take(&mut call.ahead_us);
        if reads && !std::mem::replace(&mut call.has_read, true) {
            let first_read_at_us =
                call.received_us + self.world.setting.plan.world.latencies.record_read_us;
            let early_us = first_read_at_us.saturating_sub(state.kernel.now_us());
            state.kernel.after(
                early_us.max(ahead_us + self.one_way_us()),
                Event::Reach(task.into()),
            );
        } else {
            self.post(state, Event::Reach(task.into()), ahead_us > 0);
        }
        Trip::Sent
    }

    fn one_way_us(&self) -> u64 {
        self.world.setting.plan.world.latencies.database_us
    }

    /// One way between replica and database; of a handler that is ahead, one more.
    #[inline]
    fn post(&self, state: &mut State, event: Event, ahead: bool) {
        let lane = if ahead {
            state.replicas.database_lane_ahead
        } else {
            state.replicas.database_lane
        };
        state.kernel.after_lane(lane, event);
    }

    #[inline]
    fn come_back(&self, state: &mut State, task: TaskId) -> Trip {
        state.replicas.calls[self.slot].progress = Progress::Answered;
        if self.world.setting.faults.strike_processes && state.settle(task) {
            return Trip::Lost;
        }
        self.post(state, Event::Reply(task.into()), false);
        Trip::Answered
    }

    /// Waits for the world, if the handler is ahead of it.
    pub(crate) async fn catch_up(&self) {
        if self.world.state.borrow().replicas.calls[self.slot].ahead_us > 0 {
            self.sleep(Span::ZERO).await;
        }
    }
}
