//! The loop that takes one event after another, until nothing is left to happen.
//!
//! - [`bench`]: the same without load, moved by a test
//! - [`clients`]: intents become visits, and visits go on when they hear something
//! - [`replicas`]: requests become handlers, and handlers go on when something reaches them
//! - [`gateway`]: charges arrive, are captured, and are answered
//! - [`visits`]: the visits, each a task
//! - [`round`]: what is known of rounds of upkeep that find nothing
//! - [`idle`]: rounds of upkeep that find nothing

pub(crate) mod bench;
mod clients;
mod gateway;
mod idle;
mod replicas;
mod round;
mod visits;

use std::future::Future;

use explore::{Chooser, Pool, TaskId};
use orders::Job;
use outside::{Manners, Purchases, Visit};
use round::{IdleRound, Observed};
use visits::Visits;

use crate::event::{Event, Fired};
use crate::ports::ReplicaPorts;
use crate::replicas::service::Service;
use crate::watch::{Control, Interrupted, Pace, Progress};
use crate::world::World;

/// How many events pass between two looks at the watcher.
const PACE_EVENTS: u64 = 1 << 16;

/// A world at work: its tasks, and the load that is still to come.
pub(crate) struct Engine<'w, F, H, G, V>
where
    F: Future<Output = ()>,
    G: Future<Output = ()>,
{
    world: &'w World,
    handlers: Pool<F>,
    visits: Visits<'w, G, V>,
    /// The load, as far as it is still to come.
    purchases: Purchases,
    handle: H,
    upkeep_every_us: Option<u64>,
    /// Whether the service listens to webhooks.
    hears: bool,
    /// Whether its kitchen knows a message by its id.
    knows_messages: bool,
    /// Since when nothing but upkeep is to come.
    idle_since_us: Option<u64>,
    /// When the run ends; the largest number until that is known.
    ends_at_us: u64,
    /// How a round of upkeep goes that finds nothing, once one was run. It is the same in every run.
    idle_round: Option<IdleRound>,
    /// The round that is being run and may be such a one.
    observed: Option<Observed>,
    woken: Vec<TaskId>,
}

