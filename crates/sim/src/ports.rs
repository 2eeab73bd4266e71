//! What a strategy sees of the world: every `await` on a port is a message there and a message back.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use compact_str::CompactString;
use explore::{Kind, Lineage, Site, TaskId};
use history::Label;
use orders::ports::CacheError;
use orders::{Cache, ClaimTable, Clock, Gateway, GatewayError, Owner, Ports};
use protocol::{ChargeAnswer, ChargeId, ChargeRequest, GatewayKey, Span, Time};
use scenario::{CrashPoint, FaultKind, Host};

use crate::client::AttemptId;
use crate::fault::{Opportunity, Who, crashes_at, cuts};
use crate::gateway::{Ask, Fate, Operation, Told};
use crate::world::{Event, Fired, State, World};

/// A handler's standing in the world, by its task's slot.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) task: Option<TaskId>,
    pub(crate) replica: u32,
    /// The request it serves; none for upkeep and webhooks.
    pub(crate) attempt: Option<AttemptId>,
    pub(crate) client: Option<usize>,
    pub(crate) lineage: Lineage,
    /// How many round trips it has begun.
    pub(crate) steps: u64,
    pub(crate) received_us: u64,
    /// When the gateway's answer is back, if the handler takes as long as was drawn.
    pub(crate) gateway_by_us: u64,
    pub(crate) has_read: bool,
    pub(crate) progress: Progress,
    /// Its process died while a message was under way: it ends when that message has taken effect.
    pub(crate) doomed: bool,
    /// Its process dies when the message under way has taken effect; for how long it is gone.
    pub(crate) dies: Option<u64>,
    /// The gateway captured, and no commit has recorded it.
    pub(crate) charged: bool,
    pub(crate) told: Option<Result<Told, GatewayError>>,
    /// How far the handler is ahead of the world: it has been given an answer that is still on its way to it. See
    /// [`ReplicaPorts::statement_trip`].
    pub(crate) ahead_us: u64,
}

/// Where the message of a handler is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// There is none.
    Idle,
    /// On its way, not yet effective.
    Sent,
    /// It took effect; the answer is on its way.
    Answered,
}

/// The ports of one handler.
#[derive(Debug)]
pub struct ReplicaPorts<'w> {
    pub(crate) world: &'w World,
    pub(crate) slot: usize,
    pub(crate) owner: Owner,
    pub(crate) skew_us: i64,
    pub(crate) table: Rc<ClaimTable>,
}

/// From here on a handler's time is spent in the database, not at the gateway.
pub(crate) const SETTLE_US: u64 = 4_000;
/// The quickest answer of a gateway.
const GATEWAY_MIN_US: u64 = 10_000;
/// How long a replica waits for the gateway.
const GATEWAY_TIMEOUT_US: u64 = 5_000_000;
const CRASH_WHEN: Kind = Kind::new("replica.crash.when");

/// When in a round trip a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    BeforeSending,
    AfterSending,
    AfterEffect(u64),
}

impl Call {
    fn who(&self) -> Who {
        Who {
            lineage: self.lineage,
            ordinal: self.steps,
            client: self.client,
        }
    }
}

impl State {
    /// A handler is about to send a message. Whether it still can.
    #[inline]
    fn set_out(&mut self, world: &World, slot: usize, here: CrashPoint) -> bool {
        self.calls[slot].steps += 1;
        if !world.faults.strike_processes || !self.under_load {
            self.calls[slot].progress = Progress::Sent;
            return true;
        }
        self.set_out_among_faults(world, slot, here)
    }

    fn set_out_among_faults(&mut self, world: &World, slot: usize, here: CrashPoint) -> bool {
        let who = self.calls[slot].who();
        let replica = self.calls[slot].replica;
        if let Some(fault) = self.strike(&world.faults, Opportunity::Pause, who) {
            let span_us = fault.delay(who, &mut self.chooser);
            self.pause(world, replica, span_us);
        }
        let death = self.death(world, who, here, replica);
        self.calls[slot].progress = Progress::Sent;
        match death {
            Some(Death::BeforeSending) => {
                self.calls[slot].progress = Progress::Idle;
                return false;
            }
            Some(Death::AfterEffect(down_for_us)) => self.calls[slot].dies = Some(down_for_us),
            Some(Death::AfterSending) | None => {}
        }
        true
    }

