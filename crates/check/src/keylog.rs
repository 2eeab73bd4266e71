//! The log of each key record: its changes, in the order of time.

use history::{RecordState, Transition};

use crate::case::Case;

/// Where a record stands, in words.
pub(crate) const fn word(state: RecordState) -> &'static str {
    match state {
        RecordState::Absent => "absent",
        RecordState::InProgress => "in progress",
        RecordState::Completed => "completed",
        RecordState::Failed => "failed",
    }
}

/// Whether the record is gone although its answer was known.
pub(crate) fn forgets(change: &Transition) -> bool {
    (change.from, change.to) == (RecordState::Completed, RecordState::Absent)
}

impl<'a> Case<'a> {
    /// The changes of every record that changed, by key.
    pub(crate) fn key_logs(
        &self,
    ) -> impl Iterator<Item = (usize, impl Iterator<Item = &'a Transition>)> {
        let transitions = &self.history.transitions;
        let change = |index: &u32| &transitions[*index as usize];
        let key = move |index: &u32| change(index).key;
        let logs = self
            .facts
            .lookup
            .changes
            .all()
            .chunk_by(move |a, b| key(a) == key(b));
        logs.map(move |log| (key(&log[0]).index(), log.iter().map(change)))
    }

    /// The changes of one record.
    pub(crate) fn changes_of(&self, key: usize) -> impl Iterator<Item = &'a Transition> {
        let transitions = &self.history.transitions;
        let rows = match transitions.is_empty() {
            true => &[][..],
            false => self.facts.lookup.changes.of(key),
        };
        rows.iter().map(|row| &transitions[*row as usize])
    }

    /// A change in words, without its time.
    pub(crate) fn tell_change_briefly(&self, change: &Transition) -> String {
        let names = &self.history.names;
        let owner = change.owner.map_or(String::new(), |owner| {
            format!(" by {}", names.hosts.text(owner.index()))
        });
        let token = match change.token {
            0 => String::new(),
            token => format!(" with token {token}"),
        };
        let (from, to) = (word(change.from), word(change.to));
        format!(
            "the record of key {} goes from {from} to {to}{owner}{token}",
            self.tell_key(change.key)
        )
    }

    /// A change in words.
    pub(crate) fn tell_change(&self, change: &Transition) -> String {
        let owner = change.owner.map_or("an unknown owner".into(), |owner| {
            self.history.names.hosts.text(owner.index())
        });
        let token = match change.token {
            0 => "without a token".to_owned(),
            token => format!("with token {token}"),
        };
        format!(
            "key {} from {} to {} by {owner} {token} at {}",
            self.tell_key(change.key),
            word(change.from),
            word(change.to),
            self.tell_time(change.t),
        )
    }
}
