//! The event queue: [`Front`] for what is near while it is little; behind it, in [`Back`], lanes for delays that are always the
//! same, a timing wheel for what is near, a four-ary heap for the rest.
//!
//! Time never goes back. So events of one constant delay become due in the order in which they were pushed: a lane is a ring
//! buffer and costs no comparison. And what lies within the wheel's reach has a slot for its moment, where few others are: pushing
//! is a step or two, and finding the next is a search in a bitmap (Varghese and Lauck, "Hashed and hierarchical timing wheels", SOSP 1987).
//! Ties go to the one that was pushed first.

use crate::back::Back;
use crate::entry::{Entry, NOTHING, ORDER_STEP};
use crate::front::Front;
use crate::wheel::Wheel;

#[derive(Debug)]
pub(crate) struct Queue<E> {
    front: Front<E>,
    back: Back<E>,
    /// The key of the back's earliest entry, or [`NOTHING`].
    back_first: u128,
    /// The order of the latest entry.
    pushed: u64,
}

impl<E: Copy> Queue<E> {
    pub(crate) fn new() -> Queue<E> {
        Queue {
            front: Front::new(),
            back: Back::new(),
            back_first: NOTHING,
            pushed: 0,
        }
    }

    /// A new ring, for a delay. They are numbered from 0.
    pub(crate) fn add_ring(&mut self, delay_us: u64) -> usize {
        self.back.add_ring(delay_us)
    }

    #[inline]
    fn entry(&mut self, at_us: u64, event: E) -> Entry<E> {
        self.pushed += ORDER_STEP;
        Entry {
            at_us,
            order: self.pushed,
            event,
        }
    }

    /// Pushes onto a ring an event due its delay after `now_us`.
    #[inline]
    pub(crate) fn push_ring(&mut self, ring: usize, now_us: u64, event: E) {
        let entry = self.entry(now_us + self.back.delay_us(ring), event);
        if let Some(first) = self.back.push_ring(ring, entry) {
            self.back_first = self.back_first.min(first);
        }
    }

    /// Pushes an event due at `at_us`, which is not before `now_us`.
    #[inline]
    pub(crate) fn push(&mut self, now_us: u64, at_us: u64, event: E) {
        let entry = self.entry(at_us, event);
        let is_near = Wheel::<E>::reaches(now_us, at_us);
        // Where the front was too small, the wheel takes everything until it has run empty.
        if is_near && self.back.wheel_is_empty() && !self.front.is_full() {
            self.front.push(entry);
        } else {
            self.back.push(now_us, entry);
            self.back_first = self.back_first.min(entry.key());
        }
    }

    /// When the earliest event is due.
    #[inline]
    pub(crate) fn first_at_us(&self) -> Option<u64> {
        let first = self.front.first().min(self.back_first);
        (first != NOTHING).then_some((first >> 64) as u64)
    }

    /// The earliest event, and when it is due.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(u64, E)> {
        let first = self.front.first();
        if first < self.back_first {
            return Some(((first >> 64) as u64, self.front.pop()));
        }
        self.pop_back()
    }

    #[inline]
    fn pop_back(&mut self) -> Option<(u64, E)> {
        if self.back_first == NOTHING {
            return None;
        }
        let (first, event) = (self.back_first, self.back.pop(self.back_first));
        self.back_first = self.back.first();
        Some(((first >> 64) as u64, event))
    }

    pub(crate) fn len(&self) -> usize {
        self.front.len() + self.back.len()
    }

    /// Forgets everything, keeping the memory and the rings.
    pub(crate) fn clear(&mut self) {
        self.front.clear();
        self.back.clear();
        (self.back_first, self.pushed) = (NOTHING, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug)]
    enum Op {
        Push(u64),
        Ring(usize),
        Pop,
        Clear,
    }

    const DELAYS: [u64; 3] = [0, 7, 30];

    /// Bursts, so that the queue is nearly empty and quite full by turns; and moments that are alike, of every part of the queue.
    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let after = prop_oneof![
            3 => prop::sample::select(&DELAYS[..]),
            3 => 0..50_u64,
            1 => 65_500..65_600_u64,
            1 => 0..200_000_u64,
        ];
        let pushes = prop::collection::vec(after.prop_map(Op::Push), 1..30);
        let lanes = prop::collection::vec((0..3_usize).prop_map(Op::Ring), 1..4);
        let pops = (1..40_usize).prop_map(|times| vec![Op::Pop; times]);
        let few = (1..3_usize).prop_map(|times| vec![Op::Pop; times]);
        let burst = prop_oneof![
            8 => pushes,
            6 => lanes,
            6 => pops,
            12 => few,
            1 => Just(vec![Op::Clear])
        ];
        prop::collection::vec(burst, 0..30).prop_map(|bursts| bursts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

        /// Against the obvious implementation: a sorted list of (due, pushed).
        #[test]
        fn events_leave_in_the_order_of_time_and_then_of_pushing(ops in ops()) {
            let mut queue = Queue::new();
            let rings = DELAYS.map(|delay| queue.add_ring(delay));
            let (mut model, mut now, mut id) = (Vec::<(u64, u64)>::new(), 0, 0);
            // What is left in the end is popped, too.
            let rest = vec![Op::Pop; ops.len() + 1];
            for op in ops.into_iter().chain(rest) {
                id += 1;
                match op {
                    Op::Push(after) => {
                        queue.push(now, now + after, id);
                        model.push((now + after, id));
                    }
                    Op::Ring(i) => {
                        queue.push_ring(rings[i], now, id);
                        model.push((now + DELAYS[i], id));
                    }
                    Op::Pop => {
                        model.sort_unstable();
                        let expected = (!model.is_empty()).then(|| model.remove(0));
                        let popped = queue.pop();
                        prop_assert_eq!(popped, expected);
                        now = popped.map_or(now, |(at, _)| at);
                    }
                    Op::Clear => {
                        queue.clear();
                        model.clear();
                        now = 0;
                    }
                }
                prop_assert_eq!(queue.len(), model.len());
            }
        }
    }
}
