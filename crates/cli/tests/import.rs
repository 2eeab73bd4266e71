//! `onceproof import`: files in, a history out; and the page that shows it.

use std::fs;
use std::io::Write;
use std::path::Path;

use tempfile::TempDir;

use super::{folder, onceproof, root, stderr, stdout};

/// The page that describes it.
fn page() -> String {
    fs::read_to_string(root().join("crates/history/IMPORT.md")).expect("the page is there")
}

/// The folder of the worked example.
fn example() -> std::path::PathBuf {
    root().join("crates/history/import-example")
}

/// The words of a command line, of which those in single quotes may have spaces.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words
}

/// The command of the worked example without its redirection, and what it says on stderr.
fn worked_example(page: &str) -> (Vec<String>, String) {
    let begin = "$ onceproof import ";
    let block = page
        .split("```console\n")
        .find(|block| block.contains(begin))
        .expect("an example");
    let block = block.split("```").next().expect("a block ends");
    let (command, said) = block
        .split(begin)
        .nth(1)
        .and_then(|rest| rest.split_once('\n'))
        .expect("a command");
    let command = command
        .strip_suffix(" > history.jsonl")
        .expect("a history is written");
    (words(&format!("import {command}")), said.to_owned())
}

#[test]
fn the_worked_example_does_what_its_page_shows() {
    let page = page();
    let (command, said) = worked_example(&page);
    let assert = assert_cmd::cargo::cargo_bin_cmd!("onceproof")
        .current_dir(example())
        .args(&command)
        .assert()
        .code(0);
    let output = assert.get_output();
    assert_eq!(String::from_utf8_lossy(&output.stderr), said);
    let history = String::from_utf8_lossy(&output.stdout);
    let shown = page
        .split("```jsonl\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("lines of the history");
    for line in shown.lines() {
        assert!(
            history.lines().any(|written| written == line),
            "{line}\n{history}"
        );
    }
    assert!(
        history.ends_with("\"complete\":[\"orders\",\"charges\"]}\n"),
        "{history}"
    );
    let folder = folder();
    fs::write(folder.path().join("history.jsonl"), &*history).expect("a folder of ours");
    let judged = stdout(&folder, "check history.jsonl", 1);
    let shown = page
        .split("$ onceproof check history.jsonl\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("what the judge says");
    let parts: Vec<&str> = shown
        .split("...\n")
        .filter(|part| !part.is_empty())
        .collect();
    assert_eq!(parts.len(), 4);
    for part in parts {
        assert!(judged.contains(part), "{part}\n{judged}");
    }
}

#[test]
fn the_page_has_every_option_and_every_format() {
    let (page, help) = (page(), stdout(&folder(), "import --help", 0));
    let options = help.lines().filter(|line| line.trim().starts_with("--"));
    let options: Vec<&str> = options
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(options.len() > 15, "{options:?}");
    for option in options {
        assert!(page.contains(&format!("`{option}")), "{option}");
    }
    let formats = help
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- "))
        .filter_map(|line| line.split_once(':'));
    let formats: Vec<&str> = formats.map(|(name, _)| name).collect();
    for format in &formats[..8] {
        assert!(page.contains(&format!("\n### {format}\n")), "{format}");
    }
}

/// A folder with the files of the worked example.
fn copied() -> TempDir {
    let folder = folder();
    for name in ["access.log", "orders.csv", "charges.csv", "contract.json"] {
        fs::copy(example().join(name), folder.path().join(name)).expect("room for a file");
    }
    folder
}

const PLAIN: &str = "import --requests access.log --format nginx --path /orders --key field:last";

/// What is written after the states of the orders in the example, so that words need no quotes.
const STATES: &str = "--map orders.state:paid=confirmed,open=pending";

#[test]
fn compressed_files_and_standard_input_give_the_same_history() {
    let folder = copied();
    let plain = stdout(&folder, &format!("{PLAIN} --orders orders.csv {STATES}"), 0);
    compress(folder.path(), "access.log");
    compress(folder.path(), "orders.csv");
    let packed = PLAIN.replace("access.log", "access.log.gz");
    assert_eq!(
        stdout(
            &folder,
            &format!("{packed} --orders orders.csv.gz {STATES}"),
            0
        ),
        plain
    );
    let piped = PLAIN.replace("access.log", "-");
    let log = fs::read(folder.path().join("access.log")).expect("the log is there");
    let assert = onceproof(&folder, &format!("{piped} --orders orders.csv {STATES}"))
        .write_stdin(log)
        .assert()
        .code(0);
    assert_eq!(String::from_utf8_lossy(&assert.get_output().stdout), plain);
}

fn compress(folder: &Path, name: &str) {
    let file = fs::File::create(folder.join(format!("{name}.gz"))).expect("room for a file");
    let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    encoder
        .write_all(&fs::read(folder.join(name)).expect("the file is there"))
        .expect("room");
    encoder.finish().expect("room");
}

#[test]
fn a_compressed_history_is_judged_as_it_is() {
    let folder = folder();
    stdout(&folder, "scenario seven-thirty --history h.jsonl", 0);
    compress(folder.path(), "h.jsonl");
    let of = |name: &str| stdout(&folder, &format!("check {name}"), 0).replace(name, "");
    assert_eq!(of("h.jsonl.gz"), of("h.jsonl"));
}

#[cfg(feature = "sqlite")]
#[test]
fn a_table_of_a_sqlite_file_is_a_dump() {
    let folder = copied();
    let database = rusqlite::Connection::open(folder.path().join("shop.db")).expect("a database");
    let rows = "CREATE TABLE orders (order_no INTEGER, idem_key TEXT, status TEXT);
        INSERT INTO orders VALUES (1041, '5f1c9a52-77d0-4c1e-9a0d-0f6f1f6b2a01', 'paid');";
    database.execute_batch(rows).expect("well formed");
    let history = stdout(
        &folder,
        &format!("{PLAIN} --orders sqlite:shop.db?orders {STATES}"),
        0,
    );
    let row = r#"{"kind":"order","id":"1041","key":"5f1c9a52-77d0-4c1e-9a0d-0f6f1f6b2a01","state":"confirmed"}"#;
    assert!(history.contains(row), "{history}");
    let said = stderr(
        &folder,
        &format!("{PLAIN} --orders sqlite:shop.db?order {STATES}"),
        2,
    );
    assert!(
        said.contains("no such table: order") && said.contains("of: orders"),
        "{said}"
    );
}

/// Command lines that are mistakes, and what is said of them.
const MISTAKES: &[(&str, &str)] = &[
    ("import --requests access.log", "--format <FORMAT>"),
    (
        "import --requests access.log --format nginxx",
        "tip: a similar value exists: 'nginx'",
    ),
    (
        "import --requests none.log --format nginx",
        "cannot read `none.log`",
    ),
    ("import --requests . --format nginx", "it is a folder"),
    (
        "import --requests access.log --format nginx",
        "say which ask for orders: 6 /orders, 1 /carts",
    ),
    (
        "import --requests access.log --format nginx --path /order",
        "did you mean `/orders`?",
    ),
    (
        "import --requests access.log --format nginx --path orders",
        "a path begins with a slash: /orders",
    ),
    (
        "import --requests access.log --format alb --log-format $msec",
        "--log-format is for nginx, apache and envoy",
    ),
    (
        "import --requests access.log --format nginx --path /orders --key header:Idempotency-Key",
        "add \"$http_idempotency_key\"",
    ),
    ("import --requests access.log --pattern (", "unclosed group"),
    (
        "import --requests access.log --format nginx --map order:id=x",
        "did you mean `orders`?",
    ),
    (
        "import --requests access.log --format nginx --longest soon",
        "such as 60s or 250ms",
    ),
    (
        "import --requests access.log --format nginx --utc-offset Berlin",
        "such as +01:00",
    ),
    (
        "import --requests access.log --format nginx --orders sqlite:shop.db",
        "expected sqlite:FILE?table",
    ),
    (
        "import --requests bad.log --format nginx",
        "error: and 10 more",
    ),
    (
        "import --requests no.log --format nginx",
        "none of the 30 lines is written as --format says",
    ),
    (
        "import --requests access.log --format nginx --orders orders.csv",
        "--map 'orders.state:paid=confirmed,open=pending'",
    ),
];

#[test]
fn mistakes_exit_with_2_and_say_where_and_what_to_do() {
    let folder = copied();
    let log = fs::read_to_string(folder.path().join("access.log")).expect("the log is there");
    for (name, log) in [("no.log", ""), ("bad.log", log.as_str())] {
        let nonsense = "nonsense\n".repeat(30);
        fs::write(folder.path().join(name), format!("{log}{nonsense}")).expect("room for a file");
    }
    for (line, part) in MISTAKES {
        let said = stderr(&folder, line, 2);
        assert!(
            said.contains(part) && !said.contains("panicked"),
            "{line}: {said}"
        );
    }
}

#[test]
fn a_history_that_cannot_be_written_exits_with_3() {
    let folder = copied();
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("the system has a full disk");
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("onceproof"));
    let command = command
        .current_dir(&folder)
        .args(PLAIN.split_whitespace())
        .stdout(full);
    let output = command
        .stderr(std::process::Stdio::piped())
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("cannot write to standard output"), "{said}");
}
