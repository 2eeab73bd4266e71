//! Everything that exists, in one place, and the events that move it.

pub(crate) mod strike;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use explore::{Chooser, Class, Kernel, Lane, Object, Order, TaskId};
use history::{FaultRef, History, Label, Recorder};
use orders::{Contract as ServiceContract, Ledgers, Metrics, Process};
use protocol::{Customer, Tenant};
use scenario::Plan;

use crate::answers::Answers;
use crate::attempt::{AttemptId, Attempts, Coming, Held};
use crate::cache::Cache;
use crate::call::Call;
use crate::cell::Cell as RadioCell;
use crate::client::Page;
use crate::database::stock::sku;
use crate::database::{Database, Omission, Tx};
use crate::gateway::{Gateway, Webhook};
use crate::kitchen::{Kitchen, Message};
use crate::menu::{Handles, by_name};
use crate::packed::Packed;
use crate::replica::{Dying, Replica, Turn};
use crate::run::Traffic;
use crate::setting::Setting;

/// Something that is due.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// The next intent of the load.
    Intent,
    /// A client's task may go on.
    Client(Packed<TaskId>),
    /// A client may stop waiting for the attempt of a slot.
    Alarm(Packed<Held>),
    /// A client's app dies, if it still waits for an attempt.
    AppDies(Packed<AttemptId>),
    /// Nothing of an attempt is left that could reach its client, and the client has no timer: it waits for ever.
    Forsaken(Packed<AttemptId>),
    /// A request reaches its replica.
    Request(Packed<AttemptId>),
    /// A response, or a reset, reaches its client.
    Response(Packed<(Held, Coming)>),
    /// A handler's message reaches the database or the cache, or a lock it waited for is free.
    Reach(Packed<TaskId>),
    /// An answer, or a timer, reaches a handler.
    Reply(Packed<TaskId>),
    /// An operation reaches the gateway.
    GatewayArrive(Packed<u32>),
    /// A capture ends.
    GatewayCapture(Packed<u32>),
    /// The gateway's answer is back.
    GatewayReply(Packed<u32>),
    /// The gateway tells a replica of a capture.
    Webhook(Packed<Webhook>),
    /// A message of the outbox reaches the kitchen.
    Message(Packed<Message>),
    /// A replica looks after its claims.
    Upkeep(Packed<u32>),
    /// A replica comes back.
    Restart(Packed<u32>),
    /// A replica's turn in a rolling restart.
    Turn(Packed<Turn>),
    /// A transaction that its handler dropped is rolled back.
    Abandon(Packed<Tx>),
    /// A transaction that waits in a circle has waited for long enough to look around.
    LookAround(Packed<Tx>),
}

/// Which event let the task at hand go on. A future acts only on the event that it waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fired {
    /// It was begun, or woken by a waker.
    #[default]
    Begun,
    Reach,
    Reply,
}

/// A world: one service on some replicas, its database, cache and gateway, and its clients.
#[derive(Debug)]
pub struct World {
    pub(crate) setting: Arc<Setting>,
    /// Whether handlers may run ahead of the world where no client can notice it; off only in the test that shows so.
    pub(crate) goes_ahead: bool,
    /// Spare handles to what can be bought.
    pub(crate) handles: Handles,
    /// The memory of each replica's process.
    pub(crate) processes: RefCell<Vec<Rc<Process>>>,
    /// Whether rounds of upkeep that find nothing are passed over; off only in the test that shows that nobody can tell.
    pub(crate) skips_idle: bool,
    /// How often handlers have looked into their process's memory.
    pub(crate) process_uses: Cell<u64>,
    /// Whose memory they looked into: a bit for a replica, or for several.
    pub(crate) processes_used: Cell<u64>,
    pub(crate) fired: Cell<Fired>,
    pub(crate) state: RefCell<State>,
}

