//! Everything that changes in a world, part by part.

use explore::{Chooser, Kernel};
use history::{Label, Recorder};
use outside::Devices;

use crate::cache::Cache;
use crate::clients::Clients;
use crate::database::{Database, Tx};
use crate::event::Event;
use crate::gateway::Gateway;
use crate::kitchen::Kitchen;
use crate::replicas::Replicas;
use crate::setting::Setting;
use crate::tally::Tally;

/// Everything that changes.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) kernel: Kernel<Event>,
    pub(crate) chooser: Chooser,
    pub(crate) recorder: Recorder,
    /// What the customers' devices remember.
    pub(crate) devices: Devices,
    /// Requests and responses under way, and who waits for them.
    pub(crate) clients: Clients,
    /// Processes that serve, and what each is working on.
    pub(crate) replicas: Replicas,
    pub(crate) database: Database,
    pub(crate) cache: Cache,
    pub(crate) gateway: Gateway,
    pub(crate) kitchen: Kitchen,
    pub(crate) tally: Tally,
    /// Faults strike while there is load.
    pub(crate) under_load: bool,
    /// Nothing more happens: what is still open is taken back at once.
    pub(crate) ended: bool,
}

impl State {
    pub(crate) fn new(setting: &Setting, chooser: Chooser) -> State {
        let plan = &setting.plan;
        let intents = usize::try_from(plan.load.intents).expect("a load that fits in memory");
        let mut kernel = Kernel::new();
        let replicas = Replicas::new(&mut kernel, plan.world.latencies.database_us);
        let mut state = State {
            kernel,
            chooser,
            recorder: Recorder::with_names(setting.judged_contract.clone(), setting.names.clone()),
            devices: Devices::default(),
            clients: Clients::default(),
            replicas,
            database: Database::default(),
            cache: Cache::new(setting.cache_behind_us),
            gateway: Gateway::new(plan.world.gateway_key_ttl_us),
            kitchen: Kitchen::default(),
            tally: Tally::default(),
            under_load: true,
            ended: false,
        };
        state.recorder.reserve(intents);
        state.clients.intents.reserve(intents);
        state.database.orders.reserve(intents);
        state.database.keys.reserve(intents);
        state.gateway.provider.reserve(intents);
        state
    }

    /// Back to the beginning, keeping the memory.
    pub(crate) fn begin_again(&mut self, chooser: Chooser) {
        self.kernel.reset();
        self.chooser = chooser;
        self.recorder.begin_again();
        self.devices.forget();
        self.clients.forget();
        self.replicas.forget();
        self.database.forget();
        self.cache.forget();
        self.gateway.forget();
        self.kitchen = Kitchen::default();
        self.tally = Tally::default();
        (self.under_load, self.ended) = (true, false);
    }

    /// A transaction ends without a COMMIT.
    pub(crate) fn roll_back(&mut self, tx: Tx) {
        self.database.hang_up(tx);
        self.release_waiters();
    }

    /// A situation was met.
    #[inline]
    pub(crate) fn cover(&mut self, label: Label) {
        self.recorder.cover(label);
    }

    /// Tasks whose lock is free try again now.
    #[inline]
    pub(crate) fn release_waiters(&mut self) {
        if !self.database.open.released.is_empty() {
            self.wake_waiters();
        }
    }

    fn wake_waiters(&mut self) {
        let released = std::mem::take(&mut self.database.open.released);
        for task in &released {
            self.kernel.after(0, Event::Reach((*task).into()));
        }
        self.database.open.released = released;
        self.database.open.released.clear();
    }
}