impl<'w, F, H, G, V> Engine<'w, F, H, G, V>
where
    F: Future<Output = ()>,
    H: Fn(ReplicaPorts<'w>, Job) -> F,
    G: Future<Output = ()>,
    V: Fn(Visit) -> G,
{
    pub(crate) fn new(world: &'w World, handle: H, visit: V, service: &impl Service) -> Self {
        world.keep(service.ledgers());
        let manners = Manners {
            button: service.button(),
            brings_key: service.brings_client_key(),
        };
        Engine {
            world,
            handlers: Pool::default(),
            visits: Visits {
                world,
                pool: Pool::default(),
                go: visit,
            },
            purchases: Purchases::new(&world.setting.script, manners),
            handle,
            upkeep_every_us: service.upkeep_every_us(),
            hears: service.hears_webhooks(),
            knows_messages: service.knows_messages(),
            idle_since_us: None,
            ends_at_us: u64::MAX,
            idle_round: None,
            observed: None,
            woken: Vec::new(),
        }
    }

    /// Drops every task that is still open, and with it its transaction.
    pub(crate) fn drop_tasks(&mut self) {
        self.handlers.clear();
        self.visits.pool.clear();
    }

    /// Forgets everything, keeping the memory.
    pub(crate) fn begin_again(&mut self, chooser: Chooser) {
        self.drop_tasks();
        self.purchases.rewind();
        self.woken.clear();
        self.idle_since_us = None;
        self.ends_at_us = u64::MAX;
        self.observed = None;
        self.world.begin_again(chooser);
    }

    pub(crate) fn run(&mut self, pace: &mut Pace<'_>) -> Result<(), Interrupted> {
        self.begin();
        let woken = self.handlers.woken();
        let mut until_look = PACE_EVENTS;
        while let Some(event) = self.take() {
            self.dispatch(event);
            if self.observed.is_some() {
                self.observe_event(event);
            }
            woken.drain_into(&mut self.woken);
            if !self.woken.is_empty() {
                self.resume_woken();
            }
            if self.ends_at_us == u64::MAX && self.is_quiet() {
                self.ends_at_us = self.calm_down();
            }
            until_look -= 1;
            if until_look == 0 {
                until_look = PACE_EVENTS;
                if pace(self.progress()) == Control::Stop {
                    return Err(Interrupted);
                }
            }
        }
        if self.ends_at_us == u64::MAX {
            // No event is left although a handler still waits: for what cannot come.
            self.ends_at_us = self.calm_down();
        }
        let state = &mut *self.world.state.borrow_mut();
        // Whatever was still to come lies beyond the end; the audit is taken when the deadline has passed.
        state.kernel.pass_until(self.ends_at_us);
        state.ended = true;
        Ok(())
    }

    /// The next event, unless it lies beyond the end.
    #[inline]
    fn take(&mut self) -> Option<Event> {
        let state = &mut *self.world.state.borrow_mut();
        let event = state.kernel.next_event()?;
        let now_us = state.kernel.now_us();
        state.chooser.note(now_us);
        (now_us <= self.ends_at_us).then_some(event)
    }

    fn begin(&mut self) {
        self.purchases.await_next(self.world, &mut self.visits);
        let state = &mut *self.world.state.borrow_mut();
        state.expect_restarts(&self.world.setting);
        if let Some(every_us) = self.upkeep_every_us {
            let replicas = u64::from(self.world.setting.plan.world.replicas);
            for replica in 0..self.world.setting.plan.world.replicas {
                let first_us = every_us * (u64::from(replica) + 1) / replicas;
                state.kernel.after(first_us, Event::Upkeep(replica.into()));
            }
        }
    }

    fn progress(&self) -> Progress {
        let state = self.world.state.borrow();
        Progress {
            now_us: state.kernel.now_us(),
            intents: state.recorder.history().names.intents.len() as u64,
            intents_total: self.world.setting.plan.load.intents,
            orders: state.database.orders.slots.len() as u64,
        }
    }

    /// Whether all clients have gone, with all that they sent, and no more will come; or none will ever go.
    fn is_quiet(&self) -> bool {
        self.purchases.are_done() && (self.is_empty() || self.is_stuck())
    }

    fn is_empty(&self) -> bool {
        let state = self.world.state.borrow();
        self.visits.pool.is_empty()
            && state.clients.attempts.is_empty()
            // A capture may still let a channel act.
            && (!self.purchases.have_channels() || !state.gateway.is_busy())
    }

    /// Whether nothing but upkeep has been due for the whole recovery deadline: it will not help the clients that still wait.
    fn is_stuck(&self) -> bool {
        let patience_us = self.world.setting.plan.contract.recovery_deadline_us;
        self.idle_since_us
            .is_some_and(|since_us| self.world.now_us() - since_us > patience_us)
    }

    /// The faults stop. What is still open has until the recovery deadline, counted from when the last trace of a fault is gone:
    /// when every replica is back at work, and what is under way between service and gateway has arrived.
    fn calm_down(&mut self) -> u64 {
        let state = &mut *self.world.state.borrow_mut();
        state.under_load = false;
        let replicas = state.replicas.hosts.iter().map(|replica| match replica.up {
            true => replica.paused_until_us,
            false => replica.back_at_us,
        });
        let latest_us = replicas
            .chain([
                state.kernel.now_us(),
                state.gateway.busy_until_us(),
                state.gateway.webhooks_until_us,
                state.kitchen.busy_until_us,
                state.cache.down_until_us,
            ])
            .max();
        latest_us.unwrap_or(0) + self.world.setting.plan.contract.recovery_deadline_us
    }

    fn dispatch(&mut self, event: Event) {
        let setting = &self.world.setting;
        match event {
            Event::Intent => self.intent(),
            Event::Client(task) => self.visits.poll(task.get()),
            Event::Alarm(slot) => self.go_on(|state| state.alarm(setting, slot.get())),
            Event::AppDies(attempt) => self.app_dies(attempt.get()),
            Event::NeverAnswered(attempt) => self.never_answered(attempt.get()),
            Event::Response(answer) => {
                let (held, coming) = answer.get();
                self.go_on(|state| state.arrive(setting, held, coming));
            }
            Event::Request(attempt) => self.request(attempt.get(), event),
            Event::Reach(task) => self.poll_handler(task.get(), Fired::Reach),
            Event::Reply(task) => self.reply(task.get(), event),
            Event::GatewayArrive(slot) => self.gateway_arrive(slot.get()),
            Event::GatewayCapture(slot) => self.gateway_capture(slot.get()),
            Event::GatewayReply(slot) => self.gateway_reply(slot.get(), event),
            Event::Webhook(webhook) => self.webhook(webhook.get()),
            Event::Message(message) => {
                let state = &mut *self.world.state.borrow_mut();
                state.deliver(&self.world.setting, message.get(), self.knows_messages);
            }
            Event::Upkeep(replica) => self.upkeep(replica.get()),
            Event::Restart(replica) => self.world.restart(replica.get()),
            Event::Turn(turn) => {
                self.world
                    .state
                    .borrow_mut()
                    .take_turn(&self.world.setting, turn.get());
                self.world.kill_struck(&mut self.handlers);
            }
            Event::Abandon(tx) => self.world.state.borrow_mut().roll_back(tx.get()),
            Event::DeadlockCheck(tx) => self.world.state.borrow_mut().check_deadlock(tx.get()),
        }
    }
}