/// What changes.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) kernel: Kernel<Event>,
    pub(crate) chooser: Chooser,
    pub(crate) recorder: Recorder,
    pub(crate) database: Database,
    pub(crate) gateway: Gateway,
    pub(crate) kitchen: Kitchen,
    pub(crate) cache: Cache,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) calls: Vec<Call>,
    pub(crate) attempts: Attempts,
    pub(crate) answers: Answers,
    /// What the service promises: whether an answer says that it is a repetition.
    pub(crate) contract: ServiceContract,
    /// The requests that were answered with a repetition that did not say so.
    pub(crate) silent_replays: Vec<u32>,
    /// For every intent: how many of its requests are being worked on, and whether one has succeeded.
    pub(crate) intents: Vec<IntentTrack>,
    /// The lane of one way to the database.
    pub(crate) database_lane: Lane,
    /// The lane of two ways, for handlers that are one ahead.
    pub(crate) database_lane_ahead: Lane,
    /// Faults strike while there is load.
    pub(crate) under_load: bool,
    /// The client's task that is running, if one is.
    pub(crate) running_client: Option<TaskId>,
    /// The visits of every intent whose app can die, as long as they last.
    pub(crate) apps: BTreeMap<u32, Vec<TaskId>>,
    /// Where the radio of every purchase is that a bad cell may befall, by fault and intent.
    pub(crate) cells: BTreeMap<(FaultRef, u32), RadioCell>,
    /// Replicas that are to die as soon as the task at hand has stopped.
    pub(crate) dying: Vec<Dying>,
    /// How many nonces were given.
    pub(crate) nonces: u64,
    /// How many keys were spelt otherwise than by counting.
    pub(crate) spelt_keys: u64,
    /// What the service's monitoring has counted.
    pub(crate) metrics: Metrics,
    /// What came to the service.
    pub(crate) traffic: Traffic,
    /// How many statements were the upkeep's.
    pub(crate) upkeep_statements: u64,
    /// How many rounds of upkeep were passed over.
    pub(crate) idle_rounds: u64,
    /// How many commands reached the cache.
    pub(crate) cache_commands: u64,
    /// The pages whose button is disabled, because a request of theirs is under way.
    pub(crate) submitting: BTreeSet<Page>,
    /// Until when webhooks are under way.
    pub(crate) webhooks_until_us: u64,
    /// The replicas that came back, in order: each then has an identity of its own.
    pub(crate) reborn: Vec<u32>,
    /// Nothing more happens: what is still open is taken back at once.
    pub(crate) ended: bool,
    /// The tables that the audit shows beside those that it always does.
    pub(crate) ledgers: Ledgers,
}

/// What the world remembers of an intent, to know which situations it met.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IntentTrack {
    /// The replica that had its latest request, plus one.
    pub(crate) replica: u32,
    pub(crate) working: u16,
    pub(crate) succeeded: bool,
    pub(crate) crashed: bool,
}

const _: () = assert!(
    size_of::<IntentTrack>() <= 8,
    "there is one for every intent"
);
const _: () = assert!(size_of::<Event>() <= 16, "events are copied about");

impl World {
    /// A world as the plan describes it, before anything happened, under the contract `reference` if the plan names none.
    ///
    /// # Panics
    /// If the plan names a contract that `orders` does not have: scenario files are checked before.
    pub fn new(plan: &Plan, chooser: Chooser) -> World {
        World::in_setting(&Arc::new(Setting::new(plan, "reference")), chooser)
    }

    /// A world in a setting, before anything happened.
    pub fn in_setting(setting: &Arc<Setting>, chooser: Chooser) -> World {
        let replicas = setting.plan.world.replicas;
        let world = World {
            setting: Arc::clone(setting),
            goes_ahead: true,
            handles: Handles::new(&setting.menu),
            processes: RefCell::new((0..replicas).map(|_| new_process()).collect()),
            skips_idle: true,
            process_uses: Cell::new(0),
            processes_used: Cell::new(0),
            fired: Cell::new(Fired::Begun),
            state: RefCell::new(State::new(setting, chooser)),
        };
        world.start_replicas();
        world.stock_up();
        world
    }

