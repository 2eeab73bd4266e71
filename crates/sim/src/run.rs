//! The loop that takes one event after another, until nothing is left to happen.

use std::collections::VecDeque;
use std::future::Future;
use std::rc::Rc;

use explore::{Chooser, Class, Digest, Kind, Lineage, Odds, Pool, Site, TaskId};
use history::{History, Label};
use orders::StrategyName;
use protocol::Response;
use scenario::{DelayTable, Intent, Plan, Unfold};

use crate::client::{AttemptId, Crowd, Outcome, Purchase, Shoppers, Visit, client_class};
use crate::ports::{Call, Progress as Message, ReplicaPorts, SETTLE_US};
use crate::replica::owner;
use crate::service::{Job, OrderService, Service};
use crate::world::{Event, Fired, State, World};

/// How a run is getting on, for whoever watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Virtual time.
    pub now_us: u64,
    /// Intents begun.
    pub intents: u64,
    /// Intents of the whole load.
    pub intents_total: u64,
    /// Orders in the database.
    pub orders: u64,
}

/// Whether a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// It does.
    Go,
    /// It stops, and has no result.
    Stop,
}

/// The run was stopped from outside: what it saw so far is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

/// Whoever watches a run, asked every few thousand events.
pub type Pace<'w> = dyn FnMut(Progress) -> Control + 'w;

/// What a run gives.
#[derive(Debug)]
pub struct Simulated {
    /// What happened, and what is stored.
    pub history: History,
    /// The digest of everything that was picked and that happened.
    pub digest: Digest,
    /// How many events there were.
    pub events: u64,
    /// Virtual time at the end.
    pub ended_us: u64,
    /// How many statements the database answered.
    pub statements: u64,
    /// How often a statement waited for another transaction.
    pub lock_waits: u64,
    /// How often waiting would never have ended.
    pub deadlocks: u64,
}

/// Runs a plan under a strategy: the plan's clients, its load and its faults.
///
/// # Errors
/// [`Interrupted`] if the watcher stopped it.
pub fn simulate(
    plan: &Rc<Plan>,
    strategy: StrategyName,
    chooser: Chooser,
    pace: &mut Pace<'_>,
) -> Result<Simulated, Interrupted> {
    let world = World::new(plan, chooser);
    let service = OrderService::new(strategy, world.service_contract);
    let shoppers = Shoppers::new(plan);
    run(&world, &service, &shoppers, pace)?;
    Ok(world.finish())
}

/// Runs a world until its load has come, its clients have gone, and its recovery deadline has passed.
///
/// # Errors
/// [`Interrupted`] if the watcher stopped it.
pub fn run<S: Service, C: Crowd>(
    world: &World,
    service: &S,
    crowd: &C,
    pace: &mut Pace<'_>,
) -> Result<(), Interrupted> {
    let handle = |ports, job| serve(service, ports, job);
    let visit = |visit| crowd.visit(world, visit);
    Engine::new(world, handle, visit, service.upkeep_every_us()).run(pace)
}

/// Runs a world once for every chooser, with everything forgotten in between, and shows each run as it ends.
pub fn run_episodes<S: Service, C: Crowd>(
    world: &World,
    service: &S,
    crowd: &C,
    choosers: impl Iterator<Item = Chooser>,
    mut show: impl FnMut(&World),
) {
    let handle = |ports, job| serve(service, ports, job);
    let visit = |visit| crowd.visit(world, visit);
    let mut engine = Engine::new(world, handle, visit, service.upkeep_every_us());
    for chooser in choosers {
        engine.begin_again(chooser);
        let ended = engine.run(&mut |_| Control::Go);
        assert!(ended.is_ok(), "nobody stops an episode");
        show(world);
    }
}

async fn serve<S: Service>(service: &S, ports: ReplicaPorts<'_>, job: Job) -> Option<Response> {
    let response = service.handle(&ports, &job).await;
    ports.catch_up().await;
    if let Job::Serve(request) = job {
        ports.world.give_back(request.content);
    }
    response
}

