//! JSON, histories, closed pipes, full disks.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::{folder, onceproof, stderr, stdout};

fn object(text: &str) -> Value {
    serde_json::from_str(text).expect("one JSON object")
}

#[test]
fn a_line_of_json_has_what_programs_are_promised() {
    let text = stdout(
        &folder(),
        "scenario seven-thirty --strategy no-dedup --json",
        1,
    );
    assert_eq!(text.lines().count(), 1, "{text}");
    let run = object(&text);
    assert_eq!(run["scenario"], "seven-thirty");
    assert_eq!(run["strategy"], "no-dedup");
    assert_eq!(
        (&run["seed"], &run["backend"]),
        (&Value::from(1), &Value::from("sim"))
    );
    assert_eq!(
        (&run["verdict"], &run["report"]),
        (&Value::from("fail"), &Value::from("reports/seven-thirty"))
    );
    for (count, figure) in [
        ("intents", 1),
        ("requests", 2),
        ("orders", 2),
        ("extra_orders", 1),
        ("extra_charges", 1),
    ] {
        assert_eq!(run["counts"][count], figure, "{count}");
    }
    let rules = run["rules"].as_array().expect("a list of rules");
    for rule in rules {
        for field in ["name", "verdict", "checked", "unknown", "witnesses"] {
            assert!(!rule[field].is_null(), "{field} of {rule}");
        }
    }
    assert_eq!(run["latency"]["created"]["count"], 2);
    assert_eq!(run["digest"].as_str().map(str::len), Some(32));
    assert!(run["wall_seconds"].is_f64());
}

#[test]
fn where_keys_come_from_is_told_of_a_strategy_that_counts_it() {
    for (strategy, counts) in [("claim-complete", false), ("unique-key", true)] {
        let folder = folder();
        let line = format!("scenario seven-thirty --strategy {strategy}");
        let told = stdout(&folder, &line, 0);
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains("Monitoring 1 hit, 1 miss, 0 conflicts: 50.00 % duplicates"));
        assert_eq!(
            told.contains("duplicates; keys: 0 in the header"),
            counts,
            "{told}"
        );
        let report = fs::read_to_string(folder.path().join("reports/seven-thirty/report.md"));
        let report = report.expect("the report is written");
        assert!(report.contains("| `idempotency.hit` | 1 |"), "{report}");
        assert_eq!(
            report.contains("| `idempotency.source.auto` | 2 |"),
            counts,
            "{report}"
        );
        assert_eq!(report.contains("idempotency.source"), counts, "{report}");
    }
    let line = "compare seven-thirty --strategies claim-complete,unique-key --seeds 1";
    let told = stdout(&folder(), line, 0);
    let told = told
        .split_once("idempotency.")
        .expect("what is monitored")
        .1;
    let row = |name: &str| -> Vec<&str> {
        let row = told
            .lines()
            .find(|line| line.trim_start().starts_with(name));
        row.expect("its line").split_whitespace().collect()
    };
    assert_eq!(row("claim-complete")[4..7], ["-", "-", "-"]);
    assert_eq!(row("unique-key")[4..7], ["0", "0", "2"]);
}

#[test]
fn many_seeds_are_one_line_each_in_their_order() {
    let folder = folder();
    let text = stdout(
        &folder,
        "scenario seven-thirty --seed 5 --seeds 20 --jobs 4 --json",
        0,
    );
    let seeds: Vec<u64> = text
        .lines()
        .map(|line| object(line)["seed"].as_u64().expect("a seed"))
        .collect();
    assert_eq!(seeds, (5..25).collect::<Vec<u64>>());
    // One of them is reported, and every line says where: the run there says which it is.
    for line in text.lines() {
        assert_eq!(object(line)["report"], "reports/seven-thirty");
    }
    let run = folder.path().join("reports/seven-thirty/run.json");
    let run = object(&fs::read_to_string(run).expect("the report is there"));
    assert_eq!(run["seed"], 5);
}

#[test]
fn a_report_folder_has_every_file_and_no_other() {
    let folder = folder();
    stdout(
        &folder,
        "scenario million-a-day --scale 0.001 --report here/there",
        0,
    );
    let mut names: Vec<String> = fs::read_dir(folder.path().join("here/there"))
        .expect("the folder was made")
        .map(|entry| {
            entry
                .expect("a readable folder")
                .file_name()
                .into_string()
                .expect("a plain name")
        })
        .collect();
    names.sort();
    let all = [
        "latency-created.hgrm",
        "latency-refused.hgrm",
        "latency-replayed.hgrm",
        "latency.hlog",
        "report.md",
        "run.json",
    ];
    assert_eq!(names, all);
    let run =
        object(&fs::read_to_string(folder.path().join("here/there/run.json")).expect("a file"));
    assert_eq!(run["schema_version"], 1);
}

