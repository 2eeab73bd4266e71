//! Who stands outside the service: customers as the plan describes them, and the payment provider. A simulated and a live world share them.
//!
//! This crate never sends anything itself: a world does, behind [`Wire`]. It does not know how the service decides.
//!
//! - [`wire`]: what customers need of a world
//! - [`desk`]: what all customers of a world share
//! - [`script`]: what a plan says of its customers, compiled once
//! - [`load`](mod@load): purchases by time, and the visits that each comes to
//! - [`visit`]: a purchase, and a reason to send requests for it
//! - [`shopper`]: what a visitor does: sends, waits, loses patience, retries
//! - [`attempt`]: what is sent once
//! - [`answer`]: how an attempt ended, as the history has it: `ok`, `fail` or `info`
//! - [`button`]: a button that is disabled, or waits for further taps
//! - [`habits`]: what follows from a purchase: taps, tabs, edited carts
//! - [`reuse`]: another purchase under the key of the first
//! - [`key`]: keys as clients spell them
//! - [`menu`]: what can be bought
//! - [`hash`](mod@hash): a hash for what is counted
//! - [`provider`]: the payment provider's ledger: the same key is the same charge, until the provider forgets the key

pub mod answer;
mod attempt;
mod button;
mod desk;
mod habits;
pub mod hash;
mod key;
mod load;
pub mod menu;
pub mod provider;
mod reuse;
mod script;
mod shopper;
mod visit;
mod wire;

pub use answer::{End, Heard};
pub use attempt::{Attempt, Outcome};
pub use desk::{Desk, Devices};
pub use load::{Manners, Purchases, Schedule};
pub use menu::{Content, Handles, Menu};
pub use provider::Provider;
pub use script::Script;
pub use visit::{Purchase, Tap, Visit};
pub use wire::Wire;
