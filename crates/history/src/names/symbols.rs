//! The names of one kind: texts to numbers, and back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault};

use compact_str::CompactString;
use hashbrown::HashTable;
use rustc_hash::FxHasher;

use super::Reference;

/// The names of one kind: first the counted ones, then the listed ones.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    prefix: &'static str,
    counted: u32,
    listed: Vec<CompactString>,
    /// The listed name after the last one asked for, which is tried first: rows and requests mostly come in one order.
    next: usize,
    /// Each listed name with a part of its hash, so that growing and look-ups rarely read the texts.
    table: HashTable<(u32, u32)>,
    /// Counted names with texts of their own, if there are any.
    spelt: Option<Box<Spelt>>,
}

/// Counted names with texts of their own.
#[derive(Clone, Debug, Default)]
struct Spelt {
    texts: BTreeMap<u32, CompactString>,
    indices: BTreeMap<CompactString, u32>,
}

impl Symbols {
    /// No names; counted ones will begin with `prefix`.
    pub fn with_prefix(prefix: &'static str) -> Symbols {
        Symbols {
            prefix,
            ..Symbols::default()
        }
    }

    /// Forgets the counted names, and with them every name that was listed after one.
    pub fn forget_counted(&mut self) {
        if self.counted > 0 {
            self.counted = 0;
            self.spelt = None;
            self.listed.clear();
            self.table.clear();
        }
    }

    /// How many names are counted.
    pub fn counted(&self) -> u64 {
        u64::from(self.counted)
    }

    /// Whether every name is counted, so that the next one may be.
    pub fn is_counted(&self) -> bool {
        self.listed.is_empty()
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.counted as usize + self.listed.len()
    }

    /// Whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next counted name.
    ///
    /// # Panics
    /// If a name was listed before: counted names come first.
    #[inline]
    pub fn count<R: Reference>(&mut self) -> R {
        self.counted += 1;
        assert!(
            self.listed.is_empty(),
            "counted names come before listed ones"
        );
        R::at(self.counted - 1)
    }

    /// Makes the counted names reach up to this index.
    pub fn count_to<R: Reference>(&mut self, index: u32) -> R {
        if index >= self.counted {
            assert!(
                self.listed.is_empty(),
                "counted names come before listed ones"
            );
            self.counted = index + 1;
        }
        R::at(index)
    }

    /// Gives a counted name a text of its own, which no other name may have.
    pub fn spell<R: Reference>(&mut self, index: u32, text: &str) -> R {
        assert!(index < self.counted, "only counted names are spelt");
        let spelt = self.spelt.get_or_insert_default();
        let other = spelt.indices.insert(CompactString::new(text), index);
        assert!(other.is_none(), "`{text}` is the name of another");
        spelt.texts.insert(index, CompactString::new(text));
        R::at(index)
    }

    /// The number of a name, which is listed if it is new.
    pub fn intern<R: Reference>(&mut self, text: &str) -> R {
        if let Some(index) = self.counted_index(text) {
            return R::at(index);
        }
        if self.listed.get(self.next).is_some_and(|next| next == text) {
            self.next += 1;
            return R::at(self.counted + (self.next - 1) as u32);
        }
        let part = hash(text);
        let (listed, counted) = (&mut self.listed, self.counted);
        let is_it = |(index, other): &(u32, u32)| *other == part && listed[*index as usize] == text;
        let found = self.table.find(spread(part), is_it);
        let index = match found {
            Some((index, _)) => *index,
            None => {
                let index = u32::try_from(listed.len()).expect("fewer than 2^32 names");
                listed.push(CompactString::new(text));
                self.table
                    .insert_unique(spread(part), (index, part), |(_, part)| spread(*part));
                index
            }
        };
        self.next = index as usize + 1;
        R::at(counted + index)
    }

    /// Changes the text of a listed name. It is no longer found by its text, so this is done when all lines are read.
    pub(crate) fn rename(&mut self, index: usize, text: &str) {
        if let Some(listed) = index.checked_sub(self.counted as usize) {
            self.listed[listed] = CompactString::new(text);
        }
    }

    /// The number of a name, if it has one.
    pub fn find<R: Reference>(&self, text: &str) -> Option<R> {
        let index = self.counted_index(text).or_else(|| {
            let part = hash(text);
            let is_it = |(index, other): &(u32, u32)| {
                *other == part && self.listed[*index as usize] == text
            };
            let found = self.table.find(spread(part), is_it);
            found.map(|(index, _)| self.counted + index)
        });
        index.map(R::at)
    }

    /// The index of a counted name, read from its digits.
    fn counted_index(&self, text: &str) -> Option<u32> {
        if self.counted == 0 {
            return None;
        }
        if let Some(spelt) = &self.spelt
            && let Some(index) = spelt.indices.get(text)
        {
            return Some(*index);
        }
        let digits = text.strip_prefix(self.prefix)?;
        let canonical = digits == "0" || !digits.starts_with(['0', '+']);
        let index: u32 = digits.parse().ok().filter(|_| canonical)?;
        let spelt = |spelt: &Spelt| spelt.texts.contains_key(&index);
        let is_plain = index < self.counted && !self.spelt.as_deref().is_some_and(spelt);
        is_plain.then_some(index)
    }

    /// The name of an index.
    pub fn text(&self, index: usize) -> Cow<'_, str> {
        match index.checked_sub(self.counted as usize) {
            Some(listed) => Cow::Borrowed(&self.listed[listed]),
            None if let Some(text) = self.spelling(index) => Cow::Borrowed(text),
            None => Cow::Owned(format!("{}{index}", self.prefix)),
        }
    }
}

impl Symbols {
    /// Whether any counted name has a text of its own.
    pub(super) fn has_spellings(&self) -> bool {
        self.spelt.is_some()
    }

    /// The text of a counted name, if it has one of its own.
    fn spelling(&self, index: usize) -> Option<&str> {
        let texts = &self.spelt.as_deref()?.texts;
        texts.get(&(index as u32)).map(CompactString::as_str)
    }
}

/// How many names a block of the table is for: those that differ in their last character.
const BLOCK: u32 = 16;

/// A part of the hash of a text: of all but its last byte, which says where in a block. Names are mostly sequence numbers and come
/// one after the other, so that ten of them in a row touch the same few lines of memory: a large table is slow by its cache misses.
fn hash(text: &str) -> u32 {
    let (last, stem) = text.as_bytes().split_last().unwrap_or((&0, &[]));
    let hash = BuildHasherDefault::<FxHasher>::default().hash_one(stem);
    let block = (hash ^ hash >> 32) as u32 & !(BLOCK - 1);
    block | (u32::from(*last) % BLOCK)
}

/// The hash for the table, which looks for a place by the low bits and compares the high ones first: the block by the stem alone, and
/// where a block's names begin depends on the stem too, because digits are but ten of sixteen.
const fn spread(part: u32) -> u64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let stem = ((part / BLOCK) as u64).wrapping_mul(GOLDEN) >> 28;
    let place = stem ^ (part % BLOCK) as u64;
    let tag = (part as u64).wrapping_mul(GOLDEN) >> 57 << 57;
    tag | place
}
