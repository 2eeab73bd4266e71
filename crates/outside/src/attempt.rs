//! Attempts: what a client sends once. Each is an operation of its own in the history.

use explore::Lineage;
use history::Invoke;
use protocol::{KeyError, OrderRequest, Problem, Response};

/// What a client sends once.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What is asked.
    pub request: OrderRequest,
    /// The key's header as it is written, where it is not just the key.
    pub header: Option<Box<str>>,
    /// Why its header names no key, if it has one that does not: then the door refuses it.
    pub malformed: Option<KeyError>,
    /// Its names in the history.
    pub invoke: Invoke,
    /// The identity by which its chances are drawn.
    pub lineage: Lineage,
    /// The kind of client, by its index.
    pub client: usize,
    /// How long the client waits, in microseconds.
    pub timeout_us: Option<u64>,
    /// How long the request is under way, if not as the world says.
    pub uplink_us: Option<u64>,
    /// After how long the app dies, if it still waits then.
    pub dies_after_us: Option<u64>,
}

/// How an attempt ended, for its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered.
    Answered(Response),
    /// The connection broke.
    Reset,
    /// The client stopped waiting.
    TimedOut,
    /// The app died while it waited.
    Died,
}

impl Outcome {
    /// Whether it is an answer with this problem.
    pub fn says(&self, problem: Problem) -> bool {
        matches!(self, Outcome::Answered(answer) if answer.problem == Some(problem))
    }
}
