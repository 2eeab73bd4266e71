//! The committed reports and schemas are what the program writes.

use std::fs;

use super::{folder, root, stdout};

#[test]
fn the_committed_reports_are_what_their_commands_write() {
    for (scenario, code) in [("seven-thirty", 0), ("canary", 1)] {
        let folder = folder();
        stdout(&folder, &format!("scenario {scenario}"), code);
        let path = format!("reports/{scenario}/report.md");
        let written = fs::read_to_string(folder.path().join(&path)).expect("the report is written");
        let committed = fs::read_to_string(root().join(&path)).unwrap_or_default();
        assert!(
            written == committed,
            "run `cargo run -- scenario {scenario}` and commit {path}"
        );
    }
}

#[test]
fn the_committed_schemas_are_what_the_program_prints() {
    for (of, path) in [
        ("run", "crates/report/run.schema.json"),
        ("comparison", "crates/report/comparison.schema.json"),
        ("scenario", "scenarios/schema.json"),
    ] {
        let printed = stdout(&folder(), &format!("schema {of}"), 0);
        let committed = fs::read_to_string(root().join(path)).unwrap_or_default();
        assert!(
            printed == committed,
            "run `cargo run -- schema {of} > {path}`"
        );
    }
}
