//! Playing a plan in a world: once, or once for every chooser.

use std::sync::Arc;

use explore::{Chooser, Digest};
use history::History;
use orders::{Door, Job, Metrics, StrategyName};
use scenario::Plan;

use crate::client::{Crowd, Visit};
use crate::engine::Engine;
use crate::ports::ReplicaPorts;
use crate::service::Service;
use crate::setting::Setting;
use crate::world::World;

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

/// Runs a plan under a strategy: the plan's clients, its load and its faults; and the contract that the strategy documents, unless
/// the plan names one.
///
/// # Errors
/// [`Interrupted`] if the watcher stopped it.
pub fn simulate(
    plan: &Plan,
    strategy: StrategyName,
    chooser: Chooser,
    pace: &mut Pace<'_>,
) -> Result<Simulated, Interrupted> {
    simulate_in(
        &Arc::new(Setting::of(plan, strategy)),
        strategy,
        chooser,
        pace,
    )
}

/// The same in a setting that was compiled for the strategy.
///
/// # Errors
/// [`Interrupted`] if the watcher stopped it.
pub fn simulate_in(
    setting: &Arc<Setting>,
    strategy: StrategyName,
    chooser: Chooser,
    pace: &mut Pace<'_>,
) -> Result<Simulated, Interrupted> {
    let world = World::in_setting(setting, chooser);
    let service = Door::new(strategy, setting.service_contract);
    run(&world, &service, &setting.shoppers, pace)?;
    Ok(world.finish())
}

/// Runs a world until its load has come, its clients have gone, and its recovery deadline has passed.
///
/// # Errors
/// [`Interrupted`] if the watcher stopped it.
pub fn run<S: Service, C: Crowd>(
    world: &World,
    service: &S,
    crowd: &C,
    pace: &mut Pace<'_>,
) -> Result<(), Interrupted> {
    let handle = |ports, job| serve(service, ports, job);
    let visit = |visit| crowd.visit(world, visit);
    Engine::new(world, handle, visit, service).run(pace)
}

/// A world in which one run follows another.
pub trait Stage {
    /// Plays a run. After an error this stage has no further use.
    ///
    /// # Errors
    /// [`Interrupted`] if the watcher stopped it.
    fn play(&mut self, chooser: Chooser, pace: &mut Pace<'_>) -> Result<Simulated, Interrupted>;

    /// Takes back the history of the run before, whose memory the next one can use.
    fn take_back(&mut self, history: History);
}

/// Builds a world once for many runs of a strategy: small ones, whose world takes longer to build than to play. It keeps the memory of the
/// largest run.
pub fn on_stage<R>(
    setting: &Arc<Setting>,
    strategy: StrategyName,
    act: impl FnOnce(&mut dyn Stage) -> R,
) -> R {
    let service = Door::new(strategy, setting.service_contract);
    on_stage_of(setting, &service, &setting.shoppers, act)
}

/// The same with a service and clients of one's own.
pub fn on_stage_of<S: Service, C: Crowd, R>(
    setting: &Arc<Setting>,
    service: &S,
    crowd: &C,
    act: impl FnOnce(&mut dyn Stage) -> R,
) -> R {
    let world = World::in_setting(setting, Chooser::random(0));
    let handle = |ports, job| serve(service, ports, job);
    let visit = |visit| crowd.visit(&world, visit);
    let engine = Engine::new(&world, handle, visit, service);
    act(&mut Played {
        world: &world,
        engine,
        is_lent: false,
    })
}

struct Played<'w, F: Future<Output = ()>, H, G: Future<Output = ()>, V> {
    world: &'w World,
    engine: Engine<'w, F, H, G, V>,
    /// Whether the history of the run before is still out.
    is_lent: bool,
}

impl<'w, F, H, G, V> Stage for Played<'w, F, H, G, V>
where
    F: Future<Output = ()>,
    H: Fn(ReplicaPorts<'w>, Job) -> F,
    G: Future<Output = ()>,
    V: Fn(Visit) -> G,
{
    fn play(&mut self, chooser: Chooser, pace: &mut Pace<'_>) -> Result<Simulated, Interrupted> {
        if self.is_lent {
            let contract = self.world.setting.judged_contract.clone();
            self.take_back(History {
                contract,
                ..History::default()
            });
        }
        self.engine.begin_again(chooser);
        self.engine.run(pace)?;
        self.engine.drop_tasks();
        self.is_lent = true;
        Ok(self.world.close())
    }

    fn take_back(&mut self, history: History) {
        self.world.take_back(history);
        self.is_lent = false;
    }
}

/// Does a job. The answer is put where it stays: carried up through the futures, it is copied at every level.
async fn serve<S: Service>(service: &S, ports: ReplicaPorts<'_>, job: Job) {
    if let Some(response) = service.handle(&ports, &job).await {
        let state = &mut *ports.world.state.borrow_mut();
        state.calls[ports.slot].answer = Some(state.answers.keep(response));
    }
    ports.catch_up().await;
    if let Job::Serve(request) = job {
        let world = ports.world;
        world
            .handles
            .give_back(&world.setting.menu, request.content);
    }
}
