//! Values of which there are few, each kept once and referred to by number.

use std::hash::{BuildHasher, BuildHasherDefault, Hash};

use hashbrown::HashTable;
use rustc_hash::FxHasher;

/// What a value is told apart by quickly.
pub(crate) trait Hashed: Copy + PartialEq {
    fn hash(&self) -> u64;
}

/// The hash of parts that tell values apart.
pub(crate) fn hash_of(parts: impl Hash) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one(parts)
}

/// Values, each once, numbered in the order in which they came.
#[derive(Debug)]
pub(crate) struct Distinct<T> {
    values: Vec<T>,
    index: HashTable<u32>,
}

impl<T> Default for Distinct<T> {
    fn default() -> Distinct<T> {
        Distinct {
            values: Vec::new(),
            index: HashTable::new(),
        }
    }
}

impl<T: Hashed> Distinct<T> {
    /// Forgets every value, keeping the memory.
    pub(crate) fn forget(&mut self) {
        self.values.clear();
        self.index.clear();
    }

    /// The number of a value.
    #[inline]
    pub(crate) fn number(&mut self, value: T) -> u32 {
        let hash = value.hash();
        let values = &mut self.values;
        let same = |at: &u32| values[*at as usize] == value;
        if let Some(at) = self.index.find(hash, same) {
            return *at;
        }
        let at = values.len() as u32;
        values.push(value);
        let rehash = |at: &u32| values[*at as usize].hash();
        self.index.insert_unique(hash, at, rehash);
        at
    }

    /// The value with a number.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> T {
        self.values[number as usize]
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }
}
