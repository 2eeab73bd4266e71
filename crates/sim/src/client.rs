//! People and their apps: they tap, wait, lose patience, tap again, and retry without being asked.

use std::future::poll_fn;
use std::task::Poll;

use explore::{Class, Kind, Lineage, Object, Odds, Site, TaskId};
use history::{CodeRef, Completion, IntentRef, Invoke, KeyRef, Label, PayloadRef, TenantRef};
use protocol::{Cart, IdempotencyKey, OrderRequest, Problem, Response, Tenant};
use scenario::{ClientPlan, DelayTable, Intent, KeyPolicy, Plan};

use crate::world::{Event, IntentTrack, State, World, customer};

/// An attempt, by its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AttemptId {
    slot: u32,
    generation: u32,
}

/// How an attempt ended, for its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered.
    Answered(Response),
    /// The connection broke.
    Reset,
    /// The client stopped waiting.
    TimedOut,
    /// The app died while it waited.
    Died,
}

/// What a client sends once: each is an operation of its own.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What is asked.
    pub request: OrderRequest,
    /// Its names in the history.
    pub invoke: Invoke,
    /// Who asks for its chances.
    pub lineage: Lineage,
    /// The kind of client, by its index.
    pub client: usize,
    /// How long the client waits.
    pub timeout_us: Option<u64>,
    /// How long the request is under way, if not as the world says.
    pub uplink_us: Option<u64>,
}

/// An attempt under way.
#[derive(Debug)]
pub(crate) struct Flight {
    generation: u32,
    /// Why the slot is not free: the client that waits, messages under way, handlers at work.
    holds: u32,
    process: u32,
    client_task: Option<TaskId>,
    pub(crate) intent: u32,
    pub(crate) client: usize,
    pub(crate) replica: u32,
    pub(crate) deliveries: u32,
    /// How many copies of the request are under way.
    pub(crate) copies: u32,
    pub(crate) lineage: Lineage,
    pub(crate) request: Option<OrderRequest>,
    /// What is on its way to the client.
    pub(crate) coming: Option<Outcome>,
    outcome: Option<Outcome>,
}

/// The attempts under way.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    flights: Vec<Flight>,
    free: Vec<u32>,
}

impl Attempts {
    /// A slot for a new attempt, which is made for its generation.
    #[inline]
    fn begin(&mut self, flight: impl FnOnce(u32) -> Flight) -> AttemptId {
        match self.free.pop() {
            Some(slot) => {
                let generation = self.flights[slot as usize].generation + 1;
                self.flights[slot as usize] = flight(generation);
                AttemptId { slot, generation }
            }
            None => {
                self.flights.push(flight(0));
                let slot = self.flights.len() as u32 - 1;
                AttemptId {
                    slot,
                    generation: 0,
                }
            }
        }
    }

    /// An attempt that is still held by somebody.
    #[inline]
    pub(crate) fn get(&mut self, id: AttemptId) -> &mut Flight {
        let flight = &mut self.flights[id.slot as usize];
        assert!(
            flight.generation == id.generation && flight.holds > 0,
            "whoever names an attempt holds it"
        );
        flight
    }

    #[inline]
    pub(crate) fn hold(&mut self, id: AttemptId) {
        self.get(id).holds += 1;
    }

    #[inline]
    pub(crate) fn release(&mut self, id: AttemptId) {
        let flight = self.get(id);
        flight.holds -= 1;
        if flight.holds == 0 {
            flight.request = None;
            self.free.push(id.slot);
        }
    }

    /// Forgets every attempt, keeping the memory.
    pub(crate) fn forget(&mut self) {
        self.flights.clear();
        self.free.clear();
    }

    fn is_current(&self, id: AttemptId) -> bool {
        let flight = &self.flights[id.slot as usize];
        flight.generation == id.generation && flight.holds > 0
    }
}

/// Whoever comes to a world: one task for each visit.
pub trait Crowd {
    /// What the visitor does, to its end.
    #[expect(async_fn_in_trait, reason = "worlds run on one thread")]
    async fn visit(&self, world: &World, visit: Visit);
}

/// A reason to come: one thread of attempts for one purchase.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    /// The purchase.
    pub intent: Intent,
    /// Its names.
    pub purchase: Purchase,
    /// Which tap of the button it is; the second tab counts as a tap of its own.
    pub tap: u32,
    /// How long the first request of this visit is under way, if not as the world says.
    pub uplink_us: Option<u64>,
}

