//! Ctrl-C: partial results are not passed off as a verdict.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use super::folder;

/// Starts a long run, interrupts it once it shows that it is under way, and gives back its exit code, its stdout, and what it
/// said on stderr from then on.
fn interrupted(line: &str, folder: &tempfile::TempDir) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_onceproof"))
        .current_dir(folder)
        .args(line.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut first = String::new();
    said.read_line(&mut first).expect("a first line");
    assert!(first.trim_start().starts_with("Playing"), "{first}");
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.expect("there is a `kill`").success());
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("it says text");
    let output = child.wait_with_output().expect("the program ends");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), out, rest)
}

#[test]
fn an_interrupted_comparison_prints_nothing_of_the_scenario_and_writes_no_page() {
    let folder = folder();
    let line = "compare doordash-storm --seeds 10000 --report page.md";
    let (code, out, err) = interrupted(line, &folder);
    assert_eq!((code, out.as_str()), (Some(130), ""), "{err}");
    assert!(err.ends_with("interrupted: no comparison\n"), "{err}");
    assert!(!folder.path().join("page.md").exists());
}

#[test]
fn an_interrupted_run_has_no_verdict_and_writes_nothing() {
    for line in [
        "scenario doordash-storm",
        "scenario doordash-storm --json",
        "scenario doordash-storm --scale 0.01 --seeds 10000",
    ] {
        let folder = folder();
        let (code, out, err) = interrupted(line, &folder);
        assert_eq!(code, Some(130), "{line}: {err}");
        assert_eq!(out, "", "{line}");
        let last = err.lines().last().unwrap_or("");
        assert!(
            last.starts_with("interrupted") && last.ends_with("no verdict"),
            "{line}: {err}"
        );
        assert!(!folder.path().join("reports").exists(), "{line}");
    }
}
