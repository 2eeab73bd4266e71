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
    by_id: HashTable<Entry>,
}

/// A row in the index, with its hash: neither growing nor a miss touches the rows.
#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u64,
    row: u32,
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
    /// The number of its key, for an order.
    pub key: Option<u32>,
    items: Vec<Item>,
}

/// A row that is to be added.
#[derive(Clone, Debug, Default)]
pub struct NewRow<'r> {
    /// Its id.
    pub id: &'r str,
    /// Its JSON without items and without the closing brace.
    pub json: &'r [u8],
    /// The line of its dump.
    pub line: u64,
    /// When it was made, in nanoseconds since 1970.
    pub t: Option<i64>,
    /// The number of its key, for an order.
    pub key: Option<u32>,
    /// An item of it, or all.
    pub items: Vec<Item>,
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
    /// Adds a row.
    pub fn add(&mut self, row: NewRow<'_>) -> Added {
        if let Some(at) = self.find(row.id) {
            let known = &mut self.rows[at as usize];
            let begin = known.begin + known.id as usize;
            if self.text[begin..begin + known.json as usize] != *row.json {
                return Added::Otherwise(known.line);
            }
            for item in row.items {
                value::add(&mut known.items, item);
            }
            return Added::Again;
        }
        let at = self.rows.len() as u32;
        self.rows.push(Row {
            begin: self.text.len(),
            id: row.id.len() as u32,
            json: row.json.len() as u32,
            line: row.line as u32,
            t: row.t,
            key: row.key,
            items: row.items,
        });
        self.text.extend_from_slice(row.id.as_bytes());
        self.text.extend_from_slice(row.json);
        let hash = hash(row.id.as_bytes());
        let entry = Entry { hash, row: at };
        self.by_id.insert_unique(hash, entry, |entry| entry.hash);
        Added::New
    }

    /// Adds a bare name, if it is not there yet, and returns its number.
    pub fn name(&mut self, id: &str) -> u32 {
        if let Some(at) = self.find(id) {
            return at;
        }
        self.add(NewRow {
            id,
            ..NewRow::default()
        });
        self.rows.len() as u32 - 1
    }

    /// The number of the row of an id.
    pub fn find(&self, id: &str) -> Option<u32> {
        let hash = hash(id.as_bytes());
        let same = |entry: &Entry| entry.hash == hash && self.id(entry.row) == id.as_bytes();
        self.by_id.find(hash, same).map(|entry| entry.row)
    }

    fn id(&self, at: u32) -> &[u8] {
        let row = &self.rows[at as usize];
        &self.text[row.begin..row.begin + row.id as usize]
    }

    /// Whether there is a row of this id.
    pub fn has(&self, id: &str) -> bool {
        self.find(id).is_some()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the rows, each with the fields that a function adds.
    pub fn write(&self, out: &mut Out<'_>, mut more: impl FnMut(&Row) -> &'static str) {
        for row in &self.rows {
            let begin = row.begin + row.id as usize;
            out.buffer
                .extend_from_slice(&self.text[begin..begin + row.json as usize]);
            if !row.items.is_empty() {
                out.buffer.extend_from_slice(b",\"items\":");
                value::write_items(&row.items, &mut out.buffer);
            }
            out.buffer.extend_from_slice(more(row).as_bytes());
            out.buffer.extend_from_slice(
                b"}
",
            );
            out.spill();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'r>(id: &'r str, json: &'r [u8], line: u64, sku: &str) -> NewRow<'r> {
        let items = vec![Item {
            sku: sku.into(),
            quantity: 1,
        }];
        NewRow {
            id,
            json,
            line,
            t: Some(7),
            key: None,
            items,
        }
    }

    #[test]
    fn rows_of_one_id_are_one_row_with_all_items_wherever_they_stand() {
        let mut rows = Rows::default();
        assert_eq!(rows.add(row("1", b"{\"id\":\"1\"", 2, "S")), Added::New);
        let bare = NewRow {
            id: "2",
            json: b"{\"id\":\"2\"",
            line: 3,
            ..NewRow::default()
        };
        assert_eq!(rows.add(bare), Added::New);
        assert_eq!(rows.add(row("1", b"{\"id\":\"1\"", 4, "T")), Added::Again);
        assert_eq!(rows.add(row("1", b"{\"id\":\"1\"", 5, "S")), Added::Again);
        let other = rows.add(row("1", b"{\"id\":\"1\",\"x\":1", 6, "S"));
        assert_eq!(other, Added::Otherwise(2));
        assert!(rows.has("2") && !rows.has("3"));
        let mut text = Vec::new();
        let mut out = Out::new(&mut text);
        rows.write(&mut out, |row| {
            if row.t.is_some() {
                ",\"baseline\":true"
            } else {
                ""
            }
        });
        out.end().expect("memory takes it");
        assert_eq!(
            String::from_utf8(text).expect("text"),
            "{\"id\":\"1\",\"items\":[{\"sku\":\"S\",\"quantity\":2},{\"sku\":\"T\",\"quantity\":1}],\"baseline\":true}\n{\"id\":\"2\"}\n"
        );
    }

    #[test]
    fn many_names_are_found_again_under_their_numbers() {
        let mut rows = Rows::default();
        for n in 0..10_000 {
            assert_eq!(rows.name(&n.to_string()), n);
        }
        assert!(
            (0..10_000)
                .all(|n| rows.find(&n.to_string()) == Some(n) && rows.name(&n.to_string()) == n)
        );
        assert_eq!((rows.find("10000"), rows.len()), (None, 10_000));
    }
}
