//! `onceproof check`: judges histories that were recorded anywhere.

use std::path::Path;

use check::Judge;
use history::History;

use crate::args::{CheckArgs, ExportForm};
use crate::exit::Exit;
use crate::input;
use crate::output::{Output, say};

/// Judges the histories of a command line; each is judged whatever becomes of the others.
pub fn run(args: &CheckArgs, output: &mut Output) -> Exit {
    let mut judge = Judge::new();
    let mut exit = Exit::Ok;
    for path in &args.histories {
        exit = exit.worst(one(path, args, &mut judge, output));
    }
    exit
}

fn one(path: &Path, args: &CheckArgs, judge: &mut Judge, output: &mut Output) -> Exit {
    let called = path.display().to_string();
    let history = match read(path, &called) {
        Ok(history) => history,
        Err(problem) => {
            say(&format!("error: {problem}\n"));
            if args.json {
                output.print(&refusal_line(&called, &problem));
            }
            return Exit::Malformed;
        }
    };
    let verdict = judge.judge(&history);
    match (args.export, args.json) {
        (Some(ExportForm::Elle), _) => {
            output.write(|stdout| history::elle::write(&history, stdout));
            say(&report::judgement(&called, verdict));
        }
        (None, true) => output.print(&report::judgement_line(&called, verdict)),
        (None, false) => output.print(&report::judgement(&called, verdict)),
    }
    Exit::from(verdict.overall())
}

/// What `--json` prints of a file that is no history, so that each file has its line.
fn refusal_line(called: &str, problem: &str) -> String {
    let line = serde_json::json!({
        "file": called,
        "verdict": "malformed",
        "exit": Exit::Malformed.code(),
        "error": problem,
        "rules": [],
    });
    format!("{line}\n")
}

/// Reads a history; an error names the file, and the line if it got that far.
fn read(path: &Path, called: &str) -> Result<History, String> {
    history::jsonl::read(input::open(path)?).map_err(|error| {
        let column = error
            .column
            .map_or(String::new(), |column| format!(":{column}"));
        format!("{called}:{}{column}: {}", error.line, error.message)
    })
}
