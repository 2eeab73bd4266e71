//! Ctrl-C: partial results are not passed off as a verdict.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::folder;

/// Starts a long run, interrupts it, and gives back its exit code, stdout and stderr.
fn interrupted(line: &str, folder: &tempfile::TempDir) -> (Option<i32>, String, String) {
    let child = Command::new(env!("CARGO_BIN_EXE_onceproof"))
        .current_dir(folder)
        .args(line.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    thread::sleep(Duration::from_millis(700));
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.expect("there is a `kill`").success());
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn an_interrupted_run_has_no_verdict_and_writes_nothing() {
    for line in [
        "scenario doordash-storm --quiet",
        "scenario doordash-storm --quiet --json",
        "scenario doordash-storm --quiet --seeds 4",
    ] {
        let folder = folder();
        let (code, out, err) = interrupted(line, &folder);
        assert_eq!(code, Some(130), "{line}: {err}");
        assert_eq!(out, "", "{line}");
        assert!(
            err.starts_with("interrupted") && err.contains("no verdict"),
            "{line}: {err}"
        );
        assert!(!folder.path().join("reports").exists(), "{line}");
    }
}
