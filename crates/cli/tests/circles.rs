//! Circles of files: which files of a crate refer to each other in a ring, so that none of them can be read alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::root;
use super::tidy::all_sources;

/// How many files a circle may have: two that belong together, and the parent that holds them.
const CIRCLE_FILES_MAX: usize = 3;

/// The files of a crate by their module: `crate::jsonl::read`.
type Files = BTreeMap<String, String>;

/// Which files a file refers to.
type Arrows = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_circle_has_more_files_than_one_can_read_together() {
    let mut large = BTreeMap::new();
    for (room, files) in crates() {
        let mut circles = circles(&arrows(&files));
        circles.retain(|circle| circle.len() > CIRCLE_FILES_MAX);
        if !circles.is_empty() {
            large.insert(room, circles);
        }
    }
    assert!(
        large.is_empty(),
        "circles of more than {CIRCLE_FILES_MAX} files; let children import from the file that defines a thing, not from the parent: \
         {large:#?}"
    );
}

/// The sources of every crate, without tests.
fn crates() -> BTreeMap<String, Files> {
    let mut crates: BTreeMap<String, Files> = BTreeMap::new();
    for path in all_sources() {
        let below = path.strip_prefix(root()).expect("a source is ours");
        let parts: Vec<&str> = below.iter().filter_map(|part| part.to_str()).collect();
        let ["crates", room, "src", modules @ ..] = parts.as_slice() else {
            continue;
        };
        let modules = modules.join("::");
        let module = match modules.trim_end_matches(".rs") {
            "lib" | "main" => "crate".to_owned(),
            within => format!("crate::{within}"),
        };
        if !module.split("::").any(|part| part == "tests") {
            let text = fs::read_to_string(&path).expect("a source is text");
            let files = crates.entry((*room).to_owned()).or_default();
            files.insert(module, text);
        }
    }
    assert!(crates.len() > 10, "only {} crates", crates.len());
    crates
}

/// The arrows of every file. None lead to the crate's root, which re-exports what others define.
fn arrows(files: &Files) -> Arrows {
    let arrows = |(module, text): (&String, &String)| {
        let found = paths(text).into_iter();
        let found = found.filter_map(|path| file_of(&path, module, files));
        let others = found.filter(|file| file != module && file != "crate");
        (module.clone(), others.collect())
    };
    files.iter().map(arrows).collect()
}

/// Every path that a file names: those of its `use` lines, and in its code those that begin with `crate::` or `super::`.
fn paths(text: &str) -> Vec<String> {
    let text = text
        .split_once("#[cfg(test)]\nmod tests")
        .map_or(text, |(code, _)| code);
    let code: Vec<&str> = text
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .collect();
    let (mut found, mut rest) = (Vec::new(), String::new());
    for statement in code.join("\n").split_inclusive(['\n', ';']) {
        rest.push_str(statement);
        let Some(tree) = use_tree(&rest) else {
            inline(&std::mem::take(&mut rest), &mut found);
            continue;
        };
        if let Some(tree) = tree.strip_suffix(';') {
            flatten("", tree, &mut found);
            rest.clear();
        }
    }
    found
}

/// What follows `use`, if a statement is one.
fn use_tree(statement: &str) -> Option<&str> {
    let statement = statement.trim();
    let visible = statement.strip_prefix("pub").map(str::trim_start);
    let visible = visible.map(|rest| match rest.strip_prefix('(') {
        Some(inside) => inside.split_once(") ").map_or("", |(_, rest)| rest),
        None => rest,
    });
    visible.unwrap_or(statement).strip_prefix("use ")
}

/// The paths of a tree: `a::{b, c::{self, d}}` is `a::b`, `a::c::self` and `a::c::d`.
fn flatten(before: &str, tree: &str, found: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((head, inside)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree);
        if !path.is_empty() {
            found.push(format!("{before}{path}"));
        }
        return;
    };
    let before = format!("{before}{head}");
    let inside = inside.strip_suffix('}').unwrap_or(inside);
    let (mut depth, mut begin) = (0, 0);
    for (at, character) in inside.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                flatten(&before, &inside[begin..at], found);
                begin = at + 1;
            }
            _ => {}
        }
    }
    flatten(&before, &inside[begin..], found);
}

/// The paths in code. What stands behind `in` is a visibility.
fn inline(code: &str, found: &mut Vec<String>) {
    let is_of_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut last = "";
    for word in code.split(|c| !is_of_path(c)).filter(|w| !w.is_empty()) {
        let is_path = word.starts_with("crate::") || word.starts_with("super::");
        if is_path && last != "in" {
            found.push(word.to_owned());
        }
        last = word;
    }
}

/// The file that a path leads to from a module: the longest beginning of the path that is a file.
fn file_of(path: &str, module: &str, files: &Files) -> Option<String> {
    let (mut from, mut path) = (module, path);
    while let Some(rest) = path.strip_prefix("super::") {
        (from, path) = (from.rsplit_once("::")?.0, rest);
    }
    let path = path.strip_prefix("self::").unwrap_or(path);
    let absolute = match path.starts_with("crate::") {
        true => path.to_owned(),
        false => format!("{from}::{path}"),
    };
    let mut file = absolute.as_str();
    while !files.contains_key(file) {
        file = file.rsplit_once("::")?.0;
    }
    Some(file.to_owned())
}

/// The circles: files that reach each other along arrows.
fn circles(arrows: &Arrows) -> BTreeSet<BTreeSet<String>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = arrows
        .keys()
        .map(|file| (file.as_str(), reached_from(file, arrows)))
        .collect();
    let mut circles = BTreeSet::new();
    for (file, others) in &reached {
        let mutual = others.iter().filter(|other| reached[*other].contains(file));
        let circle: BTreeSet<String> = mutual.map(|file| (*file).to_owned()).collect();
        if !circle.is_empty() {
            circles.insert(circle);
        }
    }
    circles
}

/// Everything that a file reaches; itself only on a circle.
fn reached_from<'a>(file: &str, arrows: &'a Arrows) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut pending: Vec<&str> = arrows[file].iter().map(String::as_str).collect();
    while let Some(next) = pending.pop() {
        if reached.insert(next) {
            pending.extend(arrows[next].iter().map(String::as_str));
        }
    }
    reached
}

#[test]
fn a_circle_is_found_along_every_kind_of_path() {
    let files = [
        ("crate", "mod a;\nmod b;\npub use a::One;"),
        (
            "crate::a",
            "mod child;\n\npub(crate) use child::{\n    Two as Zwei,\n};",
        ),
        (
            "crate::a::child",
            "pub(super) struct Two(super::super::b::Three);",
        ),
        (
            "crate::b",
            "use crate::{c, c::{Four}}; // crate::d\nuse crate::One;",
        ),
        (
            "crate::c",
            "use super::a::{self, One};\npub(in crate::d) struct Four;",
        ),
        (
            "crate::d",
            "use super::a;\n#[cfg(test)]\nmod tests {\n    use crate::d::child;\n}",
        ),
    ];
    let files: Files = files.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    let arrows = arrows(&files);
    let circle = ["crate::a", "crate::a::child", "crate::b", "crate::c"];
    let circle = BTreeSet::from(circle.map(str::to_owned));
    assert_eq!(circles(&arrows), BTreeSet::from([circle]));
    assert_eq!(arrows["crate::d"], ["crate::a".to_owned()].into());
}