/// The load as it comes: intents by time, and the taps, tabs and repeats that follow from them.
#[derive(Debug)]
struct Arrivals {
    unfold: Unfold,
    next: Option<Intent>,
    taps: Vec<Vec<TapTable>>,
    second_tab: Vec<Option<(Odds, DelayTable)>>,
    offline: Vec<Option<(Odds, DelayTable)>>,
    /// Genuine second purchases, by time.
    repeats: VecDeque<Intent>,
}

#[derive(Debug)]
struct TapTable {
    odds: Odds,
    after: DelayTable,
    uplink: Option<DelayTable>,
}

const TAP_COMES: Kind = Kind::new("client.tap.comes");
const TAP_AFTER: Kind = Kind::new("client.tap.after");
const TAP_UPLINK: Kind = Kind::new("client.tap.uplink");
const TAB: Kind = Kind::new("client.second-tab");
const OFFLINE: Kind = Kind::new("client.offline");
const REPEAT: Kind = Kind::new("client.repeat");
const HANDLER: Kind = Kind::new("replica.handler");
const UPKEEP: Kind = Kind::new("replica.upkeep");
const WORK: Kind = Kind::new("replica.work");
/// The second tab's visit is a tap with this number.
const TAB_TAP: u32 = 1_000;
/// How many events pass between two looks at the watcher.
const PACE_EVENTS: u64 = 1 << 16;

impl Arrivals {
    fn new(plan: &Plan) -> Arrivals {
        let rush = |rush: &Option<scenario::Rush>| {
            rush.as_ref()
                .map(|rush| (Odds::of(rush.chance), DelayTable::new(&rush.after)))
        };
        let tap = |tap: &scenario::Tap| TapTable {
            odds: Odds::of(tap.chance),
            after: DelayTable::new(&tap.after),
            uplink: tap.uplink.as_ref().map(DelayTable::new),
        };
        Arrivals {
            unfold: Unfold::new(plan),
            next: None,
            taps: plan
                .clients
                .iter()
                .map(|client| client.taps.iter().map(tap).collect())
                .collect(),
            second_tab: plan
                .clients
                .iter()
                .map(|client| rush(&client.second_tab))
                .collect(),
            offline: plan
                .clients
                .iter()
                .map(|client| rush(&client.offline))
                .collect(),
            repeats: VecDeque::new(),
        }
    }

    fn rewind(&mut self) {
        self.unfold.rewind();
        self.next = None;
        self.repeats.clear();
    }

    /// Whether the whole load has come.
    fn done(&self) -> bool {
        self.next.is_none() && self.repeats.is_empty()
    }
}

struct Engine<'w, F, H, G, V>
where
    F: Future<Output = Option<Response>>,
    G: Future<Output = ()>,
{
    world: &'w World,
    handlers: Pool<F>,
    clients: Pool<G>,
    arrivals: Arrivals,
    handle: H,
    visit: V,
    upkeep_every_us: Option<u64>,
    woken: Vec<TaskId>,
}

