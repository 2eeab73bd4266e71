//! `onceproof scenario`: every scenario is read before any is run, so that a typo in the last does not cost the time of the first.

use std::path::{Path, PathBuf};

use scenario::{Mistake, Options, Plan};

use crate::args::ScenarioArgs;
use crate::batch::Work;
use crate::exit::Exit;
use crate::output::{Output, say};
use crate::progress::Stop;

/// Runs the scenarios of a command line.
pub fn run(args: &ScenarioArgs, output: &mut Output) -> Exit {
    if let Some(problem) = contradiction(args) {
        say(&format!("error: {problem}\n"));
        return Exit::Malformed;
    }
    let plans = match read(args) {
        Ok(plans) => plans,
        Err(mistake) => {
            say(&mistake.render());
            return Exit::Malformed;
        }
    };
    if let Some(problem) = namesakes(args, &plans) {
        say(&format!("error: {problem}\n"));
        return Exit::Malformed;
    }
    let stop = Stop::on_interrupt();
    let mut exit = Exit::Ok;
    for (i, (called, plan)) in args.scenarios.iter().zip(&plans).enumerate() {
        let work = Work {
            args,
            called,
            plan,
            strategy: args.strategy,
            folder: folder(args, plan),
            stop: &stop,
        };
        exit = exit.worst(work.run(output));
        if exit == Exit::Interrupted {
            break;
        }
        if !output.is_open() && i + 1 < plans.len() {
            // The reader has gone: the other scenarios are not run.
            exit = exit.worst(Exit::Inconclusive);
            break;
        }
    }
    exit
}

/// Two scenarios of one name would overwrite each other's report.
fn namesakes(args: &ScenarioArgs, plans: &[Plan]) -> Option<String> {
    plans.iter().enumerate().find_map(|(i, plan)| {
        let first = plans[..i]
            .iter()
            .position(|other| other.name == plan.name)?;
        let (one, other) = (&args.scenarios[first], &args.scenarios[i]);
        Some(format!(
            "`{one}` and `{other}` are both called `{}`, and would overwrite each other's report: \
             run them one at a time, each with its own `--report`",
            plan.name
        ))
    })
}

/// Combinations of flags that clap cannot rule out.
fn contradiction(args: &ScenarioArgs) -> Option<&'static str> {
    let many = args.seeds > 1 || args.scenarios.len() > 1;
    let to_stdout = args
        .history
        .as_ref()
        .is_some_and(|path| path.as_os_str() == "-");
    if args.history.is_some() && many {
        Some("a history is of one scenario and one seed: leave out `--history`, or `--seeds`")
    } else if to_stdout && args.json {
        Some("`--history -` and `--json` both want standard output: give the history a file")
    } else if args.seed.checked_add(args.seeds).is_none() {
        Some("`--seed` + `--seeds` exceeds 2^64")
    } else {
        None
    }
}

fn read(args: &ScenarioArgs) -> Result<Vec<Plan>, Mistake> {
    let overlay = args.overlay.as_ref();
    let options = Options {
        scale: args.scale,
        overlay: overlay
            .map(|called| scenario::overlay(called))
            .transpose()?,
        known: runner::known(),
    };
    let plans = args.scenarios.iter();
    plans
        .map(|called| scenario::load(called, &options))
        .collect()
}

/// What an overlay is called without its folder and `.toml`.
fn stem(called: &str) -> &str {
    let stem = Path::new(called).file_stem().and_then(|stem| stem.to_str());
    stem.unwrap_or(called)
}

fn folder(args: &ScenarioArgs, plan: &Plan) -> PathBuf {
    match &args.report {
        None => PathBuf::from("reports").join(match &args.overlay {
            None => plan.name.clone(),
            Some(called) => format!("{}-{}", plan.name, stem(called)),
        }),
        Some(folder) if args.scenarios.len() > 1 => folder.join(&plan.name),
        Some(folder) => folder.clone(),
    }
}
