//! `onceproof compare`: strategies side by side on one scenario.
//!
//! - `model`: everything that its reports show, versioned
//! - `terminal`, `markdown`: how it looks
//! - `words`: what it says of a stated figure

mod markdown;
mod model;
mod terminal;
pub(crate) mod words;

pub use crate::latency::Waits;
pub use markdown::{markdown, overview, preface};
pub use model::{
    BrokenRule, Comparison, Estimate, Finding, HandlerPoint, SCHEMA_VERSION, Stated, StrategyRow,
};
pub use terminal::terminal;

/// A comparison as one line of JSON.
///
/// # Panics
/// Never: every value has a form in JSON.
pub fn line(comparison: &Comparison) -> String {
    serde_json::to_string(comparison).expect("every value has a form in JSON") + "\n"
}
