//! Rows by the time at which they are due. Clocks differ, so they do not come in that order.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use protocol::Time;

/// When a row is due, and which.
pub(crate) type Entry = (Time, u32);

/// An entry whose time stands in halves: twelve bytes, and not sixteen.
#[derive(Clone, Copy, Debug)]
struct Slim {
    at: [u32; 2],
    row: u32,
}

impl Slim {
    #[inline]
    fn of((Time(at), row): Entry) -> Slim {
        let at = [(at >> 32) as u32, at as u32];
        Slim { at, row }
    }

    #[inline]
    fn entry(&self) -> Entry {
        let [high, low] = self.at.map(u64::from);
        (Time(high << 32 | low), self.row)
    }
}

/// Rows by the time at which they are due: what comes in order waits in a queue, the rest in a heap, and the least of both is next.
#[derive(Debug, Default)]
pub(crate) struct Due {
    queue: VecDeque<Slim>,
    stragglers: BinaryHeap<Reverse<Entry>>,
}

impl Due {
    /// Forgets every entry, keeping the memory.
    pub(crate) fn forget(&mut self) {
        self.queue.clear();
        self.stragglers.clear();
    }

    #[inline]
    pub(crate) fn push(&mut self, entry: Entry) {
        match self.queue.back().map(Slim::entry) {
            Some(last) if last > entry => self.stragglers.push(Reverse(entry)),
            _ => self.queue.push_back(Slim::of(entry)),
        }
    }

    /// Whether an entry was due before `now`.
    pub(crate) fn has_before(&self, now: Time) -> bool {
        let straggler = self.stragglers.peek().map(|Reverse(entry)| *entry);
        let next = self.queue.front().map(Slim::entry);
        let mut first = straggler.into_iter().chain(next);
        first.any(|(at, _)| at < now)
    }

    /// Takes the first entry, if it was due before `now`.
    pub(crate) fn pop_before(&mut self, now: Time) -> Option<Entry> {
        let straggler = self.stragglers.peek().map(|Reverse(entry)| *entry);
        let next = self.queue.front().map(Slim::entry);
        let first = straggler.into_iter().chain(next).min()?;
        if first.0 >= now {
            return None;
        }
        if straggler == Some(first) {
            self.stragglers.pop();
        } else {
            self.queue.pop_front();
        }
        Some(first)
    }

    /// Puts back what was taken since the last time, in the order in which it was taken.
    pub(crate) fn put_back(&mut self, taken: Vec<Entry>) {
        for entry in taken.into_iter().rev() {
            self.queue.push_front(Slim::of(entry));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(due: &mut Due, now: u64) -> Vec<u64> {
        std::iter::from_fn(|| due.pop_before(Time(now)))
            .map(|(at, _)| at.0)
            .collect()
    }

    #[test]
    fn entries_come_out_by_their_time_whatever_the_skew() {
        let mut due = Due::default();
        // The second comes from a clock that is far ahead.
        for (row, at) in [10, 9_000_000, 11, 5, 12, 8].into_iter().enumerate() {
            due.push((Time(at), row as u32));
        }
        assert_eq!(drain(&mut due, 12), [5, 8, 10, 11], "due before, not at");
        assert_eq!(drain(&mut due, u64::MAX), [12, 9_000_000]);
    }

    #[test]
    fn what_is_put_back_comes_out_again_in_its_place() {
        let mut due = Due::default();
        for at in [4, 2, 6, 5] {
            due.push((Time(at), 0));
        }
        let taken: Vec<Entry> = std::iter::from_fn(|| due.pop_before(Time(6))).collect();
        due.put_back(taken[..2].to_vec());
        due.push((Time(3), 0));
        assert_eq!(drain(&mut due, 100), [2, 3, 4, 6]);
    }
}
