//! Reads a dump as rows of cells: CSV with a header, one JSON object a line, or a SQLite table.

use std::collections::BTreeSet;
use std::io::{self, BufRead};

use crate::format::json::paths::Paths;
use crate::mistake::{Mistake, quoted};
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
    Some(text).filter(|text| !matches!(text.trim(), "" | "\\N" | "NULL"))
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

/// The name of a table in a statement.
#[cfg(feature = "sqlite")]
mod sqlite {
    use std::path::Path;

    use rusqlite::types::ValueRef;
    use rusqlite::{Connection, OpenFlags};

    use super::{Mistake, Sink, quoted};

    /// Reads a table, or what a `SELECT` gives. The numbers of the rows stand for lines.
    pub(super) fn read(
        name: &str,
        path: &Path,
        what: &str,
        sink: &mut dyn Sink,
    ) -> Result<(), Mistake> {
        let wrong = |error: rusqlite::Error| Mistake::new(name, error.to_string());
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(wrong)?;
        let is_query = what
            .get(..7)
            .is_some_and(|word| word.eq_ignore_ascii_case("select "));
        let query = match is_query {
            true => what.to_owned(),
            false => format!("SELECT * FROM \"{}\"", what.replace('"', "\"\"")),
        };
        let statement = connection.prepare(&query);
        let mut statement = statement.map_err(|error| absent(name, &connection, what, &error))?;
        let columns: Vec<String> = statement
            .column_names()
            .iter()
            .map(|column| (*column).to_owned())
            .collect();
        sink.header(&columns, "SQLite")?;
        let mut rows = statement.query([]).map_err(wrong)?;
        let mut number = 0;
        while let Some(row) = rows.next().map_err(wrong)? {
            number += 1;
            let texts: Vec<Option<String>> = (0..columns.len())
                .map(|at| row.get_ref(at).ok().and_then(text))
                .collect();
            let cells: Vec<Option<&str>> = texts
                .iter()
                .map(|text| text.as_deref().and_then(super::cell))
                .collect();
            sink.row(number, &cells);
        }
        Ok(())
    }

    fn text(value: ValueRef<'_>) -> Option<String> {
        match value {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Real(number) => Some(number.to_string()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
        }
    }

    /// What is said of a table that is not there: those that are.
    fn absent(name: &str, connection: &Connection, what: &str, error: &rusqlite::Error) -> Mistake {
        let tables = connection.prepare(
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name",
        );
        let tables = tables.and_then(|mut tables| {
            let names = tables.query_map([], |row| row.get::<_, String>(0))?;
            names.collect::<Result<Vec<String>, _>>()
        });
        match tables {
            Ok(tables) => Mistake::new(
                name,
                format!("{error}; {} of: {}", quoted(what), tables.join(", ")),
            ),
            Err(_) => Mistake::new(name, error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::io::Cursor;

    use crate::plan::Text;

    /// Rows as text.
    #[derive(Default)]
    struct Seen(Vec<String>);

    impl Sink for Seen {
        fn header(&mut self, columns: &[String], form: &str) -> Result<(), Mistake> {
            self.0.push(format!("{form}: {}", columns.join("|")));
            Ok(())
        }

        fn row(&mut self, line: u64, cells: &[Option<&str>]) {
            let cells: Vec<&str> = cells.iter().map(|cell| cell.unwrap_or("none")).collect();
            self.0.push(format!("{line}: {}", cells.join("|")));
        }

        fn broken(&mut self, line: u64, why: String) {
            self.0.push(format!("{line}: broken: {why}"));
        }
    }

    fn seen(text: &[u8], named: &[&str]) -> Result<Vec<String>, String> {
        let text = Text(Box::new(Cursor::new(text.to_vec())));
        let dump = Dump {
            name: "d".into(),
            rows: DumpRows::Text(text),
        };
        let mut seen = Seen::default();
        read(dump, named, &mut seen).map_err(|mistake| mistake.to_string())?;
        Ok(seen.0)
    }

    #[test]
    fn csv_of_any_delimiter_is_rows_with_their_lines_and_null_is_absent() {
        let expected = [
            "CSV: id|note",
            "2: 1|two\nlines",
            "4: 2|none",
            "5: 3|none",
            "6: broken: 1 fields, but the header has 2",
        ];
        let text = "id, note\n1,\"two\nlines\"\n2,\\N\n3,\n4\n";
        assert_eq!(seen(text.as_bytes(), &[]).expect("a table"), expected);
        let tabs = text.replace(',', "\t");
        assert_eq!(
            seen(tabs.as_bytes(), &[]).expect("a table")[0],
            "CSV with tabs: id|note"
        );
    }

    #[test]
    fn a_row_that_is_not_utf8_is_broken_and_the_others_are_not() {
        let seen = seen(b"id\n\xe4\n2\n", &[]).expect("a table");
        assert!(
            seen[1].starts_with("2: broken: is not UTF-8") && seen[2] == "3: 2",
            "{seen:?}"
        );
    }

    #[test]
    fn json_lines_have_the_fields_of_all_and_named_paths() {
        let text = "{\"id\":1,\"meta\":{\"key\":\"k\"}}\n\n{\"id\":\"2\",\"late\":null}\nnone\n";
        let expected = [
            "JSON lines: id|late|meta|meta.key",
            "1: 1|none|{\"key\":\"k\"}|k",
            "3: 2|none|none|none",
        ];
        let seen = seen(text.as_bytes(), &["meta.key", "other.key"]).expect("rows");
        assert_eq!(seen[..3], expected);
        assert!(
            seen[3].starts_with("4: broken: column 2: no JSON object"),
            "{}",
            seen[3]
        );
    }

    #[test]
    fn what_is_no_table_is_refused_with_what_to_do() {
        for (text, part) in [
            (&b""[..], "is empty"),
            (b" [{}]", "jq -c '.[]' d"),
            (b"SQLite format 3\0...", "sqlite:d?orders"),
        ] {
            let said = seen(text, &[]).expect_err("no table");
            assert!(said.contains(part), "{said}");
        }
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn a_sqlite_table_or_query_is_rows_and_an_absent_one_is_answered_with_those_that_are_there() {
        let path = std::env::temp_dir().join(format!("onceproof-import-{}.db", std::process::id()));
        let connection = rusqlite::Connection::open(&path).expect("a database");
        let made = "DROP TABLE IF EXISTS shop_orders; CREATE TABLE shop_orders (id INTEGER, total REAL, key TEXT);
            INSERT INTO shop_orders VALUES (1, 149.99, 'k'), (2, 1.0, NULL);";
        connection.execute_batch(made).expect("well formed");
        drop(connection);
        let read = |what: &str| {
            let rows = DumpRows::Sqlite {
                path: path.clone(),
                what: what.into(),
            };
            let mut seen = Seen::default();
            let read = read(
                Dump {
                    name: "d".into(),
                    rows,
                },
                &[],
                &mut seen,
            );
            read.map(|()| seen.0).map_err(|mistake| mistake.to_string())
        };
        let expected = ["SQLite: id|total|key", "1: 1|149.99|k", "2: 2|1|none"];
        assert_eq!(read("shop_orders").expect("a table"), expected);
        assert_eq!(
            read("select key from shop_orders where id = 1").expect("a query"),
            ["SQLite: key", "1: k"]
        );
        let said = read("orders").expect_err("no such table");
        std::fs::remove_file(&path).expect("it is there");
        assert!(
            said.contains("no such table: orders") && said.contains("of: shop_orders"),
            "{said}"
        );
    }
}
