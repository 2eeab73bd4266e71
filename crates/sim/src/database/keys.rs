//! `idempotency_keys`: the rows, their index, the queues of what is due, and the statements.

use hashbrown::HashTable;
use orders::ports::Constraint;
use orders::{KeyRecord, KeyState, StoreError, Token};
use protocol::{Scope, ScopedKey, Tenant, Time};

use super::due::Due;
use super::hashes::hash_text;
use super::records::{Answers, Kept};
use super::texts::{Text, Texts};
use super::undo::Undo;
use super::{Database, Stop, Tx, Writer, writable};
use crate::memory::KEPT_MAX;

/// A row of `idempotency_keys`.
#[derive(Debug)]
pub(crate) struct KeySlot {
    pub(crate) record: Kept,
    text: Text,
    pub(crate) scope: Scope,
    pub(crate) tenant: Tenant,
    pub(crate) writer: Writer,
    /// Changed by the writer, and not only locked.
    pub(crate) changed: bool,
    /// Inserted by the writer, and not there for others.
    pub(crate) inserted: bool,
    /// Deleted by the writer, or free.
    pub(crate) deleted: bool,
    /// No row: the place waits for another key.
    pub(super) free: bool,
}

const _: () = assert!(size_of::<KeySlot>() == 96, "a million of them");

/// `idempotency_keys`.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) slots: Vec<KeySlot>,
    texts: Texts,
    pub(super) kept: Answers,
    index: HashTable<u32>,
    free: Vec<u32>,
    /// Committed claims by the end of their lease; entries may be out of date.
    pub(crate) claims: Due,
    /// Committed answers by their expiry; entries may be out of date.
    pub(crate) answers: Due,
}

