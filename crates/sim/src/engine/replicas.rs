//! Requests become handlers, and handlers go on when something reaches them.

use std::future::Future;
use std::rc::Rc;

use explore::{Kind, Lineage, TaskId};
use orders::Job;
use outside::Visit;
use scenario::faults::Opportunity;

use crate::clients::flights::AttemptId;
use crate::engine::Engine;
use crate::event::{Event, Fired};
use crate::ports::ReplicaPorts;
use crate::replicas::call::Cause;

const UPKEEP: Kind = Kind::new("replica.upkeep");

impl<'w, F, H, G, V> Engine<'w, F, H, G, V>
where
    F: Future<Output = ()>,
    H: Fn(ReplicaPorts<'w>, Job) -> F,
    G: Future<Output = ()>,
    V: Fn(Visit) -> G,
{
    /// A request reaches its replica, which may be down, or standing still.
    pub(super) fn request(&mut self, attempt: AttemptId, event: Event) {
        let world = self.world;
        let job = {
            let state = &mut *world.state.borrow_mut();
            let replica = state.clients.attempts.get(attempt).replica;
            let host = &state.replicas.hosts[replica as usize];
            if !host.up {
                state.turn_away(&world.setting, attempt);
                return;
            }
            if host.paused_until_us > state.kernel.now_us() {
                let until_us = host.paused_until_us;
                state.kernel.at(until_us, event);
                return;
            }
            state.receive(attempt)
        };
        let (replica, cause, lineage, job) = job;
        self.start(replica, cause, lineage, job);
    }

    /// A replica begins a job.
    pub(super) fn start(
        &mut self,
        replica: u32,
        cause: Cause,
        lineage: Lineage,
        job: Job,
    ) -> TaskId {
        let (world, task) = (self.world, self.handlers.next_id());
        let ports = {
            let state = &mut *world.state.borrow_mut();
            state.open_call(&world.setting, task, replica, cause, lineage);
            if world.setting.faults.any(Opportunity::ClockStep) {
                state.step_clock(&world.setting, task.slot as usize);
            }
            let host = &state.replicas.hosts[replica as usize];
            ReplicaPorts {
                world,
                slot: task.slot as usize,
                owner: host.owner,
                hears: matches!(job, Job::Webhook(_)),
                replica,
                skew_us: (!world.setting.faults.any(Opportunity::ClockStep))
                    .then_some(host.skew_us),
                process: Rc::clone(&world.processes.borrow()[replica as usize]),
            }
        };
        let handle = &self.handle;
        let spawned = self.handlers.spawn_with(|_| handle(ports, job));
        assert!(
            spawned == task,
            "a pool gives the identity that it announced"
        );
        self.poll_handler(task, Fired::Begun);
        task
    }

    pub(super) fn poll_handler(&mut self, task: TaskId, fired: Fired) {
        let world = self.world;
        world.fired.set(fired);
        let Some(poll) = self.handlers.poll(task) else {
            return;
        };
        world.fired.set(Fired::Begun);
        let mut state = world.state.borrow_mut();
        if poll.is_ready() {
            state.close_call(&world.setting, task);
        } else if state.replicas.calls[task.slot as usize].doomed {
            state.replicas.calls[task.slot as usize].task = None;
            drop(state);
            self.handlers.remove(task);
            state = world.state.borrow_mut();
        }
        state.release_waiters();
        if !state.replicas.dying.is_empty() {
            drop(state);
            world.kill_struck(&mut self.handlers);
        }
    }

    /// An answer reaches a handler, whose process may stand still.
    pub(super) fn reply(&mut self, task: TaskId, event: Event) {
        if !self.postpone(task, event) {
            self.poll_handler(task, Fired::Reply);
        }
    }

    /// Whether a task's process stands still: then the event comes again when it goes on.
    #[inline]
    pub(super) fn postpone(&mut self, task: TaskId, event: Event) -> bool {
        self.world.setting.faults.strike_processes && self.postpone_among_faults(task, event)
    }

    fn postpone_among_faults(&mut self, task: TaskId, event: Event) -> bool {
        let state = &mut *self.world.state.borrow_mut();
        if !self.handlers.contains(task) {
            return false;
        }
        let replica = state.replicas.calls[task.slot as usize].replica;
        let until_us = state.replicas.hosts[replica as usize].paused_until_us;
        let stands_still = until_us > state.kernel.now_us();
        if stands_still {
            state.kernel.at(until_us, event);
        }
        stands_still
    }

    /// Tasks that others woke: they wait for an answer that another handler of their replica has found.
    pub(super) fn resume_woken(&mut self) {
        for task in std::mem::take(&mut self.woken) {
            if self.handlers.contains(task) {
                self.world
                    .state
                    .borrow_mut()
                    .kernel
                    .after(0, Event::Reply(task.into()));
            }
        }
    }

    /// A replica looks after its claims, unless it is still at it.
    pub(super) fn upkeep(&mut self, replica: u32) {
        let every_us = self
            .upkeep_every_us
            .expect("only a service with upkeep has it");
        let lineage = {
            let state = &mut *self.world.state.borrow_mut();
            state.kernel.after(every_us, Event::Upkeep(replica.into()));
            let now_us = state.kernel.now_us();
            // Only upkeep is to come: then no client will hear anything, unless upkeep has something to tell.
            let idle =
                self.purchases.are_done() && state.kernel.len() == state.replicas.hosts.len();
            self.idle_since_us = idle.then(|| self.idle_since_us.unwrap_or(now_us));
            let host = &mut state.replicas.hosts[replica as usize];
            let busy = host.upkeep.is_some_and(|task| self.handlers.contains(task));
            if busy || !host.up || host.paused_until_us > now_us {
                return;
            }
            host.upkeeps += 1;
            host.lineage.child(UPKEEP, host.upkeeps)
        };
        if self.passes_idle_round() {
            return;
        }
        let task = self.start(replica, Cause::Upkeep, lineage, Job::Upkeep);
        self.world.state.borrow_mut().replicas.hosts[replica as usize].upkeep = Some(task);
        self.observe(task);
    }
}
