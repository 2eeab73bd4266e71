//! From logs and dumps to the lines of a history: what people have of yesterday, in the form that the judge reads.
//!
//! - [`instant`], [`span`]: times and durations as they are written, with how exact they are
//! - [`mistake`]: what is wrong, and where
//! - [`select`], [`map`]: what the command line says about where a value stands
//! - [`format`]: access logs of many kinds, one request at a time
//! - [`line`]: how a line of a history is written

pub mod format;
pub mod instant;
pub mod line;
pub mod map;
pub mod mistake;
pub mod select;
pub mod span;
