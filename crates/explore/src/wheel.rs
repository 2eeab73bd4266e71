//! A timing wheel: one slot for every microsecond of the near future, and a bitmap of the slots that are taken.

use crate::queue::{Entry, key};

/// How far into the future the wheel reaches. An event this far away, or farther, is not for the wheel.
pub(crate) const HORIZON_US: u64 = 1 << 14;

const WORDS: usize = HORIZON_US as usize / 64;
const SUMMARIES: usize = WORDS / 64;
const NONE: u32 = u32::MAX;

/// A slot holds the events of one instant, first come first served: no two instants within the horizon share a slot, and
/// what is behind the present has been popped.
#[derive(Clone, Copy, Debug)]
struct Slot {
    first: u32,
    last: u32,
}

/// An entry and its successor: flat, because a nested entry would bring its padding along.
#[derive(Clone, Copy, Debug)]
struct Node<E> {
    at_us: u64,
    order: u64,
    event: E,
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
    slots: Box<[Slot]>,
    taken: [u64; WORDS],
    /// A bit for every word of `taken` that is not zero.
    summary: [u64; SUMMARIES],
    nodes: Vec<Node<E>>,
    free: u32,
    len: usize,
}

impl<E: Copy> Wheel<E> {
    pub(crate) fn new() -> Wheel<E> {
        let empty = Slot {
            first: NONE,
            last: NONE,
        };
        Wheel {
            slots: vec![empty; HORIZON_US as usize].into_boxed_slice(),
            taken: [0; WORDS],
            summary: [0; SUMMARIES],
            nodes: Vec::new(),
            free: NONE,
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
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

    #[inline]
    pub(crate) fn push(&mut self, entry: Entry<E>) {
        let at = (entry.at_us % HORIZON_US) as usize;
        let node = self.node(entry);
        self.len += 1;
        let slot = &mut self.slots[at];
        let before = std::mem::replace(&mut slot.last, node);
        if before != NONE {
            self.nodes[before as usize].next = node;
            return;
        }
        slot.first = node;
        self.taken[at / 64] |= 1 << (at % 64);
        self.summary[at / 4096] |= 1 << (at / 64 % 64);
    }

    /// Takes the first event of an instant that has one, which is the earliest of all; with it the key of the earliest that
    /// is left.
    #[inline]
    pub(crate) fn pop(&mut self, at_us: u64) -> (E, Option<u128>) {
        let at = (at_us % HORIZON_US) as usize;
        let index = self.slots[at].first;
        let node = &mut self.nodes[index as usize];
        let (event, next) = (node.event, node.next);
        node.next = self.free;
        self.free = index;
        self.len -= 1;
        if next != NONE {
            self.slots[at].first = next;
            return (event, Some(self.nodes[next as usize].key()));
        }
        self.slots[at] = Slot {
            first: NONE,
            last: NONE,
        };
        self.taken[at / 64] &= !(1 << (at % 64));
        if self.taken[at / 64] == 0 {
            self.summary[at / 4096] &= !(1 << (at / 64 % 64));
        }
        (event, self.next_from(at))
    }

    /// The key of the first event at or after a slot, going round.
    #[inline]
    fn next_from(&self, at: usize) -> Option<u128> {
        if self.len == 0 {
            return None;
        }
        let here = self.taken[at / 64] & (u64::MAX << (at % 64));
        let slot = if here == 0 {
            self.next_word(at / 64)
        } else {
            at / 64 * 64 + here.trailing_zeros() as usize
        };
        Some(self.nodes[self.slots[slot].first as usize].key())
    }

    /// The first taken slot in a word after this one, going round; a wheel that is not empty has one.
    fn next_word(&self, word: usize) -> usize {
        let after = (word + 1) % WORDS;
        let mut group = after / 64;
        let mut bits = self.summary[group] & (u64::MAX << (after % 64));
        while bits == 0 {
            group = (group + 1) % SUMMARIES;
            bits = self.summary[group];
        }
        let word = group * 64 + bits.trailing_zeros() as usize;
        word * 64 + self.taken[word].trailing_zeros() as usize
    }

    /// Forgets everything, keeping the memory.
    pub(crate) fn clear(&mut self) {
        for group in 0..SUMMARIES {
            while self.summary[group] != 0 {
                let word = group * 64 + self.summary[group].trailing_zeros() as usize;
                self.summary[group] &= self.summary[group] - 1;
                while self.taken[word] != 0 {
                    let bit = self.taken[word].trailing_zeros() as usize;
                    self.taken[word] &= self.taken[word] - 1;
                    self.slots[word * 64 + bit] = Slot {
                        first: NONE,
                        last: NONE,
                    };
                }
            }
        }
        self.nodes.clear();
        (self.free, self.len) = (NONE, 0);
    }
}
