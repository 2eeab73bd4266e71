//! Watching a run from outside: how it is getting on, and whether it goes on.

/// How a run is getting on, for its watcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Virtual time.
    pub now_us: u64,
    /// Intents begun.
    pub intents: u64,
    /// Intents of the whole load.
    pub intents_total: u64,
    /// Orders in the database.
    pub orders: u64,
}

/// Whether a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// It does.
    Go,
    /// It stops, and has no result.
    Stop,
}

/// The run was stopped from outside: what it saw so far is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

/// The watcher of a run, asked every few thousand events.
pub type Pace<'w> = dyn FnMut(Progress) -> Control + 'w;
