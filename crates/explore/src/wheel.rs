//! A timing wheel: slots for the near future, and a bitmap of those that are taken. Small, because a push and a pop touch it at
//! random: it is to stay in the processor's nearest memory beside everything else that an event touches.

use crate::entry::{Entry, key};

/// How long a slot is, as a power of two of microseconds. The few events of a slot are kept in order.
const SLOT_BITS: u32 = 4;
const SLOTS: u64 = 1 << 12;
const WORDS: usize = SLOTS as usize / 64;
const NONE: u32 = u32::MAX;

const _: () = assert!(WORDS == 64, "one word says which words are not zero");

/// An entry and its successor: flat, because a nested entry would bring its padding along.
#[derive(Clone, Copy, Debug)]
struct Node<E> {
    at_us: u64,
    order: u64,
    event: E,
    /// The next of its slot; of the slot's last the first. Of a node that is free the next free one.
    next: u32,
}

impl<E> Node<E> {
    #[inline]
    fn key(&self) -> u128 {
        key(self.at_us, self.order)
    }
}

#[derive(Debug)]
pub(crate) struct Wheel<E> {
    /// The last node of each slot that is taken. No two instants within the wheel's reach that lie in different slots share one,
    /// and what is behind the present has been popped.
    lasts: Box<[u32; SLOTS as usize]>,
    taken: [u64; WORDS],
    /// A bit for every word of `taken` that is not zero.
    summary: u64,
    nodes: Vec<Node<E>>,
    free: u32,
    len: usize,
}

#[inline]
fn slot(at_us: u64) -> usize {
    (at_us >> SLOT_BITS) as usize % SLOTS as usize
}

impl<E: Copy> Wheel<E> {
    pub(crate) fn new() -> Wheel<E> {
        Wheel {
            lasts: Box::new([NONE; SLOTS as usize]),
            taken: [0; WORDS],
            summary: 0,
            nodes: Vec::new(),
            free: NONE,
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether the wheel reaches from now to an instant that is not before it.
    #[inline]
    pub(crate) fn reaches(now_us: u64, at_us: u64) -> bool {
        (at_us >> SLOT_BITS) - (now_us >> SLOT_BITS) < SLOTS
    }

    #[inline]
    fn node(&mut self, entry: Entry<E>) -> u32 {
        let node = Node {
            at_us: entry.at_us,
            order: entry.order,
            event: entry.event,
            next: NONE,
        };
        if self.free == NONE {
            self.nodes.push(node);
            return self.nodes.len() as u32 - 1;
        }
        let index = self.free;
        self.free = self.nodes[index as usize].next;
        self.nodes[index as usize] = node;
        index
    }

    /// Takes in an entry that was pushed after all others.
    #[inline]
    pub(crate) fn push(&mut self, entry: Entry<E>) {
        let at = slot(entry.at_us);
        let node = self.node(entry);
        self.len += 1;
        let bit = 1 << (at % 64);
        if self.taken[at / 64] & bit == 0 {
            self.taken[at / 64] |= bit;
            self.summary |= 1 << (at / 64);
            self.nodes[node as usize].next = node;
            self.lasts[at] = node;
            return;
        }
        let last = self.lasts[at];
        if self.nodes[last as usize].at_us <= entry.at_us {
            self.insert(last, node);
            self.lasts[at] = node;
        } else {
            self.insert_within(last, node);
        }
    }

    /// Puts a node behind another of its slot.
    #[inline]
    fn insert(&mut self, before: u32, node: u32) {
        self.nodes[node as usize].next = self.nodes[before as usize].next;
        self.nodes[before as usize].next = node;
    }

    /// Puts a node before the first of its slot that is due later.
    fn insert_within(&mut self, last: u32, node: u32) {
        let at_us = self.nodes[node as usize].at_us;
        let mut before = last;
        loop {
            let next = self.nodes[before as usize].next;
            if self.nodes[next as usize].at_us > at_us {
                return self.insert(before, node);
            }
            before = next;
        }
    }

    /// Takes the first event of an instant that is the earliest of all; with it the key of the earliest that is left.
    #[inline]
    pub(crate) fn pop(&mut self, at_us: u64) -> (E, Option<u128>) {
        let at = slot(at_us);
        let last = self.lasts[at];
        let index = self.nodes[last as usize].next;
        let node = &mut self.nodes[index as usize];
        let (event, next) = (node.event, node.next);
        node.next = self.free;
        self.free = index;
        self.len -= 1;
        if index != last {
            self.nodes[last as usize].next = next;
            return (event, Some(self.nodes[next as usize].key()));
        }
        self.taken[at / 64] &= !(1 << (at % 64));
        if self.taken[at / 64] == 0 {
            self.summary &= !(1 << (at / 64));
        }
        (event, self.next_from(at))
    }

    /// The key of the first event at or after a slot, going round.
    #[inline]
    fn next_from(&self, at: usize) -> Option<u128> {
        if self.summary == 0 {
            return None;
        }
        let here = self.taken[at / 64] & (u64::MAX << (at % 64));
        let slot = match here {
            0 => self.next_word(at / 64),
            _ => at / 64 * 64 + here.trailing_zeros() as usize,
        };
        let first = self.nodes[self.lasts[slot] as usize].next;
        Some(self.nodes[first as usize].key())
    }

    /// The first taken slot in a word after this one, going round; a wheel that is not empty has one.
    #[inline]
    fn next_word(&self, word: usize) -> usize {
        let after = (word + 1) % WORDS;
        let round = self.summary.rotate_right(after as u32);
        let word = (after + round.trailing_zeros() as usize) % WORDS;
        word * 64 + self.taken[word].trailing_zeros() as usize
    }

    /// Forgets everything, keeping the memory.
    pub(crate) fn clear(&mut self) {
        self.taken = [0; WORDS];
        self.summary = 0;
        self.nodes.clear();
        (self.free, self.len) = (NONE, 0);
    }
}
