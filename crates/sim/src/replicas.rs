//! The service's replicas: processes that serve, die, pause and come back.
//!
//! - [`service`]: what replicas run: the order service, or a test's own
//! - [`replica`]: a process
//! - [`clocks`]: how far the replicas' clocks are off
//! - [`call`]: per-handler bookkeeping
//! - [`handling`]: from a request's arrival to its answer
//! - [`striking`]: what may befall a process when one of its handlers sends a message
//! - [`dying`]: a process dies, and begins a new life
//! - [`rolling`]: rolling restarts

pub(crate) mod call;
pub(crate) mod clocks;
mod dying;
mod handling;
mod replica;
mod rolling;
pub mod service;
mod striking;

use call::Call;
use explore::{Kernel, Lane};
pub(crate) use replica::{Dying, Replica, Turn};

/// The replicas, and what each is working on.
#[derive(Debug)]
pub(crate) struct Replicas {
    pub(crate) hosts: Vec<Replica>,
    /// By the slot of the handler's task.
    pub(crate) calls: Vec<Call>,
    /// Replicas that are to die as soon as the task at hand has stopped.
    pub(crate) dying: Vec<Dying>,
    /// The replicas that came back, in order: each then has an identity of its own.
    pub(crate) reborn: Vec<u32>,
    /// How many nonces were given.
    pub(crate) nonces: u64,
    /// One way between a replica and the database.
    pub(crate) database_lane: Lane,
    /// Two ways, for handlers that are one ahead.
    pub(crate) database_lane_ahead: Lane,
}

impl Replicas {
    /// None yet, at this distance from the database in microseconds.
    pub(crate) fn new<E: Copy>(kernel: &mut Kernel<E>, database_us: u64) -> Replicas {
        Replicas {
            hosts: Vec::new(),
            calls: Vec::new(),
            dying: Vec::new(),
            reborn: Vec::new(),
            nonces: 0,
            database_lane: kernel.lane(database_us),
            database_lane_ahead: kernel.lane(database_us * 2),
        }
    }

    /// Forgets everything, keeping the memory.
    pub(crate) fn forget(&mut self) {
        self.hosts.clear();
        self.calls.clear();
        self.dying.clear();
        self.reborn.clear();
        self.nonces = 0;
    }
}
