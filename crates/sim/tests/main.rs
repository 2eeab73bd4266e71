//! One program for all tests of the simulated world.
//!
//! - [`story`]: the small story that they vary
//! - [`world`]: one seed is one run, and customers do not share fates
//! - [`episodes`]: every episode begins at the beginning
//! - [`endings`]: when a run is over
//! - [`epoch`]: which epoch a deployment chooses makes no difference
//! - [`idle`]: rounds of upkeep that find nothing
//! - [`clients`]: what people and their apps do
//! - [`channel`]: who else orders what was paid for
//! - [`buttons`]: what the client's side of a strategy does
//! - [`keys`]: how keys are spelt, and used for more than one purchase
//! - [`cache`]: how long after a commit the cache learns of it
//! - [`coupons`]: coupons, with everything going wrong
//! - [`network`]: what becomes of messages between clients and replicas
//! - [`cells`]: bad radio, which many customers share
//! - [`processes`]: replicas that die, stand still and come back
//! - [`gateway`]: what becomes of charges, and who hears of them
//! - [`kitchen`]: what becomes of the messages in the outbox
//! - [`search`]: every way that a purchase can go
//! - [`faults`]: every fault of the language has its consequence

mod buttons;
mod cache;
mod cells;
mod channel;
mod clients;
mod coupons;
mod endings;
mod episodes;
mod epoch;
mod faults;
mod gateway;
mod idle;
mod keys;
mod kitchen;
mod network;
mod processes;
mod search;
mod story;
mod world;
