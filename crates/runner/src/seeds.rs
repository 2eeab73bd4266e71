//! Many runs on all cores. Worlds share nothing, and results come in the order of their seeds, not of their ends.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use explore::Chooser;
use explore::search::{Budget, Plan, Ran, search};
use report::{Brief, Summary};
use sim::Stage;

use crate::one::{Compiled, Failure, Finished, Player, Task, Wants};
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

/// How many portions a thread may be ahead of their receiver.
const AHEAD_MAX: usize = 4;

/// How many seeds of a small scenario a thread plays at most before it hands over what came of them: to wake the receiver for each would
/// take longer than to play it.
const PORTION_MAX: u64 = 64;

/// About how many purchases a portion has.
const PORTION_INTENTS: u64 = 256;

/// Consecutive seeds that were played.
#[derive(Debug, Default)]
pub struct Portion {
    /// How many of them have a result, wanted in full or not.
    pub played: u64,
    /// How many have none.
    pub failed: u64,
    /// Their sums.
    pub summary: Summary,
    /// The results that were wanted in full, and the failures, in the order of their seeds.
    pub results: Vec<Result<Finished, Failure>>,
}

/// Runs a task under every seed, and gives each result to `each`, in the order of the seeds.
///
/// # Errors
/// The failure of the lowest seed that failed; the results of the seeds after it are dropped.
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
    let all = || |_: &Brief<'_>| true;
    run_portions(batch, watcher, all, |portion| {
        portion.results.into_iter().try_for_each(&mut each)
    })
}

/// The same for many seeds of which only few results are wanted in full: every thread asks a `wants` of its own, which sees its runs in the
/// order of their seeds. The others are summed up.
///
/// # Errors
/// The first failure that `each` gave back; `each` is not called for the portions after it.
pub fn run_portions<W: FnMut(&Brief<'_>) -> bool>(
    batch: &Batch<'_>,
    watcher: &dyn Watcher,
    wants: impl Fn() -> W + Sync,
    mut each: impl FnMut(Portion) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let length = batch.seeds.end.saturating_sub(batch.seeds.start);
    let jobs = batch
        .jobs
        .clamp(1, usize::try_from(length).unwrap_or(usize::MAX).max(1));
    let size = PORTION_INTENTS / batch.task.plan.load.intents.max(1);
    // Every thread has some.
    let size = size.min(PORTION_MAX).min(length / jobs as u64).max(1);
    let next = AtomicU64::new(0);
    let (sender, receiver) = sync_channel(jobs * AHEAD_MAX);
    let compiled = &Compiled::default();
    thread::scope(|scope| {
        for _ in 0..jobs {
            let sender = sender.clone();
            // Handed out by their distance from the first, which cannot wrap around as a seed would.
            let seeds = || {
                let more = |offset| (offset < length).then(|| length.min(offset + size));
                let taken = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
                let first = batch.seeds.start;
                let until = |offset: u64| first + length.min(offset + size);
                taken.ok().map(|offset| first + offset..until(offset))
            };
            let wants = &wants;
            scope.spawn(move || {
                let worker = Worker {
                    batch,
                    compiled,
                    watcher,
                };
                worker.work(seeds, &mut wants(), &sender);
            });
        }
        drop(sender);
        // Dropping the receiver, when a run has failed, lets the threads stop at their next portion.
        in_order(batch, receiver, &mut each)
    })
}

/// A portion, and its seeds.
type Played = (Range<u64>, Portion);

/// A thread's view of the batch.
struct Worker<'a> {
    batch: &'a Batch<'a>,
    compiled: &'a Compiled,
    watcher: &'a dyn Watcher,
}

/// Why a player ends.
enum Ended {
    /// No seed is left, or the receiver of the results has gone.
    Over,
    /// A run failed: what it left behind in the world and the judge is of no use. These seeds are still to be played.
    Failed(Box<Played>),
}

impl Worker<'_> {
    fn work(
        &self,
        next: impl Fn() -> Option<Range<u64>>,
        wants: &mut Wants<'_>,
        results: &SyncSender<Played>,
    ) {
        let mut begun = None;
        loop {
            let player = Player::new(&self.batch.task, self.compiled, self.batch.histories);
            let ended = player.on_stage(|player, stage| {
                self.play(player, stage, begun.take(), &next, wants, results)
            });
            match ended {
                Ended::Over => return,
                Ended::Failed(rest) => begun = Some(*rest),
            }
        }
    }

    /// Plays one portion after another, the first of which has begun.
    fn play(
        &self,
        mut player: Player<'_>,
        mut stage: Option<&mut dyn Stage>,
        mut begun: Option<Played>,
        next: &impl Fn() -> Option<Range<u64>>,
        wants: &mut Wants<'_>,
        results: &SyncSender<Played>,
    ) -> Ended {
        loop {
            let fresh = || next().map(|seeds| (seeds, Portion::default()));
            let Some((seeds, mut portion)) = begun.take().or_else(fresh) else {
                return Ended::Over;
            };
            let first = seeds.start + portion.tried();
            let budget = Budget {
                runs_max: seeds.end - first,
                keeps_traces: false,
            };
            let searched = search(Plan::Seeds(first), budget, |number, chooser| {
                let Portion { summary, .. } = &mut portion;
                let mut wants = |brief: &Brief<'_>| {
                    summary.add(brief);
                    wants(brief)
                };
                self.one(&mut player, &mut stage, first + number, chooser, &mut wants)
            });
            portion.played += searched.runs;
            let found = searched.found.into_iter().map(|found| Ok(found.why));
            portion.results.extend(found);
            if let Some(failure) = searched.broke {
                let is_interrupted = matches!(failure, Failure::Interrupted(_));
                portion.results.push(Err(failure));
                portion.failed += 1;
                if is_interrupted {
                    // If the receiver has gone, there is nothing to tell.
                    let _ = results.send((seeds, portion));
                    return Ended::Over;
                }
                return Ended::Failed(Box::new((seeds, portion)));
            }
            if results.send((seeds, portion)).is_err() {
                return Ended::Over;
            }
        }
    }

    /// Plays a seed. After a failure its chooser is lost, and the world with it.
    fn one(
        &self,
        player: &mut Player<'_>,
        stage: &mut Option<&mut dyn Stage>,
        seed: u64,
        chooser: Chooser,
        wants: &mut Wants<'_>,
    ) -> Ran<Finished, Failure> {
        if self.watcher.goes_on() == Control::Stop {
            return ControlFlow::Break(Failure::Interrupted(None));
        }
        let ran = match stage {
            Some(stage) => player.run_if(Some(&mut **stage), seed, chooser, self.watcher, wants),
            None => player.run_if(None, seed, chooser, self.watcher, wants),
        };
        match ran {
            Ok(ran) => ControlFlow::Continue(ran),
            Err(failure) => ControlFlow::Break(failure),
        }
    }
}

impl Portion {
    /// How many of its seeds were tried.
    fn tried(&self) -> u64 {
        self.played + self.failed
    }
}

fn in_order(
    batch: &Batch<'_>,
    results: Receiver<Played>,
    each: &mut impl FnMut(Portion) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut early = BTreeMap::new();
    let mut expected = batch.seeds.start;
    for (seeds, portion) in results {
        early.insert(seeds.start, (seeds.end, portion));
        while let Some((end, portion)) = early.remove(&expected) {
            each(portion)?;
            expected = end;
        }
    }
    Ok(())
}
