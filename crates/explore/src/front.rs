//! A few near events in order: while little is under way the wheel has nothing to do, and an event costs a look at its neighbour.

use crate::entry::{Entry, NOTHING, key};

/// How many they are at most: beyond so many the wheel is cheaper.
const PLACES: usize = 16;

/// A ring buffer. What is pushed is due late, as a rule, so that few make room.
#[derive(Debug)]
pub(crate) struct Front<E> {
    at_us: [u64; PLACES],
    order: [u64; PLACES],
    events: [Option<E>; PLACES],
    /// The place of the earliest, counted on for ever.
    head: usize,
    len: usize,
}

impl<E: Copy> Front<E> {
    pub(crate) fn new() -> Front<E> {
        Front {
            at_us: [0; PLACES],
            order: [0; PLACES],
            events: [None; PLACES],
            head: 0,
            len: 0,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.len == PLACES
    }

    /// The key of the earliest, or [`NOTHING`].
    #[inline]
    pub(crate) fn first(&self) -> u128 {
        let place = self.head % PLACES;
        match self.len {
            0 => NOTHING,
            _ => key(self.at_us[place], self.order[place]),
        }
    }

    /// Takes in an entry that was pushed after all others, here and elsewhere; there must be a free place.
    #[inline]
    pub(crate) fn push(&mut self, entry: Entry<E>) {
        let mut place = self.head + self.len;
        while place > self.head && self.at_us[(place - 1) % PLACES] > entry.at_us {
            let (to, from) = (place % PLACES, (place - 1) % PLACES);
            self.at_us[to] = self.at_us[from];
            self.order[to] = self.order[from];
            self.events[to] = self.events[from];
            place -= 1;
        }
        self.at_us[place % PLACES] = entry.at_us;
        self.order[place % PLACES] = entry.order;
        self.events[place % PLACES] = Some(entry.event);
        self.len += 1;
    }

    /// Takes the earliest.
    #[inline]
    pub(crate) fn pop(&mut self) -> E {
        let event = self.events[self.head % PLACES];
        self.head += 1;
        self.len -= 1;
        event.expect("a front with a first key has a first event")
    }

    pub(crate) fn clear(&mut self) {
        (self.head, self.len) = (0, 0);
    }
}