/// A report that fails keeps the verdict, says why, and leaves the folder as it was.
fn unreported(output: &Output, folder: &Path, why: &str) {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(output.status.code(), Some(3), "{err}");
    assert!(out.contains("Verdict PASS"), "{out}");
    assert!(
        !out.contains("Report out"),
        "a report that is not there is not named: {out}"
    );
    assert!(err.contains(why), "{err}");
    let left: Vec<_> = fs::read_dir(folder).expect("a folder").collect();
    assert_eq!(left.len(), 2, "only what was there before: {left:?}");
    let before = fs::read_to_string(folder.join("run.json")).expect("the file is still there");
    assert_eq!(before, "of a run before");
}

#[test]
fn a_report_that_fails_at_its_last_file_replaces_none_of_the_files_before() {
    let folder = folder();
    let out = folder.path().join("out");
    fs::create_dir_all(out.join("latency-refused.hgrm")).expect("room for a folder");
    fs::write(out.join("run.json"), "of a run before").expect("room for a file");
    let assert = onceproof(&folder, "scenario seven-thirty --report out").assert();
    let why = "cannot write `out/latency-refused.hgrm`";
    unreported(assert.get_output(), &out, why);
}

/// The limit on the size of a file stands for the full disk: the kernel refuses the write in the middle of a file.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_in_the_middle_of_a_file_loses_no_verdict_and_leaves_no_half_file() {
    let folder = folder();
    let out = folder.path().join("out");
    fs::create_dir_all(out.join("kept")).expect("room for a folder");
    fs::write(out.join("run.json"), "of a run before").expect("room for a file");
    let limited = r#"trap '' XFSZ; ulimit -f 2; exec "$0" scenario seven-thirty --report out"#;
    let output = Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_onceproof")])
        .current_dir(&folder)
        .output()
        .expect("there is a shell");
    unreported(&output, &out, "cannot write `out/run.json`");
}

#[test]
fn a_history_goes_to_a_file_or_says_why_not() {
    let folder = folder();
    stdout(&folder, "scenario seven-thirty --history h.jsonl", 0);
    let text = fs::read_to_string(folder.path().join("h.jsonl")).expect("the history");
    assert!(text.starts_with(r#"{"kind":"contract""#), "{text}");
    if fs::metadata("/dev/full").is_ok() {
        let said = stderr(&folder, "scenario seven-thirty --history /dev/full", 3);
        assert!(said.contains("cannot write `/dev/full`"), "{said}");
    }
}

#[test]
fn a_history_on_stdout_is_alone_there() {
    let assert = onceproof(&folder(), "scenario seven-thirty --history -")
        .assert()
        .code(0);
    let output = assert.get_output();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        assert!(object(line)["kind"].is_string(), "{line}");
    }
    assert!(String::from_utf8_lossy(&output.stderr).contains("Verdict PASS"));
}

#[test]
fn a_reader_who_goes_away_causes_no_panic_and_turns_nothing_into_a_pass() {
    for (line, code) in [
        ("scenario seven-thirty --strategy no-dedup", 1),
        ("scenario million-a-day --scale 0.01 --history - --quiet", 0),
        (
            "scenario seven-thirty --strategy no-dedup --json --seeds 200000 --quiet",
            1,
        ),
        // What was not run is not known to hold.
        ("scenario seven-thirty --json --seeds 200000 --quiet", 4),
        ("list", 0),
        ("schema run", 0),
    ] {
        let folder = folder();
        let mut child = Command::new(env!("CARGO_BIN_EXE_onceproof"))
            .current_dir(&folder)
            .args(line.split_whitespace())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut first = String::new();
        reader.read_line(&mut first).expect("a first line");
        drop(reader);
        let output = child.wait_with_output().expect("the program ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{line}: {said}");
        assert!(
            !said.contains("panicked") && !said.contains("error:"),
            "{line}: {said}"
        );
    }
}

#[test]
fn a_full_disk_behind_stdout_is_said_and_exits_with_3() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return;
    };
    let output = Command::new(env!("CARGO_BIN_EXE_onceproof"))
        .args(["list"])
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cannot write to standard output"), "{said}");
}