/// A purchase as the harness knows it.
#[derive(Clone, Copy, Debug)]
pub struct Purchase {
    /// The intent.
    pub intent: IntentRef,
    /// What is asked for.
    pub payload: PayloadRef,
    /// The key that all its requests share, if the client works so.
    pub key: Option<KeyRef>,
}

/// The clients of the plan.
#[derive(Debug)]
pub struct Shoppers {
    waits: Vec<Vec<DelayTable>>,
    back_after: Vec<Option<(Odds, DelayTable)>>,
}

const ATTEMPT: Kind = Kind::new("client.attempt");
const TAP: Kind = Kind::new("client.tap");
const WAIT: Kind = Kind::new("client.wait");
const APP_CRASH: Kind = Kind::new("client.crash");
const ROUTE: Kind = Kind::new("net.route");
const UPLINK: Kind = Kind::new("net.uplink");

impl Shoppers {
    /// The clients of a plan.
    pub fn new(plan: &Plan) -> Shoppers {
        let waits = |client: &ClientPlan| match &client.retry {
            Some(retry) => retry.wait.iter().map(DelayTable::new).collect(),
            None => Vec::new(),
        };
        let back = |client: &ClientPlan| {
            client
                .crash
                .as_ref()
                .map(|crash| (Odds::of(crash.chance), DelayTable::new(&crash.back_after)))
        };
        Shoppers {
            waits: plan.clients.iter().map(waits).collect(),
            back_after: plan.clients.iter().map(back).collect(),
        }
    }

    /// Whether the client tries again after such an outcome.
    fn tries_again(client: &ClientPlan, outcome: Outcome, retries: u32) -> bool {
        let Some(retry) = client.retry.as_ref().filter(|retry| retries < retry.max) else {
            return false;
        };
        match outcome {
            Outcome::Reset => retry.on_reset,
            Outcome::TimedOut => retry.on_timeout,
            Outcome::Died => false,
            Outcome::Answered(answer) => match answer.problem {
                Some(Problem::InProgress) => retry.on_in_progress,
                _ => {
                    retry.on_unavailable
                        && (answer.status >= 500 || matches!(answer.status, 425 | 429))
                }
            },
        }
    }

    /// Whether the app dies while it waits, and for how long it is gone.
    fn dies(&self, world: &World, client: usize, lineage: Lineage) -> Option<u64> {
        let (odds, table) = self.back_after[client].as_ref()?;
        let state = &mut *world.state.borrow_mut();
        let strikes = state.under_load
            && state
                .chooser
                .chance(&Site::new(APP_CRASH, lineage, 0), *odds);
        strikes.then(|| table.draw(&mut state.chooser, APP_CRASH, lineage, 1))
    }
}

impl Crowd for Shoppers {
    async fn visit(&self, world: &World, visit: Visit) {
        let client = &world.plan.clients[visit.intent.client];
        let lineage = visit.intent.lineage.child(TAP, u64::from(visit.tap));
        let mut key = visit.purchase.key;
        let mut retries = 0;
        loop {
            let attempt_lineage = lineage.child(ATTEMPT, u64::from(retries));
            if client.key == KeyPolicy::PerAttempt
                || (client.key == KeyPolicy::PerTap && retries == 0)
            {
                key = Some(world.state.borrow_mut().recorder.key());
            }
            let mut attempt = world.attempt(&visit, key, attempt_lineage, client.timeout_us);
            attempt.uplink_us = visit.uplink_us.filter(|_| retries == 0);
            let back_after_us = self.dies(world, visit.intent.client, attempt_lineage);
            let outcome = match back_after_us {
                Some(_) => world.send_and_die(attempt),
                None => world.exchange(attempt).await,
            };
            if let Some(span_us) = back_after_us {
                world.client_sleep(span_us).await;
                let crash = client
                    .crash
                    .as_ref()
                    .expect("only an app that can die dies");
                if !crash.key_persisted && key.is_some() {
                    key = Some(world.state.borrow_mut().recorder.key());
                }
            } else if Shoppers::tries_again(client, outcome, retries) {
                let waits = &self.waits[visit.intent.client];
                let wait = &waits[(retries as usize).min(waits.len() - 1)];
                let span_us = wait.draw(
                    &mut world.state.borrow_mut().chooser,
                    WAIT,
                    lineage,
                    u64::from(retries),
                );
                world.client_sleep(span_us).await;
            } else {
                return;
            }
            retries += 1;
        }
    }
}

