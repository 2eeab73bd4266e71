//! Many runs on all cores. Worlds share nothing, and results come in the order of their seeds, whoever is done first.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use sim::Stage;

use crate::one::{Compiled, Failure, Finished, Player, Task};
use crate::watch::{Control, Watcher};

/// What is to be run under many seeds.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    /// What.
    pub task: Task<'a>,
    /// Under which seeds.
    pub seeds: Range<u64>,
    /// On how many threads at most.
    pub jobs: usize,
    /// Whether histories are wanted. Many of them do not fit in memory.
    pub histories: bool,
}

/// How many results a thread may be ahead of the one who takes them.
const AHEAD_MAX: usize = 4;

/// Runs a task under every seed, and gives each result to `each`, in the order of the seeds.
///
/// # Errors
/// The failure of the lowest seed that failed; seeds after it are given to nobody.
pub fn run_seeds(
    batch: &Batch<'_>,
    watcher: &dyn Watcher,
    mut each: impl FnMut(Finished),
) -> Result<(), Failure> {
    run_every_seed(batch, watcher, |result| result.map(&mut each))
}

/// The same, and what failed is given to `each` too: the batch goes on with the next seed, unless `each` gives the failure back.
///
/// # Errors
/// The first failure that `each` gave back; `each` is not called for the seeds after it.
pub fn run_every_seed(
    batch: &Batch<'_>,
    watcher: &dyn Watcher,
    mut each: impl FnMut(Result<Finished, Failure>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let length = batch.seeds.end.saturating_sub(batch.seeds.start);
    let jobs = batch
        .jobs
        .clamp(1, usize::try_from(length).unwrap_or(usize::MAX).max(1));
    let next = AtomicU64::new(0);
    let (sender, receiver) = sync_channel(jobs * AHEAD_MAX);
    let compiled = &Compiled::default();
    thread::scope(|scope| {
        for _ in 0..jobs {
            let sender = sender.clone();
            // Handed out by their distance from the first, which cannot wrap around as a seed would.
            let seed = || {
                let more = |offset| (offset < length).then_some(offset + 1);
                let taken = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
                taken.ok().map(|offset| batch.seeds.start + offset)
            };
            scope.spawn(move || work(batch, compiled, watcher, seed, &sender));
        }
        drop(sender);
        // Dropping the receiver, when a run has failed, lets the threads stop at their next result.
        in_order(batch, receiver, &mut each)
    })
}

/// A seed, and what came of it.
type Outcome = (u64, Result<Finished, Failure>);

fn work(
    batch: &Batch<'_>,
    compiled: &Compiled,
    watcher: &dyn Watcher,
    next: impl Fn() -> Option<u64>,
    results: &SyncSender<Outcome>,
) {
    loop {
        let player = Player::new(&batch.task, compiled, batch.histories);
        let ended = player.on_stage(|player, stage| play(player, stage, watcher, &next, results));
        if ended == Ended::Over {
            return;
        }
    }
}

/// Why a player ends.
#[derive(PartialEq)]
enum Ended {
    /// No seed is left, or the receiver of the results has gone.
    Over,
    /// A run failed: what it left behind in the world and the judge is of no use.
    Failed,
}

fn play(
    mut player: Player<'_>,
    mut stage: Option<&mut dyn Stage>,
    watcher: &dyn Watcher,
    next: &impl Fn() -> Option<u64>,
    results: &SyncSender<Outcome>,
) -> Ended {
    while let Some(seed) = next() {
        let result = match (watcher.goes_on(), &mut stage) {
            (Control::Stop, _) => Err(Failure::Interrupted(None)),
            (Control::Go, Some(stage)) => player.run(Some(&mut **stage), seed, watcher),
            (Control::Go, None) => player.run(None, seed, watcher),
        };
        let is_failed = result.is_err();
        let is_interrupted = matches!(result, Err(Failure::Interrupted(_)));
        if results.send((seed, result)).is_err() || is_interrupted {
            return Ended::Over;
        }
        if is_failed {
            return Ended::Failed;
        }
    }
    Ended::Over
}

fn in_order(
    batch: &Batch<'_>,
    results: Receiver<Outcome>,
    each: &mut impl FnMut(Result<Finished, Failure>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut early = BTreeMap::new();
    let mut expected = batch.seeds.start;
    for (seed, result) in results {
        early.insert(seed, result);
        while let Some(result) = early.remove(&expected) {
            each(result)?;
            expected += 1;
        }
    }
    Ok(())
}