    /// The replicas in their first life, each with a clock of its own.
    fn start_replicas(&self) {
        let state = &mut *self.state.borrow_mut();
        state.replicas.clear();
        for number in 0..self.setting.plan.world.replicas {
            let skew_us = self.setting.delays.skew.draw(number, &mut state.chooser);
            state.replicas.push(Replica::new(number, skew_us));
        }
        state.reborn.clear();
    }

    /// Every shop's shelves.
    fn stock_up(&self) {
        let state = &mut *self.state.borrow_mut();
        state.database.notes.are_relayed = self.setting.delays.kitchen.is_some();
        for tenant in 0..self.setting.plan.shop.tenants {
            for index in by_name(&self.setting.plan) {
                let item = &self.setting.plan.shop.skus[index];
                state
                    .database
                    .stocks
                    .add(Tenant(tenant), sku(&item.name), i64::from(item.stock));
                state.database.sales.slots.push((0, None));
            }
            for coupon in &self.setting.plan.shop.coupons {
                state.database.coupons.add(
                    Tenant(tenant),
                    &coupon.name,
                    u64::from(coupon.limit),
                    coupon.off,
                );
            }
        }
    }

    /// Back to the beginning, under another chooser: nothing happened yet. What was allocated is used again, but for
    /// those processes' memories that were looked at.
    pub(crate) fn begin_again(&self, chooser: Chooser) {
        {
            let state = &mut *self.state.borrow_mut();
            state.begin_again(chooser);
        }
        self.start_replicas();
        self.process_uses.set(0);
        let used = self.processes_used.replace(0);
        for (replica, process) in (0..).zip(self.processes.borrow_mut().iter_mut()) {
            if used & replica_bit(replica) != 0 {
                *process = new_process();
            }
        }
    }

    /// The history of the run before, whose memory the next run can use.
    pub(crate) fn take_back(&self, history: History) {
        let recorder = &mut self.state.borrow_mut().recorder;
        recorder.reuse(history, &self.setting.names);
    }

    /// Lets a client of one's own draw its lots.
    pub fn draw<R>(&self, what: impl FnOnce(&mut Chooser) -> R) -> R {
        what(&mut self.state.borrow_mut().chooser)
    }

    /// The same world, in which every answer is an event of its own: slower, and to the clients no different.
    #[must_use]
    pub fn in_small_steps(mut self) -> World {
        self.goes_ahead = false;
        self
    }

    /// The same world, in which every round of upkeep is run: slower, and no different.
    #[must_use]
    pub fn with_every_round(mut self) -> World {
        self.skips_idle = false;
        self
    }

    /// The same world, in which the database does not do what this asks of it: what a service would come to that left it out.
    #[must_use]
    pub fn leaving_out(self, omission: Omission) -> World {
        self.state.borrow_mut().database.leaves_out = Some(omission);
        self
    }

    /// The audit will show these tables.
    pub(crate) fn keep(&self, ledgers: Ledgers) {
        let state = &mut *self.state.borrow_mut();
        state.database.carts.are_audited = ledgers.carts;
        state.database.moves.are_audited = ledgers.inventory_log;
        state.ledgers = ledgers;
    }

    /// The digest of everything that was picked and that happened so far.
    pub(crate) fn digest(&self) -> explore::Digest {
        self.state.borrow().chooser.digest()
    }

    /// The contract that the plan names, for services that keep one.
    pub fn contract(&self) -> ServiceContract {
        self.setting.service_contract
    }

    /// The present, in microseconds.
    pub fn now_us(&self) -> u64 {
        self.state.borrow().kernel.now_us()
    }

    /// A dead replica's memory is gone.
    pub(crate) fn forget_memory(&self, replica: u32) {
        self.processes.borrow_mut()[replica as usize] = new_process();
    }
}

/// How many answers a replica remembers, so that a quick duplicate does not reach the database.
const COMPLETIONS_MAX: usize = 256;

/// The bit of a replica where there is one for each, or for several if there are many.
pub(crate) fn replica_bit(replica: u32) -> u64 {
    1 << (replica % u64::BITS)
}