impl World {
    /// A new purchase of an intent, with a key that all its requests share if the client works so.
    pub fn purchase(&self, intent: &Intent, shares_key: bool) -> Purchase {
        let basket = self.basket(intent.tenant, intent.basket);
        let recorder = &mut self.state.borrow_mut().recorder;
        Purchase {
            intent: recorder.intent(),
            payload: recorder.payload(basket),
            key: shares_key.then(|| recorder.key()),
        }
    }

    /// An attempt of a visit.
    pub fn attempt(
        &self,
        visit: &Visit,
        key: Option<KeyRef>,
        lineage: Lineage,
        timeout_us: Option<u64>,
    ) -> Attempt {
        let Visit {
            intent, purchase, ..
        } = visit;
        let content = self.content(intent.basket);
        Attempt {
            request: OrderRequest {
                tenant: Tenant(intent.tenant),
                customer: customer(intent.user),
                key: key.map(|key| IdempotencyKey::numbered('k', key.index() as u64)),
                // A cart is bought once, so the payload's number serves as the cart's.
                cart: Cart {
                    id: purchase.payload.index() as u64,
                    version: 1,
                },
                content,
            },
            invoke: Invoke {
                tenant: TenantRef::new(intent.tenant),
                key,
                intent: Some(purchase.intent),
                payload: Some(purchase.payload),
                coupon: None,
            },
            lineage,
            client: intent.client,
            timeout_us,
            uplink_us: None,
        }
    }

    /// Sends a request, at once, and waits for what becomes of it.
    ///
    /// # Panics
    /// If no client of this world is running.
    pub fn exchange(&self, attempt: Attempt) -> impl Future<Output = Outcome> {
        let id = {
            let state = &mut *self.state.borrow_mut();
            let task = state
                .running_client
                .expect("a client sends only while it runs");
            state.depart(self, attempt, Some(task))
        };
        poll_fn(move |_| {
            let state = &mut *self.state.borrow_mut();
            match state.attempts.get(id).outcome {
                None => Poll::Pending,
                Some(outcome) => {
                    state.attempts.release(id);
                    Poll::Ready(outcome)
                }
            }
        })
    }

    /// Sends a request, and the app dies before it hears of it.
    fn send_and_die(&self, attempt: Attempt) -> Outcome {
        let state = &mut *self.state.borrow_mut();
        let id = state.depart(self, attempt, None);
        let code = state.code("client died");
        let (now_us, process) = (state.kernel.now_us(), state.attempts.get(id).process);
        state.recorder.info(
            now_us,
            process,
            Completion {
                code: Some(code),
                ..Completion::default()
            },
        );
        state.attempts.release(id);
        Outcome::Died
    }

    /// A client waits.
    pub async fn client_sleep(&self, span_us: u64) {
        let mut until_us = None;
        poll_fn(move |_| {
            let state = &mut *self.state.borrow_mut();
            let now_us = state.kernel.now_us();
            match until_us {
                Some(until_us) if now_us >= until_us => Poll::Ready(()),
                Some(_) => Poll::Pending,
                None => {
                    let task = state
                        .running_client
                        .expect("a client waits only while it runs");
                    until_us = Some(now_us + span_us);
                    state
                        .kernel
                        .after(span_us, Class::Timer, Event::Client(task));
                    Poll::Pending
                }
            }
        })
        .await;
    }
}

impl State {
    /// A request leaves its client.
    fn depart(
        &mut self,
        world: &World,
        attempt: Attempt,
        client_task: Option<TaskId>,
    ) -> AttemptId {
        let Attempt {
            invoke,
            lineage,
            client,
            timeout_us,
            uplink_us,
            ..
        } = attempt;
        let now_us = self.kernel.now_us();
        let process = self.recorder.invoke(now_us, invoke);
        let replicas = self.replicas.len() as u32;
        let replica = self.chooser.choose(&Site::new(ROUTE, lineage, 0), replicas);
        let id = self.attempts.begin(|generation| Flight {
            generation,
            holds: 1,
            process,
            client_task,
            intent: invoke
                .intent
                .map_or(u32::MAX, |intent| intent.index() as u32),
            client,
            replica,
            deliveries: 0,
            copies: 0,
            lineage,
            request: Some(attempt.request),
            coming: None,
            outcome: None,
        });
        if let Some(span_us) = timeout_us {
            let lane = self.kernel.lane(span_us);
            self.kernel
                .after_lane(lane, Class::Timer, Event::GiveUp(id));
        }
        let span_us = uplink_us.unwrap_or_else(|| {
            world
                .delays
                .uplink
                .draw(&mut self.chooser, UPLINK, lineage, 0)
        });
        self.send_request(world, id, span_us);
        id
    }

