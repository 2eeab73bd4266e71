//! A world made of choices: network, transactional database, cache, gateway, processes that die, clients.
//!
//! This crate never touches anything real: no socket, no clock, no thread, no file. It does not see the judge.
//!
//! How a run comes about:
//!
//! - [`setting`]: what a plan and a strategy compile to, once
//! - [`run`](mod@run): playing a plan in a world
//! - [`engine`]: the loop that takes one event after another
//! - [`watch`]: watching a run from outside
//! - [`simulated`]: what a run gives
//!
//! The world:
//!
//! - [`world`]: one service with its customers, before anything happened
//! - [`state`]: everything that changes, part by part
//! - [`event`]: what can be due
//! - [`strike`]: whether a fault strikes here and now
//! - [`clients`]: what is under way between clients and replicas
//! - [`replicas`]: processes that serve, die, pause and come back
//! - [`ports`]: what a strategy sees of the world
//! - [`database`], [`cache`], [`gateway`]: what stands behind the replicas
//! - [`kitchen`]: what the outbox tells, and what is printed of it
//! - [`tally`]: what is counted where it happens
//! - [`audit`](mod@audit): what is stored at the end
//! - [`packed`]: small values in one word
//! - [`memory`]: when a table's memory is given back

mod audit;
mod cache;
mod clients;
mod database;
mod engine;
mod event;
mod gateway;
mod kitchen;
mod memory;
mod packed;
mod ports;
mod replicas;
pub mod run;
pub mod setting;
pub mod simulated;
mod state;
mod strike;
mod tally;
pub mod watch;
pub mod world;

pub use clients::crowd::{Crowd, Shoppers};
pub use database::{Committed, Omission};
pub use engine::bench::{Bench, Charged, Handler, Step, Work};
pub use outside::{Attempt, Outcome, Purchase, Tap, Visit, Wire};
pub use ports::ReplicaPorts;
pub use replicas::service::{self, Service};
pub use run::{Stage, on_stage, on_stage_of, run, simulate, simulate_in};
pub use setting::Setting;
pub use simulated::Simulated;
pub use tally::Traffic;
pub use watch::{Control, Interrupted, Pace, Progress};
pub use world::World;
