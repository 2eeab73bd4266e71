//! The only loop that runs a world again and again. It sees whether a run was interesting, and why; not what it was about.

use crate::chooser::Chooser;
use crate::strategy::Exhaustive;
use crate::trace::Trace;

/// How much may be tried.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// At most so many runs.
    pub runs_max: u64,
}

/// Which runs are tried.
#[derive(Clone, Copy, Debug)]
pub enum Plan {
    /// One run for every seed from here on.
    Seeds(u64),
    /// Every list of picks.
    Exhaustive,
}

/// An interesting run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<W> {
    /// Why it was interesting.
    pub why: W,
    /// What was picked in it.
    pub trace: Trace,
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Searched<W> {
    /// How many runs there were.
    pub runs: u64,
    /// Whether every list of picks was tried.
    pub exhausted: bool,
    /// The interesting runs, in the order in which they were met.
    pub found: Vec<Found<W>>,
}

/// Runs a world until the plan or the budget is at its end. The chooser is lent: a world that takes it by value gives it back at its end.
pub fn search<W>(
    plan: Plan,
    budget: Budget,
    mut run: impl FnMut(&mut Chooser) -> Option<W>,
) -> Searched<W> {
    let mut searched = Searched {
        runs: 0,
        exhausted: false,
        found: Vec::new(),
    };
    let mut chooser = match plan {
        Plan::Seeds(first) => Chooser::random(first),
        Plan::Exhaustive => Chooser::of(Exhaustive::new()),
    }
    .recording();
    while searched.runs < budget.runs_max {
        let why = run(&mut chooser);
        let trace = chooser.take_trace();
        searched.runs += 1;
        searched.found.extend(why.map(|why| Found { why, trace }));
        match plan {
            Plan::Seeds(first) => {
                chooser = Chooser::random(first.wrapping_add(searched.runs)).recording();
            }
            Plan::Exhaustive if chooser.advance() => {}
            Plan::Exhaustive => {
                searched.exhausted = true;
                break;
            }
        }
    }
    searched
}
