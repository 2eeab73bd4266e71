//! Every exit code, and what is said with it.

use std::fs;

use super::{folder, onceproof, root, stderr, stdout};

/// A scenario of the repository with some text replaced, as a file in a folder.
fn edited(folder: &tempfile::TempDir, scenario: &str, from: &str, to: &str) {
    let path = root().join("scenarios").join(format!("{scenario}.toml"));
    let text = fs::read_to_string(path).expect("the scenario is there");
    assert!(text.contains(from), "{scenario} has no `{from}`");
    let path = folder.path().join("edited.toml");
    fs::write(path, text.replacen(from, to, 1)).expect("the folder takes a file");
}

#[test]
fn a_held_run_exits_with_0_and_a_violated_one_with_1() {
    stdout(&folder(), "scenario seven-thirty", 0);
    stdout(&folder(), "scenario seven-thirty --strategy no-dedup", 1);
}

#[test]
fn a_malformed_command_line_exits_with_2() {
    for line in [
        "",
        "scenaro seven-thirty",
        "scenario",
        "scenario seven-thirty --sed 3",
        "scenario seven-thirty --seed x",
        "scenario seven-thirty --scale 0",
        "scenario seven-thirty --scale -1",
        "scenario seven-thirty --seed -1",
        "scenario .",
        "scenario seven-thirty --overlay .",
        "check .",
        "scenario seven-thirty --scale nan",
        "scenario seven-thirty --scale gates",
        "scenario seven-thirty --seeds 0",
        "scenario seven-thirty --jobs 0",
        "scenario no-such-story",
        "scenario no-such-file.toml",
        "scenario seven-thirty --overlay no-such-overlay",
        "scenario seven-thirty --overlay no-such-file.toml",
        "scenario seven-thirty --overlay chaos --expect",
        "scenario seven-thirty --seeds 2 --history h.jsonl",
        "scenario seven-thirty --json --history -",
        "scenario seven-thirty --seed 18446744073709551615",
        "compare",
        "compare seven-thirty --all",
        "compare no-such-story",
        "compare seven-thirty --strategies no-dedub",
        "compare seven-thirty --strategies no-dedup,",
        "compare seven-thirty --seeds 0",
        "compare seven-thirty --scale 0",
        "compare seven-thirty --seed 18446744073709551615",
    ] {
        let said = stderr(&folder(), line, 2);
        assert!(
            !said.is_empty() && !said.contains("panicked"),
            "{line}: {said}"
        );
    }
}

#[test]
fn a_number_below_0_and_a_folder_are_called_what_they_are() {
    for (line, part) in [
        ("scenario seven-thirty --scale -1", "the scale is -1"),
        ("compare seven-thirty --scale -0.5", "the scale is -0.5"),
        ("scenario seven-thirty --seeds -1", "'-1' for '--seeds"),
        (
            "scenario seven-thirty --scale 1e300",
            "the scale is 1e300\n",
        ),
        ("scenario .", "`.` is a folder"),
        (
            "scenario seven-thirty --overlay .",
            "the name of one overlay",
        ),
        ("check .", "cannot read `.`: it is a folder"),
    ] {
        let said = stderr(&folder(), line, 2);
        assert!(said.contains(part), "{line}: {said}");
    }
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let said = stderr(&folder(), "scenario seven-thirty --strategy no-dedub", 2);
    assert!(said.contains("no-dedup"), "{said}");
    for command in ["scenario", "compare"] {
        let said = stderr(&folder(), &format!("{command} seven-thirsty"), 2);
        assert!(said.contains("seven-thirty"), "{said}");
    }
    let folder = folder();
    edited(&folder, "canary", "", "");
    let said = stderr(&folder, "scenario edited", 2);
    assert!(said.contains("did you mean `edited.toml`?"), "{said}");
    let said = stderr(&folder, "compare canary --strategies token,no-dedub", 2);
    assert!(said.contains("no-dedup"), "{said}");
}

#[test]
fn a_typo_in_a_scenario_file_is_pointed_at_and_exits_with_2() {
    let folder = folder();
    edited(
        &folder,
        "seven-thirty",
        r#"strategy = "claim-complete""#,
        r#"strategy = "claim-complet""#,
    );
    let said = stderr(&folder, "scenario edited.toml", 2);
    for part in [
        "unknown strategy `claim-complet`",
        "edited.toml:12:",
        "did you mean `claim-complete`?",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!folder.path().join("reports").exists(), "nothing ran");
}

