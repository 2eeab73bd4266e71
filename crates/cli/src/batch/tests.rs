//! Which seed of a batch is shown, and how a batch ends.

use super::*;
use crate::args::{Args, Command};
use clap::Parser;
use runner::run_one;
use runner::watch::Nobody;

/// Plays a batch of which these seeds were done, each with its verdict, and lets a test look at what was kept.
fn with_batch<T>(
    flags: &str,
    seeds: &[(RunVerdict, Met)],
    test: impl FnOnce(&Work<'_>, Results) -> T,
) -> T {
    let line = format!("onceproof scenario canary --quiet --seeds 9 {flags}");
    let args = Args::parse_from(line.split_whitespace());
    let Command::Scenario(args) = args.command else {
        panic!("it is a scenario")
    };
    let options = scenario::Options {
        scale: scenario::Scale::FULL,
        overlay: None,
        known: runner::known(),
    };
    let plan = scenario::load("canary", &options).expect("it comes with the program");
    let folder = tempfile::tempdir().expect("room for a folder");
    let work = Work {
        args: &args,
        called: "canary",
        plan: &plan,
        strategy: None,
        folder: folder.path().join("report"),
        stop: &Stop::default(),
    };
    let mut results = Results::default();
    for (seed, (verdict, met)) in (1..).zip(seeds) {
        let task = Task {
            plan: &plan,
            called: "canary",
            strategy: None,
        };
        let mut finished = run_one(&task, seed, &Nobody).expect("it runs");
        finished.run.verdict = *verdict;
        finished.run.expectation.met = *met;
        let portion = Portion {
            played: 1,
            results: vec![Ok(finished)],
            ..Portion::default()
        };
        let added = work.add(portion, &mut results, &mut Output::closed());
        assert_eq!(added, Ok(()));
    }
    test(&work, results)
}

const HELD: (RunVerdict, Met) = (RunVerdict::Pass, Met::Yes);
const VIOLATED: (RunVerdict, Met) = (RunVerdict::Fail, Met::No);
const EXPECTED: (RunVerdict, Met) = (RunVerdict::Fail, Met::Yes);
const OPEN: (RunVerdict, Met) = (RunVerdict::Inconclusive, Met::Unknown);

/// The seed that is shown, how the batch ends, and whether the text shows that seed in full.
fn shown(flags: &str, seeds: &[(RunVerdict, Met)]) -> (u64, Exit, bool) {
    with_batch(flags, seeds, |work, results| {
        let telling = results.telling.as_ref().expect("there are runs");
        let seed = telling
            .finished
            .run
            .seed
            .expect("a scenario runs under a seed");
        let text = work.text(&results, telling, 1.0, Some("out"));
        let named = format!("Report out: seed {seed}, ");
        assert!(text.contains(&named), "{text}");
        let full = text.contains(&format!("Scenario canary   sim · no-dedup · seed {seed}"));
        (seed, telling.exit, full)
    })
}

#[test]
fn the_seed_that_explains_the_exit_code_is_shown() {
    assert_eq!(shown("", &[HELD, HELD]), (1, Exit::Ok, false));
    assert_eq!(
        shown("", &[HELD, OPEN, HELD]),
        (2, Exit::Inconclusive, true)
    );
    assert_eq!(
        shown("", &[OPEN, HELD, VIOLATED, VIOLATED]),
        (3, Exit::Failed, true)
    );
    // With --expect, an earlier violation that is expected does not hide the one that is not.
    assert_eq!(
        shown("--expect", &[EXPECTED, VIOLATED]),
        (2, Exit::Failed, true)
    );
    assert_eq!(shown("--expect", &[HELD, EXPECTED]), (2, Exit::Ok, true));
    assert_eq!(
        shown("--expect", &[EXPECTED, OPEN]),
        (2, Exit::Inconclusive, true)
    );
}

#[test]
fn what_was_found_before_the_harness_failed_is_written_and_called_partial() {
    with_batch("", &[HELD, VIOLATED, HELD], |work, mut results| {
        let failure = Failure::Harness(String::from("seed 4: as it was told to"));
        work.miss(&failure, &mut results)
            .expect("the batch goes on");
        let telling = results.telling.as_ref().expect("there are runs");
        let text = work.text(&results, telling, 1.0, None);
        assert!(text.contains("PARTIAL: 3 of 9 seeds"), "{text}");
        assert!(text.contains(", 1 failed in the harness"), "{text}");
        let exit = work.end(Ok(()), results, 1.0, &mut Output::closed());
        assert_eq!(exit, Exit::Harness);
        let written = std::fs::read_to_string(work.folder.join("run.json"));
        assert!(
            written
                .expect("the report is there")
                .contains("\"seed\": 2")
        );
    });
}

#[test]
fn a_run_that_took_too_long_is_inconclusive_unless_another_is_worse() {
    let late = Failure::TimedOut {
        seed: 2,
        at_us: 1_000_000,
        seconds: 3.0,
    };
    let panic = Failure::Harness(String::from("seed 3: first line\nsecond line"));
    for (seeds, failures, exit) in [
        (&[HELD][..], &[&late][..], Exit::Inconclusive),
        (&[HELD, VIOLATED][..], &[&late][..], Exit::Failed),
        (&[HELD][..], &[&late, &panic][..], Exit::Harness),
        (&[][..], &[&late][..], Exit::Inconclusive),
        (&[][..], &[&panic][..], Exit::Harness),
    ] {
        with_batch("", seeds, |work, mut results| {
            for failure in failures {
                work.miss(failure, &mut results).expect("the batch goes on");
                assert_eq!(told(failure, work.plan).lines().count(), 1);
            }
            assert_eq!(work.end(Ok(()), results, 1.0, &mut Output::closed()), exit);
        });
    }
}

#[test]
fn a_reader_who_left_made_no_pass_of_what_was_not_run() {
    for (seeds, exit) in [
        (&[HELD, HELD][..], Exit::Inconclusive),
        (&[HELD; 9][..], Exit::Ok),
        (&[HELD, VIOLATED][..], Exit::Failed),
        (&[][..], Exit::Inconclusive),
    ] {
        with_batch("--json", seeds, |work, results| {
            let ended = Err(Failure::Interrupted(None));
            assert_eq!(work.end(ended, results, 1.0, &mut Output::closed()), exit);
        });
    }
}