fn new_process() -> Rc<Process> {
    Rc::new(Process::new(COMPLETIONS_MAX))
}

impl State {
    fn new(setting: &Setting, chooser: Chooser) -> State {
        let plan = &setting.plan;
        let mut recorder = Recorder::new(setting.judged_contract.clone());
        recorder.history_mut().names = setting.names.clone();
        let mut kernel = Kernel::new(Order::Timed);
        let database_lane = kernel.lane(plan.world.latencies.database_us);
        let database_lane_ahead = kernel.lane(plan.world.latencies.database_us * 2);
        let intents = usize::try_from(plan.load.intents).expect("a load that fits in memory");
        recorder.reserve(intents);
        let mut state = State {
            kernel,
            chooser,
            recorder,
            database: Database::default(),
            gateway: Gateway::new(plan.world.gateway_key_ttl_us),
            kitchen: Kitchen::default(),
            cache: Cache::new(setting.cache_behind_us),
            replicas: Vec::new(),
            calls: Vec::new(),
            attempts: Attempts::default(),
            answers: Answers::default(),
            contract: setting.service_contract,
            silent_replays: Vec::new(),
            intents: Vec::with_capacity(intents),
            database_lane,
            database_lane_ahead,
            under_load: true,
            running_client: None,
            apps: BTreeMap::new(),
            cells: BTreeMap::new(),
            dying: Vec::new(),
            nonces: 0,
            spelt_keys: 0,
            metrics: Metrics::default(),
            traffic: Traffic::default(),
            upkeep_statements: 0,
            idle_rounds: 0,
            cache_commands: 0,
            submitting: BTreeSet::new(),
            webhooks_until_us: 0,
            reborn: Vec::new(),
            ended: false,
            ledgers: Ledgers::default(),
        };
        state.database.orders.reserve(intents);
        state.database.keys.reserve(intents);
        state.gateway.reserve(intents);
        state
    }

    /// A transaction ends without a COMMIT.
    pub(crate) fn roll_back(&mut self, tx: Tx) {
        self.database.hang_up(tx);
        self.release_waiters();
    }

    /// A situation was met.
    #[inline]
    pub(crate) fn cover(&mut self, label: Label) {
        self.recorder.cover(label);
    }

    /// A task goes on after a span.
    #[inline]
    pub(crate) fn after(&mut self, span_us: u64, task: TaskId, event: Event) {
        self.kernel
            .after(span_us, Class::Step(Object(u64::from(task.slot))), event);
    }

    /// Tasks whose lock is free try again now.
    #[inline]
    pub(crate) fn release_waiters(&mut self) {
        if !self.database.released.is_empty() {
            self.wake_waiters();
        }
    }

    fn wake_waiters(&mut self) {
        let released = std::mem::take(&mut self.database.released);
        for task in &released {
            self.after(0, *task, Event::Reach((*task).into()));
        }
        self.database.released = released;
        self.database.released.clear();
    }
}

impl State {
    fn begin_again(&mut self, chooser: Chooser) {
        self.kernel.reset();
        self.chooser = chooser;
        self.recorder.begin_again();
        self.database.forget();
        self.gateway.forget();
        self.kitchen = Kitchen::default();
        self.cache.forget();
        self.attempts.forget();
        self.answers.forget();
        self.calls.clear();
        self.silent_replays.clear();
        self.intents.clear();
        self.apps.clear();
        self.cells.clear();
        self.dying.clear();
        (self.under_load, self.ended, self.running_client) = (true, false, None);
        (self.nonces, self.spelt_keys, self.webhooks_until_us) = (0, 0, 0);
        self.metrics = Metrics::default();
        self.traffic = Traffic::default();
        (
            self.upkeep_statements,
            self.cache_commands,
            self.idle_rounds,
        ) = (0, 0, 0);
        self.submitting.clear();
    }
}

/// Who a customer is, as the service sees it.
pub(crate) fn customer(user: Option<u64>) -> Customer {
    user.map_or(Customer::Guest, |id| Customer::User(protocol::UserId(id)))
}
