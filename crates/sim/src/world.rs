//! Everything that exists, in one place, and the events that move it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use explore::Chooser;
use history::History;
use orders::{Contract as ServiceContract, Ledgers, Process};
use outside::Handles;
use outside::menu::{by_name, sku};
use protocol::{Tenant, Time};
use scenario::Plan;

use crate::database::Omission;
use crate::event::Fired;
use crate::replicas::Replica;
use crate::setting::Setting;
use crate::state::State;

/// A world: one service on some replicas, its database, cache and gateway, and its clients.
#[derive(Debug)]
pub struct World {
    pub(crate) setting: Arc<Setting>,
    /// The instant at which the run begins, since the deployment's epoch.
    began: Time,
    /// Whether handlers may run ahead of the world where no client can notice it; off only in the test that shows so.
    pub(crate) goes_ahead: bool,
    /// Spare handles to what can be bought.
    pub(crate) handles: Handles,
    /// The memory of each replica's process.
    pub(crate) processes: RefCell<Vec<Rc<Process>>>,
    /// Whether rounds of upkeep that find nothing are passed over; off only in the test that shows that it makes no difference.
    pub(crate) skips_idle: bool,
    /// How often handlers have looked into their process's memory.
    pub(crate) process_uses: Cell<u64>,
    /// Whose memory they looked into: a bit for a replica, or for several.
    pub(crate) processes_used: Cell<u64>,
    pub(crate) fired: Cell<Fired>,
    pub(crate) state: RefCell<State>,
}

impl World {
    /// A world as the plan describes it, before anything happened, under the contract `reference` if the plan names none.
    ///
    /// # Panics
    /// If the plan names a contract that `orders` does not have: scenario files are checked before.
    pub fn new(plan: &Plan, chooser: Chooser) -> World {
        World::in_setting(
            &Arc::new(Setting::new(plan, protocol::Preset::Reference)),
            chooser,
        )
    }

    /// A world in a setting, before anything happened.
    pub fn in_setting(setting: &Arc<Setting>, chooser: Chooser) -> World {
        let replicas = setting.plan.world.replicas;
        let world = World {
            setting: Arc::clone(setting),
            began: Time(BEGINS_US),
            goes_ahead: true,
            handles: Handles::new(&setting.script.menu),
            processes: RefCell::new((0..replicas).map(|_| new_process()).collect()),
            skips_idle: true,
            process_uses: Cell::new(0),
            processes_used: Cell::new(0),
            fired: Cell::new(Fired::Begun),
            state: RefCell::new(State::new(setting, chooser)),
        };
        world.start_replicas();
        world.stock_up();
        world
    }

    /// The replicas in their first life, each with a clock of its own.
    fn start_replicas(&self) {
        let state = &mut *self.state.borrow_mut();
        state.replicas.hosts.clear();
        for number in 0..self.setting.plan.world.replicas {
            let skew_us = self.setting.delays.skew.draw(number, &mut state.chooser);
            state.replicas.hosts.push(Replica::new(number, skew_us));
        }
        state.replicas.reborn.clear();
    }

    /// Every shop's shelves.
    fn stock_up(&self) {
        let state = &mut *self.state.borrow_mut();
        state.database.notes.are_relayed = self.setting.delays.kitchen.is_some();
        for tenant in 0..self.setting.plan.shop.tenants {
            for index in by_name(&self.setting.plan) {
                let item = &self.setting.plan.shop.skus[index];
                state
                    .database
                    .stocks
                    .add(Tenant(tenant), sku(&item.name), i64::from(item.stock));
                state.database.sales.slots.push((0, None));
            }
            for coupon in &self.setting.plan.shop.coupons {
                state.database.coupons.add(
                    Tenant(tenant),
                    &coupon.name,
                    u64::from(coupon.limit),
                    coupon.off,
                );
            }
        }
    }

    /// Back to the beginning, under another chooser: nothing happened yet. What was allocated is used again, but for
    /// those processes' memories that were looked at.
    pub(crate) fn begin_again(&self, chooser: Chooser) {
        {
            let state = &mut *self.state.borrow_mut();
            state.begin_again(chooser);
        }
        self.start_replicas();
        self.process_uses.set(0);
        let used = self.processes_used.replace(0);
        for (replica, process) in (0..).zip(self.processes.borrow_mut().iter_mut()) {
            if used & replica_bit(replica) != 0 {
                *process = new_process();
            }
        }
    }

    /// The history of the run before, whose memory the next run can use.
    pub(crate) fn take_back(&self, history: History) {
        let recorder = &mut self.state.borrow_mut().recorder;
        recorder.reuse(history, &self.setting.names);
    }

    /// Lets a client of one's own draw its lots.
    pub fn draw<R>(&self, what: impl FnOnce(&mut Chooser) -> R) -> R {
        what(&mut self.state.borrow_mut().chooser)
    }

    /// The same world, in which every answer is an event of its own: slower, and to the clients no different.
    #[must_use]
    pub fn in_small_steps(mut self) -> World {
        self.goes_ahead = false;
        self
    }

    /// The same world, in a deployment with another epoch: the run begins at this instant. It makes no difference.
    ///
    /// # Panics
    /// If a clock could be slow enough to show an instant before the epoch.
    #[must_use]
    pub fn beginning_at(mut self, began: Time) -> World {
        assert!(
            began.0 >= BEGINS_US,
            "no clock may show a time before the epoch"
        );
        self.began = began;
        self
    }

    /// What a right clock shows at a moment of the run, in microseconds since it began.
    #[inline]
    pub(crate) fn instant(&self, at_us: u64) -> Time {
        Time(self.began.0 + at_us)
    }

    /// The same world, in which every round of upkeep is run: slower, and no different.
    #[must_use]
    pub fn with_every_round(mut self) -> World {
        self.skips_idle = false;
        self
    }

    /// The same world, in which the database does not do what this asks of it: what a service would come to that left it out.
    #[must_use]
    pub fn leaving_out(self, omission: Omission) -> World {
        self.state.borrow_mut().database.leaves_out = Some(omission);
        self
    }

    /// The audit will show these tables.
    pub(crate) fn keep(&self, ledgers: Ledgers) {
        let state = &mut *self.state.borrow_mut();
        state.database.carts.are_audited = ledgers.carts;
        state.database.moves.are_audited = ledgers.inventory_log;
        state.database.ledgers = ledgers;
    }

    /// The digest of everything that was picked and that happened so far.
    pub(crate) fn digest(&self) -> explore::Digest {
        self.state.borrow().chooser.digest()
    }

    /// The contract that the plan names, for services that keep one.
    pub fn contract(&self) -> ServiceContract {
        self.setting.service_contract
    }

    /// The present, in microseconds.
    pub fn now_us(&self) -> u64 {
        self.state.borrow().kernel.now_us()
    }

    /// A dead replica's memory is gone.
    pub(crate) fn forget_memory(&self, replica: u32) {
        self.processes.borrow_mut()[replica as usize] = new_process();
    }
}

/// How long after its epoch a deployment's run begins, if nothing else is said: long enough that no clock is ever slow enough to show an
/// instant before the epoch.
const BEGINS_US: u64 = 86_400_000_000;

/// How many answers a replica remembers, so that a quick duplicate does not reach the database.
const COMPLETIONS_MAX: usize = 256;

/// The bit of a replica where there is one for each, or for several if there are many.
pub(crate) fn replica_bit(replica: u32) -> u64 {
    1 << (replica % u64::BITS)
}

fn new_process() -> Rc<Process> {
    Rc::new(Process::new(COMPLETIONS_MAX))
}
