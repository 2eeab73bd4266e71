//! Attempts under way: who still waits for each, what is still under way of it, and how it ended.

use explore::{Lineage, TaskId};
use protocol::{KeyError, OrderRequest};

use crate::clients::answers::AnswerId;
use crate::packed::{Word, halves, join};

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
pub(crate) struct Held(pub(super) u32);

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

/// An attempt under way.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    generation: u32,
    /// Why the slot is not free: the client that waits, messages under way, handlers at work.
    pub(super) holds: u32,
    pub(crate) process: u32,
    pub(super) client_task: Option<TaskId>,
    /// The client stops waiting at some time, whatever comes.
    pub(super) timed: bool,
    /// When it does, if it does by itself.
    pub(super) gives_up_us: u64,
    /// When the slot's alarm rings. It outlives the attempt that it was set for: see `State::alarm`.
    pub(super) alarm_us: u64,
    pub(crate) intent: u32,
    pub(crate) client: usize,
    pub(crate) replica: u32,
    pub(crate) deliveries: u32,
    /// How many copies of the request are under way.
    pub(crate) copies: u32,
    pub(crate) lineage: Lineage,
    pub(crate) request: Option<OrderRequest>,
    pub(crate) malformed: Option<KeyError>,
    pub(super) end: Option<End>,
}

impl Flight {
    /// The slot's alarm is set for when the client gives up: at what time that is.
    #[inline]
    pub(super) fn rings_in_time(&mut self) -> u64 {
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
            End::TimedOut | End::Died => unreachable!("a client's own end is not sent"),
        }
    }

    pub(super) fn end(self) -> End {
        match self.0 {
            Coming::RESET => End::Reset,
            number => End::Answered(AnswerId::of(number)),
        }
    }
}

/// Beyond all time.
pub(super) const NEVER_US: u64 = u64::MAX;

/// The attempts under way.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    pub(super) flights: Vec<Flight>,
    pub(super) free: Vec<u32>,
}

impl Attempts {
    /// A slot for a new attempt, held once, to be filled where it stands.
    #[inline]
    pub(super) fn begin(&mut self) -> (AttemptId, &mut Flight) {
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
            "an attempt is named only by its holders"
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
    pub(super) fn named(&self, held: Held) -> AttemptId {
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
    pub(super) fn of_task(&self, task: TaskId) -> Option<AttemptId> {
        let waits = |flight: &Flight| {
            flight.holds > 0 && flight.end.is_none() && flight.client_task == Some(task)
        };
        let slot = self.flights.iter().position(waits)? as u32;
        Some(self.named(Held(slot)))
    }

    /// Whether nothing is left that could end an attempt for the client who waits for it.
    #[inline]
    pub(super) fn is_never_answered(&self, id: AttemptId) -> bool {
        let flight = &self.flights[id.slot as usize];
        flight.holds == 1 && !flight.timed && flight.end.is_none() && flight.client_task.is_some()
    }

    /// One holder less. With the last one the attempt is over, and the answer that it ended with is read.
    #[inline]
    #[must_use = "the answer is to be given back"]
    pub(super) fn release(&mut self, id: AttemptId) -> Option<AnswerId> {
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

    pub(super) fn is_current(&self, id: AttemptId) -> bool {
        let flight = &self.flights[id.slot as usize];
        flight.generation == id.generation && flight.holds > 0
    }
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
