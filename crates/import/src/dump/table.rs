//! Reads a dump as rows of cells: CSV with a header, one JSON object a line, or a SQLite table.

#[cfg(feature = "sqlite")]
mod sqlite;

use std::collections::BTreeSet;
use std::io::{self, BufRead};

use crate::format::json::paths::Paths;
use crate::mistake::Mistake;
use crate::plan::{Dump, DumpRows};

/// Rows that JSON lines are looked through for the names of their fields.
const SAMPLE_ROWS: usize = 1_000;

/// What takes the rows.
pub trait Sink {
    /// The names of the columns, and how the dump is written: `CSV`, `JSON lines`, `SQLite`.
    ///
    /// # Errors
    ///
    /// If something is missing; no row is read then.
    fn header(&mut self, columns: &[String], form: &str) -> Result<(), Mistake>;

    /// A row, and the number of its line. An empty cell is absent.
    fn row(&mut self, line: u64, cells: &[Option<&str>]);

    /// A line that is no row.
    fn broken(&mut self, line: u64, why: String);
}

/// Reads a dump. `named` are columns that the command line names: paths into JSON objects are only looked for if they are named.
///
/// # Errors
///
/// If it is no table, or cannot be read.
pub fn read(dump: Dump, named: &[&str], sink: &mut dyn Sink) -> Result<(), Mistake> {
    let name = dump.name;
    match dump.rows {
        DumpRows::Text(text) => read_text(&name, text.0, named, sink),
        #[cfg(feature = "sqlite")]
        DumpRows::Sqlite { path, what } => sqlite::read(&name, &path, &what, sink),
        #[cfg(not(feature = "sqlite"))]
        DumpRows::Sqlite { .. } => Err(Mistake::new(name, "this program was built without SQLite")),
    }
}

fn read_text(
    name: &str,
    mut text: Box<dyn BufRead>,
    named: &[&str],
    sink: &mut dyn Sink,
) -> Result<(), Mistake> {
    let unreadable =
        |error: io::Error| Mistake::new(name, format!("cannot be read further: {error}"));
    let first = text.fill_buf().map_err(unreadable)?;
    if first.starts_with(b"SQLite format 3\0") {
        return Err(Mistake::new(
            name,
            format!("is a SQLite database; say which table: sqlite:{name}?orders"),
        ));
    }
    match first.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err(Mistake::new(
            name,
            "is empty; expected a header line, or JSON objects",
        )),
        Some(b'[') => Err(Mistake::new(
            name,
            format!("is a JSON list; write one object a line: jq -c '.[]' {name}"),
        )),
        Some(b'{') => json(text, named, sink).map_err(|stop| stop.mistake(name)),
        Some(_) => csv(name, text, sink),
    }
}

/// Whether a cell says anything. Databases write NULL as nothing, `\N` (PostgreSQL, MySQL) or `NULL` (MySQL's clients).
fn cell(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !matches!(*text, "" | "\\N" | "NULL"))
}

fn csv(name: &str, mut text: Box<dyn BufRead>, sink: &mut dyn Sink) -> Result<(), Mistake> {
    let buffered = text.fill_buf().unwrap_or_default();
    let delimiter = delimiter(
        buffered
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default(),
    );
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_reader(text);
    let header = reader
        .headers()
        .map_err(|error| Mistake::at(name, 1, error.to_string()))?;
    let columns: Vec<String> = header
        .iter()
        .map(|column| column.trim().to_owned())
        .collect();
    let form = match delimiter {
        b',' => "CSV",
        b';' => "CSV with semicolons",
        b'|' => "CSV with bars",
        _ => "CSV with tabs",
    };
    sink.header(&columns, form)?;
    let mut record = csv::ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {
                let line = record.position().map_or(0, csv::Position::line);
                row(&record, line, columns.len(), sink);
            }
            Err(error) => {
                return Err(Mistake::new(
                    name,
                    format!("cannot be read further: {error}"),
                ));
            }
        }
    }
}

fn row(record: &csv::ByteRecord, line: u64, columns: usize, sink: &mut dyn Sink) {
    if record.len() != columns {
        return sink.broken(
            line,
            format!("{} fields, but the header has {columns}", record.len()),
        );
    }
    let cells = record
        .iter()
        .map(|bytes| std::str::from_utf8(bytes).map(cell));
    match cells.collect::<Result<Vec<Option<&str>>, _>>() {
        Ok(cells) => sink.row(line, &cells),
        Err(_) => sink.broken(
            line,
            String::from("is not UTF-8; convert it, for example with `iconv -f LATIN1 -t UTF-8`"),
        ),
    }
}

/// The delimiter that a header line has most of.
fn delimiter(header: &[u8]) -> u8 {
    let count = |delimiter: u8| header.iter().filter(|byte| **byte == delimiter).count();
    // Of those that are there equally often the last counts, so the comma does if there is none at all.
    let candidates = [b'|', b'\t', b';', b','];
    candidates
        .into_iter()
        .max_by_key(|candidate| count(*candidate))
        .unwrap_or(b',')
}

/// Why JSON lines were not read to their end.
enum Stop {
    Read(io::Error),
    Refused(Mistake),
}

impl Stop {
    fn mistake(self, name: &str) -> Mistake {
        match self {
            Stop::Read(error) => Mistake::new(name, format!("cannot be read further: {error}")),
            Stop::Refused(mistake) => mistake,
        }
    }
}

fn json(mut text: Box<dyn BufRead>, named: &[&str], sink: &mut dyn Sink) -> Result<(), Stop> {
    let mut lines = Vec::new();
    let mut next = |lines: &mut Vec<String>| -> Result<bool, Stop> {
        let mut bytes = Vec::new();
        let read = text.read_until(b'\n', &mut bytes).map_err(Stop::Read)?;
        lines.push(String::from_utf8_lossy(&bytes).trim().to_owned());
        Ok(read > 0)
    };
    while lines.len() < SAMPLE_ROWS && next(&mut lines)? {}
    let columns = fields(&lines, named);
    sink.header(&columns, "JSON lines").map_err(Stop::Refused)?;
    let mut paths = Paths::default();
    let slots: Vec<usize> = columns.iter().map(|column| paths.add(column)).collect();
    let mut number = 0;
    loop {
        for line in lines.drain(..) {
            number += 1;
            object(&line, number, &paths, &slots, sink);
        }
        if !next(&mut lines)? {
            return Ok(());
        }
    }
}

/// The names of the fields of some objects, and the paths that are named.
fn fields(lines: &[String], named: &[&str]) -> Vec<String> {
    let objects = lines.iter().filter_map(|line| {
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line).ok()
    });
    let mut names: BTreeSet<String> = objects
        .flat_map(|object| object.into_iter().map(|(name, _)| name))
        .collect();
    let deep = named.iter().filter(|name| {
        name.split_once('.')
            .is_some_and(|(first, _)| names.contains(first))
    });
    let deep: Vec<String> = deep.map(|name| (*name).to_owned()).collect();
    names.extend(deep);
    names.into_iter().collect()
}

fn object(line: &str, number: u64, paths: &Paths, slots: &[usize], sink: &mut dyn Sink) {
    if line.is_empty() {
        return;
    }
    match paths.read(line) {
        Ok(found) => {
            let cells: Vec<_> = slots.iter().map(|slot| found.text(*slot)).collect();
            let cells: Vec<Option<&str>> = cells
                .iter()
                .map(|text| text.as_deref().and_then(cell))
                .collect();
            sink.row(number, &cells);
        }
        Err(why) => sink.broken(number, why),
    }
}

#[cfg(test)]
mod tests;
