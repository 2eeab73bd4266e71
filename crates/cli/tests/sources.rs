//! Documents that are not in the repository are cited by line; `scenarios/SOURCES.md` says what stands there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::root;

/// Where citations stand: code, scenarios and pages.
const FOLDERS: [&str; 2] = ["crates", "scenarios"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        let is_text = path
            .extension()
            .is_some_and(|end| end == "rs" || end == "toml" || end == "md");
        if path.is_dir() {
            files(&path, found);
        } else if is_text && !path.ends_with("SOURCES.md") && !path.ends_with("tests/sources.rs") {
            found.push(path);
        }
    }
}

/// A text in one line, without the marks of comments, so that a citation may be broken between two lines.
fn unwrapped(text: &str) -> String {
    let marks = |line: &str| {
        line.trim()
            .trim_start_matches(['/', '!', '#'])
            .trim()
            .to_owned()
    };
    text.lines().map(marks).collect::<Vec<_>>().join(" ")
}

/// The citations of a text, in lower case: `seed 002, lines 52-82`, and the bare `seed 002`.
fn citations(text: &str) -> BTreeSet<String> {
    let text = unwrapped(text).to_lowercase();
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("seed 00") {
        let rest = &text[at..];
        let seed = &rest[..rest.len().min("seed 000".len())];
        found.insert(seed.to_owned());
        let place = &rest[seed.len()..];
        for word in [", lines ", ", line "] {
            let Some(numbers) = place.strip_prefix(word) else {
                continue;
            };
            let end = numbers
                .find(|c: char| !c.is_ascii_digit() && c != '-')
                .unwrap_or(numbers.len());
            found.insert(format!("{seed}{word}{}", &numbers[..end]));
        }
    }
    found
}

/// What the page has a heading for.
fn headings() -> BTreeSet<String> {
    let page = fs::read_to_string(root().join("scenarios/SOURCES.md")).expect("the page is there");
    let headings = page.lines().filter(|line| line.starts_with("##"));
    headings
        .map(|line| line.trim_start_matches('#').trim().to_lowercase())
        .collect()
}

#[test]
fn every_citation_has_its_heading_and_every_heading_is_cited() {
    let mut paths = vec![root().join("README.md")];
    for folder in FOLDERS {
        files(&root().join(folder), &mut paths);
    }
    let mut cited = BTreeSet::new();
    for path in paths {
        let text = fs::read_to_string(&path).expect("a readable file");
        cited.extend(citations(&text));
    }
    assert_eq!(cited, headings(), "cited, and told in scenarios/SOURCES.md");
}

#[test]
fn a_citation_may_be_broken_between_two_lines() {
    let text =
        "//! as it stands there (Seed 002,\n//! lines 52-82; seed 003, line 7), and seed 001.";
    let expected = [
        "seed 001",
        "seed 002",
        "seed 002, lines 52-82",
        "seed 003",
        "seed 003, line 7",
    ];
    assert!(citations(text).iter().map(String::as_str).eq(expected));
}
