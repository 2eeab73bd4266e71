//! Exit codes, the same for every command.

use check::Overall;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// No rule was violated; with `--expect`, every expectation was met. A comparison only measures.
    Ok,
    /// A rule was violated; with `--expect`, an expectation was not met.
    Failed,
    /// The request was malformed: a flag, a scenario file, a history, each with its place.
    Malformed,
    /// The harness failed: a panic of ours, a report that could not be written. This says nothing about the service.
    Harness,
    /// Nothing was violated, but the evidence is missing or does not decide.
    Inconclusive,
    /// Ctrl-C was pressed: there is no verdict.
    Interrupted,
}

/// Exit code: no rule was violated.
pub const OK: u8 = 0;
/// Exit code: a rule was violated.
pub const FAILED: u8 = 1;
/// Exit code: the request was malformed.
pub const MALFORMED: u8 = 2;
/// Exit code: the harness failed.
pub const HARNESS: u8 = 3;
/// Exit code: the evidence is missing or does not decide.
pub const INCONCLUSIVE: u8 = 4;
/// Exit code: interrupted, as shells count SIGINT.
pub const INTERRUPTED: u8 = 130;

/// The table of exit codes, for `--help`.
pub const TABLE: &str = "\
Exit codes:
  0    no rule was violated (with --expect: every expectation was met; compare: everything was measured)
  1    a rule was violated (with --expect: an expectation was not met)
  2    the request was malformed: a flag, a scenario file, a history, a log, a dump
  3    the harness failed: a panic of ours, a report that could not be written
  4    inconclusive: nothing was violated, but the evidence is missing
  130  interrupted: no verdict";

impl From<Overall> for Exit {
    /// How a command ends that judged a history from a file. The code of a verdict is the judge's to say, once.
    fn from(overall: Overall) -> Exit {
        let ends_so = |exit: &Exit| exit.code() == overall.exit_code();
        let exit = Exit::ALL.into_iter().find(ends_so);
        exit.expect("the judge's codes are among ours")
    }
}

impl Exit {
    /// Every way to end.
    const ALL: [Exit; 6] = [
        Exit::Ok,
        Exit::Failed,
        Exit::Malformed,
        Exit::Harness,
        Exit::Inconclusive,
        Exit::Interrupted,
    ];

    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Ok => OK,
            Exit::Failed => FAILED,
            Exit::Malformed => MALFORMED,
            Exit::Harness => HARNESS,
            Exit::Inconclusive => INCONCLUSIVE,
            Exit::Interrupted => INTERRUPTED,
        }
    }

    /// The worse of two. A violation outranks missing evidence; a malformed request, a broken harness or an interruption outranks both.
    pub const fn worst(self, other: Exit) -> Exit {
        if other.rank() > self.rank() {
            other
        } else {
            self
        }
    }

    /// How bad it is.
    pub const fn rank(self) -> u8 {
        match self {
            Exit::Ok => 0,
            Exit::Inconclusive => 1,
            Exit::Failed => 2,
            Exit::Malformed => 3,
            Exit::Harness => 4,
            Exit::Interrupted => 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_ends_with_the_code_that_the_judge_gives_it() {
        for (overall, exit) in [
            (Overall::Pass, Exit::Ok),
            (Overall::Fail, Exit::Failed),
            (Overall::Malformed, Exit::Malformed),
            (Overall::Inconclusive, Exit::Inconclusive),
        ] {
            assert_eq!(Exit::from(overall), exit);
        }
    }

    #[test]
    fn a_violation_dominates_missing_evidence_and_a_broken_harness_dominates_both() {
        assert_eq!(Exit::Inconclusive.worst(Exit::Failed), Exit::Failed);
        assert_eq!(Exit::Failed.worst(Exit::Inconclusive), Exit::Failed);
        assert_eq!(Exit::Failed.worst(Exit::Harness), Exit::Harness);
        assert_eq!(Exit::Ok.worst(Exit::Ok).code(), OK);
    }
}
