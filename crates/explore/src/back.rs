//! The events that are many or far: rings for delays that are always the same, a timing wheel for what is near, a four-ary heap
//! for the rest.

use std::collections::VecDeque;

use crate::entry::{Entry, NOTHING, ORDER_STEP};
use crate::wheel::Wheel;

#[derive(Debug)]
struct Ring<E> {
    delay_us: u64,
    entries: VecDeque<Entry<E>>,
}

#[derive(Debug)]
pub(crate) struct Back<E> {
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
}

const ARITY: usize = 4;

impl<E: Copy> Back<E> {
    pub(crate) fn new() -> Back<E> {
        Back {
            wheel: Wheel::new(),
            wheel_head: NOTHING,
            heap: Vec::new(),
            rings: Vec::new(),
            heads: Vec::new(),
            least_head: NOTHING,
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

    /// The delay of a ring.
    #[inline]
    pub(crate) fn delay_us(&self, ring: usize) -> u64 {
        self.rings[ring].delay_us
    }

    /// Pushes onto a ring an entry that is due the ring's delay after now. The key that it has there, if it is the ring's first.
    #[inline]
    pub(crate) fn push_ring(&mut self, ring: usize, entry: Entry<E>) -> Option<u128> {
        let entries = &mut self.rings[ring].entries;
        let is_first = entries.is_empty();
        entries.push_back(entry);
        is_first.then(|| {
            let first = entry.key() | ring as u128;
            self.heads[ring] = first;
            self.least_head = self.least_head.min(first);
            first
        })
    }

    /// Pushes an entry that is not due before now.
    #[inline(never)]
    pub(crate) fn push(&mut self, now_us: u64, entry: Entry<E>) {
        if Wheel::<E>::reaches(now_us, entry.at_us) {
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

    #[inline]
    pub(crate) fn wheel_is_empty(&self) -> bool {
        self.wheel_head == NOTHING
    }

    /// The key of the earliest, or [`NOTHING`].
    #[inline]
    pub(crate) fn first(&self) -> u128 {
        let far = self.heap.first().map_or(NOTHING, Entry::key);
        self.wheel_head.min(self.least_head).min(far)
    }

    /// Takes the earliest, whose key is known.
    #[inline]
    pub(crate) fn pop(&mut self, first: u128) -> E {
        if first == self.wheel_head {
            self.pop_wheel()
        } else if first == self.least_head {
            self.pop_ring((first as u64 % ORDER_STEP) as usize)
        } else {
            self.pop_heap()
        }
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
    }
}
