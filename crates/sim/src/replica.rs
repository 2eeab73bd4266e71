//! Processes that serve, die, pause and come back. A replica keeps nothing but its claim table, and that dies with it.

use explore::{Class, Lineage, Object, Pool, TaskId};
use history::Label;
use orders::Owner;

use crate::attempt::End;
use crate::call::Progress;
use crate::world::{Event, REPLICA, State, World};

/// A process that runs the service.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) up: bool,
    /// It stands still until then.
    pub(crate) paused_until_us: u64,
    /// How often it was started.
    pub(crate) life: u32,
    /// How much its clock is fast.
    pub(crate) skew_us: i64,
    pub(crate) lineage: Lineage,
    /// Its upkeep task, while one runs.
    pub(crate) upkeep: Option<TaskId>,
    /// How often it looked after its claims.
    pub(crate) upkeeps: u64,
}

impl Replica {
    pub(crate) fn new(number: u32, skew_us: i64) -> Replica {
        Replica {
            up: true,
            paused_until_us: 0,
            life: 0,
            skew_us,
            lineage: Lineage::ROOT.child(REPLICA, u64::from(number)),
            upkeep: None,
            upkeeps: 0,
        }
    }
}

/// Who a replica is in its present life.
pub(crate) fn owner(number: u32, life: u32) -> Owner {
    Owner(life << 8 | number)
}

const IN_FLIGHT: explore::Kind = explore::Kind::new("replica.crash.in-flight");

impl World {
    /// Lets those replicas die that a fault struck while a task was running.
    pub(crate) fn bury<F: Future>(&self, pool: &mut Pool<F>) {
        loop {
            let next = self.state.borrow_mut().dying.pop();
            let Some((replica, down_for_us)) = next else {
                return;
            };
            self.crash(replica, down_for_us, pool);
        }
    }

    /// A replica dies: its tasks are dropped at the await where they stand, its connections break, its memory is gone. What
    /// it had sent may still arrive.
    fn crash<F: Future>(&self, replica: u32, down_for_us: u64, pool: &mut Pool<F>) {
        let mut dead = Vec::new();
        {
            let state = &mut *self.state.borrow_mut();
            if !state.replicas[replica as usize].up {
                return;
            }
            let host = &mut state.replicas[replica as usize];
            (host.up, host.upkeep) = (false, None);
            state
                .kernel
                .after(down_for_us, Class::Timer, Event::Restart(replica));
            for slot in 0..state.calls.len() {
                if let Some(task) = state.calls[slot]
                    .task
                    .filter(|_| state.calls[slot].replica == replica)
                {
                    state.lose_call(self, slot, task, &mut dead);
                }
            }
        }
        // Dropping a task rolls its transaction back, for which it needs the world.
        for task in dead {
            pool.remove(task);
        }
        self.state.borrow_mut().release_waiters();
        self.forget_claims(replica);
    }

    /// A replica begins a new life.
    pub(crate) fn restart(&self, replica: u32) {
        let host = &mut self.state.borrow_mut().replicas[replica as usize];
        host.up = true;
        host.life += 1;
        host.paused_until_us = 0;
    }
}

impl State {
    /// A call's process died: its client sees a reset; a message that has left may still take effect.
    fn lose_call(&mut self, world: &World, slot: usize, task: TaskId, dead: &mut Vec<TaskId>) {
        let call = &mut self.calls[slot];
        if call.doomed {
            return;
        }
        let site = explore::Site::new(IN_FLIGHT, call.lineage, call.steps).on(Object(slot as u64));
        let arrives = call.progress == Progress::Sent && self.chooser.choose(&site, 2) == 1;
        let (attempt, charged) = (call.attempt, call.charged);
        call.doomed = true;
        if !arrives {
            call.task = None;
            dead.push(task);
        }
        if charged {
            self.cover(Label::CrashAfterCharge);
        }
        if let Some(attempt) = attempt {
            self.cover(Label::CrashInFlight);
            self.intent_of(attempt).working -= 1;
            self.intent_of(attempt).crashed = true;
            self.respond(world, attempt, End::Reset);
            self.release(attempt);
            self.active -= 1;
        }
    }
}
