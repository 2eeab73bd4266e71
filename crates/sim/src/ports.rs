//! What a strategy sees of the world: every `await` on a port is a message there and a message back.
//!
//! - [`gateway`]: the port `orders::Gateway`
//! - [`cache`]: the port `orders::Cache`

mod cache;
mod gateway;

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use explore::{Kind, Site, TaskId};
use history::Label;
use orders::{Clock, Metric, Owner, Ports, Process};
use protocol::{Span, Time};
use scenario::{CrashPoint, FaultKind, Host};

use crate::call::{Doom, Progress};
use crate::replica::Dying;
use crate::world::strike::fault_ref;
use crate::world::{Event, Fired, State, World, replica_bit};
use scenario::faults::{Opportunity, Who, crashes_at, cuts, pauses_at};

/// The ports of one handler.
#[derive(Debug)]
pub struct ReplicaPorts<'w> {
    pub(crate) world: &'w World,
    pub(crate) slot: usize,
    pub(crate) owner: Owner,
    /// It hears a webhook, so what it does to a claim it does for the holder.
    pub(crate) hears: bool,
    pub(crate) replica: u32,
    /// How much its clock is fast, if that stays so.
    pub(crate) skew_us: Option<i64>,
    pub(crate) process: Rc<Process>,
}

/// What a right clock shows when the run begins: so much that no clock is ever slow enough to show nothing.
pub(crate) const BEGINS_US: u64 = 86_400_000_000;
const CRASH_WHEN: Kind = Kind::new("replica.crash.when");

/// When in a round trip a process dies.
#[derive(Clone, Copy, Debug)]
enum Death {
    BeforeSending,
    AfterSending,
    AfterEffect(Doom),
}

impl State {
    /// A handler is about to send a message. Whether it still can.
    #[inline]
    fn set_out(&mut self, world: &World, slot: usize, here: CrashPoint) -> bool {
        self.calls[slot].steps += 1;
        if !world.setting.faults.strike_processes || !self.under_load {
            self.calls[slot].progress = Progress::Sent;
            return true;
        }
        self.set_out_among_faults(world, slot, here)
    }

    fn set_out_among_faults(&mut self, world: &World, slot: usize, here: CrashPoint) -> bool {
        self.calls[slot].committed = false;
        let who = self.calls[slot].who();
        let replica = self.calls[slot].replica;
        self.pause_here(world, who, here);
        let death = self.death(world, who, here, replica);
        self.calls[slot].progress = Progress::Sent;
        match death {
            Some(Death::BeforeSending) => {
                self.calls[slot].progress = Progress::Idle;
                return false;
            }
            Some(Death::AfterEffect(doom)) => self.calls[slot].dies = Some(doom),
            Some(Death::AfterSending) | None => {}
        }
        true
    }

    fn death(&mut self, world: &World, who: Who, here: CrashPoint, replica: u32) -> Option<Death> {
        let fault = self.draw_unseen(&world.setting.faults, Opportunity::Crash, who, |kind| {
            crashes_at(kind, here)
        })?;
        let down_for_us = fault.delay(who, &mut self.chooser);
        let FaultKind::CrashReplica { point, .. } = fault.kind else {
            return None;
        };
        let ways = match point {
            CrashPoint::Anywhere => 3,
            CrashPoint::DuringCommit => 2,
            CrashPoint::AfterCharge | CrashPoint::AfterCommit => 1,
        };
        let site = Site::new(CRASH_WHEN, who.lineage, who.ordinal);
        let dying = Dying {
            replica,
            fault: fault_ref(fault),
            down_for_us,
        };
        let doom = Doom {
            fault: fault_ref(fault),
            down_for_us,
            at_commit: point == CrashPoint::AfterCommit,
        };
        Some(match self.chooser.choose(&site, ways) {
            0 if matches!(point, CrashPoint::Anywhere | CrashPoint::DuringCommit) => {
                self.dying.push(dying);
                if point == CrashPoint::DuringCommit {
                    Death::AfterSending
                } else {
                    Death::BeforeSending
                }
            }
            2 => {
                self.dying.push(dying);
                Death::AfterSending
            }
            _ => Death::AfterEffect(doom),
        })
    }

    /// The replica comes to a standstill, if that is what happens here.
    pub(crate) fn pause_here(&mut self, world: &World, who: Who, here: CrashPoint) {
        let fits = |kind: &FaultKind| pauses_at(kind, here);
        let Some(fault) = self.strike_if(&world.setting.faults, Opportunity::Pause, who, fits)
        else {
            return;
        };
        let span_us = fault.delay(who, &mut self.chooser);
        let until_us = self.kernel.now_us() + span_us;
        let host = &mut self.replicas[who.replica as usize];
        host.paused_until_us = host.paused_until_us.max(until_us);
        if span_us > world.setting.service_contract.lease.0 {
            self.cover(Label::PausedBeyondLease);
        }
    }

    /// Whether a partition cuts a replica off.
    pub(crate) fn cut_off(&mut self, world: &World, slot: usize, other: Host) -> bool {
        let (who, replica) = (self.calls[slot].who(), self.calls[slot].replica);
        self.strike_if(&world.setting.faults, Opportunity::Partition, who, |kind| {
            cuts(kind, replica, other)
        })
        .is_some()
    }

