//! Whether some order of the operations on a key fits real time and the model: none, in flight, done, expired. A search with memory of
//! the states it has seen (Wing and Gong 1993, Lowe 2017), capped, as a cross-check of the closed forms.
//!
//! An operation takes effect in one or two steps while its request is out; one whose outcome is unknown takes effect at any time after it
//! was sent, or never. Steps are taken at the earliest time that they can be, so that time only decides what is impossible. What the
//! search leaves out, and why it may, is in `prune`.

mod copies;
mod plain;
mod prune;

use std::collections::BTreeSet;

use history::{OrderRef, PayloadRef};
use protocol::OrderState;

use crate::case::Case;
use crate::facts::Refusal;
use crate::keyed::{End, Try};

pub(crate) use plain::is_plain;

/// A key with more operations than this is left to the closed forms: the search is a cross-check, and they judge the key.
pub(crate) const OPERATIONS_MAX: usize = 32;
/// So is a key with more operations than this whose outcome is unknown: each may take effect at any time, or never.
pub(crate) const UNKNOWNS_MAX: usize = 16;
/// The most states that the search visits before it gives up.
pub(crate) const STATES_MAX: usize = 100_000;

/// What the search says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// There is an order.
    Fits,
    /// There is none.
    DoesNotFit,
    /// The search was cut off.
    Capped,
    /// The key is none of those that are searched.
    LeftAlone,
}

/// An operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    /// When it was sent.
    pub(crate) invoked: u64,
    /// When it ended; the end of time if its outcome is unknown.
    pub(crate) returned: u64,
    /// With what payload.
    pub(crate) payload: Option<PayloadRef>,
    /// How it ended.
    pub(crate) end: End,
    /// The order that it named, by its place in [`Problem::orders`].
    pub(crate) order: Option<u8>,
    /// The status of a failure.
    pub(crate) status: Option<u16>,
    /// Whether the contract stores this failure; `None` if it does not say.
    pub(crate) stored: Option<bool>,
}

/// An order that may have been made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    /// Whether the database holds it live.
    pub(crate) live: bool,
    /// Whether the database holds it cancelled.
    pub(crate) cancelled: bool,
    /// From what payload, if the row or the request says so.
    pub(crate) payload: Option<PayloadRef>,
}

/// What happened to one key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Problem {
    /// The operations.
    pub(crate) ops: Vec<Op>,
    /// The orders.
    pub(crate) orders: Vec<Made>,
    /// The time to live.
    pub(crate) ttl: Option<u64>,
}

/// The record as the model knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Record {
    Free,
    InFlight(u8),
    Done {
        order: u8,
        payload: Option<PayloadRef>,
        made: u64,
    },
    Stored {
        status: u16,
        payload: Option<PayloadRef>,
        made: u64,
    },
}

/// Where the search stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    /// Two bits for each operation: not begun, begun, ended.
    ops: u64,
    /// The orders that were made.
    made: u32,
    /// No step is earlier.
    now: u64,
    record: Record,
}

fn same(a: Option<PayloadRef>, b: Option<PayloadRef>) -> bool {
    a.is_none() || b.is_none() || a == b
}

impl State {
    fn phase(&self, op: usize) -> u64 {
        self.ops >> (2 * op) & 3
    }

    fn with(&self, op: usize, phase: u64, now: u64, record: Record) -> State {
        let ops = self.ops & !(3 << (2 * op)) | phase << (2 * op);
        State {
            ops,
            now,
            record,
            ..*self
        }
    }
}

