//! The watcher of runs: it shows progress, knows the time, and may stop them.

pub use sim::{Control, Progress};

/// Watches runs, from any thread.
pub trait Watcher: Sync {
    /// Called every few thousand events with a run's progress.
    fn look(&self, seed: u64, progress: Progress) -> Control;

    /// A run was played to its end and is being judged.
    fn judging(&self, seed: u64);

    /// Whether runs that have not begun should begin.
    fn goes_on(&self) -> Control;

    /// Seconds of real time since any fixed moment.
    fn seconds(&self) -> f64;

    /// For how many seconds of real time one run is played at most; without a bound if `None`.
    fn seconds_max(&self) -> Option<f64> {
        None
    }
}

/// No watcher, and no time passes: for tests and for runs whose wall time is of no interest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Watcher for Nobody {
    fn look(&self, _seed: u64, _progress: Progress) -> Control {
        Control::Go
    }

    fn judging(&self, _seed: u64) {}

    fn goes_on(&self) -> Control {
        Control::Go
    }

    fn seconds(&self) -> f64 {
        0.0
    }
}
