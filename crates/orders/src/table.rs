//! The in-process claim table: coalesces duplicates that reach one replica, before the database sees them.
//!
//! It is a courtesy, not the guarantee: it dies with its process and knows nothing of other replicas. The database's
//! record decides. What it must not do is lie, so it has the same rules: one winner, a stale ticket is refused, a
//! completion is not lost, every waiter learns what became of its twin. loom checks these on this very code.
//!
//! Two schedulers meet here: loom explores inside a poll (this table's lock), the simulator explores between polls. The
//! table therefore never blocks: [`ClaimTable::claim`] answers at once and the caller awaits elsewhere.

use std::fmt;
use std::hash::BuildHasher;

use protocol::{Response, ScopedKey, Span, Time};
use rustc_hash::FxBuildHasher;

use crate::fingerprint::Fingerprint;
use crate::sync::{Arc, Mutex, lock};

mod flight;
mod slots;

pub use flight::{Outcome, Waiter};

use flight::Flight;
use slots::{Entry, Live, Place, Slots};

/// The number of completions that [`ClaimTable::default`] remembers.
pub const COMPLETIONS_MAX: usize = 1_024;

/// The claims of one process: those that run, and the latest that are done.
pub struct ClaimTable {
    slots: Mutex<Slots>,
}

/// What a request is answered by the table.
#[derive(Debug)]
pub enum Claim<'t> {
    /// No other request works on it: this one does, and says so with the ticket.
    Won(Ticket<'t>),
    /// A twin works on it.
    InFlight(Waiter),
    /// It is done: this was the answer, as first given.
    Done(Response),
    /// The key stands for another content.
    Mismatch,
}

/// The right to complete one claim. Dropped unfinished, as when the handler is cancelled, it releases the claim.
#[must_use = "dropping a ticket releases the claim"]
pub struct Ticket<'t> {
    table: &'t ClaimTable,
    place: Place,
}

/// The claim was taken over: the ticket has no more say, and nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the claim was taken over")]
pub struct Stale;

impl ClaimTable {
    /// A table that remembers up to `completions_max` completions; older ones are forgotten, the database replays them.
    pub fn new(completions_max: usize) -> ClaimTable {
        ClaimTable {
            slots: Mutex::new(Slots::new(completions_max)),
        }
    }

    /// Claims a key for a content, at `now`, for `lease`. Never blocks.
    pub fn claim(
        &self,
        key: &ScopedKey,
        fingerprint: Fingerprint,
        now: Time,
        lease: Span,
    ) -> Claim<'_> {
        let hash = FxBuildHasher.hash_one(key);
        let mut slots = lock(&self.slots);
        let found = slots.find(hash, key);
        if cfg!(orders_broken = "two-winners") && found.is_none() {
            // Broken on purpose: checks under one lock, inserts under the next.
            drop(slots);
            let place = lock(&self.slots).insert(hash, key, Live::new(fingerprint, now + lease));
            return Claim::Won(Ticket { table: self, place });
        }
        let Some(slot) = found else {
            let place = slots.insert(hash, key, Live::new(fingerprint, now + lease));
            return Claim::Won(Ticket { table: self, place });
        };
        match slots.entry(slot) {
            Entry::Done(done) if now > done.expires_at => {}
            Entry::Done(done) if done.fingerprint == fingerprint => {
                return Claim::Done(done.response);
            }
            Entry::Live(live) if live.fingerprint == fingerprint => {
                if now <= live.lease_until {
                    return Claim::InFlight(Waiter::new(live.flight()));
                }
            }
            Entry::Done(_) | Entry::Live(_) => return Claim::Mismatch,
        }
        let place = slots.take_over(slot, fingerprint, now + lease);
        Claim::Won(Ticket { table: self, place })
    }

    /// How many keys the table holds: running claims and remembered completions.
    pub fn len(&self) -> usize {
        lock(&self.slots).len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ends a claim, if it is still this ticket's. `done` is the stored answer and when it is forgotten; `None` releases.
    fn end(&self, place: Place, done: Option<(Response, Time)>) -> Result<(), Stale> {
        let mut slots = lock(&self.slots);
        // Broken on purpose: a request that once held the claim may end it.
        let unfenced = match done {
            Some(_) => cfg!(orders_broken = "stale-completion"),
            None => cfg!(orders_broken = "stale-release"),
        };
        let may = slots.holds(place) || (unfenced && slots.runs(place));
        if !may {
            return Err(Stale);
        }
        if cfg!(orders_broken = "lost-completion") && done.is_some() {
            // Broken on purpose: between the two locks the key looks free, and a twin runs it again.
            let (hash, key, live) = slots.remove(place);
            drop(slots);
            slots = lock(&self.slots);
            let again = slots.insert(hash, &key, live);
            return Self::conclude(slots, again, done);
        }
        Self::conclude(slots, place, done)
    }

    /// Waiters are woken after the lock is given back, or a waker that runs at once would meet it.
    fn conclude(
        mut slots: crate::sync::MutexGuard<'_, Slots>,
        place: Place,
        done: Option<(Response, Time)>,
    ) -> Result<(), Stale> {
        // Broken on purpose: the waiters are not told that the claim was given up.
        let silent = cfg!(orders_broken = "lost-release") && done.is_none();
        let (flight, outcome): (Option<Arc<Flight>>, Outcome) = match done {
            Some((response, expires_at)) => (
                slots.complete(place, response, expires_at),
                Outcome::Done(response),
            ),
            None => (slots.remove(place).2.into_flight(), Outcome::Released),
        };
        drop(slots);
        if let Some(flight) = flight.filter(|_| !silent) {
            flight.land(outcome);
        }
        Ok(())
    }
}

impl Default for ClaimTable {
    fn default() -> ClaimTable {
        ClaimTable::new(COMPLETIONS_MAX)
    }
}

impl Ticket<'_> {
    /// Completes the claim with an answer that is stored until `expires_at`: duplicates and waiters get it. Only an answer
    /// that the database would repeat too may be given here; for any other, release.
    ///
    /// # Errors
    /// [`Stale`] if the claim was taken over.
    pub fn complete(self, response: Response, expires_at: Time) -> Result<(), Stale> {
        let ended = self.table.end(self.place, Some((response, expires_at)));
        self.disarm();
        ended
    }

    /// Gives the claim back: waiters are told to try for themselves.
    ///
    /// # Errors
    /// [`Stale`] if the claim was taken over.
    pub fn release(self) -> Result<(), Stale> {
        let ended = self.table.end(self.place, None);
        self.disarm();
        ended
    }

    /// The claim is ended: there is nothing left to release. A ticket owns no memory, so nothing leaks.
    fn disarm(self) {
        std::mem::forget(self);
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        // A stale ticket has nothing to release, which is what its refusal says.
        let _released_or_stale = self.table.end(self.place, None);
    }
}

impl fmt::Debug for ClaimTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimTable")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Ticket<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(orders_loom)))]
mod tests;
