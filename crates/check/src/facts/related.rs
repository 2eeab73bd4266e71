//! Charges that hang together, by purchase or provider key.

use std::collections::{BTreeMap, BTreeSet};

use history::AuditCharge;

use super::money::{For, Pair, arrival};

/// The charges of each purchase or provider key that has several, as they came: by their times; where those are not known, the smaller
/// one is the one too many.
pub(super) fn groups(charges: &[AuditCharge], pairs: &[Pair]) -> Vec<(Option<For>, Vec<u32>)> {
    let mut members: BTreeMap<(Option<For>, u32), BTreeSet<u32>> = BTreeMap::new();
    for pair in pairs {
        let own = members.entry((pair.group, pair.first)).or_default();
        own.extend([pair.first, pair.row]);
    }
    let sorted = members.into_iter().map(|((group, _), rows)| {
        let mut rows: Vec<u32> = rows.into_iter().collect();
        rows.sort_unstable_by_key(|row| arrival(charges, *row));
        (group, rows)
    });
    sorted.collect()
}

/// Each charge that is not the first of its group, with the first; those that came first in front.
pub(super) fn later_ones(charges: &[AuditCharge], groups: &[(Option<For>, Vec<u32>)]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (group, rows) in groups {
        pairs.extend(rows.iter().skip(1).map(|row| Pair {
            row: *row,
            first: rows[0],
            group: *group,
        }));
    }
    pairs.sort_by_key(|pair| (arrival(charges, pair.row), pair.group.is_none()));
    pairs
}

/// Disjoint sets of rows.
#[derive(Debug, Default)]
pub(super) struct Sets {
    parents: BTreeMap<u32, u32>,
}

impl Sets {
    fn root(&self, mut row: u32) -> u32 {
        while let Some(parent) = self.parents.get(&row) {
            row = *parent;
        }
        row
    }

    /// Unites the sets of two rows; `false` if they were one.
    pub(super) fn unite(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.parents.insert(a.max(b), a.min(b));
        }
        a != b
    }
}
