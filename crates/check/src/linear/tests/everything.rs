//! The model once more, written without a look at the search: every step after every other, and nothing is left out but
//! what was tried before.

use std::collections::BTreeSet;

use history::PayloadRef;

use crate::facts::Refusal;
use crate::keyed::End;
use crate::linear::{Found, Op, Problem};

type Payload = Option<PayloadRef>;

/// The record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Free,
    Held(usize),
    /// The order, its payload, and when it was made.
    Known(u8, Payload, u64),
    /// The status of a failure that is kept, its payload, and since when.
    Failed(u16, Payload, u64),
}

struct Everything<'a> {
    problem: &'a Problem,
    phase: Vec<u8>,
    made: Vec<bool>,
    tried: BTreeSet<(Vec<u8>, Vec<bool>, u64, Key)>,
}

impl Everything<'_> {
    fn is_possible(&mut self, now: u64, key: Key) -> bool {
        let ops = &self.problem.ops;
        let is_over = (0..ops.len()).all(|i| ops[i].end == End::Unknown || self.phase[i] == 2);
        let mut rows = self.problem.orders.iter().zip(&self.made);
        if is_over && rows.all(|(order, made)| !order.live || *made) {
            return true;
        }
        let here = (self.phase.clone(), self.made.clone(), now, key);
        self.tried.insert(here)
            && ((0..ops.len()).any(|i| self.step(i, now, key)) || self.time_passes(now, key))
    }

    fn time_passes(&mut self, now: u64, key: Key) -> bool {
        let (Key::Known(_, _, since) | Key::Failed(_, _, since)) = key else {
            return false;
        };
        let end = self.problem.ttl.map(|ttl| now.max(since + ttl));
        let is_cancelled = |order: u8| self.problem.orders[usize::from(order)].cancelled;
        end.is_some_and(|end| self.is_possible(end, Key::Free))
            || matches!(key, Key::Known(order, ..) if is_cancelled(order))
                && self.is_possible(now, Key::Free)
    }

    fn go(&mut self, i: usize, phase: u8, made: Option<u8>, now: u64, key: Key) -> bool {
        let before = (self.phase[i], self.made.clone());
        self.phase[i] = phase;
        if let Some(order) = made {
            self.made[usize::from(order)] = true;
        }
        let found = self.is_possible(now, key);
        (self.phase[i], self.made) = before;
        found
    }

    fn payload(&self, key: Key) -> Payload {
        match key {
            Key::Free => None,
            Key::Held(holder) => self.problem.ops[holder].payload,
            Key::Known(_, payload, _) | Key::Failed(_, payload, _) => payload,
        }
    }

    fn step(&mut self, i: usize, now: u64, key: Key) -> bool {
        let op = self.problem.ops[i];
        let now = now.max(op.invoked);
        if now > op.returned || self.phase[i] == 2 {
            return false;
        }
        let fresh = self.phase[i] == 0;
        match op.end {
            End::Ok => {
                let order = op.order.expect("an order");
                let is_known = matches!(key, Key::Known(known, payload, _) if known == order && payload == op.payload);
                self.begin(i, now, key)
                    || self.make(i, now, key, order)
                    || is_known && self.go(i, 2, None, now, key)
            }
            End::Fail(refusal) => {
                fresh && self.is_told(i, key, refusal) && self.go(i, 2, None, now, key)
                    || refusal.may_hold() && (self.begin(i, now, key) || self.fail(i, now, key))
            }
            End::Unknown => {
                let orders = 0..self.problem.orders.len() as u8;
                self.begin(i, now, key)
                    || key == Key::Held(i) && self.go(i, 2, None, now, Key::Free)
                    || orders
                        .into_iter()
                        .any(|order| self.make(i, now, key, order))
            }
        }
    }

    fn begin(&mut self, i: usize, now: u64, key: Key) -> bool {
        let own = self.problem.ops[i].payload;
        let may = match key {
            Key::Free => true,
            Key::Held(holder) => holder != i && self.payload(key) == own,
            Key::Known(..) | Key::Failed(..) => false,
        };
        may && self.phase[i] == 0 && self.go(i, 1, None, now, Key::Held(i))
    }

    fn make(&mut self, i: usize, now: u64, key: Key, order: u8) -> bool {
        let own = self.problem.ops[i].payload;
        let row = self.problem.orders[usize::from(order)].payload;
        let may = key == Key::Held(i) && !self.made[usize::from(order)];
        may && (row.is_none() || row == own)
            && self.go(i, 2, Some(order), now, Key::Known(order, own, now))
    }

    fn fail(&mut self, i: usize, now: u64, key: Key) -> bool {
        let Op {
            stored,
            status,
            payload,
            ..
        } = self.problem.ops[i];
        let kept = status.filter(|_| stored != Some(false));
        key == Key::Held(i)
            && (stored != Some(true) && self.go(i, 2, None, now, Key::Free)
                || kept.is_some_and(|status| {
                    self.go(i, 2, None, now, Key::Failed(status, payload, now))
                }))
    }

    /// Whether a refusal is told to who does not hold the claim.
    fn is_told(&self, i: usize, key: Key, refusal: Refusal) -> bool {
        let Op {
            payload, status, ..
        } = self.problem.ops[i];
        let is_held = matches!(key, Key::Held(_));
        let is_other = key != Key::Free && self.payload(key) != payload;
        match refusal {
            Refusal::InFlight => is_held,
            Refusal::Mismatch => is_other,
            Refusal::Unclear => is_held || is_other,
            Refusal::Shed => true,
            Refusal::Duplicate => key != Key::Free && (!matches!(key, Key::Known(..)) || is_other),
            _ => {
                is_other
                    || matches!(key, Key::Failed(known, same, _) if Some(known) == status && same == payload)
            }
        }
    }
}

impl Refusal {
    /// Whether who is told so may have held the claim.
    fn may_hold(self) -> bool {
        !matches!(self, Refusal::InFlight | Refusal::Mismatch | Refusal::Shed)
    }
}

/// What there is to find.
pub(super) fn every_interleaving(problem: &Problem) -> Found {
    let mut everything = Everything {
        problem,
        phase: vec![0; problem.ops.len()],
        made: vec![false; problem.orders.len()],
        tried: BTreeSet::new(),
    };
    match everything.is_possible(0, Key::Free) {
        true => Found::Fits,
        false => Found::DoesNotFit,
    }
}
