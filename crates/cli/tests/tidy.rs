//! The house rules, as far as a program can check them; and the map in `crates/README.md`, which cannot drift while this passes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::root;

/// A row of the map.
struct Room {
    level: u32,
    uses: BTreeSet<String>,
}

/// The map: the rows of the one table in `crates/README.md` whose first column is a level.
fn map() -> BTreeMap<String, Room> {
    let text = fs::read_to_string(root().join("crates/README.md")).expect("the map is there");
    let mut rooms = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let Ok(level) = cells[0].parse() else {
            continue;
        };
        let uses = quoted(cells[2]);
        let name = quoted(cells[1]).pop_first().expect("a row names its crate");
        rooms.insert(name, Room { level, uses });
    }
    rooms
}

/// What stands between backticks.
fn quoted(cell: &str) -> BTreeSet<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The folders of the crates.
fn crates() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("crates")).expect("there are crates");
    let folders = entries.map(|entry| entry.expect("a readable folder").path());
    let mut folders: Vec<PathBuf> = folders
        .filter(|path| path.join("Cargo.toml").exists())
        .collect();
    folders.sort();
    folders
}

fn name(path: &Path) -> String {
    path.file_name()
        .and_then(|name| name.to_str())
        .expect("a plain name")
        .to_owned()
}

fn manifest(path: &Path) -> toml::Table {
    let text = fs::read_to_string(path.join("Cargo.toml")).expect("a crate has a manifest");
    text.parse().expect("a manifest is TOML")
}

/// Every source file under a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every source file of the workspace.
pub(super) fn all_sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    sources(&root().join("crates"), &mut found);
    found.sort();
    found
}

#[test]
fn every_crate_uses_what_the_map_says_and_nothing_else() {
    let map = map();
    let folders: BTreeSet<String> = crates().iter().map(|path| name(path)).collect();
    assert_eq!(
        folders,
        map.keys().cloned().collect(),
        "the map has every crate"
    );
    for path in crates() {
        let (room, manifest) = (&map[&name(&path)], manifest(&path));
        let used = manifest.get("dependencies").and_then(toml::Value::as_table);
        let used: BTreeSet<String> = used
            .into_iter()
            .flat_map(toml::Table::keys)
            .cloned()
            .collect();
        let mut used: BTreeSet<String> = used.intersection(&folders).cloned().collect();
        // Every crate may use `protocol` without a row in the map, except the engine.
        if name(&path) != "explore" && !room.uses.contains("protocol") {
            used.remove("protocol");
        }
        assert_eq!(used, room.uses, "{}", name(&path));
    }
}

#[test]
fn arrows_only_point_down() {
    let map = map();
    for (name, room) in &map {
        for used in &room.uses {
            assert!(
                map[used].level < room.level,
                "{name} uses {used}, which is not below it"
            );
        }
    }
}

#[test]
fn a_crate_is_called_like_its_folder_and_obeys_the_lints_of_the_workspace() {
    for path in crates() {
        let manifest = manifest(&path);
        let folder = name(&path);
        let called = if folder == "cli" {
            "onceproof"
        } else {
            &folder
        };
        assert_eq!(manifest["package"]["name"].as_str(), Some(called));
        assert_eq!(
            manifest["lints"]["workspace"].as_bool(),
            Some(true),
            "{folder}"
        );
    }
}

#[test]
fn every_file_opens_with_its_job() {
    for path in all_sources() {
        let text = fs::read_to_string(&path).expect("a source is text");
        assert!(text.starts_with("//! "), "{}", path.display());
    }
}

#[test]
fn no_file_is_named_after_nothing() {
    for path in all_sources() {
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("a plain name");
        let vague = [
            "util", "utils", "helper", "helpers", "common", "misc", "imp",
        ];
        assert!(!vague.contains(&stem), "{}", path.display());
    }
}

#[test]
fn every_dependency_says_why_it_is_here() {
    let text = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has a manifest");
    let begin = text
        .find("[workspace.dependencies]")
        .expect("dependencies are declared once");
    let section = text[begin..]
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    for line in section.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let ours = line.contains("path = \"crates/");
        assert!(ours || line.contains(" # "), "no reason: {line}");
    }
}
