//! Whether it was right: the rules -> [`Verdict`] with witnesses.
//!
//! This crate never imports `orders`, never reads a clock and never edits a history: values in, verdict out. It knows what clients saw
//! and what the database and the gateway hold at the end, and nothing of how the service reasons.
//!
//! - [`verdict`]: what the judge says
//! - [`counts`]: how much there was of everything, and how much too much
//! - [`rules`]: the registry; each rule is one file and one line
//! - [`inputs`]: what each rule goes by, and how much of it a history has
//! - [`judge`](mod@judge): the order of work, and the memory that is kept between histories
//! - `facts`: what all rules need to know, in plain arrays, from one pass over the events and few over the audit
//! - `case`: the history with its facts, as a rule sees them
//! - `keyed`: the attempts on one key, with how each ended
//! - `keylog`: how each key record changed
//! - `linear`: whether some order of the operations on a key fits real time; a search, as a cross-check of the closed forms
//! - `mutants`: the judge weakened in each of its places, and what finds that out
//! - `other_keys`: the other keys of a purchase
//! - `ttl`: whether something happened inside a key's time to live, outside, or neither is certain
//! - `subject`: what a timeline is about
//! - `tally`: what one rule has found so far
//! - `taken`: whether a refusal may be one for lack of stock
//! - `tell`: attempts, rows and times in words
//! - `timeline`: everything that happened to a purchase, in the order of time

/// Whether the judge is to be weakened in this place: never, but in the test that counts which weaknesses are found out.
macro_rules! mutant {
    ($name:literal) => {
        crate::mutants::is_on($name)
    };
}

mod attempts;
mod cancels;
mod case;
pub mod counts;
mod facts;
pub mod inputs;
pub mod judge;
mod keyed;
mod keylog;
mod linear;
mod mutants;
mod other_keys;
pub mod rules;
mod subject;
mod taken;
mod tally;
mod tell;
mod timeline;
mod ttl;
pub mod verdict;

pub use counts::Counts;
pub use inputs::{Had, Inventory};
pub use judge::{Judge, judge};
pub use rules::{Kind, Rule};
pub use timeline::{About, trace};
pub use verdict::{
    Moment, Operation, Outcome, Overall, RuleVerdict, Verdict, WITNESSES_MAX, Witness,
};
