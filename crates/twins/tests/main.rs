//! What is tried on the simulation.
//!
//! - [`simulated`]: the simulation as a twin, and its plan
//! - [`on_sim`]: every body
//! - [`schedules`]: what nobody has thought of
//! - [`strategies`]: what the strategies promise

mod on_sim;
mod schedules;
mod simulated;
mod strategies;
