//! What one process of the service keeps in its memory: gone when it dies, and unknown to the other replicas.

use std::sync::atomic::AtomicU32;

use crate::table::ClaimTable;

/// The memory of a process.
#[derive(Debug)]
pub struct Process {
    /// The claims that run here, and the latest that are done.
    pub claims: ClaimTable,
    /// A number, zero when the process starts, for strategies that count requests there: what a global variable is elsewhere.
    pub requests: AtomicU32,
}

impl Process {
    /// A process that has just started, and remembers up to `completions_max` completed claims.
    pub fn new(completions_max: usize) -> Process {
        Process {
            claims: ClaimTable::new(completions_max),
            requests: AtomicU32::new(0),
        }
    }
}
