//! Playing a plan in a world: once, or once for every chooser.

use std::sync::Arc;

use explore::Chooser;
use history::History;
use orders::{Door, Job, StrategyName};
use outside::Visit;
use scenario::Plan;

use crate::clients::crowd::{Crowd, Shoppers};
use crate::engine::Engine;
use crate::ports::ReplicaPorts;
use crate::replicas::service::Service;
use crate::setting::Setting;
use crate::simulated::Simulated;
use crate::watch::{Interrupted, Pace};
use crate::world::World;

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
    run(&world, &service, &Shoppers, pace)?;
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
    on_stage_of(setting, &service, &Shoppers, act)
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
        state.replicas.calls[ports.slot].answer = Some(state.clients.answers.keep(response));
    }
    ports.catch_up().await;
    if let Job::Serve(request) = job {
        let world = ports.world;
        world
            .handles
            .give_back(&world.setting.script.menu, request.content);
    }
}
