//! How the rows of `idempotency_keys` changed, commit by commit: what the judge calls transitions.
//!
//! A row that a transaction wrote more than once changed once: from what was committed before to what is committed now; but who took
//! a claim over before ending it did both. A change is kept
//! with the number of its row, sixteen bytes; which key that was is looked up at the end, once for every row.

use history::{HostRef, KeyRef, RecordState, Transition};
use orders::{KeyRecord, KeyState, Owner};
use protocol::ScopedKey;

use super::Database;
use super::distinct::{Distinct, Hashed, hash_of};

/// When a row changed, and how.
#[derive(Clone, Copy, Debug)]
struct Change {
    t_us: u64,
    row: u32,
    /// Which of the ways.
    how: u32,
}

const _: () = assert!(size_of::<Change>() == 16, "two million of them");

/// How a row changes. There are few ways: owners are counted, and a token above two is rare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct How {
    pub(crate) from: RecordState,
    pub(crate) to: RecordState,
    /// The committing owner's number: owners of a simulated world are counted.
    pub(crate) owner: u32,
    pub(crate) token: u32,
}

impl Hashed for How {
    #[inline]
    fn hash(&self) -> u64 {
        let states = self.from as u32 * 4 + self.to as u32;
        hash_of((u64::from(states) << 32 | u64::from(self.owner), self.token))
    }
}

/// The changes so far.
#[derive(Debug, Default)]
pub(crate) struct KeyChanges {
    log: Vec<Change>,
    ways: Distinct<How>,
    /// The rows that were deleted, in order: after how many changes, which place, and whose it was. The place is given again.
    pub(crate) gone: Vec<(u32, u32, ScopedKey)>,
}

/// Who commits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Committer {
    pub(crate) owner: Owner,
    /// Whether it acts for the holder of the claim: the handler of a webhook claims nothing, and ends what another has begun.
    pub(crate) for_holder: bool,
}

/// Where a key stands, as the judge says it. A key that was given back is as good as absent.
pub(crate) fn standing(state: KeyState) -> RecordState {
    match state {
        KeyState::Claimed => RecordState::InProgress,
        KeyState::Completed => RecordState::Completed,
        KeyState::Failed => RecordState::Failed,
        KeyState::Released => RecordState::Absent,
    }
}

/// What a transaction did to a row first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    /// The whole record, and so under which token it stands.
    Record,
    /// Its state, without regard to the owner; or it was deleted.
    State,
}

impl Database {
    /// Notes a committed change of a row. It is attributed to the committing transaction, not to the owner stored in the row: a late owner
    /// has just overwritten that field.
    #[inline]
    pub(crate) fn note_change(&mut self, row: u32, before: Option<KeyState>, wrote: Wrote) {
        let slot = &mut self.keys.slots[row as usize];
        if !std::mem::take(&mut slot.changed) {
            // Noted when its first change was, with what has become of it by now.
            return;
        }
        let from = before.map_or(RecordState::Absent, standing);
        let (state, token) = (slot.record.state, slot.record.token);
        let owner = slot.record.owner();
        let to = match slot.deleted {
            true => RecordState::Absent,
            false => standing(state),
        };
        let is_bare = slot.deleted || wrote == Wrote::State;
        if from == to && (is_bare || to == RecordState::Absent) {
            return;
        }
        let (by, token) = match is_bare {
            true => (self.at_hand.committer.owner, 0),
            false if self.at_hand.committer.for_holder => (owner, token.0),
            false => (self.at_hand.committer.owner, token.0),
        };
        let owner = by.0 as u32;
        self.push_change(
            row,
            How {
                from,
                to,
                owner,
                token,
            },
        );
    }

    fn push_change(&mut self, row: u32, how: How) {
        let t_us = self.at_hand.now_us;
        let how = self.changes.ways.number(how);
        self.changes.log.push(Change { t_us, row, how });
    }

    /// A record that the transaction at hand has replaced is committed. A claim that ends under a higher token than it had was taken
    /// over first, by the same transaction, unless it acts for the holder.
    #[inline]
    pub(crate) fn note_update(&mut self, row: u32, old: &KeyRecord) {
        let slot = &self.keys.slots[row as usize];
        let new = &slot.record;
        let claims = !self.at_hand.committer.for_holder;
        let is_take_over = claims && old.state == KeyState::Claimed && new.token > old.token;
        if slot.changed && is_take_over && new.state != KeyState::Claimed && !slot.deleted {
            let how = How {
                from: RecordState::InProgress,
                to: RecordState::InProgress,
                owner: self.at_hand.committer.owner.0 as u32,
                token: new.token.0,
            };
            self.push_change(row, how);
        }
        self.note_change(row, Some(old.state), Wrote::Record);
    }

    /// A row's place is free for another key.
    pub(crate) fn note_gone(&mut self, row: u32) {
        let key = self.keys.key(row);
        let changes = self.changes.log.len() as u32;
        self.changes.gone.push((changes, row, key));
    }
}

impl KeyChanges {
    /// Forgets every change, keeping the memory.
    pub(crate) fn forget(&mut self) {
        self.log.clear();
        self.ways.forget();
        self.gone.clear();
    }

    /// Whether nothing changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.log.is_empty()
    }

    /// When something changed, and how.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, How)> {
        let log = self.log.iter();
        log.map(|change| (change.t_us, self.ways.get(change.how)))
    }

    /// The changes with names for their rows: `names` of those that are there, `name` for those that are gone. `hosts` are the
    /// owners' names.
    pub(crate) fn named(
        self,
        mut names: Vec<Option<KeyRef>>,
        mut name: impl FnMut(&ScopedKey) -> KeyRef,
        hosts: &[HostRef],
    ) -> Vec<Transition> {
        let mut gone = self.gone.into_iter().rev().peekable();
        let mut log = self.log;
        // Backwards, because a place is named after the last that had it.
        for index in (0..log.len()).rev() {
            while let Some((_, row, key)) = gone.next_if(|(at, ..)| *at as usize > index) {
                names[row as usize] = Some(name(&key));
            }
            let change = &mut log[index];
            let key = names[change.row as usize].expect("every row that changed has a name");
            change.row = key.index() as u32;
        }
        let transition = |change: &Change| {
            let how = self.ways.get(change.how);
            Transition {
                t: change.t_us,
                key: KeyRef::new(change.row),
                from: how.from,
                to: how.to,
                owner: hosts.get(how.owner as usize).copied(),
                token: how.token,
            }
        };
        log.iter().map(transition).collect()
    }
}
