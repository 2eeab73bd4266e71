//! Reads a table of a SQLite database, or what a `SELECT` gives; the database is opened read-only.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::Sink;
use crate::mistake::{Mistake, quoted};

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
    let tables = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name");
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
