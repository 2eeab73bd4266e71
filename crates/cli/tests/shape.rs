//! The shape of the code: how long files are, how many fields a struct has, how wide comments are. How long functions are is clippy's
//! `too_many_lines`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::root;
use super::tidy::all_sources;

/// The maximum of the median file, in lines.
const FILE_LINES_MEDIAN_MAX: usize = 150;

/// The maximum of a file under `src`, in lines.
const FILE_LINES_MAX: usize = 500;

/// The maximum number of fields of a struct.
const FIELDS_MAX: usize = 16;

/// Structs with more fields, each with the reason. An entry that is no longer needed fails the test.
const WIDE_STRUCTS: &[(&str, &str, &str)] = &[
    ("check", "Counts", "a row of figures"),
    ("cli", "ImportArgs", "one field for each flag"),
    (
        "history",
        "Contract",
        "one field for each promise of a contract line",
    ),
    ("history", "Names", "one table for each kind of name"),
    ("history", "Rows", "one list for each kind of row in a file"),
    ("report", "Counts", "a row of figures"),
    ("report", "Line", "a row of figures, as `--json` prints it"),
    ("report", "Run", "the form of `run.json`"),
    ("report", "StrategyRow", "a row of figures"),
];

/// The maximum width of a line of comment, in characters.
const COMMENT_WIDTH_MAX: usize = 140;

/// A source file.
struct File {
    /// From the root of the repository.
    path: String,
    /// The folder of its crate.
    room: String,
    text: String,
}

fn files() -> Vec<File> {
    let read = |path: std::path::PathBuf| {
        let below = path
            .strip_prefix(root())
            .expect("a source is in the repository");
        let names: Vec<String> = below
            .iter()
            .map(|name| name.to_str().expect("a plain name").to_owned())
            .collect();
        File {
            path: names.join("/"),
            room: names[1].clone(),
            text: fs::read_to_string(&path).expect("a source is text"),
        }
    };
    let files: Vec<File> = all_sources().into_iter().map(read).collect();
    assert!(files.len() > 300, "only {} sources were found", files.len());
    files
}

#[test]
fn the_median_file_fits_two_screens() {
    let mut lines: Vec<usize> = files()
        .iter()
        .map(|file| file.text.lines().count())
        .collect();
    lines.sort_unstable();
    let median = lines[lines.len() / 2];
    assert!(
        median <= FILE_LINES_MEDIAN_MAX,
        "the median file has {median} lines"
    );
}

#[test]
fn no_file_is_longer_than_ten_screens() {
    let long =
        |file: &&File| file.path.contains("/src/") && file.text.lines().count() > FILE_LINES_MAX;
    let files = files();
    let long: BTreeSet<&str> = files
        .iter()
        .filter(long)
        .map(|file| file.path.as_str())
        .collect();
    assert!(
        long.is_empty(),
        "files with more than {FILE_LINES_MAX} lines: {long:#?}"
    );
}

#[test]
fn no_struct_has_more_fields_than_one_can_keep_in_mind() {
    let mut wide = BTreeMap::new();
    for file in files() {
        for (name, fields) in structs(&file.text) {
            if fields > FIELDS_MAX {
                wide.insert((file.room.clone(), name), fields);
            }
        }
    }
    for (room, name, _) in WIDE_STRUCTS {
        let found = wide.remove(&((*room).to_owned(), (*name).to_owned()));
        assert!(
            found.is_some(),
            "{room}::{name} is listed and has no more than {FIELDS_MAX} fields"
        );
    }
    assert!(
        wide.is_empty(),
        "structs with more than {FIELDS_MAX} fields: {wide:?}"
    );
}

/// The structs of a file with named fields: name and number of fields. The formatter puts each field on a line of its own, four columns
/// further in than the `struct`, and the closing brace below the `struct`.
fn structs(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (begin, line) in lines.iter().enumerate() {
        let Some(name) = struct_name(line) else {
            continue;
        };
        let indent = indent(line);
        let ends = |line: &&&str| indent_of_brace(line) == Some(indent);
        let body = &lines[begin + 1..];
        let length = body.iter().take_while(|line| !ends(line)).count();
        let fields = body[..length]
            .iter()
            .filter(|line| is_field(line, indent + 4));
        found.push((name, fields.count()));
    }
    found
}

/// The name of the struct with named fields that a line declares.
fn struct_name(line: &str) -> Option<String> {
    let line = line.trim().strip_suffix('{')?;
    let (visibility, rest) = line.split_once("struct ")?;
    let name: String = rest
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    let is_declared = visibility.is_empty() || visibility.starts_with("pub");
    (is_declared && !name.is_empty()).then_some(name)
}

/// Whether a line begins a field of a struct: a name and a colon.
fn is_field(line: &str, column: usize) -> bool {
    let field = line.trim_start();
    let field = field.strip_prefix("pub ").unwrap_or(field);
    let restricted = field.strip_prefix("pub(");
    let restricted = restricted.and_then(|rest| rest.split_once(") "));
    let field = restricted.map_or(field, |(_, field)| field);
    let name = field.split(':').next().unwrap_or("");
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    indent(line) == column && field.contains(": ") && is_name
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Where a closing brace stands, if a line begins with one.
fn indent_of_brace(line: &str) -> Option<usize> {
    line.trim_start().starts_with('}').then(|| indent(line))
}

#[test]
fn a_struct_is_counted_by_its_fields() {
    let text = "\
pub(crate) struct Wide<'a> {
    /// A field: with a comment.
    #[serde(default)]
    pub a: u32,
    pub(super) b: &'a str,
    c_d: Vec<(u32, u32)>,
}

    struct Inner {
        only: bool,
    }

pub struct Bare;
";
    let found = structs(text);
    assert_eq!(found, [("Wide".to_owned(), 3), ("Inner".to_owned(), 1)]);
}

#[test]
fn no_comment_is_wider_than_a_window() {
    let mut wide = Vec::new();
    for file in files() {
        for (number, line) in (1..).zip(file.text.lines()) {
            let is_comment = line.trim_start().starts_with("//");
            if is_comment && line.chars().count() > COMMENT_WIDTH_MAX {
                wide.push(format!("{}:{number}", file.path));
            }
        }
    }
    assert!(
        wide.is_empty(),
        "lines of comment beyond {COMMENT_WIDTH_MAX} characters:\n{}",
        wide.join("\n")
    );
}
