//! Attempts: what a client sends once, under way and to its end. Each is an operation of its own in the history.
//!
//! - [`ending`]: how they end for their clients

mod ending;

use std::future::poll_fn;
use std::task::Poll;

use explore::{Class, Kind, Lineage, Site, TaskId};
use history::{HostRef, Invoke};
use protocol::{KeyError, OrderRequest, Problem, Response};

use crate::answers::AnswerId;
use crate::packed::{Word, halves, join};
use crate::setting::Setting;
use crate::world::{Event, IntentTrack, State, World};

/// An attempt, by its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AttemptId {
    slot: u32,
    generation: u32,
}

impl AttemptId {
    /// The attempt as a message names it that holds it.
    #[inline]
    pub(crate) fn held(self) -> Held {
        Held(self.slot)
    }
}

/// An attempt that a message under way holds: its slot says it all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held(u32);

impl Word for AttemptId {
    #[inline]
    fn to_word(self) -> u64 {
        join(self.generation, self.slot)
    }

    #[inline]
    fn from_word(word: u64) -> AttemptId {
        let (generation, slot) = halves(word);
        AttemptId { slot, generation }
    }
}

impl Word for Held {
    #[inline]
    fn to_word(self) -> u64 {
        self.0.to_word()
    }

    #[inline]
    fn from_word(word: u64) -> Held {
        Held(u32::from_word(word))
    }
}

impl Word for (Held, Coming) {
    #[inline]
    fn to_word(self) -> u64 {
        join(self.1.0, self.0.0)
    }

    #[inline]
    fn from_word(word: u64) -> (Held, Coming) {
        let (coming, held) = halves(word);
        (Held(held), Coming(coming))
    }
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

impl Outcome {
    /// Whether it is an answer with this problem.
    pub fn says(&self, problem: Problem) -> bool {
        matches!(self, Outcome::Answered(answer) if answer.problem == Some(problem))
    }
}

/// What a client sends once: each is an operation of its own.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What is asked.
    pub request: OrderRequest,
    /// Why its header names no key, if it has one that does not: then the door refuses it.
    pub malformed: Option<KeyError>,
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
    /// When the app dies, if it still waits then.
    pub dies_after_us: Option<u64>,
}

/// An attempt under way.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    generation: u32,
    /// Why the slot is not free: the client that waits, messages under way, handlers at work.
    holds: u32,
    pub(crate) process: u32,
    client_task: Option<TaskId>,
    /// The client stops waiting at some time, whatever comes.
    timed: bool,
    /// When it does, if it does by itself.
    gives_up_us: u64,
    /// When the slot's alarm rings. It outlives the attempt that it was set for: see [`State::alarm`].
    alarm_us: u64,
    pub(crate) intent: u32,
    pub(crate) client: usize,
    pub(crate) replica: u32,
    pub(crate) deliveries: u32,
    /// How many copies of the request are under way.
    pub(crate) copies: u32,
    pub(crate) lineage: Lineage,
    pub(crate) request: Option<OrderRequest>,
    pub(crate) malformed: Option<KeyError>,
    end: Option<End>,
}

impl Flight {
    /// The slot's alarm is set for when the client gives up: at what time that is.
    #[inline]
    fn rings_in_time(&mut self) -> u64 {
        self.alarm_us = self.gives_up_us;
        self.alarm_us
    }
}

/// How an attempt ends, while the answer is still where its handler put it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Answered(AnswerId),
    Reset,
    TimedOut,
    Died,
}

/// What is on its way to a client: an answer, or a reset. Its holder gives the answer back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coming(u32);

impl Coming {
    const RESET: u32 = u32::MAX;

    pub(crate) fn new(end: End) -> Coming {
        match end {
            End::Answered(answer) => Coming(answer.number()),
            End::Reset => Coming(Coming::RESET),
            End::TimedOut | End::Died => unreachable!("nobody sends this"),
        }
    }

    fn end(self) -> End {
        match self.0 {
            Coming::RESET => End::Reset,
            number => End::Answered(AnswerId::of(number)),
        }
    }
}

/// Beyond all time.
const NEVER_US: u64 = u64::MAX;

pub(crate) const CODE_RESET: &str = "reset";
pub(crate) const CODE_TIMEOUT: &str = "timeout";
pub(crate) const CODE_DIED: &str = "client died";

/// The attempts under way.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    flights: Vec<Flight>,
    free: Vec<u32>,
}

