//! What is tried on the simulation.
//!
//! - [`simulated`]: the simulation as a twin, and its plan
//! - [`on_sim`]: every body
//! - [`schedules`]: random schedules of two and three transactions
//! - [`strategies`]: what the strategies promise

mod on_sim;
mod schedules;
mod simulated;
mod strategies;
