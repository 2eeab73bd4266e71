//! From logs and dumps to the lines of a history: what people have of yesterday, in the form that the judge reads
//! (`crates/history/JSONL.md`). [`run`] does all of it, and reports what was read, taken, left out and assumed.
//!
//! - [`plan`]: what is wanted, and the files
//! - [`run`]: the order of work
//! - [`format`]: access logs of many kinds, one request at a time
//! - [`requests`]: which of them ask for an order, and their lines
//! - [`dump`]: orders, charges and refunds from tables
//! - [`contract`]: the first line
//! - [`select`], [`map`], [`target`]: the command line's places of values, and which paths count
//! - [`instant`], [`span`], [`value`]: times, durations and amounts as they are written, with how exact they are
//! - [`line`]: how a line of a history is written
//! - [`mistake`]: what is wrong, and where; notes for the user

pub mod contract;
pub mod dump;
pub mod format;
pub mod instant;
pub mod line;
pub mod map;
pub mod mistake;
pub mod plan;
pub mod requests;
pub mod run;
pub mod select;
pub mod span;
pub mod target;
pub mod value;

pub use mistake::{Mistake, Mistakes, Note, Stop};
pub use plan::{Dump, DumpRows, Inputs, Log, LogFormat, Plan};
pub use run::run;
