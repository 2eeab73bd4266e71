//! The log of each key record: its changes, in the order of time.

use history::{RecordState, Transition, What};

use crate::case::Case;

/// A change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    /// When.
    pub(crate) t: u64,
    /// What.
    pub(crate) what: &'a Transition,
}

impl Change<'_> {
    /// Whether the record was left although its answer was known.
    pub(crate) fn forgets(&self) -> bool {
        self.what.from == RecordState::Completed && self.what.to == RecordState::Absent
    }
}

impl<'a> Case<'a> {
    /// The changes of every record that changed, by key.
    pub(crate) fn key_logs(&self) -> Vec<(usize, Vec<Change<'a>>)> {
        let mut changes: Vec<(usize, Change<'a>)> = Vec::new();
        for index in &self.facts.rare.transitions {
            let event = &self.history.events[*index as usize];
            if let What::Transition(what) = &event.what {
                changes.push((what.key.index(), Change { t: event.t, what }));
            }
        }
        changes.sort_by_key(|(key, _)| *key);
        let logs = changes.chunk_by(|a, b| a.0 == b.0);
        logs.map(|log| (log[0].0, log.iter().map(|(_, change)| *change).collect()))
            .collect()
    }

    /// A change in words.
    pub(crate) fn tell_change(&self, change: &Change<'_>) -> String {
        let word = |state| match state {
            RecordState::Absent => "absent",
            RecordState::InProgress => "in progress",
            RecordState::Completed => "completed",
            RecordState::Failed => "failed",
        };
        let owner = change.what.owner.map_or("nobody".into(), |owner| {
            self.history.names.hosts.text(owner.index())
        });
        format!(
            "key {} from {} to {} by {owner} with token {} at {}",
            self.tell_key(change.what.key),
            word(change.what.from),
            word(change.what.to),
            change.what.token,
            self.tell_time(change.t),
        )
    }
}
