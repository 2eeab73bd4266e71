//! One seed is one run: in another process, on another number of threads, in another folder.

use std::fs;

use super::{folder, stdout};

/// The lines of a command, without the one figure that may differ.
fn lines(line: &str, code: i32) -> Vec<String> {
    let text = stdout(&folder(), line, code);
    let timeless = |line: &str| {
        let mut run: serde_json::Value = serde_json::from_str(line).expect("one object");
        let fields = run.as_object_mut().expect("an object");
        assert!(fields.remove("wall_seconds").is_some());
        run.to_string()
    };
    text.lines().map(timeless).collect()
}

#[test]
fn the_same_seed_gives_the_same_result_and_another_seed_another() {
    let line = "scenario doordash-storm --scale 0.002 --json --quiet --seed";
    let seven = lines(&format!("{line} 7"), 0);
    assert_eq!(seven, lines(&format!("{line} 7"), 0));
    let digest = |lines: &[String]| {
        let run: serde_json::Value = serde_json::from_str(&lines[0]).expect("one object");
        run["digest"].as_str().expect("a digest").to_owned()
    };
    assert_ne!(digest(&seven), digest(&lines(&format!("{line} 8"), 0)));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let line =
        "scenario seven-thirty --strategy check-then-insert --seeds 40 --json --quiet --jobs";
    assert_eq!(
        lines(&format!("{line} 1"), 1),
        lines(&format!("{line} 7"), 1)
    );
}

#[test]
fn reports_of_one_seed_are_equal_to_the_byte() {
    let written = || {
        let folder = folder();
        stdout(
            &folder,
            "scenario million-a-day --scale 0.002 --report r",
            0,
        );
        ["report.md", "latency-created.hgrm", "latency.hlog"]
            .map(|name| fs::read(folder.path().join("r").join(name)).expect("the file is written"))
    };
    assert_eq!(written(), written());
}
