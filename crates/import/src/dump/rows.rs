//! Rows that wait to be written: as their JSON, end to end in one piece of memory.

use std::hash::Hasher;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use crate::line::Out;
use crate::value::{self, Item};

/// The rows of one part.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// The id of each row, and then its JSON without the closing brace.
    text: Vec<u8>,
    rows: Vec<Row>,
    by_id: HashTable<u32>,
}

/// A row that was added.
#[derive(Clone, Debug)]
pub struct Row {
    begin: usize,
    id: u32,
    json: u32,
    /// The line of its dump.
    pub line: u32,
    /// When it was made, in nanoseconds since 1970.
    pub t: Option<i64>,
    items: Vec<Item>,
}

/// Whether a row was new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It was.
    New,
    /// One with the same id and the same values was there, as in a join.
    Again,
    /// One with the same id and other values was there, in this line.
    Otherwise(u32),
}

fn hash(id: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(id);
    hasher.finish()
}

impl Rows {
    /// Adds a row: its id, its JSON without items and without the closing brace, and an item of it.
    pub fn add(
        &mut self,
        id: &str,
        json: &[u8],
        line: u64,
        t: Option<i64>,
        items: Vec<Item>,
    ) -> Added {
        let hashed = hash(id.as_bytes());
        let same = |at: &u32| self.id(*at) == id.as_bytes();
        if let Some(at) = self.by_id.find(hashed, same).copied() {
            let (known, number) = (&mut self.rows[at as usize], at);
            let begin = known.begin + known.id as usize;
            if self.text[begin..begin + known.json as usize] != *json {
                return Added::Otherwise(self.rows[number as usize].line);
            }
            for item in items {
                value::add(&mut known.items, item);
            }
            return Added::Again;
        }
        let at = self.rows.len() as u32;
        let row = Row {
            begin: self.text.len(),
            id: id.len() as u32,
            json: json.len() as u32,
            line: line as u32,
            t,
            items,
        };
        self.text.extend_from_slice(id.as_bytes());
        self.text.extend_from_slice(json);
        self.rows.push(row);
        let (rows, text) = (&self.rows, &self.text);
        self.by_id.insert_unique(hashed, at, |at| {
            let row = &rows[*at as usize];
            hash(&text[row.begin..row.begin + row.id as usize])
        });
        Added::New
    }

    fn id(&self, at: u32) -> &[u8] {
        let row = &self.rows[at as usize];
        &self.text[row.begin..row.begin + row.id as usize]
    }

    /// Whether there is a row of this id.
    pub fn has(&self, id: &str) -> bool {
        self.by_id
            .find(hash(id.as_bytes()), |at| self.id(*at) == id.as_bytes())
            .is_some()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows, in the order of adding.
    pub fn iter(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    /// Writes the rows that a function wants, each with the fields that it adds.
    pub fn write(
        &self,
        out: &mut Out<'_>,
        mut wanted: impl FnMut(&Row, &[u8]) -> Option<&'static str>,
    ) {
        for (at, row) in self.rows.iter().enumerate() {
            let Some(more) = wanted(row, self.id(at as u32)) else {
                continue;
            };
            let begin = row.begin + row.id as usize;
            out.buffer
                .extend_from_slice(&self.text[begin..begin + row.json as usize]);
            if !row.items.is_empty() {
                out.buffer.extend_from_slice(b",\"items\":");
                value::write_items(&row.items, &mut out.buffer);
            }
            out.buffer.extend_from_slice(more.as_bytes());
            out.buffer.extend_from_slice(b"}\n");
            out.spill();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_id_are_one_row_with_all_items_wherever_they_stand() {
        let item = |sku: &str| {
            vec![Item {
                sku: sku.into(),
                quantity: 1,
            }]
        };
        let mut rows = Rows::default();
        assert_eq!(
            rows.add("1", b"{\"id\":\"1\"", 2, Some(7), item("S")),
            Added::New
        );
        assert_eq!(
            rows.add("2", b"{\"id\":\"2\"", 3, None, Vec::new()),
            Added::New
        );
        assert_eq!(
            rows.add("1", b"{\"id\":\"1\"", 4, Some(7), item("T")),
            Added::Again
        );
        assert_eq!(
            rows.add("1", b"{\"id\":\"1\"", 5, Some(7), item("S")),
            Added::Again
        );
        assert_eq!(
            rows.add("1", b"{\"id\":\"1\",\"x\":1", 6, Some(7), item("S")),
            Added::Otherwise(2)
        );
        assert!(rows.has("2") && !rows.has("3"));
        let mut text = Vec::new();
        let mut out = Out::new(&mut text);
        rows.write(&mut out, |row, _| {
            Some(if row.t.is_some() {
                ",\"baseline\":true"
            } else {
                ""
            })
        });
        out.end().expect("memory takes it");
        assert_eq!(
            String::from_utf8(text).expect("text"),
            "{\"id\":\"1\",\"items\":[{\"sku\":\"S\",\"quantity\":2},{\"sku\":\"T\",\"quantity\":1}],\"baseline\":true}\n{\"id\":\"2\"}\n"
        );
    }

    #[test]
    fn many_ids_are_found_again() {
        let mut rows = Rows::default();
        for n in 0..10_000 {
            assert_eq!(
                rows.add(&n.to_string(), b"{", n, None, Vec::new()),
                Added::New
            );
        }
        assert!((0..10_000).all(|n| rows.has(&n.to_string())));
        assert!(!rows.has("10000"));
    }
}
