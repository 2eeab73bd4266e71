//! The event queue: lanes for delays that are always the same, a timing wheel for what is near, a four-ary heap for the rest.
//!
//! Time never goes back. So events of one constant delay become due in the order in which they were pushed: a lane is a ring
//! buffer and costs no comparison. And what lies within the wheel's reach has a slot for its moment, where few others are: pushing
//! is a step or two, and finding the next is a search in a bitmap (Varghese and Lauck, "Hashed and hierarchical timing wheels", SOSP 1987).
//! Ties go to whoever was pushed first.

use std::collections::VecDeque;

use crate::wheel::Wheel;

/// An event and when it is due; `order` breaks ties.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<E> {
    pub(crate) at_us: u64,
    pub(crate) order: u64,
    pub(crate) event: E,
}

impl<E> Entry<E> {
    #[inline]
    fn key(&self) -> u128 {
        key(self.at_us, self.order)
    }
}

/// What the queue is sorted by.
#[inline]
pub(crate) fn key(at_us: u64, order: u64) -> u128 {
    (u128::from(at_us) << 64) | u128::from(order)
}

#[derive(Debug)]
struct Ring<E> {
    delay_us: u64,
    entries: VecDeque<Entry<E>>,
}

#[derive(Debug)]
pub(crate) struct Queue<E> {
    wheel: Wheel<E>,
    /// The key of the wheel's first entry, or the largest number.
    wheel_head: u128,
    heap: Vec<Entry<E>>,
    rings: Vec<Ring<E>>,
    /// The key of each ring's first entry, with the ring's number in its lowest bits, or the largest number. So the least of them
    /// is found without a branch, and says which ring has it.
    heads: Vec<u128>,
    /// The least of the heads.
    least_head: u128,
    /// The order of the latest entry.
    pushed: u64,
}

/// Which part of the queue has the earliest event.
#[derive(Clone, Copy)]
enum From {
    Wheel,
    Heap,
    Ring(usize),
}

const NOTHING: u128 = u128::MAX;
/// The lowest bits of an entry's order are free for the number of a ring.
const ORDER_STEP: u64 = 1 << 16;
const ARITY: usize = 4;

impl<E: Copy> Queue<E> {
    pub(crate) fn new() -> Queue<E> {
        Queue {
            wheel: Wheel::new(),
            wheel_head: NOTHING,
            heap: Vec::new(),
            rings: Vec::new(),
            heads: Vec::new(),
            least_head: NOTHING,
            pushed: 0,
        }
    }

    /// A new ring, for a delay. They are numbered from 0.
    pub(crate) fn add_ring(&mut self, delay_us: u64) -> usize {
        self.rings.push(Ring {
            delay_us,
            entries: VecDeque::new(),
        });
        self.heads.push(NOTHING);
        assert!(
            self.rings.len() as u64 <= ORDER_STEP,
            "a ring's number fits below an order"
        );
        self.rings.len() - 1
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
        let entry = self.entry(now_us + self.rings[ring].delay_us, event);
        let entries = &mut self.rings[ring].entries;
        if entries.is_empty() {
            let head = entry.key() | ring as u128;
            self.heads[ring] = head;
            self.least_head = self.least_head.min(head);
        }
        entries.push_back(entry);
    }

    /// Pushes an event due at `at_us`, which is not before `now_us`.
    #[inline]
    pub(crate) fn push(&mut self, now_us: u64, at_us: u64, event: E) {
        let entry = self.entry(at_us, event);
        if Wheel::<E>::reaches(now_us, at_us) {
            self.wheel_head = self.wheel_head.min(entry.key());
            self.wheel.push(entry);
        } else {
            self.push_heap(entry);
        }
    }

    fn push_heap(&mut self, entry: Entry<E>) {
        let mut hole = self.heap.len();
        self.heap.push(entry);
        while hole > 0 {
            let parent = (hole - 1) / ARITY;
            if self.heap[parent].key() <= entry.key() {
                break;
            }
            self.heap[hole] = self.heap[parent];
            hole = parent;
        }
        self.heap[hole] = entry;
    }

