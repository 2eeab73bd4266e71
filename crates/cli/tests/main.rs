//! The program from outside, as a user or a CI job meets it.
//!
//! - `stories`: what the scenarios show under which strategy
//! - `comparison`: strategies side by side
//! - `exits`: every exit code, and what is said with it
//! - `outputs`: JSON, histories, closed pipes, full disks
//! - `interrupt`: Ctrl-C
//! - `determinism`: one seed is one run, everywhere
//! - `golden`: the committed reports and schemas are what the program writes
//! - `histories`: `onceproof check`
//! - `import`: `onceproof import`, and the page that shows it
//! - `tidy`: the house rules, and the map in `crates/README.md`
//! - `shape`: the size of files, structs and comments
//! - `circles`: files that refer to each other in a ring
//! - `sources`: documents that are cited by line

mod circles;
mod comparison;
mod determinism;
mod exits;
mod golden;
mod histories;
mod import;
mod interrupt;
mod outputs;
mod shape;
mod sources;
mod stories;
mod tidy;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

/// The program, in an empty folder of its own: what comes with it must work anywhere.
fn onceproof(folder: &TempDir, line: &str) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("onceproof");
    command.current_dir(folder).args(line.split_whitespace());
    command
}

/// An empty folder.
fn folder() -> TempDir {
    tempfile::tempdir().expect("the system has room for a temporary folder")
}

/// What a command prints on stdout, if it ends with this code.
fn stdout(folder: &TempDir, line: &str, code: i32) -> String {
    let assert = onceproof(folder, line).assert().code(code);
    String::from_utf8(assert.get_output().stdout.clone()).expect("the program prints text")
}

/// What a command prints on stderr, if it ends with this code.
fn stderr(folder: &TempDir, line: &str, code: i32) -> String {
    let assert = onceproof(folder, line).assert().code(code);
    String::from_utf8(assert.get_output().stderr.clone()).expect("the program prints text")
}

/// The root of the repository.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here
        .ancestors()
        .nth(2)
        .expect("crates/cli is two levels down");
    root.to_owned()
}
