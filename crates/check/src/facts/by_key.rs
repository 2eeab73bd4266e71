//! Rows by their key. There may be millions of both, so they are sorted by counting.

use super::memory::reset;

/// The rows of each key side by side, in their own order.
#[derive(Debug, Default)]
pub(crate) struct ByKey {
    /// By key: where its rows end, and those of the next begin.
    ends: Vec<u32>,
    rows: Vec<u32>,
}

impl ByKey {
    pub(super) fn clear(&mut self) {
        self.ends.clear();
        self.rows.clear();
    }

    /// Sorts rows that come with their key. `keys` is the number of keys.
    pub(super) fn fill(&mut self, keys: usize, rows: impl Iterator<Item = (usize, u32)> + Clone) {
        let places = &mut self.ends;
        reset(places, keys);
        for (key, _) in rows.clone() {
            places[key] += 1;
        }
        let mut sum = 0;
        for place in places.iter_mut() {
            sum += std::mem::replace(place, sum);
        }
        reset(&mut self.rows, sum as usize);
        // Each place moves on to its end, which is where the next begins.
        for (key, row) in rows {
            self.rows[places[key] as usize] = row;
            places[key] += 1;
        }
    }

    /// The rows of all keys, those of one side by side.
    pub(crate) fn all(&self) -> &[u32] {
        &self.rows
    }

    /// The rows of a key.
    pub(crate) fn of(&self, key: usize) -> &[u32] {
        let begin = key.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.rows[begin as usize..self.ends[key] as usize]
    }
}
