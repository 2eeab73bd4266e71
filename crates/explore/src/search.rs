//! The only loop that runs a world again and again. It sees whether a run was interesting, and why; not what it was about.

use std::ops::ControlFlow;

use crate::chooser::Chooser;
use crate::strategy::Exhaustive;
use crate::trace::Trace;

/// How much may be tried, and what is kept.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// The most runs.
    pub runs_max: u64,
    /// Whether the picks of interesting runs are kept. Then every run records its picks, because a run shows only at its end what it was;
    /// a run by a seed can as well be played once more.
    pub keeps_traces: bool,
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
    /// What was picked in it, if traces are kept.
    pub trace: Trace,
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Searched<W, B> {
    /// How many runs there were, without the one that broke.
    pub runs: u64,
    /// Whether every list of picks was tried.
    pub exhausted: bool,
    /// The interesting runs, in the order in which they were met.
    pub found: Vec<Found<W>>,
    /// Why the search broke off, if a run did not give its chooser back.
    pub broke: Option<B>,
}

/// What a run comes to: its chooser, and why it was interesting if it was; or why there is no going on.
pub type Ran<W, B> = ControlFlow<B, (Chooser, Option<W>)>;

/// Runs a world until the plan or the budget is at its end, or a run breaks. A run is given its number, from 0, and the chooser,
/// which a world takes by value and gives back at its end.
pub fn search<W, B>(
    plan: Plan,
    budget: Budget,
    mut run: impl FnMut(u64, Chooser) -> Ran<W, B>,
) -> Searched<W, B> {
    let mut searched = Searched {
        runs: 0,
        exhausted: false,
        found: Vec::new(),
        broke: None,
    };
    let recording = |chooser: Chooser| match budget.keeps_traces {
        true => chooser.recording(),
        false => chooser,
    };
    let mut next = match plan {
        Plan::Seeds(first) => Chooser::random(first),
        Plan::Exhaustive => Chooser::of(Exhaustive::new()),
    };
    while searched.runs < budget.runs_max {
        let (mut chooser, why) = match run(searched.runs, recording(next)) {
            ControlFlow::Continue(ran) => ran,
            ControlFlow::Break(why) => {
                searched.broke = Some(why);
                break;
            }
        };
        searched.runs += 1;
        if let Some(why) = why {
            let trace = chooser.take_trace();
            searched.found.push(Found { why, trace });
        }
        next = match plan {
            Plan::Seeds(first) => Chooser::random(first.wrapping_add(searched.runs)),
            Plan::Exhaustive if chooser.advance() => chooser,
            Plan::Exhaustive => {
                searched.exhausted = true;
                break;
            }
        };
    }
    searched
}
