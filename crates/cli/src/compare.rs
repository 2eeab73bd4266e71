//! `onceproof compare`: every scenario is read before any is run; each comparison is printed when it is done.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::Path;
use std::thread;

use report::Comparison;
use report::comparison::{line, markdown, overview, preface, terminal};
use runner::compare::seeds_wanted;
use runner::{Contest, Failure, StrategyName, compare};
use scenario::{Library, Mistake, Options, Plan, Scale};

use crate::args::CompareArgs;
use crate::batch::told;
use crate::exit::Exit;
use crate::folder;
use crate::output::{Output, say};
use crate::progress::{Stop, View};

/// Compares strategies on the scenarios of a command line.
pub fn run(args: &CompareArgs, output: &mut Output) -> Exit {
    if args
        .seed
        .checked_add(args.seeds.unwrap_or(u64::from(u16::MAX)))
        .is_none()
    {
        say("error: `--seed` + `--seeds` exceeds 2^64\n");
        return Exit::Malformed;
    }
    let called = scenarios(args);
    let options = Options {
        scale: args.scale,
        overlay: None,
        known: runner::known(),
    };
    let read = |name: &String| scenario::load(name, &options);
    let plans: Result<Vec<Plan>, Mistake> = called.iter().map(read).collect();
    let plans = match plans {
        Ok(plans) => plans,
        Err(mistake) => {
            say(&mistake.render());
            return Exit::Malformed;
        }
    };
    let (stop, strategies) = (Stop::on_interrupt(), strategies(args));
    let mut comparisons = Vec::with_capacity(plans.len());
    for (called, plan) in called.iter().zip(&plans) {
        let comparison = match one(args, called, plan, &strategies, &stop) {
            Ok(comparison) => comparison,
            Err(exit) => return exit,
        };
        output.print(&match args.json {
            true => line(&comparison),
            false => terminal(&comparison) + "\n",
        });
        if !output.is_open() && args.report.is_none() {
            // The reader has gone, and nothing else was asked for.
            return Exit::Inconclusive;
        }
        comparisons.push(comparison);
    }
    write(args, &comparisons)
}

/// Writes the page, if one is wanted.
fn write(args: &CompareArgs, comparisons: &[Comparison]) -> Exit {
    let Some(path) = &args.report else {
        return Exit::Ok;
    };
    let sections = comparisons.iter().map(markdown);
    let page =
        preface(&command(args, path)) + &overview(comparisons) + &sections.collect::<String>();
    match folder::write(path, |file| file.write_all(page.as_bytes())) {
        Ok(()) => Exit::Ok,
        Err(problem) => {
            say(&format!("error: {}\n", problem.text()));
            Exit::Harness
        }
    }
}

/// The scenarios to be compared on, as the command line calls them, each once.
fn scenarios(args: &CompareArgs) -> Vec<String> {
    if args.all {
        let entries = Library::at("scenarios").list();
        return entries.into_iter().map(|entry| entry.name).collect();
    }
    once(&args.scenarios)
}

/// The strategies to be compared, in the order in which they are named, each once.
fn strategies(args: &CompareArgs) -> Vec<StrategyName> {
    if args.strategies.is_empty() {
        return StrategyName::ALL.to_vec();
    }
    once(&args.strategies)
}

/// Each name once, with a note about those that are repeated.
fn once<T: Clone + Ord + Display>(named: &[T]) -> Vec<T> {
    let (mut new, mut again) = (Vec::new(), BTreeSet::new());
    for name in named {
        if !new.contains(name) {
            new.push(name.clone());
        } else if again.insert(name) {
            say(&format!(
                "note: `{name}` is named more than once; it is compared once\n"
            ));
        }
    }
    new
}

fn one(
    args: &CompareArgs,
    called: &str,
    plan: &Plan,
    strategies: &[StrategyName],
    stop: &Stop,
) -> Result<Comparison, Exit> {
    let seeds = args.seeds.unwrap_or_else(|| seeds_wanted(plan));
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    let contest = Contest {
        plan,
        called,
        strategies,
        seeds: args.seed..args.seed + seeds,
        jobs: args.jobs.map_or_else(cores, usize::from),
    };
    let runs = seeds * strategies.len() as u64;
    let view = View::new(plan, runs, None, args.quiet, stop.clone());
    let compared = compare(&contest, &view, || view.finished(1));
    view.close();
    match compared {
        Ok(_) | Err(Failure::Interrupted(_)) if stop.is_set() => {
            say("interrupted: no comparison\n");
            Err(Exit::Interrupted)
        }
        Ok(comparison) => Ok(comparison),
        Err(Failure::Interrupted(_)) => Err(Exit::Interrupted),
        Err(failure @ (Failure::Harness(_) | Failure::TimedOut { .. })) => {
            say(&told(&failure, plan));
            Err(Exit::Harness)
        }
    }
}

/// The command that writes the page again.
fn command(args: &CompareArgs, report: &Path) -> String {
    let mut words = vec![String::from("cargo run -- compare")];
    match args.all {
        true => words.push(String::from("--all")),
        false => words.extend(args.scenarios.iter().cloned()),
    }
    if !args.strategies.is_empty() {
        let names: Vec<&str> = args.strategies.iter().map(|named| named.name()).collect();
        words.push(format!("--strategies {}", names.join(",")));
    }
    if args.seed != 1 {
        words.push(format!("--seed {}", args.seed));
    }
    words.extend(args.seeds.map(|seeds| format!("--seeds {seeds}")));
    if let Scale::Of(scale) = args.scale {
        words.push(format!("--scale {scale}"));
    }
    words.push(format!("--report {}", report.display()));
    words.join(" ")
}