impl Keys {
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.slots.reserve(rows);
        self.index
            .reserve(rows, |_| unreachable!("an empty index has nothing to move"));
    }

    /// Forgets every row, keeping the memory.
    pub(crate) fn forget(&mut self) {
        self.slots.clear();
        self.texts.forget();
        self.kept.forget();
        self.index.clear();
        self.free.clear();
        self.claims.forget();
        self.answers.forget();
    }

    /// No key is looked for any more: the memory of a large index is given back.
    pub(super) fn close(&mut self) {
        if self.slots.len() > KEPT_MAX {
            self.index = HashTable::new();
            (self.claims, self.answers) = (Due::default(), Due::default());
        }
    }

    /// No row is looked at any more: the memory of large tables is given back.
    pub(crate) fn release(&mut self) {
        if self.slots.len() > KEPT_MAX {
            *self = Keys::default();
        }
    }

    #[inline]
    pub(crate) fn find(&self, key: &ScopedKey) -> Option<u32> {
        let text = key.key.as_str();
        let short = Text::short(text);
        let same = |row: &u32| {
            let slot = &self.slots[*row as usize];
            let said = match short {
                Some(short) => slot.text == short,
                None => self.texts.read(&slot.text) == text,
            };
            said && (slot.tenant, slot.scope) == (key.tenant, key.scope)
        };
        self.index.find(hash_text(text), same).copied()
    }

    /// The text of a row's key.
    #[inline]
    pub(crate) fn text(&self, row: u32) -> &str {
        self.texts.read(&self.slots[row as usize].text)
    }

    /// The key of a row.
    pub(crate) fn key(&self, row: u32) -> ScopedKey {
        let slot = &self.slots[row as usize];
        ScopedKey {
            key: self.texts.key(slot.text),
            tenant: slot.tenant,
            scope: slot.scope,
        }
    }

    /// The record of a row.
    pub(super) fn record(&self, row: u32) -> KeyRecord {
        self.kept.unpack(&self.slots[row as usize].record)
    }

    /// Writes the record of a row, and returns what it was.
    pub(super) fn replace(&mut self, row: u32, record: &KeyRecord) -> KeyRecord {
        let old = self.record(row);
        self.slots[row as usize].record = self.kept.pack(record);
        old
    }

    pub(crate) fn insert(&mut self, key: &ScopedKey, record: KeyRecord, tx: Tx) -> u32 {
        let slot = KeySlot {
            record: self.kept.pack(&record),
            text: self.texts.keep(&key.key),
            scope: key.scope,
            tenant: key.tenant,
            writer: Some(tx),
            changed: true,
            inserted: true,
            deleted: false,
            free: false,
        };
        let row = match self.free.pop() {
            Some(row) => {
                self.slots[row as usize] = slot;
                row
            }
            None => {
                self.slots.push(slot);
                self.slots.len() as u32 - 1
            }
        };
        let (slots, texts) = (&self.slots, &self.texts);
        let rehash = |row: &u32| hash_text(texts.read(&slots[*row as usize].text));
        self.index
            .insert_unique(hash_text(key.key.as_str()), row, rehash);
        row
    }

    pub(crate) fn remove(&mut self, row: u32) {
        let hash = hash_text(self.text(row));
        let found = self.index.find_entry(hash, |other| *other == row);
        found.expect("every row is in the index").remove();
        let slot = &mut self.slots[row as usize];
        (slot.deleted, slot.inserted, slot.writer) = (true, false, None);
        (slot.changed, slot.free) = (false, true);
        self.texts.give_up(slot.text);
        self.free.push(row);
    }

    /// What a row holds is committed. It enters the queue of the completer or of the reaper, unless it goes at once.
    pub(crate) fn settle(&mut self, row: u32) {
        let slot = &mut self.slots[row as usize];
        (slot.writer, slot.inserted) = (None, false);
        if slot.deleted {
            return;
        }
        match slot.record.state {
            KeyState::Claimed => self.claims.push((slot.record.lease_until, row)),
            KeyState::Completed | KeyState::Released | KeyState::Failed => {
                self.answers.push((slot.record.expires_at, row))
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Queue {
    Claims,
    Answers,
}

impl Database {
    pub(crate) fn lock_key(&mut self, tx: Tx, key: &ScopedKey) -> Result<Option<KeyRecord>, Stop> {
        let Some(row) = self.keys.find(key) else {
            return Ok(None);
        };
        let slot = &mut self.keys.slots[row as usize];
        if slot.inserted && slot.writer != Some(tx) {
            // An uncommitted insert is invisible, also to FOR UPDATE.
            return Ok(None);
        }
        writable(slot.writer, tx)?;
        if slot.writer.is_none() {
            slot.writer = Some(tx);
            self.log(tx, Undo::LockKey(row));
            return Ok(Some(self.keys.record(row)));
        }
        let is_there = !slot.deleted;
        Ok(is_there.then(|| self.keys.record(row)))
    }

    pub(crate) fn insert_key(
        &mut self,
        tx: Tx,
        key: &ScopedKey,
        record: KeyRecord,
    ) -> Result<(), Stop> {
        if let Some(row) = self.keys.find(key) {
            return self.insert_key_again(tx, row, record);
        }
        let row = self.keys.insert(key, record, tx);
        self.log(tx, Undo::InsertKey(row));
        Ok(())
    }

    /// The unique index has the key. A transaction that changes the row may yet take it away; one that only locked it will not.
    fn insert_key_again(&mut self, tx: Tx, row: u32, record: KeyRecord) -> Result<(), Stop> {
        let slot = &self.keys.slots[row as usize];
        match slot.writer {
            // Any UPDATE counts: PostgreSQL's unique check sees a version that is about to be replaced, and waits to know by what.
            Some(other) if other != tx && slot.changed => Err(Stop::Wait(other)),
            Some(own) if own == tx && slot.deleted => {
                let old = self.keys.replace(row, &record);
                self.keys.slots[row as usize].deleted = false;
                self.log(tx, Undo::ReinsertKey(row, old));
                Ok(())
            }
            _ => Err(StoreError::Unique(Constraint::Keys).into()),
        }
    }

    /// A record as those see it who do not see what its writer did.
    fn committed_key(&self, row: u32) -> KeyRecord {
        let slot = &self.keys.slots[row as usize];
        let log = slot.writer.map_or(&[][..], |writer| self.undo_log(writer));
        let replaced = log.iter().find_map(|undo| match undo {
            Undo::UpdateKey(r, old) | Undo::SetKeyState(r, old) | Undo::ReinsertKey(r, old)
                if *r == row =>
            {
                Some(*old)
            }
            _ => None,
        });
        replaced.unwrap_or_else(|| self.keys.record(row))
    }

    pub(crate) fn update_key(
        &mut self,
        tx: Tx,
        key: &ScopedKey,
        held: Token,
        record: KeyRecord,
    ) -> Result<u64, Stop> {
        let Some(row) = self.keys.find(key) else {
            return Ok(0);
        };
        let slot = &self.keys.slots[row as usize];
        if let Some(other) = slot.writer.filter(|writer| *writer != tx) {
            let hit = self.at_hand.resumed || self.committed_key(row).token == held;
            return if slot.inserted || !hit {
                Ok(0)
            } else {
                Err(Stop::Wait(other))
            };
        }
        let slot = &mut self.keys.slots[row as usize];
        if slot.deleted || slot.record.token != held {
            if self.at_hand.resumed && slot.writer.is_none() {
                // A statement that waited for a row has locked it, even if it is not the row that was looked for.
                slot.writer = Some(tx);
                self.log(tx, Undo::LockKey(row));
            }
            return Ok(0);
        }
        (slot.writer, slot.changed) = (Some(tx), true);
        let old = self.keys.replace(row, &record);
        self.log(tx, Undo::UpdateKey(row, old));
        Ok(1)
    }

    /// The record as `tx` sees it; nothing is locked and nothing waits.
    pub(crate) fn find_key(&mut self, tx: Tx, key: &ScopedKey) -> Result<Option<KeyRecord>, Stop> {
        let Some(row) = self.keys.find(key) else {
            return Ok(None);
        };
        let slot = &self.keys.slots[row as usize];
        Ok(match slot.writer {
            Some(other) if other != tx => (!slot.inserted).then(|| self.committed_key(row)),
            _ => (!slot.deleted).then(|| self.keys.record(row)),
        })
    }

    /// Writes the state of a record, without regard to its owner.
    pub(crate) fn set_key_state(
        &mut self,
        tx: Tx,
        key: &ScopedKey,
        state: KeyState,
    ) -> Result<u64, Stop> {
        let Some(row) = self.keys.find(key) else {
            return Ok(0);
        };
        let slot = &mut self.keys.slots[row as usize];
        if slot.inserted && slot.writer != Some(tx) {
            return Ok(0);
        }
        writable(slot.writer, tx)?;
        if slot.deleted {
            return Ok(0);
        }
        let old = self.keys.record(row);
        let slot = &mut self.keys.slots[row as usize];
        (slot.record.state, slot.writer, slot.changed) = (state, Some(tx), true);
        self.log(tx, Undo::SetKeyState(row, old));
        Ok(1)
    }

    pub(crate) fn lock_overdue_claims(
        &mut self,
        tx: Tx,
        now: Time,
        limit: usize,
    ) -> Result<Vec<(ScopedKey, KeyRecord)>, Stop> {
        let mut found = Vec::new();
        for row in self.due(tx, now, limit, Queue::Claims) {
            found.push((self.keys.key(row), self.keys.record(row)));
            let slot = &mut self.keys.slots[row as usize];
            if slot.writer.replace(tx).is_none() {
                self.log(tx, Undo::LockKey(row));
            }
        }
        Ok(found)
    }

    pub(crate) fn delete_expired_keys(
        &mut self,
        tx: Tx,
        before: Time,
        limit: usize,
    ) -> Result<u64, Stop> {
        let rows = self.due(tx, before, limit, Queue::Answers);
        for row in &rows {
            let slot = &mut self.keys.slots[*row as usize];
            (slot.writer, slot.deleted, slot.changed) = (Some(tx), true, true);
            let before = slot.record.state;
            self.log(tx, Undo::DeleteKey(*row, before));
        }
        Ok(rows.len() as u64)
    }

    /// The committed rows of a queue that were due before `now`, first due first, without those that others have locked.
    /// Entries that are out of date leave the queue. What `tx` itself has written since is not looked for.
    fn due(&mut self, tx: Tx, now: Time, limit: usize, queue: Queue) -> Vec<u32> {
        let mut entries = std::mem::take(self.queue(queue));
        let (mut rows, mut kept) = (Vec::new(), Vec::new());
        while rows.len() < limit
            && let Some(entry) = entries.pop_before(now)
        {
            let (at, row) = entry;
            let slot = &self.keys.slots[row as usize];
            let due = match slot.record.state {
                KeyState::Claimed => (Queue::Claims, slot.record.lease_until),
                KeyState::Completed | KeyState::Released | KeyState::Failed => {
                    (Queue::Answers, slot.record.expires_at)
                }
            };
            let current = !slot.deleted && due == (queue, at);
            // A row that was written twice with one time stands there twice, side by side.
            let twice = kept.last() == Some(&entry);
            if twice || !current && slot.writer.is_none() {
                continue;
            }
            kept.push(entry);
            if current && slot.writer.is_none_or(|writer| writer == tx) {
                rows.push(row);
            }
        }
        self.counts.idle_statements += u64::from(rows.is_empty());
        entries.put_back(kept);
        *self.queue(queue) = entries;
        rows
    }

    /// Whether a claim or an answer may be due before `now`: if not, a search for such rows before then finds none.
    pub(crate) fn has_due_before(&self, now: Time) -> bool {
        let queues = [&self.keys.claims, &self.keys.answers];
        queues.iter().any(|queue| queue.has_before(now))
    }

    fn queue(&mut self, queue: Queue) -> &mut Due {
        match queue {
            Queue::Claims => &mut self.keys.claims,
            Queue::Answers => &mut self.keys.answers,
        }
    }
}
