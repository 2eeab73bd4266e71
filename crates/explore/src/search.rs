//! The only loop that runs a world again and again. It sees whether a run was interesting, and why; not what it was about.

use std::cell::RefCell;
use std::rc::Rc;

use crate::chooser::{Chooser, Picks};
use crate::strategy::Exhaustive;

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
    pub picks: Picks,
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

/// Runs a world until the plan or the budget is at its end.
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
    let exhaustive = Rc::new(RefCell::new(Exhaustive::new()));
    while searched.runs < budget.runs_max {
        let chooser = match plan {
            Plan::Seeds(first) => Chooser::random(first.wrapping_add(searched.runs)),
            Plan::Exhaustive => Chooser::of(exhaustive.clone()),
        };
        let mut chooser = chooser.recording();
        let why = run(&mut chooser);
        let picks = chooser.take_picks();
        searched.runs += 1;
        searched.found.extend(why.map(|why| Found { why, picks }));
        if matches!(plan, Plan::Exhaustive) && !exhaustive.borrow_mut().advance() {
            searched.exhausted = true;
            break;
        }
    }
    searched
}
