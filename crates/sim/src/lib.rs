//! A world made of choices: network, transactional database, cache, gateway, processes that die, clients.
//!
//! This crate never touches anything real: no socket, no clock, no thread, no file. It does not see the judge.
//!
//! - [`setting`]: what a plan and a strategy compile to, once
//! - [`world`]: everything that exists, in one place, and the events that move it
//! - [`run`](mod@run): playing a plan in a world
//! - [`engine`]: the loop that takes one event after another
//! - [`arrivals`]: the load as it comes
//! - [`menu`]: what can be bought
//! - [`promises`]: what the service promises, and what the judge is told of it
//! - [`client`]: people and their apps
//! - [`spelling`]: keys as clients spell them
//! - [`reuse`]: another purchase under the key of the first
//! - [`attempt`]: what a client sends once, and what becomes of it
//! - [`answers`]: what handlers have answered and clients have not yet read
//! - [`cell`]: whether a person's radio is bad just now
//! - [`network`]: requests and responses under way
//! - [`replica`]: processes that serve, die, pause and come back
//! - [`call`]: a handler's standing in the world
//! - [`ports`]: what a strategy sees of the world
//! - [`database`], [`cache`], [`gateway`]: what stands behind the replicas
//! - [`webhook`]: what the gateway tells unasked
//! - [`kitchen`]: what the outbox tells, and what is printed of it
//! - [`service`]: the order service, as something that a replica runs
//! - [`audit`](mod@audit): what is stored at the end

mod answers;
mod arrivals;
mod attempt;
mod audit;
mod cache;
mod call;
mod cell;
mod client;
mod database;
mod engine;
mod gateway;
mod kitchen;
mod menu;
mod network;
mod packed;
mod ports;
mod promises;
mod replica;
mod reuse;
pub mod run;
pub mod service;
pub mod setting;
mod spelling;
mod webhook;
pub mod world;

pub use attempt::{Attempt, Outcome};
pub use client::{Crowd, Purchase, Shoppers, Tap, Visit};
pub use database::Omission;
pub use ports::ReplicaPorts;
pub use run::{
    Control, Interrupted, Pace, Progress, Simulated, Stage, Traffic, on_stage, on_stage_of, run,
    simulate, simulate_in,
};
pub use service::Service;
pub use setting::Setting;
pub use world::World;
