//! The log of each key record: its changes, in the order of time.

use history::{RecordState, Transition};

use crate::case::Case;

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
            .changes
            .all()
            .chunk_by(move |a, b| key(a) == key(b));
        logs.map(move |log| (key(&log[0]).index(), log.iter().map(change)))
    }

    /// A change in words.
    pub(crate) fn tell_change(&self, change: &Transition) -> String {
        let word = |state| match state {
            RecordState::Absent => "absent",
            RecordState::InProgress => "in progress",
            RecordState::Completed => "completed",
            RecordState::Failed => "failed",
        };
        let owner = change.owner.map_or("nobody".into(), |owner| {
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