impl Problem {
    /// Everything that happened to a key; `None` if that is more than is searched, or an answer does not say what it is about.
    pub(crate) fn of_key(case: &Case<'_>, key: usize) -> Option<Problem> {
        let attempts = case.attempts_with(key);
        let nameless = |attempt: &Try<'_>| attempt.end == End::Ok && attempt.said.order.is_none();
        let unknowns = attempts.iter().filter(|a| a.end == End::Unknown).count();
        if attempts.len() > OPERATIONS_MAX
            || unknowns > UNKNOWNS_MAX
            || attempts.iter().any(nameless)
        {
            return None;
        }
        let mut names: Vec<OrderRef> = attempts.iter().filter_map(|a| a.said.order).collect();
        if case.facts.keys[key].live.get().is_some() {
            names.extend(case.orders_with(key).map(|row| row.id));
        }
        names.sort_unstable();
        names.dedup();
        if names.len() > 16 {
            return None;
        }
        let op = |attempt: &Try<'_>| Op {
            invoked: attempt.invoked,
            returned: match attempt.end {
                End::Unknown => u64::MAX,
                _ => attempt.returned.unwrap_or(u64::MAX),
            },
            payload: attempt.asked.payload,
            end: attempt.end,
            order: attempt
                .said
                .order
                .and_then(|o| Some(names.binary_search(&o).ok()? as u8)),
            status: attempt.said.status,
            stored: match (attempt.end, attempt.said.status) {
                (End::Fail(Refusal::Invalid), _) | (_, None) => Some(false),
                (_, Some(status)) => case.history.contract.stores(status),
            },
        };
        let made = |order: &OrderRef| {
            let row = case.order(order.index());
            let own = row.filter(|row| row.key.is_some_and(|k| k.index() == key));
            Made {
                live: own.is_some_and(|row| row.state != OrderState::Cancelled),
                cancelled: row.is_some_and(|row| row.state == OrderState::Cancelled),
                payload: row.and_then(|row| row.payload),
            }
        };
        Some(Problem {
            ops: attempts.iter().map(op).collect(),
            orders: names.iter().map(made).collect(),
            ttl: case.history.contract.ttl,
        })
    }

    /// The same, without the requests that were refused as in flight when another key of their purchase had been sent: a service that
    /// knows purchases by more than their key may have refused them for the other key, and they say nothing of this one.
    pub(crate) fn refused_for_another_key(mut self, since: u64) -> Problem {
        let since = match mutant!("not-linearizable/another-key-at-any-time") {
            true => 0,
            false => since,
        };
        self.ops
            .retain(|op| op.end != End::Fail(Refusal::InFlight) || op.returned < since);
        self
    }

    /// Searches for an order.
    pub(crate) fn search(&self, states_max: usize) -> Found {
        let begin = State {
            ops: 0,
            made: 0,
            now: 0,
            record: Record::Free,
        };
        let mut seen = BTreeSet::from([begin]);
        let mut stack = vec![begin];
        let mut next = Vec::new();
        while let Some(state) = stack.pop() {
            if self.is_end(&state) {
                return Found::Fits;
            }
            if seen.len() > states_max {
                return Found::Capped;
            }
            self.steps(&state, &mut next);
            for state in next.drain(..) {
                let state = self.settled(state);
                if !self.is_too_late(&state) && seen.insert(state) {
                    stack.push(state);
                }
            }
        }
        Found::DoesNotFit
    }

    /// Whether everything that is known to have happened has.
    fn is_end(&self, state: &State) -> bool {
        let ended = |(i, op): (usize, &Op)| op.end == End::Unknown || state.phase(i) == 2;
        let made = |(i, order): (usize, &Made)| !order.live || state.made >> i & 1 == 1;
        self.ops.iter().enumerate().all(ended) && self.orders.iter().enumerate().all(made)
    }

    fn steps(&self, state: &State, next: &mut Vec<State>) {
        // What is pushed last is looked at first: what must happen before what may.
        for is_certain in [false, true] {
            for (i, op) in self.ops.iter().enumerate().rev() {
                let now = state.now.max(op.invoked);
                let is_due = (op.end != End::Unknown) == is_certain;
                if !is_due || state.phase(i) == 2 || now > op.returned {
                    continue;
                }
                match op.end {
                    End::Ok => self.steps_of_ok(state, i, now, next),
                    End::Fail(refusal) => self.steps_of_fail(state, i, refusal, now, next),
                    End::Unknown => self.steps_of_unknown(state, i, now, next),
                }
            }
            if !is_certain {
                self.steps_of_time(state, next);
            }
        }
    }

    /// A key expires; an order is cancelled and with it what is known of its key.
    fn steps_of_time(&self, state: &State, next: &mut Vec<State>) {
        let (Record::Done { made, .. } | Record::Stored { made, .. }) = state.record else {
            return;
        };
        if let Some(ttl) = self
            .ttl
            .filter(|_| !mutant!("not-linearizable/nothing-expires"))
        {
            let now = state.now.max(made.saturating_add(ttl));
            next.push(State {
                now,
                record: Record::Free,
                ..*state
            });
        }
        if let Record::Done { order, .. } = state.record
            && self.orders[usize::from(order)].cancelled
        {
            next.push(State {
                record: Record::Free,
                ..*state
            });
        }
    }

    /// An operation claims the key: no other holds it, or the holder has not ended.
    fn claim(&self, state: &State, op: usize, now: u64, next: &mut Vec<State>) {
        let free = match state.record {
            Record::Free => true,
            Record::InFlight(holder) => {
                usize::from(holder) != op
                    && same(self.ops[usize::from(holder)].payload, self.ops[op].payload)
                    && self.may_be_overtaken(usize::from(holder))
            }
            _ => mutant!("not-linearizable/done-may-begin-again"),
        };
        if state.phase(op) == 0 && free {
            let state = self.overtaken(state);
            next.push(state.with(op, 1, now, Record::InFlight(op as u8)));
        }
    }

    fn holds(state: &State, op: usize) -> bool {
        state.phase(op) == 1 && state.record == Record::InFlight(op as u8)
    }

    fn complete(&self, state: &State, op: usize, order: u8, now: u64, next: &mut Vec<State>) {
        if state.made >> order & 1 == 1 {
            return;
        }
        let payload = self.ops[op].payload;
        if !same(self.orders[usize::from(order)].payload, payload) {
            return;
        }
        let record = Record::Done {
            order,
            payload,
            made: now,
        };
        let made = state.made | 1 << order;
        next.push(State {
            made,
            ..state.with(op, 2, now, record)
        });
    }

    fn steps_of_ok(&self, state: &State, i: usize, now: u64, next: &mut Vec<State>) {
        let op = &self.ops[i];
        let Some(mine) = op.order else { return };
        self.claim(state, i, now, next);
        if Problem::holds(state, i) {
            self.complete(state, i, mine, now, next);
        }
        if self.is_replayed(state, i) {
            next.push(state.with(i, 2, now, state.record));
        }
    }

    /// Whether an `ok` is what is known already.
    fn is_replayed(&self, state: &State, i: usize) -> bool {
        let Record::Done { order, payload, .. } = state.record else {
            return false;
        };
        let op = &self.ops[i];
        (Some(order) == op.order || mutant!("not-linearizable/any-order-is-a-replay"))
            && (same(payload, op.payload) || mutant!("not-linearizable/any-payload-is-a-replay"))
    }

    fn payload_of(&self, record: Record) -> Option<Option<PayloadRef>> {
        match record {
            Record::Free => None,
            Record::InFlight(holder) => Some(self.ops[usize::from(holder)].payload),
            Record::Done { payload, .. } | Record::Stored { payload, .. } => Some(payload),
        }
    }

    /// Whether a request may be refused as things stand, without that anything is done about it.
    fn is_refused(&self, state: &State, i: usize, refusal: Refusal) -> bool {
        let op = &self.ops[i];
        let in_flight = matches!(state.record, Record::InFlight(holder) if usize::from(holder) != i)
            || mutant!("not-linearizable/in-flight-at-any-time");
        let other = self.payload_of(state.record);
        let other = other.is_some_and(|payload| {
            payload.is_none() || op.payload.is_none() || payload != op.payload
        }) || mutant!("not-linearizable/mismatch-at-any-time");
        let repeated = matches!(state.record, Record::Stored { status, payload, .. } if Some(status) == op.status && same(payload, op.payload));
        match refusal {
            Refusal::InFlight => in_flight,
            Refusal::Unclear => in_flight || other,
            Refusal::Mismatch => other,
            Refusal::Shed => true,
            Refusal::Duplicate => {
                state.record != Record::Free
                    && !matches!(state.record, Record::Done { payload, .. } if payload == op.payload)
            }
            Refusal::Invalid
            | Refusal::NotFound
            | Refusal::NoStock
            | Refusal::Declined
            | Refusal::Definite => {
                repeated || other || mutant!("not-linearizable/failures-at-any-time")
            }
        }
    }

    fn steps_of_fail(
        &self,
        state: &State,
        i: usize,
        refusal: Refusal,
        now: u64,
        next: &mut Vec<State>,
    ) {
        let op = &self.ops[i];
        if state.phase(i) == 0 && self.is_refused(state, i, refusal) {
            next.push(state.with(i, 2, now, state.record));
        }
        // What is unclear may be a failure like any other.
        let is_unclear =
            refusal == Refusal::Unclear && !mutant!("not-linearizable/unclear-is-in-flight");
        let may_hold = !refusal.is_no_holder() || refusal == Refusal::Duplicate || is_unclear;
        if !may_hold || refusal == Refusal::Shed {
            return;
        }
        self.claim(state, i, now, next);
        if Problem::holds(state, i) {
            if op.stored != Some(true) {
                next.push(state.with(i, 2, now, Record::Free));
            }
            if let (Some(true) | None, Some(status)) = (op.stored, op.status) {
                let (payload, made) = (op.payload, now);
                let record = Record::Stored {
                    status,
                    payload,
                    made,
                };
                next.push(state.with(i, 2, now, record));
            }
        }
    }

    /// It was never heard of again: it may begin, make an order that an answer or a row shows, or give up.
    fn steps_of_unknown(&self, state: &State, i: usize, now: u64, next: &mut Vec<State>) {
        if mutant!("not-linearizable/unknown-never-happens") {
            return;
        }
        if !self.is_later_of_two(state, i) {
            self.claim(state, i, now, next);
        }
        if !Problem::holds(state, i) {
            return;
        }
        for order in 0..self.orders.len() {
            self.complete(state, i, order as u8, now, next);
        }
        next.push(state.with(i, 2, now, Record::Free));
    }
}

#[cfg(test)]
mod tests;
