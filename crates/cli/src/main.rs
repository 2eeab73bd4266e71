//! onceproof: proof that an order happens once. Arguments, terminal, progress, exit codes; everything else is in the other rooms.
//!
//! - [`args`]: the command line
//! - [`exit`]: exit codes
//! - [`scenario`]: `onceproof scenario`
//! - [`batch`]: one scenario, under one seed or many
//! - [`compare`]: `onceproof compare`
//! - [`judge`]: `onceproof check`
//! - [`trace`]: `onceproof trace`
//! - [`recording`]: histories that are read, with what is wrong in them
//! - [`import`]: `onceproof import`
//! - [`list`]: `onceproof list` and `onceproof schema`
//! - [`input`]: files that are read, compressed or not
//! - [`folder`]: files that are written whole or not at all
//! - [`progress`]: the progress of a run on the terminal, and Ctrl-C
//! - [`output`]: stdout and stderr that may be closed at any time
#![expect(clippy::disallowed_methods, reason = "this crate is the real world")]

mod args;
mod batch;
mod compare;
mod exit;
mod folder;
mod import;
mod input;
mod judge;
mod list;
mod output;
mod progress;
mod recording;
mod scenario;
mod trace;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::exit::Exit;
use crate::output::Output;

fn main() -> ExitCode {
    let mut output = Output::default();
    let exit = guarded(|| match Args::try_parse() {
        Ok(args) => run(&args.command, &mut output),
        Err(error) => usage(&error, &mut output),
    });
    ExitCode::from(output.exit(exit).code())
}

/// A panic of ours is a failure of the harness, with its own exit code instead of Rust's 101.
fn guarded(work: impl FnOnce() -> Exit) -> Exit {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_said_by_the_panic_itself| {
        output::say("error: the harness failed, which says nothing about the service\n");
        Exit::Harness
    })
}

fn run(command: &Command, output: &mut Output) -> Exit {
    match command {
        Command::Scenario(args) => scenario::run(args, output),
        Command::Compare(args) => compare::run(args, output),
        Command::List { uses, json } => list::run(*uses, *json, output),
        Command::Schema { of } => list::schema(*of, output),
        Command::Check(args) => judge::run(args, output),
        Command::Trace(args) => trace::run(args, output),
        Command::Import(args) => import::run(args, output),
    }
}

/// What clap prints: the help if it was asked for, otherwise what is wrong with the command line.
fn usage(error: &clap::Error, output: &mut Output) -> Exit {
    let text = error.render().to_string();
    if error.use_stderr() {
        output::say(&text);
        Exit::Malformed
    } else {
        output.print(&text);
        Exit::Ok
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_anywhere_is_a_failure_of_the_harness() {
        assert_eq!(guarded(|| panic!("as it was told to")), Exit::Harness);
        assert_eq!(guarded(|| Exit::Inconclusive), Exit::Inconclusive);
    }
}
