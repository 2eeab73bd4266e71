//! Who goes next: chooser, event queue, virtual time, tasks; strategies that pick; replay and search.
//!
//! This crate never knows what an order is. Nothing else in the harness is random: code that could go two ways asks
//! [`Chooser::choose`], with a name and a bound, and pick 0 is always the dull one.
//!
//! - [`site`]: what is being chosen, and who asks
//! - [`chooser`]: the one door for chance; records what was picked, and digests it
//! - [`strategy`]: who answers: [`Random`], [`Replay`], [`Exhaustive`]
//! - [`trace`]: what was picked, by what was asked
//! - [`odds`]: probabilities as fixed-point numbers
//! - [`quantile`]: distributions as tables, the same bits on every platform
//! - [`kernel`]: virtual time and the event queue
//! - [`pool`]: tasks of one type, without an allocation each
//! - [`mod@search`]: the only loop that runs a world again and again

mod back;
pub mod chooser;
pub mod digest;
mod entry;
mod front;
pub mod kernel;
pub mod odds;
pub mod pool;
pub mod quantile;
mod queue;
pub mod search;
pub mod site;
pub mod strategy;
pub mod trace;
mod wheel;

pub use chooser::Chooser;
pub use digest::Digest;
pub use kernel::{Kernel, Lane};
pub use odds::Odds;
pub use pool::{Pool, TaskId, Woken};
pub use quantile::{Distribution, Quantiles};
pub use search::{Budget, Found, Plan, Ran, Searched, search};
pub use site::{Kind, Lineage, Site};
pub use strategy::{Exhaustive, Menu, Random, Replay, Strategy};
pub use trace::Trace;
