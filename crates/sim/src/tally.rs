//! What is counted where it happens, because no client and no row can tell.

use orders::Metrics;

/// The counters of a run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// What the service's monitoring has counted.
    pub(crate) metrics: Metrics,
    /// What came to the service.
    pub(crate) traffic: Traffic,
    /// How many statements were the upkeep's.
    pub(crate) upkeep_statements: u64,
    /// How many rounds of upkeep were passed over.
    pub(crate) idle_rounds: u64,
    /// How many commands reached the cache.
    pub(crate) cache_commands: u64,
    /// The requests that were answered with a repetition that did not say so.
    pub(crate) silent_replays: Vec<u32>,
}

/// What came to the service, counted where it comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests that a replica received: a copy that the network made is one more, one that was lost on the way is none.
    pub arrived: u64,
    /// Those among them that were not the first of their intent to arrive.
    pub repeated: u64,
    /// Taps that the client's button held back: each would have been one more request of an intent that had one already.
    pub held_back: u64,
}