    fn death(&mut self, world: &World, who: Who, here: CrashPoint, replica: u32) -> Option<Death> {
        let fault = self.strike_if(&world.faults, Opportunity::Crash, who, |kind| {
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
        Some(match self.chooser.choose(&site, ways) {
            0 if matches!(point, CrashPoint::Anywhere | CrashPoint::DuringCommit) => {
                self.dying.push((replica, down_for_us));
                if point == CrashPoint::DuringCommit {
                    Death::AfterSending
                } else {
                    Death::BeforeSending
                }
            }
            2 => {
                self.dying.push((replica, down_for_us));
                Death::AfterSending
            }
            _ => Death::AfterEffect(down_for_us),
        })
    }

    fn pause(&mut self, world: &World, replica: u32, span_us: u64) {
        let until_us = self.kernel.now_us() + span_us;
        let host = &mut self.replicas[replica as usize];
        host.paused_until_us = host.paused_until_us.max(until_us);
        if span_us > world.service_contract.lease.0 {
            self.cover(Label::PausedBeyondLease);
        }
    }

    /// Whether a partition cuts a replica off.
    pub(crate) fn cut_off(&mut self, world: &World, slot: usize, other: Host) -> bool {
        let (who, replica) = (self.calls[slot].who(), self.calls[slot].replica);
        self.strike_if(&world.faults, Opportunity::Partition, who, |kind| {
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
        let goes_ahead = !self.world.faults.strike_processes && self.world.goes_ahead;
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
                    answer = effect(state, task);
                    state.release_waiters();
                    if answer.is_some() && goes_ahead {
                        let call = &mut state.calls[self.slot];
                        (call.progress, call.ahead_us) = (Progress::Idle, self.one_way_us());
                        return Poll::Ready(answer.take().expect("it was there a moment ago"));
                    }
                    if answer.is_some() {
                        trip = self.come_back(state, task);
                    }
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
                call.received_us + self.world.plan.world.latencies.record_read_us;
            let early_us = first_read_at_us.saturating_sub(state.kernel.now_us());
            state.after(
                early_us.max(ahead_us + self.one_way_us()),
                task,
                Event::Reach(task),
            );
        } else {
            self.post(state, task, Event::Reach(task), ahead_us > 0);
        }
        Trip::Sent
    }

    fn one_way_us(&self) -> u64 {
        self.world.plan.world.latencies.database_us
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
        let call = &mut state.calls[self.slot];
        call.progress = Progress::Answered;
        if let Some(down_for_us) = call.dies.take() {
            let replica = call.replica;
            state.dying.push((replica, down_for_us));
            return Trip::Lost;
        }
        self.post(state, task, Event::Reply(task), false);
        Trip::Answered
    }

    /// Waits for the world, if the handler is ahead of it.
    pub(crate) async fn catch_up(&self) {
        if self.world.state.borrow().calls[self.slot].ahead_us > 0 {
            self.sleep(Span::ZERO).await;
        }
    }

    /// An operation at the gateway.
    async fn ask(&self, ask: Ask) -> Result<Told, GatewayError> {
        self.catch_up().await;
        let mut trip = Trip::Begin;
        poll_fn(move |_| {
            let state = &mut *self.world.state.borrow_mut();
            match (trip, self.world.fired.get()) {
                (Trip::Begin, _) => trip = self.leave_for_gateway(state, ask),
                (Trip::Sent, Fired::Reply) => {
                    if let Some(told) = state.calls[self.slot].told.take() {
                        state.calls[self.slot].progress = Progress::Idle;
                        return Poll::Ready(told);
                    }
                }
                _ => {}
            }
            Poll::Pending
        })
        .await
    }

    fn leave_for_gateway(&self, state: &mut State, ask: Ask) -> Trip {
        if !state.set_out(self.world, self.slot, CrashPoint::AfterCharge) {
            return Trip::Lost;
        }
        // The gateway acts on what has left, whatever becomes of the sender.
        state.calls[self.slot].progress = Progress::Idle;
        let (task, who) = (state.task(self.slot), state.calls[self.slot].who());
        let now_us = state.kernel.now_us();
        let (fate, slow_us) = match ask {
            Ask::Charge(_) => state.charge_fate(self.world, self.slot, who),
            Ask::LookUp(_) | Ask::Refund(_)
                if state.cut_off(self.world, self.slot, Host::Gateway) =>
            {
                (Fate::TimeoutBefore, 0)
            }
            Ask::LookUp(_) | Ask::Refund(_) => (Fate::Fair, 0),
        };
        let span_us = match ask {
            Ask::Charge(_) => state.calls[self.slot]
                .gateway_by_us
                .saturating_sub(now_us)
                .max(GATEWAY_MIN_US),
            Ask::LookUp(_) | Ask::Refund(_) => 2 * GATEWAY_MIN_US,
        } + slow_us;
        let waits_us = match fate {
            Fate::TimeoutBefore | Fate::TimeoutAfter => span_us.max(GATEWAY_TIMEOUT_US),
            _ => span_us,
        };
        let slot = state.gateway.send(Operation {
            ask,
            task,
            captures: None,
            fate,
            told: None,
            reply_at_us: now_us + waits_us,
        });
        state.after(span_us / 4, task, Event::GatewayArrive(slot));
        Trip::Sent
    }
}

impl State {
    /// What the plan's faults do to a charge.
    fn charge_fate(&mut self, world: &World, slot: usize, who: Who) -> (Fate, u64) {
        let slow_us = match self.strike(&world.faults, Opportunity::SlowGateway, who) {
            Some(fault) => fault.delay(who, &mut self.chooser),
            None => 0,
        };
        if self.cut_off(world, slot, Host::Gateway) {
            return (Fate::TimeoutBefore, slow_us);
        }
        let fates = [
            (Opportunity::GatewayUnavailable, Fate::Unavailable),
            (Opportunity::GatewayTimeoutBefore, Fate::TimeoutBefore),
            (Opportunity::GatewayTimeoutAfter, Fate::TimeoutAfter),
            (Opportunity::DeclineCharge, Fate::Declined),
        ];
        let struck = fates
            .into_iter()
            .find(|(here, _)| self.strike(&world.faults, *here, who).is_some());
        (struck.map_or(Fate::Fair, |(_, fate)| fate), slow_us)
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

    fn table(&self) -> &ClaimTable {
        let ahead_us = self.world.state.borrow().calls[self.slot].ahead_us;
        assert!(
            ahead_us == 0,
            "inside a transaction a strategy does nothing but statements"
        );
        self.world.tables_used.set(true);
        &self.table
    }

    fn owner(&self) -> Owner {
        self.owner
    }

    fn nonce(&self) -> u64 {
        let state = &mut *self.world.state.borrow_mut();
        state.nonces += 1;
        state.nonces
    }
}

impl Clock for ReplicaPorts<'_> {
    fn now(&self) -> Time {
        let state = self.world.state.borrow();
        let ahead_us = state.calls[self.slot].ahead_us;
        Time(state.kernel.now_us() + ahead_us).skewed(self.skew_us)
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
                        .after(span_us, explore::Class::Timer, Event::Reply(task));
                    Poll::Pending
                }
            }
        })
        .await;
    }
}

