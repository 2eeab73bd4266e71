//! What someone wants tried: TOML with source spans becomes a [`Plan`]; a load unfolds into intents by asking a chooser.
//!
//! This crate never runs anything. A plan is never edited after parsing.
//!
//! - [`plan`]: what a scenario means, in numbers
//! - [`file`](mod@file): what a scenario file says, with the place of every value
//! - [`lower`](mod@lower): from what was written to what it means, with every mistake pointed at
//! - [`mistake`]: what is wrong with a file, where, and what to write instead
//! - [`delay`]: delays as tables that can be drawn from
//! - [`faults`]: whether a fault strikes, for simulated and live worlds alike
//! - [`tempo`]: the same plan in a faster or slower service
//! - [`unfold`]: the intents of a load, one after another
//! - [`library`]: the scenarios of a folder, by name
//! - [`overlay`]: faults without a story, to be laid over any scenario
//! - [`uses`]: which features of the language a plan uses
//! - [`schema`]: the JSON Schema of scenario files

pub mod delay;
pub mod faults;
pub mod file;
pub mod library;
pub mod lower;
pub mod mistake;
pub mod overlay;
pub mod plan;
pub mod schema;
pub mod tempo;
pub mod unfold;
pub mod uses;

pub use delay::DelayTable;
pub use faults::{Armed, Faults, Opportunity, Who};
pub use file::fault::FaultName;
pub use library::{Entry, Library, builtin, load, overlay};
pub use lower::value::length_us;
pub use lower::{Known, Options, Scale, parse};
pub use mistake::Mistake;
pub use overlay::Overlay;
pub use plan::{
    AppCrash, Basket, ClientPlan, Contract, Coupon, CrashPoint, Delay, Expect, Fault, FaultKind,
    Host, InFlight, KeyForm, KeyPolicy, KeyReuse, Latencies, Load, Peak, Plan, Required, Retry,
    ReuseBy, RuleId, Rush, Shop, Sku, Standstill, StrategyId, Tap, Window, World,
};
pub use unfold::{INTENT, Intent, Unfold};
