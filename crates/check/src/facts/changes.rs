//! The changes of key records, sorted by key.

use history::History;

use super::flaw::Flaw;
use super::store::Facts;

impl Facts {
    /// Puts the changes of each key side by side.
    pub(super) fn sort_changes(&mut self, history: &History) {
        let transitions = &history.transitions;
        self.lookup.changes.clear();
        if transitions.is_empty() {
            return;
        }
        assert!(transitions.len() < u32::MAX as usize, "too many changes");
        for (index, pair) in transitions.windows(2).enumerate() {
            if pair[1].t < pair[0].t {
                self.flaws.push(Flaw::ChangeBackwards(index + 1));
            }
        }
        let rows = transitions.iter().zip(0_u32..);
        let rows = rows.map(|(change, row)| (change.key.index(), row));
        self.lookup.changes.fill(history.names.keys.len(), rows);
    }
}
