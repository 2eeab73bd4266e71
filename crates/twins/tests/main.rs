//! What is tried on the simulation.
//!
//! - [`simulated`]: the simulation as a twin, and its plan
//! - [`on_sim`]: every body
//! - [`strategies`]: what the strategies promise

mod on_sim;
mod simulated;
mod strategies;