#[test]
fn a_typo_in_an_overlay_is_pointed_at_there() {
    let folder = folder();
    let text = "story = \"rain\"\n[[fault]]\nlose-replies = { chance = 0.5 }\n";
    fs::write(folder.path().join("rain.toml"), text).expect("the folder takes a file");
    let said = stderr(&folder, "scenario seven-thirty --overlay rain.toml", 2);
    for part in ["unknown fault `lose-replies`", "rain.toml:3:1"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = stderr(&folder, "scenario rain.toml", 2);
    assert!(said.contains("an overlay has none"), "{said}");
    let said = stderr(&folder, "scenario seven-thirty --overlay chaso", 2);
    assert!(said.contains("did you mean `chaos`?"), "{said}");
}

#[test]
fn a_typo_in_the_last_scenario_keeps_the_first_from_running() {
    let folder = folder();
    edited(&folder, "canary", "300ms", "300 lightyears");
    stderr(&folder, "scenario seven-thirty edited.toml", 2);
    assert!(!folder.path().join("reports").exists(), "nothing ran");
}

#[test]
fn scenarios_of_one_name_are_refused_because_their_reports_would_be_one() {
    let folder = folder();
    edited(&folder, "seven-thirty", "", "");
    fs::create_dir(folder.path().join("other")).expect("room for a folder");
    fs::copy(
        folder.path().join("edited.toml"),
        folder.path().join("other/edited.toml"),
    )
    .expect("room for a file");
    let said = stderr(
        &folder,
        "scenario edited.toml canary other/edited.toml --report r",
        2,
    );
    for part in ["`edited.toml`", "`other/edited.toml`", "called `edited`"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!folder.path().join("r").exists(), "nothing ran");
}

#[test]
fn a_report_that_cannot_be_written_exits_with_3() {
    let said = stderr(
        &folder(),
        "scenario seven-thirty --report /dev/full/report",
        3,
    );
    assert!(said.contains("/dev/full/report"), "{said}");
    let folder = folder();
    fs::write(folder.path().join("file"), "").expect("the folder takes a file");
    let said = stderr(&folder, "scenario seven-thirty --report file", 3);
    assert!(
        said.contains("cannot write `file`: not a directory"),
        "{said}"
    );
}

#[test]
fn a_file_that_cannot_be_written_is_called_by_its_own_name() {
    let said = stderr(&folder(), "scenario seven-thirty --history no/h.jsonl", 3);
    let error = said.lines().find(|line| line.starts_with("error: "));
    let error = error.expect("there is no such folder");
    assert!(error.contains("`no/h.jsonl`"), "{error}");
    assert!(!error.contains(".partial"), "{error}");
}

#[test]
fn a_run_that_never_met_what_it_needs_exits_with_4() {
    let folder = folder();
    edited(
        &folder,
        "seven-thirty",
        r#"["double-click"]"#,
        r#"["double-click", "takeover"]"#,
    );
    let text = stdout(&folder, "scenario edited.toml", 4);
    assert!(text.contains("the scenario requires takeover"), "{text}");
    // Nothing is expected of a run without evidence either.
    stdout(&folder, "scenario edited.toml --expect", 4);
    // A violation is proof enough.
    stdout(&folder, "scenario edited.toml --strategy no-dedup", 1);
}

#[test]
fn a_scenario_in_which_nothing_of_what_is_to_go_wrong_did_exits_with_4() {
    let folder = folder();
    let quiet = "strategy = \"claim-complete\"\n";
    edited(&folder, "seven-thirty", quiet, quiet);
    let path = folder.path().join("edited.toml");
    let story = fs::read_to_string(&path).expect("it was written");
    stdout(&folder, "scenario edited.toml", 0);
    for (chance, code) in [(0, 4), (1, 0)] {
        let fault = format!("\n[[fault]]\ndelay-request = {{ chance = {chance}, by = \"1ms\" }}\n");
        fs::write(&path, format!("{story}{fault}")).expect("the folder takes a file");
        let text = stdout(&folder, "scenario edited.toml", code);
        assert_eq!(
            text.contains("`fault-struck` was never met"),
            chance == 0,
            "{text}"
        );
    }
}

#[test]
fn a_violation_dominates_missing_evidence() {
    let folder = folder();
    edited(
        &folder,
        "seven-thirty",
        r#"["double-click"]"#,
        r#"["double-click", "takeover"]"#,
    );
    stdout(&folder, "scenario edited.toml canary", 1);
    stdout(&folder, "scenario canary edited.toml", 1);
}

#[test]
fn help_is_no_mistake_and_shows_the_exit_codes() {
    for line in ["--help", "scenario --help", "check --help"] {
        let text = stdout(&folder(), line, 0);
        assert!(text.contains("130  interrupted"), "{line}: {text}");
    }
    onceproof(&folder(), "--version").assert().success();
}
