//! Dumps of every form, as rows of cells.

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
    let text = "id, note\n 1,\"two\nlines\"\n2,\\N\n3,\n4\n";
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