impl Gateway for ReplicaPorts<'_> {
    async fn charge(&self, request: ChargeRequest) -> Result<ChargeAnswer, GatewayError> {
        match self.ask(Ask::Charge(request)).await? {
            Told::Charge(answer) => Ok(answer),
            Told::LookUp(_) | Told::Refunded => unreachable!("a charge is answered as a charge"),
        }
    }

    async fn look_up(&self, key: GatewayKey) -> Result<Option<ChargeAnswer>, GatewayError> {
        match self.ask(Ask::LookUp(key)).await? {
            Told::LookUp(answer) => Ok(answer),
            Told::Charge(_) | Told::Refunded => unreachable!("a look-up is answered as a look-up"),
        }
    }

    async fn refund(&self, charge: ChargeId) -> Result<(), GatewayError> {
        self.ask(Ask::Refund(charge)).await.map(|_| ())
    }
}

impl ReplicaPorts<'_> {
    /// A cache command: it may find everything forgotten, or nobody there.
    async fn command<R>(
        &self,
        key: &CompactString,
        mut effect: impl FnMut(&mut State, u64) -> R,
    ) -> Result<R, CacheError> {
        let slot = self.slot;
        self.round_trip(CrashPoint::Anywhere, true, move |state, _| {
            let who = state.calls[slot].who();
            let now_us = state.kernel.now_us();
            if state
                .strike(&self.world.faults, Opportunity::FlushCache, who)
                .is_some()
            {
                state.cache.flush();
            }
            if state
                .strike(&self.world.faults, Opportunity::EvictKey, who)
                .is_some()
            {
                state.cache.delete(key);
            }
            let down = state
                .strike(&self.world.faults, Opportunity::CacheUnavailable, who)
                .is_some()
                || state.cut_off(self.world, slot, Host::Cache);
            Some(if down {
                Err(CacheError::Unavailable)
            } else {
                Ok(effect(state, now_us))
            })
        })
        .await
    }
}

impl Cache for ReplicaPorts<'_> {
    async fn get(&self, key: &CompactString) -> Result<Option<CompactString>, CacheError> {
        self.command(key, |state, now_us| state.cache.get(key, now_us))
            .await
    }

    async fn set(
        &self,
        key: &CompactString,
        value: CompactString,
        ttl: Span,
    ) -> Result<(), CacheError> {
        self.command(key, |state, now_us| {
            state.cache.set(key, value.clone(), now_us + ttl.0)
        })
        .await
    }

    async fn set_if_absent(
        &self,
        key: &CompactString,
        value: CompactString,
        ttl: Span,
    ) -> Result<bool, CacheError> {
        self.command(key, |state, now_us| {
            state
                .cache
                .set_if_absent(key, value.clone(), now_us, now_us + ttl.0)
        })
        .await
    }

    async fn delete(&self, key: &CompactString) -> Result<(), CacheError> {
        self.command(key, |state, _| state.cache.delete(key)).await
    }
}
