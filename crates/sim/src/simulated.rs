//! What a run gives.

use explore::{Chooser, Digest};
use history::History;
use orders::Metrics;

use crate::tally::Traffic;

/// What a run gives.
#[derive(Debug)]
pub struct Simulated {
    /// What happened, and what is stored.
    pub history: History,
    /// What the service's monitoring has counted.
    pub metrics: Metrics,
    /// How many requests came to the service, and how many taps did not become one.
    pub traffic: Traffic,
    /// The processes that were answered with a repetition although the contract does not let the answer say so. A history has
    /// what clients saw; this they could not see.
    pub silent_replays: Vec<u32>,
    /// The digest of everything that was picked and that happened.
    pub digest: Digest,
    /// The chooser that the run was lent, with its trace if it keeps one.
    pub chooser: Chooser,
    /// How many events there were.
    pub events: u64,
    /// Virtual time at the end.
    pub ended_us: u64,
    /// How many statements reached the database: each once, however often it waited; BEGIN, COMMIT and ROLLBACK among them.
    pub statements: u64,
    /// Those among them that the replicas' upkeep made, which comes by the clock and not by the request.
    pub upkeep_statements: u64,
    /// How many rounds of upkeep found nothing and were not run: what they would have been is counted with the others.
    pub idle_rounds: u64,
    /// How many commands reached the cache.
    pub cache_commands: u64,
    /// How often a statement waited for another transaction.
    pub lock_waits: u64,
    /// How often waiting would never have ended.
    pub deadlocks: u64,
}
