//! Where the claims lie: slots with an index by key, and the queue in which completions are forgotten.

use std::collections::VecDeque;

use hashbrown::HashTable;
use protocol::{Response, ScopedKey, Time};

use super::flight::Flight;
use crate::fingerprint::Fingerprint;
use crate::sync::Arc;

/// A slot, and the token under which it is held. No two claims of a table ever have the same token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    slot: u32,
    token: u64,
}

/// A claim that runs.
pub(super) struct Live {
    pub(super) fingerprint: Fingerprint,
    pub(super) lease_until: Time,
    /// Made by the first waiter, so that a claim without a twin allocates nothing.
    flight: Option<Arc<Flight>>,
}

/// A claim that is done.
pub(super) struct Done {
    pub(super) fingerprint: Fingerprint,
    pub(super) response: Response,
    pub(super) expires_at: Time,
}

pub(super) enum Entry {
    Live(Live),
    Done(Done),
}

struct Slot {
    hash: u64,
    key: ScopedKey,
    token: u64,
    entry: Entry,
}

/// Slots, index and queue. All of it lies under the table's one lock.
pub(super) struct Slots {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    /// Slot numbers by key. The keys lie in the slots, once.
    index: HashTable<u32>,
    /// Completions, oldest first. A place whose token has passed is skipped.
    done: VecDeque<Place>,
    completions_max: usize,
    token_last: u64,
}

impl Live {
    pub(super) fn new(fingerprint: Fingerprint, lease_until: Time) -> Live {
        Live {
            fingerprint,
            lease_until,
            flight: None,
        }
    }

    pub(super) fn flight(&mut self) -> Arc<Flight> {
        Arc::clone(self.flight.get_or_insert_with(|| Arc::new(Flight::new())))
    }

    pub(super) fn into_flight(self) -> Option<Arc<Flight>> {
        self.flight
    }
}

impl Slots {
    pub(super) fn new(completions_max: usize) -> Slots {
        Slots {
            slots: Vec::new(),
            free: Vec::new(),
            index: HashTable::new(),
            done: VecDeque::new(),
            completions_max,
            token_last: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    pub(super) fn find(&self, hash: u64, key: &ScopedKey) -> Option<u32> {
        let same = |slot: &u32| {
            self.slots[*slot as usize]
                .as_ref()
                .is_some_and(|held| held.key == *key)
        };
        self.index.find(hash, same).copied()
    }

    pub(super) fn entry(&mut self, slot: u32) -> &mut Entry {
        &mut self.slot(slot).entry
    }

    pub(super) fn insert(&mut self, hash: u64, key: &ScopedKey, live: Live) -> Place {
        let token = self.next_token();
        let filled = Slot {
            hash,
            key: key.clone(),
            token,
            entry: Entry::Live(live),
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = Some(filled);
                slot
            }
            None => {
                let slot = u32::try_from(self.slots.len())
                    .expect("fewer than four billion claims at once");
                self.slots.push(Some(filled));
                slot
            }
        };
        let slots = &self.slots;
        self.index.insert_unique(hash, slot, |other| {
            slots[*other as usize].as_ref().map_or(0, |held| held.hash)
        });
        Place { slot, token }
    }

    /// Claims a slot whose lease or memory is over. Waiters of the old claim become waiters of the new one.
    pub(super) fn take_over(
        &mut self,
        slot: u32,
        fingerprint: Fingerprint,
        lease_until: Time,
    ) -> Place {
        let token = self.next_token();
        let held = self.slot(slot);
        held.token = token;
        match &mut held.entry {
            // Broken on purpose: the new claim forgets who waits for the old one.
            live if cfg!(orders_broken = "dropped-flight") => {
                *live = Entry::Live(Live::new(fingerprint, lease_until));
            }
            Entry::Live(live) => live.lease_until = lease_until,
            done => *done = Entry::Live(Live::new(fingerprint, lease_until)),
        }
        Place { slot, token }
    }

    /// Whether the claim runs and is held under this token.
    pub(super) fn holds(&self, place: Place) -> bool {
        match self.slots.get(place.slot as usize) {
            Some(Some(Slot {
                token,
                entry: Entry::Live(_),
                ..
            })) => *token == place.token,
            _ => false,
        }
    }

    /// Whether the slot has a running claim, of any holder: what systems ask that fence nothing. Only for broken tables.
    pub(super) fn runs(&self, place: Place) -> bool {
        matches!(
            self.slots.get(place.slot as usize),
            Some(Some(Slot {
                entry: Entry::Live(_),
                ..
            }))
        )
    }

    /// Turns a running claim into a completion and forgets the oldest ones. Gives the flight, which is to be landed.
    pub(super) fn complete(
        &mut self,
        place: Place,
        response: Response,
        expires_at: Time,
    ) -> Option<Arc<Flight>> {
        let held = self.slot(place.slot);
        let fingerprint = match &held.entry {
            Entry::Live(live) => live.fingerprint,
            Entry::Done(done) => done.fingerprint,
        };
        let done = Entry::Done(Done {
            fingerprint,
            response,
            expires_at,
        });
        let flight = match std::mem::replace(&mut held.entry, done) {
            Entry::Live(live) => live.into_flight(),
            Entry::Done(_) => None,
        };
        self.done.push_back(place);
        while self.done.len() > self.completions_max {
            self.forget_oldest();
        }
        flight
    }

    /// Takes a running claim out of the table.
    pub(super) fn remove(&mut self, place: Place) -> (u64, ScopedKey, Live) {
        let held = self.vacate(place.slot);
        match held.entry {
            Entry::Live(live) => (held.hash, held.key, live),
            Entry::Done(_) => unreachable!("only a running claim is removed"),
        }
    }

    fn forget_oldest(&mut self) {
        let Some(place) = self.done.pop_front() else {
            return;
        };
        let held = self.slots[place.slot as usize].as_ref();
        let still_there = held
            .is_some_and(|held| held.token == place.token && matches!(held.entry, Entry::Done(_)));
        if still_there {
            self.vacate(place.slot);
        }
    }

    fn vacate(&mut self, slot: u32) -> Slot {
        let held = self.slots[slot as usize]
            .take()
            .expect("the slot is filled");
        if let Ok(entry) = self.index.find_entry(held.hash, |other| *other == slot) {
            entry.remove();
        }
        self.free.push(slot);
        held
    }

    fn slot(&mut self, slot: u32) -> &mut Slot {
        self.slots[slot as usize]
            .as_mut()
            .expect("the slot is filled")
    }

    fn next_token(&mut self) -> u64 {
        self.token_last += 1;
        self.token_last
    }
}
