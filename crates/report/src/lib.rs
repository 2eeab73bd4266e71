//! How it looks: `Run` -> terminal text, JSON, Markdown, HDR histograms.
//!
//! This crate never computes a number that `run.json` lacks, and touches nothing: values in, text out. Who writes the text where is
//! the caller's business.
//!
//! - [`run`](mod@run): the model behind `run.json`, versioned
//! - [`mod@judgement`]: a verdict on a history from anywhere
//! - [`judged`]: what the judge said, in the words of that model
//! - [`latency`]: latencies of a run, per outcome
//! - [`hdr`]: those in the formats of HdrHistogram's tools
//! - [`terminal`](mod@terminal), [`summary`](mod@summary): one run, many seeds, for people
//! - [`rules`]: the lines about rules that both and `onceproof check` print
//! - [`markdown`](mod@markdown): `report.md`
//! - [`json`]: one line for programs
//! - [`schema`]: the JSON Schema of `run.json`
//! - [`comparison`]: strategies side by side
//! - `figures`: counts, money and times in the form that people read

pub mod comparison;
mod figures;
pub mod hdr;
pub mod json;
pub mod judged;
pub mod judgement;
pub mod latency;
pub mod markdown;
pub mod rules;
pub mod run;
pub mod schema;
pub mod summary;
pub mod terminal;

pub use comparison::Comparison;
pub use figures::{clock, count};
pub use hdr::{hgrm, hlog};
pub use json::{json_line, run_json};
pub use judgement::{judgement, judgement_line, trace};
pub use latency::{Histograms, OutcomeClass};
pub use markdown::markdown;
pub use run::Run;
pub use summary::{Brief, Summary};
pub use terminal::terminal;