impl<'w, F, H, G, V> Engine<'w, F, H, G, V>
where
    F: Future<Output = Option<Response>>,
    H: Fn(ReplicaPorts<'w>, Job) -> F,
    G: Future<Output = ()>,
    V: Fn(Visit) -> G,
{
    fn new(world: &'w World, handle: H, visit: V, upkeep_every_us: Option<u64>) -> Self {
        Engine {
            world,
            handlers: Pool::default(),
            clients: Pool::default(),
            arrivals: Arrivals::new(&world.plan),
            handle,
            visit,
            upkeep_every_us,
            woken: Vec::new(),
        }
    }

    /// Forgets everything, keeping the memory.
    fn begin_again(&mut self, chooser: Chooser) {
        self.handlers.clear();
        self.clients.clear();
        self.arrivals.rewind();
        self.woken.clear();
        self.world.begin_again(chooser);
    }

    fn run(&mut self, pace: &mut Pace<'_>) -> Result<(), Interrupted> {
        self.begin();
        let woken = self.handlers.woken();
        let mut until_look = PACE_EVENTS;
        let mut ends_at_us = u64::MAX;
        while let Some(event) = self.take(ends_at_us) {
            self.dispatch(event);
            woken.drain_into(&mut self.woken);
            if !self.woken.is_empty() {
                self.resume_woken();
            }
            if ends_at_us == u64::MAX && self.is_quiet() {
                ends_at_us = self.calm_down();
            }
            until_look -= 1;
            if until_look == 0 {
                until_look = PACE_EVENTS;
                if pace(self.progress()) == Control::Stop {
                    return Err(Interrupted);
                }
            }
        }
        let state = &mut *self.world.state.borrow_mut();
        // Whatever was still to come lies beyond the end; the audit is taken when the deadline has passed.
        state.kernel.pass_until(ends_at_us);
        state.ended = true;
        Ok(())
    }

    /// The next event, unless it lies beyond the end.
    #[inline]
    fn take(&mut self, ends_at_us: u64) -> Option<Event> {
        let state = &mut *self.world.state.borrow_mut();
        let event = state.kernel.next(&mut state.chooser)?;
        let now_us = state.kernel.now_us();
        state.chooser.note(now_us);
        (now_us <= ends_at_us).then_some(event)
    }

    fn begin(&mut self) {
        self.next_intent();
        let state = &mut *self.world.state.borrow_mut();
        if let Some(every_us) = self.upkeep_every_us {
            let replicas = u64::from(self.world.plan.world.replicas);
            for replica in 0..self.world.plan.world.replicas {
                let first_us = every_us * (u64::from(replica) + 1) / replicas;
                state
                    .kernel
                    .after(first_us, Class::Timer, Event::Upkeep(replica));
            }
        }
    }

    fn progress(&self) -> Progress {
        let state = self.world.state.borrow();
        Progress {
            now_us: state.kernel.now_us(),
            intents: state.recorder.history().names.intents.len() as u64,
            intents_total: self.world.plan.load.intents,
            orders: state.database.orders.slots.len() as u64,
        }
    }

    /// Whether everybody who came has gone, and nobody else comes.
    fn is_quiet(&self) -> bool {
        self.arrivals.done() && self.clients.is_empty() && self.world.state.borrow().active == 0
    }

    /// The faults stop; what is still open has until the recovery deadline.
    fn calm_down(&mut self) -> u64 {
        let state = &mut *self.world.state.borrow_mut();
        state.under_load = false;
        state.kernel.now_us() + self.world.plan.contract.recovery_deadline_us
    }

    fn dispatch(&mut self, event: Event) {
        match event {
            Event::Intent => self.intent(),
            Event::Client(task) => self.poll_client(task),
            Event::GiveUp(attempt) => self.go_on(|state| state.give_up(attempt)),
            Event::Response(attempt) => self.go_on(|state| state.arrive(attempt)),
            Event::Request(attempt) => self.request(attempt, event),
            Event::Reach(task) => self.poll_handler(task, Fired::Reach),
            Event::Reply(task) => self.reply(task, event),
            Event::GatewayArrive(slot) => self.gateway_arrive(slot),
            Event::GatewayCapture(slot) => self.gateway_capture(slot),
            Event::GatewayReply(slot) => self.gateway_reply(slot, event),
            Event::Webhook(charge) => self.webhook(charge),
            Event::Upkeep(replica) => self.upkeep(replica),
            Event::Restart(replica) => self.world.restart(replica),
            Event::Abandon(tx) => self.world.state.borrow_mut().roll_back(tx),
        }
    }

    // ---- clients ----

    /// An intent begins: its visits are made, and the next one is awaited.
    fn intent(&mut self) {
        let now_us = self.world.now_us();
        if self
            .arrivals
            .repeats
            .front()
            .is_some_and(|repeat| repeat.at_us <= now_us)
        {
            let repeat = self
                .arrivals
                .repeats
                .pop_front()
                .expect("there is a first one");
            self.purchase(repeat);
            return;
        }
        if let Some(intent) = self.arrivals.next.take() {
            self.plan_repeat(&intent);
            self.purchase(intent);
            self.next_intent();
        }
    }

    fn next_intent(&mut self) {
        let state = &mut *self.world.state.borrow_mut();
        self.arrivals.next = self.arrivals.unfold.next(&mut state.chooser);
        if let Some(intent) = &self.arrivals.next {
            state.kernel.at(intent.at_us, Class::Timer, Event::Intent);
        }
    }

    fn plan_repeat(&mut self, intent: &Intent) {
        let Some(after_us) = intent.repeat_after_us else {
            return;
        };
        let lineage = intent.lineage.child(REPEAT, 0);
        let repeat = Intent {
            at_us: intent.at_us + after_us,
            lineage,
            repeat_after_us: None,
            ..*intent
        };
        let place = self
            .arrivals
            .repeats
            .partition_point(|other| other.at_us <= repeat.at_us);
        self.arrivals.repeats.insert(place, repeat);
        self.world
            .state
            .borrow_mut()
            .kernel
            .at(repeat.at_us, Class::Timer, Event::Intent);
    }

    fn purchase(&mut self, intent: Intent) {
        let world = self.world;
        let client = &world.plan.clients[intent.client];
        let purchase = world.purchase(&intent, client.key == scenario::KeyPolicy::PerIntent);
        let mut leaves_us = self.offline_us(&intent);
        for tap in 0..self.arrivals.taps[intent.client].len() {
            let Some((after_us, uplink_us)) = self.tap(&intent, tap) else {
                continue;
            };
            leaves_us += after_us;
            self.come(
                Visit {
                    intent,
                    purchase,
                    tap: tap as u32,
                    uplink_us,
                },
                leaves_us,
            );
        }
        if let Some(after_us) = self.second_tab_us(&intent) {
            let key = purchase
                .key
                .map(|_| world.state.borrow_mut().recorder.key());
            let purchase = Purchase { key, ..purchase };
            self.come(
                Visit {
                    intent,
                    purchase,
                    tap: TAB_TAP,
                    uplink_us: None,
                },
                leaves_us + after_us,
            );
        }
    }

    /// How long after the tap before this one is sent, and how long it is under way; `None` if it does not come.
    fn tap(&mut self, intent: &Intent, number: usize) -> Option<(u64, Option<u64>)> {
        let state = &mut *self.world.state.borrow_mut();
        let tap = &self.arrivals.taps[intent.client][number];
        let (lineage, ordinal) = (intent.lineage, number as u64);
        if tap.odds != Odds::Always
            && !state
                .chooser
                .chance(&Site::new(TAP_COMES, lineage, ordinal), tap.odds)
        {
            return None;
        }
        if number > 0 {
            state.cover(Label::DoubleClick);
        }
        let after_us = tap
            .after
            .draw(&mut state.chooser, TAP_AFTER, lineage, ordinal);
        let uplink = tap.uplink.as_ref();
        let uplink_us =
            uplink.map(|table| table.draw(&mut state.chooser, TAP_UPLINK, lineage, ordinal));
        Some((after_us, uplink_us))
    }

    fn offline_us(&mut self, intent: &Intent) -> u64 {
        let state = &mut *self.world.state.borrow_mut();
        rush(
            &self.arrivals.offline[intent.client],
            OFFLINE,
            intent.lineage,
            &mut state.chooser,
        )
        .unwrap_or(0)
    }

    fn second_tab_us(&mut self, intent: &Intent) -> Option<u64> {
        let state = &mut *self.world.state.borrow_mut();
        rush(
            &self.arrivals.second_tab[intent.client],
            TAB,
            intent.lineage,
            &mut state.chooser,
        )
    }

    /// A visitor comes after a span.
    fn come(&mut self, visit: Visit, after_us: u64) {
        let go = &self.visit;
        let task = self.clients.spawn_with(|_| go(visit));
        if after_us == 0 {
            self.poll_client(task);
        } else {
            self.world
                .state
                .borrow_mut()
                .kernel
                .after(after_us, Class::Timer, Event::Client(task));
        }
    }

    fn poll_client(&mut self, task: TaskId) {
        self.world.state.borrow_mut().running_client = Some(task);
        self.clients.poll(task);
        self.world.state.borrow_mut().running_client = None;
    }

    /// Something happened to an attempt: if its client heard of it, the client goes on.
    fn go_on(&mut self, what: impl FnOnce(&mut State) -> Option<TaskId>) {
        let task = what(&mut self.world.state.borrow_mut());
        if let Some(task) = task {
            self.poll_client(task);
        }
    }

    // ---- replicas ----

    /// A request reaches its replica, which may be down, or standing still.
    fn request(&mut self, attempt: AttemptId, event: Event) {
        let world = self.world;
        let job = {
            let state = &mut *world.state.borrow_mut();
            let replica = state.attempts.get(attempt).replica;
            let host = &state.replicas[replica as usize];
            if !host.up {
                state.respond(world, attempt, Outcome::Reset);
                state.attempts.release(attempt);
                return;
            }
            if host.paused_until_us > state.kernel.now_us() {
                let until_us = host.paused_until_us;
                state.kernel.at(
                    until_us,
                    client_class(TaskId {
                        slot: replica,
                        generation: 0,
                    }),
                    event,
                );
                return;
            }
            state.receive(attempt)
        };
        self.start(job.0, Some(attempt), job.1, Job::Serve(job.2));
    }

    /// A replica begins a job.
    fn start(
        &mut self,
        replica: u32,
        attempt: Option<AttemptId>,
        lineage: Lineage,
        job: Job,
    ) -> TaskId {
        let (world, task) = (self.world, self.handlers.next_id());
        let ports = {
            let state = &mut *world.state.borrow_mut();
            let client = attempt.map(|attempt| state.attempts.get(attempt).client);
            state.open_call(world, task, replica, attempt, client, lineage);
            let host = &state.replicas[replica as usize];
            ReplicaPorts {
                world,
                slot: task.slot as usize,
                owner: owner(replica, host.life),
                skew_us: host.skew_us,
                table: Rc::clone(&world.tables.borrow()[replica as usize]),
            }
        };
        let handle = &self.handle;
        let spawned = self.handlers.spawn_with(|_| handle(ports, job));
        assert!(
            spawned == task,
            "a pool gives the identity that it announced"
        );
        self.poll_handler(task, Fired::Begun);
        task
    }

    fn poll_handler(&mut self, task: TaskId, fired: Fired) {
        let world = self.world;
        world.fired.set(fired);
        let Some(poll) = self.handlers.poll(task) else {
            return;
        };
        world.fired.set(Fired::Begun);
        let mut state = world.state.borrow_mut();
        if let std::task::Poll::Ready(response) = poll {
            state.close_call(world, task, response);
        } else if state.calls[task.slot as usize].doomed {
            state.calls[task.slot as usize].task = None;
            drop(state);
            self.handlers.remove(task);
            state = world.state.borrow_mut();
        }
        state.release_waiters();
        if !state.dying.is_empty() {
            drop(state);
            world.bury(&mut self.handlers);
        }
    }

    /// An answer reaches a handler, whose process may stand still.
    fn reply(&mut self, task: TaskId, event: Event) {
        if !self.postpone(task, event) {
            self.poll_handler(task, Fired::Reply);
        }
    }

    /// Whether a task's process stands still: then the event comes again when it goes on.
    #[inline]
    fn postpone(&mut self, task: TaskId, event: Event) -> bool {
        self.world.faults.strike_processes && self.postpone_among_faults(task, event)
    }

    fn postpone_among_faults(&mut self, task: TaskId, event: Event) -> bool {
        let state = &mut *self.world.state.borrow_mut();
        if !self.handlers.contains(task) {
            return false;
        }
        let replica = state.calls[task.slot as usize].replica;
        let until_us = state.replicas[replica as usize].paused_until_us;
        let stands_still = until_us > state.kernel.now_us();
        if stands_still {
            state.kernel.at(until_us, client_class(task), event);
        }
        stands_still
    }

    /// Tasks that others woke: they wait for an answer that another handler of their replica has found.
    fn resume_woken(&mut self) {
        for task in std::mem::take(&mut self.woken) {
            if self.handlers.contains(task) {
                self.world
                    .state
                    .borrow_mut()
                    .after(0, task, Event::Reply(task));
            }
        }
    }

    /// A replica looks after its claims, unless it is still at it.
    fn upkeep(&mut self, replica: u32) {
        let every_us = self
            .upkeep_every_us
            .expect("only a service with upkeep has it");
        let lineage = {
            let state = &mut *self.world.state.borrow_mut();
            state
                .kernel
                .after(every_us, Class::Timer, Event::Upkeep(replica));
            let now_us = state.kernel.now_us();
            let host = &mut state.replicas[replica as usize];
            let busy = host.upkeep.is_some_and(|task| self.handlers.contains(task));
            if busy || !host.up || host.paused_until_us > now_us {
                return;
            }
            host.upkeeps += 1;
            host.lineage.child(UPKEEP, host.upkeeps)
        };
        let task = self.start(replica, None, lineage, Job::Upkeep);
        self.world.state.borrow_mut().replicas[replica as usize].upkeep = Some(task);
    }

    // ---- the gateway ----

    fn gateway_arrive(&mut self, slot: u32) {
        let state = &mut *self.world.state.borrow_mut();
        let now_us = state.kernel.now_us();
        state.gateway.arrive(slot, now_us);
        let operation = state.gateway.operations[slot as usize];
        let rest_us = operation.reply_at_us.saturating_sub(now_us);
        if operation.captures.is_some() && operation.told.is_none() {
            // A capture ends well before its answer is back; of a lost answer, before anybody has given up.
            state.after(rest_us * 2 / 3, operation.task, Event::GatewayCapture(slot));
        } else {
            state.after(rest_us, operation.task, Event::GatewayReply(slot));
        }
    }

    fn gateway_capture(&mut self, slot: u32) {
        let world = self.world;
        {
            let state = &mut *world.state.borrow_mut();
            let captured = state.gateway.capture(slot);
            let operation = state.gateway.operations[slot as usize];
            let rest_us = operation.reply_at_us.saturating_sub(state.kernel.now_us());
            state.after(rest_us, operation.task, Event::GatewayReply(slot));
            if operation.fate == crate::gateway::Fate::TimeoutAfter {
                state.cover(Label::CaptureUnknown);
            }
            if let Some(charge) = captured {
                state.announce(world, charge);
                state.note_capture(operation.task);
            }
        }
        world.bury(&mut self.handlers);
    }

    fn gateway_reply(&mut self, slot: u32, event: Event) {
        let task = self.world.state.borrow().gateway.operations[slot as usize].task;
        if self.postpone(task, event) {
            return;
        }
        {
            let state = &mut *self.world.state.borrow_mut();
            let operation = state.gateway.take(slot);
            if self.handlers.contains(task) {
                state.calls[task.slot as usize].told = operation.told;
            }
        }
        self.poll_handler(task, Fired::Reply);
    }

    /// The gateway tells a replica of a capture. The strategies so far have no use for it; it is heard and acknowledged.
    fn webhook(&mut self, _charge: u32) {
        let state = &mut *self.world.state.borrow_mut();
        state.webhooks_heard += 1;
    }
}

fn rush(
    of: &Option<(Odds, DelayTable)>,
    kind: Kind,
    lineage: Lineage,
    chooser: &mut Chooser,
) -> Option<u64> {
    let (odds, table) = of.as_ref()?;
    let comes = chooser.chance(&Site::new(kind, lineage, 0), *odds);
    comes.then(|| table.draw(chooser, kind, lineage, 1))
}

impl State {
    /// A request is taken in: by which replica, for which lineage, and what it asks.
    fn receive(&mut self, attempt: AttemptId) -> (u32, Lineage, protocol::OrderRequest) {
        let flight = self.attempts.get(attempt);
        let lineage = flight.lineage.child(HANDLER, u64::from(flight.deliveries));
        flight.deliveries += 1;
        flight.copies -= 1;
        let request = match flight.copies {
            0 => flight.request.take(),
            _ => flight.request.clone(),
        };
        let (replica, request) = (
            flight.replica,
            request.expect("its last copy takes the request along"),
        );
        let track = self.intent_of(attempt);
        let before = *track;
        track.working += 1;
        track.replica = replica as u8 + 1;
        if before.working > 0 {
            self.cover(Label::ConcurrentDuplicate);
        }
        if before.succeeded {
            self.cover(Label::RetryAfterCommit);
        }
        if before.crashed {
            self.cover(Label::RetryAfterCrash);
        }
        if before.replica != 0 && before.replica != replica as u8 + 1 {
            self.cover(Label::TwoReplicas);
        }
        (replica, lineage, request)
    }

    fn open_call(
        &mut self,
        world: &World,
        task: TaskId,
        replica: u32,
        attempt: Option<AttemptId>,
        client: Option<usize>,
        lineage: Lineage,
    ) {
        let now_us = self.kernel.now_us();
        let takes_us = match attempt {
            Some(_) => world
                .delays
                .handler
                .draw(&mut self.chooser, WORK, lineage, 0),
            None => 0,
        };
        let call = Call {
            task: Some(task),
            replica,
            attempt,
            client,
            lineage,
            steps: 0,
            received_us: now_us,
            gateway_by_us: now_us + takes_us.saturating_sub(SETTLE_US),
            has_read: attempt.is_none(),
            progress: Message::Idle,
            doomed: false,
            dies: None,
            charged: false,
            told: None,
            ahead_us: 0,
        };
        let slot = task.slot as usize;
        if slot == self.calls.len() {
            self.calls.push(call);
        } else {
            self.calls[slot] = call;
        }
        // Upkeep goes on for ever, so it is nothing that the end of a run waits for.
        self.active += u64::from(attempt.is_some());
    }

    fn close_call(&mut self, world: &World, task: TaskId, response: Option<Response>) {
        let call = &mut self.calls[task.slot as usize];
        call.task = None;
        if let (Some(attempt), Some(response)) = (call.attempt, response) {
            let track = self.intent_of(attempt);
            track.working -= 1;
            track.succeeded |= response.is_success();
            self.respond(world, attempt, Outcome::Answered(response));
            self.attempts.release(attempt);
            self.active -= 1;
        }
    }

    /// A charge was captured for a handler, if it still lives.
    fn note_capture(&mut self, task: TaskId) {
        let call = &mut self.calls[task.slot as usize];
        if call.task == Some(task) {
            call.charged = true;
            if let Some(down_for_us) = call.dies.take() {
                let replica = call.replica;
                self.dying.push((replica, down_for_us));
            }
        }
    }

    /// A commit took effect: what was charged is recorded.
    pub(crate) fn note_commit(&mut self, slot: usize) {
        self.calls[slot].charged = false;
    }

    /// The gateway will tell of a capture: late, perhaps twice.
    fn announce(&mut self, world: &World, charge: u32) {
        let Some(table) = &world.delays.webhook else {
            return;
        };
        let lineage = Lineage::ROOT.child(Kind::new("gateway.webhook"), u64::from(charge));
        let span_us = table.draw(
            &mut self.chooser,
            Kind::new("gateway.webhook.late"),
            lineage,
            0,
        );
        self.kernel
            .after(span_us, Class::Timer, Event::Webhook(charge));
        let who = crate::fault::Who {
            lineage,
            ordinal: 0,
            client: None,
        };
        let again = self.strike(
            &world.faults,
            crate::fault::Opportunity::DuplicateWebhook,
            who,
        );
        if let Some(after_us) = again.map(|fault| fault.delay(who, &mut self.chooser)) {
            self.kernel
                .after(span_us + after_us, Class::Timer, Event::Webhook(charge));
        }
    }
}
