//! What is known of rounds of upkeep that find nothing.

use explore::{Digest, TaskId};

/// A round that finds nothing.
#[derive(Debug)]
pub(super) struct IdleRound {
    /// When its events come after its beginning, in order.
    pub(super) events_us: Vec<u64>,
    /// How many statements it sends.
    pub(super) statements: u64,
}

impl IdleRound {
    pub(super) fn takes_us(&self) -> u64 {
        self.events_us.last().copied().unwrap_or(0)
    }
}

/// A round that is being run and may turn out to be idle.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) task: TaskId,
    pub(super) began_us: u64,
    pub(super) events_us: Vec<u64>,
    pub(super) digest: Digest,
    pub(super) before: Counted,
}

/// What upkeep could do, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) statements: u64,
    /// Those whose answer depends on nothing but what is due.
    pub(super) idle_statements: u64,
    pub(super) cache_commands: u64,
    pub(super) nonces: u64,
    pub(super) process_uses: u64,
}