    /// The earliest event, and when it is due.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(u64, E)> {
        let (mut least, mut from) = (self.wheel_head, From::Wheel);
        if let Some(entry) = self.heap.first().filter(|entry| entry.key() < least) {
            (least, from) = (entry.key(), From::Heap);
        }
        if self.least_head < least {
            let ring = (self.least_head as u64 % ORDER_STEP) as usize;
            (least, from) = (self.least_head, From::Ring(ring));
        }
        if least == NOTHING {
            return None;
        }
        let event = match from {
            From::Wheel => self.pop_wheel(),
            From::Heap => self.pop_heap(),
            From::Ring(ring) => self.pop_ring(ring),
        };
        Some(((least >> 64) as u64, event))
    }

    #[inline]
    fn pop_wheel(&mut self) -> E {
        let at_us = (self.wheel_head >> 64) as u64;
        let (event, next) = self.wheel.pop(at_us);
        self.wheel_head = next.unwrap_or(NOTHING);
        event
    }

    #[inline]
    fn pop_ring(&mut self, ring: usize) -> E {
        let entries = &mut self.rings[ring].entries;
        let entry = entries
            .pop_front()
            .expect("a ring with a head has an entry");
        let next = entries.front();
        self.heads[ring] = next.map_or(NOTHING, |next| next.key() | ring as u128);
        self.least_head = self.heads.iter().copied().fold(NOTHING, u128::min);
        entry.event
    }

    #[inline]
    fn pop_heap(&mut self) -> E {
        let top = self.heap[0];
        let last = self.heap.pop().expect("the heap has a first entry");
        if !self.heap.is_empty() {
            self.sift_down(last);
        }
        top.event
    }

    /// Puts `entry` where the top was taken: the hole sinks to where it belongs.
    #[inline]
    fn sift_down(&mut self, entry: Entry<E>) {
        let (key, len) = (entry.key(), self.heap.len());
        let mut hole = 0;
        loop {
            let first = hole * ARITY + 1;
            if first >= len {
                break;
            }
            let mut least = first;
            for child in first + 1..(first + ARITY).min(len) {
                if self.heap[child].key() < self.heap[least].key() {
                    least = child;
                }
            }
            if self.heap[least].key() >= key {
                break;
            }
            self.heap[hole] = self.heap[least];
            hole = least;
        }
        self.heap[hole] = entry;
    }

    pub(crate) fn len(&self) -> usize {
        self.wheel.len()
            + self.heap.len()
            + self
                .rings
                .iter()
                .map(|ring| ring.entries.len())
                .sum::<usize>()
    }

    /// Forgets everything, keeping the memory and the rings.
    pub(crate) fn clear(&mut self) {
        self.wheel.clear();
        self.wheel_head = NOTHING;
        self.heap.clear();
        self.rings.iter_mut().for_each(|ring| ring.entries.clear());
        self.heads.iter_mut().for_each(|head| *head = NOTHING);
        self.least_head = NOTHING;
        self.pushed = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Op {
        Push(u64),
        Ring(usize),
        Pop,
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let op = prop_oneof![
            prop_oneof![0..50_u64, 0..100_000_u64].prop_map(Op::Push),
            (0..3_usize).prop_map(Op::Ring),
            Just(Op::Pop)
        ];
        proptest::collection::vec(op, 0..200)
    }

    proptest! {
        /// Against the obvious implementation: a sorted list of (due, pushed).
        #[test]
        fn events_leave_in_the_order_of_time_and_then_of_pushing(ops in ops()) {
            let mut queue = Queue::new();
            let rings = [queue.add_ring(0), queue.add_ring(7), queue.add_ring(30)];
            let delays = [0, 7, 30];
            let (mut model, mut now, mut id) = (Vec::<(u64, u64)>::new(), 0, 0);
            for op in ops {
                id += 1;
                match op {
                    Op::Push(after) => {
                        queue.push(now, now + after, id);
                        model.push((now + after, id));
                    }
                    Op::Ring(i) => {
                        queue.push_ring(rings[i], now, id);
                        model.push((now + delays[i], id));
                    }
                    Op::Pop => {
                        model.sort_unstable();
                        let expected = (!model.is_empty()).then(|| model.remove(0));
                        let popped = queue.pop();
                        prop_assert_eq!(popped, expected);
                        now = popped.map_or(now, |(at, _)| at);
                    }
                }
                prop_assert_eq!(queue.len(), model.len());
            }
        }
    }
}
