//! `onceproof check`: judges histories that were recorded anywhere.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use check::{Inventory, Judge, Verdict};
use history::History;
use runner::recorded;

use crate::args::{CheckArgs, ExportForm};
use crate::exit::Exit;
use crate::folder;
use crate::output::{Output, say};
use crate::recording;

/// Judges the histories of a command line, each independently of the others.
pub fn run(args: &CheckArgs, output: &mut Output) -> Exit {
    if let Some(problem) = namesakes(args) {
        say(&format!("error: {problem}\n"));
        return Exit::Malformed;
    }
    let mut judge = Judge::new();
    let mut exit = Exit::Ok;
    for path in &args.histories {
        exit = exit.worst(one(path, args, &mut judge, output));
    }
    exit
}

/// Two histories of one name would overwrite each other's report.
fn namesakes(args: &CheckArgs) -> Option<String> {
    args.report.as_ref()?;
    let mut known = BTreeSet::new();
    let again = args
        .histories
        .iter()
        .find(|path| !known.insert(name(path)))?;
    Some(format!(
        "two histories are called `{}`, and would overwrite each other's report: check them one at a time, each with its own `--report`",
        name(again)
    ))
}

/// What a history is called without its folder and what its name ends with.
fn name(path: &Path) -> String {
    let file = path.file_name().unwrap_or(OsStr::new("history"));
    let text = file.to_string_lossy();
    let stem = text.split('.').next().filter(|stem| !stem.is_empty());
    match stem {
        Some("-") | None => String::from("history"),
        Some(stem) => stem.to_owned(),
    }
}

fn one(path: &Path, args: &CheckArgs, judge: &mut Judge, output: &mut Output) -> Exit {
    let called = path.display().to_string();
    let history = match recording::read(path, args.strict) {
        Ok(history) => history,
        Err(problems) => {
            for problem in &problems {
                say(&format!("error: {problem}\n"));
            }
            if args.json {
                output.print(&refusal_line(&called, &problems));
            }
            return Exit::Malformed;
        }
    };
    let verdict = judge.judge(&history);
    let inventory = args.explain.then(|| Inventory::of(&history));
    match (args.export, args.json) {
        (Some(ExportForm::Elle), _) => {
            output.write(|stdout| history::elle::write(&history, stdout));
            say(&report::judgement(&called, verdict, inventory.as_ref()));
        }
        (None, true) => output.print(&report::judgement_line(
            &called,
            verdict,
            inventory.as_ref(),
        )),
        (None, false) => output.print(&report::judgement(&called, verdict, inventory.as_ref())),
    }
    let exit = Exit::from(verdict.overall());
    match &args.report {
        None => exit,
        Some(folder) => exit.worst(write_report(path, args, folder, &history, verdict)),
    }
}

/// Writes the report of a history: the same files as those of a run.
fn write_report(
    path: &Path,
    args: &CheckArgs,
    folder: &Path,
    history: &History,
    verdict: &Verdict,
) -> Exit {
    let called = path.display().to_string();
    let folder: PathBuf = match args.histories.len() {
        0 | 1 => folder.to_owned(),
        _ => folder.join(name(path)),
    };
    let Some(finished) = recorded(&called, history, verdict) else {
        say(&format!(
            "note: {called}: a malformed history has no report\n"
        ));
        return Exit::Ok;
    };
    match folder::report(&folder, &finished) {
        Ok(()) => {
            say(&format!("{:>12} {}\n", "Report", folder.display()));
            Exit::Ok
        }
        Err(problem) => {
            say(&format!("error: {}\n", problem.text()));
            Exit::Harness
        }
    }
}

/// What `--json` prints of a file that is no history, so that each file has its line.
fn refusal_line(called: &str, problems: &[String]) -> String {
    let line = serde_json::json!({
        "file": called,
        "verdict": "malformed",
        "exit": Exit::Malformed.code(),
        "error": problems.first(),
        "errors": problems,
        "rules": [],
    });
    format!("{line}\n")
}
