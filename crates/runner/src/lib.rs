//! Plan x world x judge -> `Run`.
//!
//! This crate never prints, writes no file and has no clock of its own: the watcher of a run tells it the time.
//!
//! - [`one`]: one run: simulate, judge, collect
//! - [`recorded`]: the report of a history that was recorded elsewhere
//! - [`seeds`]: many runs on all cores, their results in the order of their seeds
//! - [`compare`](mod@compare): strategies side by side on one scenario
//! - [`interval`]: how certain a counted share is
//! - [`races`]: the answers to the losers of races
//! - [`watch`]: progress, time, and stopping
//! - [`expectation`]: whether a verdict is what the scenario expects
//! - [`waits`]: how long clients waited
//! - [`uses`](mod@uses): which scenarios cover what
//! - [`panics`]: what a panic inside a run says
//! - [`known`]: the names that scenario files and command lines may use

pub mod compare;
pub mod expectation;
pub mod interval;
pub mod known;
pub mod one;
pub mod panics;
pub mod races;
pub mod recorded;
pub mod seeds;
pub mod uses;
pub mod waits;
pub mod watch;

pub use compare::{Contest, compare};
pub use known::{Named, known};
pub use one::{Compiled, Failure, Finished, Player, Task, judge, run_one};
pub use orders::StrategyName;
pub use recorded::recorded;
pub use seeds::{Batch, Portion, run_every_seed, run_portions, run_seeds};
pub use uses::{Use, uses};
pub use watch::{Control, Progress, Watcher};