    /// Who meets an opportunity in a handler.
    pub(crate) fn who(&self, slot: usize) -> Who {
        self.calls[slot].who()
    }

    fn task(&self, slot: usize) -> TaskId {
        self.calls[slot].task.expect("only a live handler sends")
    }
}

/// Where a round trip stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trip {
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
                    let statements = state.database.statements;
                    let found = effect(state, task);
                    if state.calls[self.slot].is_upkeep() {
                        state.upkeep_statements += state.database.statements - statements;
                    }
                    state.release_waiters();
                    let Some(found) = found else {
                        return Poll::Pending;
                    };
                    if goes_ahead {
                        let call = &mut state.calls[self.slot];
                        (call.progress, call.ahead_us) = (Progress::Idle, self.one_way_us());
                        return Poll::Ready(found);
                    }
                    answer = Some(found);
                    trip = self.come_back(state, task);
                }
                (Trip::Answered, Fired::Reply) => {
                    self.world.state.borrow_mut().calls[self.slot].progress = Progress::Idle;
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
        if !state.set_out(self.world, self.slot, here) {
            return Trip::Lost;
        }
        let task = state.task(self.slot);
        let call = &mut state.calls[self.slot];
        let ahead_us = std::mem::take(&mut call.ahead_us);
        if reads && !std::mem::replace(&mut call.has_read, true) {
            let first_read_at_us =
                call.received_us + self.world.setting.plan.world.latencies.record_read_us;
            let early_us = first_read_at_us.saturating_sub(state.kernel.now_us());
            state.after(
                early_us.max(ahead_us + self.one_way_us()),
                task,
                Event::Reach(task.into()),
            );
        } else {
            self.post(state, task, Event::Reach(task.into()), ahead_us > 0);
        }
        Trip::Sent
    }

    fn one_way_us(&self) -> u64 {
        self.world.setting.plan.world.latencies.database_us
    }

    /// One way between replica and database; of a handler that is ahead, one more.
    #[inline]
    fn post(&self, state: &mut State, task: TaskId, event: Event, ahead: bool) {
        let class = explore::Class::Step(explore::Object(u64::from(task.slot)));
        let lane = if ahead {
            state.database_lane_ahead
        } else {
            state.database_lane
        };
        state.kernel.after_lane(lane, class, event);
    }

    #[inline]
    fn come_back(&self, state: &mut State, task: TaskId) -> Trip {
        state.calls[self.slot].progress = Progress::Answered;
        if self.world.setting.faults.strike_processes && state.settle(task) {
            return Trip::Lost;
        }
        self.post(state, task, Event::Reply(task.into()), false);
        Trip::Answered
    }

    /// Waits for the world, if the handler is ahead of it.
    pub(crate) async fn catch_up(&self) {
        if self.world.state.borrow().calls[self.slot].ahead_us > 0 {
            self.sleep(Span::ZERO).await;
        }
    }
}

impl Ports for ReplicaPorts<'_> {
    type Store = Self;
    type Cache = Self;
    type Gateway = Self;
    type Clock = Self;

    fn store(&self) -> &Self {
        self
    }

    fn cache(&self) -> &Self {
        self
    }

    fn gateway(&self) -> &Self {
        self
    }

    fn clock(&self) -> &Self {
        self
    }

    fn process(&self) -> &Process {
        let ahead_us = self.world.state.borrow().calls[self.slot].ahead_us;
        assert!(
            ahead_us == 0,
            "inside a transaction a strategy does nothing but statements"
        );
        let World {
            process_uses: uses,
            processes_used: used,
            ..
        } = self.world;
        uses.set(uses.get() + 1);
        used.set(used.get() | replica_bit(self.replica));
        &self.process
    }

    fn owner(&self) -> Owner {
        self.owner
    }

    fn nonce(&self) -> u128 {
        let state = &mut *self.world.state.borrow_mut();
        state.nonces += 1;
        u128::from(state.nonces)
    }

    fn count(&self, metric: Metric) {
        self.world.state.borrow_mut().metrics.count(metric);
    }
}

impl Clock for ReplicaPorts<'_> {
    fn now(&self) -> Time {
        let state = self.world.state.borrow();
        let ahead_us = state.calls[self.slot].ahead_us;
        let skew_us = match self.skew_us {
            Some(skew_us) => skew_us,
            None => state.replicas[self.replica as usize].skew_us,
        };
        Time(BEGINS_US + state.kernel.now_us() + ahead_us).skewed(skew_us)
    }

    async fn sleep(&self, span: Span) {
        let until_us = Cell::new(None);
        poll_fn(|_| {
            let state = &mut *self.world.state.borrow_mut();
            let now_us = state.kernel.now_us();
            match until_us.get() {
                Some(until) if now_us >= until => Poll::Ready(()),
                Some(_) => Poll::Pending,
                None => {
                    let task = state.task(self.slot);
                    let span_us = std::mem::take(&mut state.calls[self.slot].ahead_us) + span.0;
                    until_us.set(Some(now_us + span_us));
                    state
                        .kernel
                        .after(span_us, explore::Class::Timer, Event::Reply(task.into()));
                    Poll::Pending
                }
            }
        })
        .await;
    }
}