    /// What the world remembers of an attempt's intent.
    #[inline]
    pub(crate) fn intent_of(&mut self, attempt: AttemptId) -> &mut IntentTrack {
        let intent = self.attempts.get(attempt).intent as usize;
        if intent >= self.intents.len() {
            self.intents.resize(intent + 1, IntentTrack::default());
        }
        &mut self.intents[intent]
    }

    /// The client stops waiting, if it still waits. Returns the task to go on.
    pub(crate) fn give_up(&mut self, id: AttemptId) -> Option<TaskId> {
        if !self.attempts.is_current(id) || self.attempts.get(id).outcome.is_some() {
            return None;
        }
        self.attempts.get(id).client_task?;
        self.cover(Label::ClientTimeout);
        self.conclude(id, Outcome::TimedOut)
    }

    /// What was on its way has arrived. Returns the task to go on.
    pub(crate) fn arrive(&mut self, id: AttemptId) -> Option<TaskId> {
        let flight = self.attempts.get(id);
        let coming = flight.coming.take();
        let waits = flight.outcome.is_none() && flight.client_task.is_some();
        let task = coming
            .filter(|_| waits)
            .and_then(|outcome| self.conclude(id, outcome));
        self.attempts.release(id);
        task
    }

    /// An attempt ends for its client, and the history says how.
    fn conclude(&mut self, id: AttemptId, outcome: Outcome) -> Option<TaskId> {
        let now_us = self.kernel.now_us();
        let flight = self.attempts.get(id);
        flight.outcome = Some(outcome);
        let (process, task) = (flight.process, flight.client_task);
        match outcome {
            Outcome::Answered(answer) => self.record_answer(now_us, process, answer),
            Outcome::Reset | Outcome::TimedOut | Outcome::Died => {
                let code = self.code(if outcome == Outcome::Reset {
                    "reset"
                } else {
                    "timeout"
                });
                self.recorder.info(
                    now_us,
                    process,
                    Completion {
                        code: Some(code),
                        ..Completion::default()
                    },
                );
            }
        }
        task
    }

    fn record_answer(&mut self, now_us: u64, process: u32, answer: Response) {
        let mut completion = Completion {
            status: Some(answer.status),
            ..Completion::default()
        };
        completion.code = answer.problem.map(|problem| self.code(problem.code()));
        if let Some(order) = answer.order {
            let name = self
                .recorder
                .history_mut()
                .names
                .orders
                .count_to(order.id.0 as u32);
            completion.order = Some(name);
            completion.response = Some(self.recorder.response(name, body_digest(&answer)));
        }
        match answer.status {
            200..300 if answer.problem.is_none() => {
                completion.replayed = Some(answer.replayed);
                if answer.replayed {
                    self.cover(Label::ReplayServed);
                }
                self.recorder.ok(now_us, process, completion);
            }
            0..500 => {
                self.cover_refusal(answer.problem);
                self.recorder.fail(now_us, process, completion);
            }
            _ => self.recorder.info(now_us, process, completion),
        }
    }

    fn cover_refusal(&mut self, problem: Option<Problem>) {
        match problem {
            Some(Problem::InProgress) => self.cover(Label::InFlightRefused),
            Some(Problem::KeyReused) => self.cover(Label::KeyReused),
            Some(Problem::OutOfStock) => self.cover(Label::OutOfStock),
            Some(Problem::PaymentDeclined) => self.cover(Label::Declined),
            _ => {}
        }
    }

    pub(crate) fn code(&mut self, text: &str) -> CodeRef {
        self.recorder.history_mut().names.codes.intern(text)
    }
}

/// A digest of what a replay must repeat: everything but the replay header.
fn body_digest(answer: &Response) -> u64 {
    let order = answer.order.map_or([0; 3], |order| {
        [order.id.0, order.state as u64, order.total.0 as u64]
    });
    let mut digest = explore::Digest::default();
    digest.push(u64::from(answer.status));
    order.into_iter().for_each(|word| digest.push(word));
    digest.value() as u64
}

/// The object that a client's event touches.
pub(crate) fn client_class(task: TaskId) -> Class {
    Class::Step(Object(1 << 40 | u64::from(task.slot)))
}
