//! The changes of key records, sorted by key: there may be millions, so by counting.

use history::History;

use super::{Facts, Flaw, reset};

impl Facts {
    /// Puts the changes of each key side by side.
    pub(super) fn sort_changes(&mut self, history: &History) {
        let transitions = &history.transitions;
        self.changes.clear();
        if transitions.is_empty() {
            return;
        }
        assert!(transitions.len() < u32::MAX as usize, "too many changes");
        let places = &mut self.change_places;
        reset(places, history.names.keys.len());
        let mut before = 0;
        for (index, change) in transitions.iter().enumerate() {
            if change.t < before {
                self.flaws.push(Flaw::ChangeBackwards(index));
            }
            before = change.t;
            places[change.key.index()] += 1;
        }
        let mut sum = 0;
        for place in places.iter_mut() {
            sum += std::mem::replace(place, sum);
        }
        self.changes.resize(transitions.len(), 0);
        for (index, change) in transitions.iter().enumerate() {
            let place = &mut places[change.key.index()];
            self.changes[*place as usize] = index as u32;
            *place += 1;
        }
    }
}