impl Attempts {
    /// A slot for a new attempt, held once, to be filled where it stands.
    #[inline]
    fn begin(&mut self) -> (AttemptId, &mut Flight) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.flights.push(Flight {
                alarm_us: NEVER_US,
                ..Flight::default()
            });
            self.flights.len() as u32 - 1
        });
        let flight = &mut self.flights[slot as usize];
        flight.generation += 1;
        flight.holds = 1;
        let id = AttemptId {
            slot,
            generation: flight.generation,
        };
        (id, flight)
    }

    /// An attempt that still has holders.
    #[inline]
    pub(crate) fn get(&mut self, id: AttemptId) -> &mut Flight {
        let flight = &mut self.flights[id.slot as usize];
        assert!(
            flight.generation == id.generation && flight.holds > 0,
            "whoever names an attempt holds it"
        );
        flight
    }

    /// One holder more.
    #[inline]
    pub(crate) fn hold(&mut self, id: AttemptId) {
        self.get(id).holds += 1;
    }

    /// A copy of the request sets out, and holds the attempt.
    #[inline]
    pub(crate) fn copy_out(&mut self, id: AttemptId) {
        let flight = self.get(id);
        flight.holds += 1;
        flight.copies += 1;
    }

    /// The attempt that a message holds.
    #[inline]
    fn named(&self, held: Held) -> AttemptId {
        AttemptId {
            slot: held.0,
            generation: self.flights[held.0 as usize].generation,
        }
    }

    /// Whether no client waits, no message is under way, and no handler is at work.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.flights.len() == self.free.len()
    }

    /// The attempts for which a client's task waits: few, unless the world is large.
    fn of_task(&self, task: TaskId) -> Option<AttemptId> {
        let waits = |flight: &Flight| {
            flight.holds > 0 && flight.end.is_none() && flight.client_task == Some(task)
        };
        let slot = self.flights.iter().position(waits)? as u32;
        Some(self.named(Held(slot)))
    }

    /// Whether nothing is left that could end an attempt for the client who waits for it.
    #[inline]
    fn is_forsaken(&self, id: AttemptId) -> bool {
        let flight = &self.flights[id.slot as usize];
        flight.holds == 1 && !flight.timed && flight.end.is_none() && flight.client_task.is_some()
    }

    /// One holder less. With the last one the attempt is over, and the answer that it ended with is read.
    #[inline]
    #[must_use = "the answer is to be given back"]
    fn release(&mut self, id: AttemptId) -> Option<AnswerId> {
        let flight = self.get(id);
        flight.holds -= 1;
        if flight.holds > 0 {
            return None;
        }
        flight.request = None;
        self.free.push(id.slot);
        match self.flights[id.slot as usize].end {
            Some(End::Answered(answer)) => Some(answer),
            _ => None,
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

const ROUTE: Kind = Kind::new("net.route");
const UPLINK: Kind = Kind::new("net.uplink");

impl World {
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
            state.depart(&self.setting, attempt, task)
        };
        poll_fn(move |_| {
            let state = &mut *self.state.borrow_mut();
            let Some(end) = state.attempts.get(id).end else {
                return Poll::Pending;
            };
            let outcome = match end {
                End::Answered(answer) => Outcome::Answered(*state.answers.get(answer)),
                End::Reset => Outcome::Reset,
                End::TimedOut => Outcome::TimedOut,
                End::Died => Outcome::Died,
            };
            state.release(id);
            Poll::Ready(outcome)
        })
    }
}

impl State {
    /// One holder of an attempt less.
    #[inline]
    pub(crate) fn release(&mut self, id: AttemptId) {
        if let Some(answer) = self.attempts.release(id) {
            self.answers.give_back(answer);
        }
        if self.attempts.is_forsaken(id) {
            self.forsake(id);
        }
    }

    /// A client without a timer will hear nothing any more.
    #[cold]
    fn forsake(&mut self, id: AttemptId) {
        self.kernel
            .after(0, Class::Timer, Event::Forsaken(id.into()));
    }

    /// A client that waits for ever is as good as gone. Returns its task, which is never polled again.
    pub(crate) fn give_up_on(&mut self, id: AttemptId) -> Option<TaskId> {
        if !self.attempts.is_current(id) || !self.attempts.is_forsaken(id) {
            return None;
        }
        let flight = self.attempts.get(id);
        let (task, intent) = (flight.client_task.take(), flight.intent);
        self.release(id);
        self.leave_app(intent, task?);
        task
    }

    /// A request leaves its client.
    fn depart(&mut self, setting: &Setting, attempt: Attempt, client_task: TaskId) -> AttemptId {
        let lineage = attempt.lineage;
        let now_us = self.kernel.now_us();
        let process = self.recorder.invoke(now_us, attempt.invoke);
        let replicas = self.replicas.len() as u32;
        let replica = self.chooser.choose(&Site::new(ROUTE, lineage, 0), replicas);
        self.recorder.sent_to(process, HostRef::new(replica));
        let (id, flight) = self.attempts.begin();
        flight.process = process;
        flight.client_task = Some(client_task);
        flight.intent = attempt
            .invoke
            .intent
            .map_or(u32::MAX, |intent| intent.index() as u32);
        flight.client = attempt.client;
        flight.replica = replica;
        flight.deliveries = 0;
        flight.copies = 0;
        flight.lineage = lineage;
        flight.request = Some(attempt.request);
        flight.malformed = attempt.malformed;
        flight.timed = attempt.timeout_us.is_some() || attempt.dies_after_us.is_some();
        flight.gives_up_us = attempt
            .timeout_us
            .map_or(NEVER_US, |span_us| now_us + span_us);
        flight.end = None;
        if flight.gives_up_us < flight.alarm_us {
            let at_us = flight.rings_in_time();
            self.kernel
                .at(at_us, Class::Timer, Event::Alarm(id.held().into()));
        }
        if let Some(span_us) = attempt.dies_after_us {
            self.kernel
                .after(span_us, Class::Timer, Event::AppDies(id.into()));
        }
        let span_us = attempt.uplink_us.unwrap_or_else(|| {
            setting
                .delays
                .uplink
                .draw(&mut self.chooser, UPLINK, lineage, 0)
        });
        if !self.send_request(setting, id, span_us) && self.attempts.is_forsaken(id) {
            self.forsake(id);
        }
        id
    }

    /// What the world remembers of an attempt's intent.
    #[inline]
    pub(crate) fn intent_of(&mut self, attempt: AttemptId) -> &mut IntentTrack {
        let intent = self.attempts.get(attempt).intent;
        self.track(intent)
    }

    /// What the world remembers of an intent.
    #[inline]
    pub(crate) fn track(&mut self, intent: u32) -> &mut IntentTrack {
        let intent = intent as usize;
        if intent >= self.intents.len() {
            self.intents.resize(intent + 1, IntentTrack::default());
        }
        &mut self.intents[intent]
    }
}
