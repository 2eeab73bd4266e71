//! Processes that serve, die, pause and come back. A replica keeps nothing but its process's memory, and that dies with it.

use explore::{Kind, Odds, Pool, Site, TaskId};
use history::Label;
use orders::Owner;
use scenario::FaultKind;
use scenario::faults::Opportunity;

use crate::clients::flights::End;
use crate::event::Event;
use crate::replicas::Dying;
use crate::replicas::call::Progress;
use crate::setting::Setting;
use crate::state::State;
use crate::world::World;

const BACK: Kind = Kind::new("replica.clock.back");
const IN_FLIGHT: Kind = Kind::new("replica.crash.in-flight");

impl World {
    /// Lets those replicas die that a fault struck while a task was running.
    pub(crate) fn kill_struck<F: Future>(&self, pool: &mut Pool<F>) {
        loop {
            let next = self.state.borrow_mut().replicas.dying.pop();
            let Some(dying) = next else {
                return;
            };
            self.crash(dying, pool);
        }
    }

    /// A replica dies: its tasks are dropped at the await where they stand, its connections break, its memory is gone. What
    /// it had sent may still arrive.
    fn crash<F: Future>(&self, dying: Dying, pool: &mut Pool<F>) {
        let Dying {
            replica,
            fault,
            down_for_us,
        } = dying;
        let mut dead = Vec::new();
        {
            let state = &mut *self.state.borrow_mut();
            if !state.replicas.hosts[replica as usize].up {
                return;
            }
            state.note_fault(fault, replica, None);
            let back_at_us = state.kernel.now_us() + down_for_us;
            let host = &mut state.replicas.hosts[replica as usize];
            (host.up, host.upkeep, host.back_at_us) = (false, None, back_at_us);
            state
                .kernel
                .after(down_for_us, Event::Restart(replica.into()));
            for slot in 0..state.replicas.calls.len() {
                if let Some(task) = state.replicas.calls[slot]
                    .task
                    .filter(|_| state.replicas.calls[slot].replica == replica)
                {
                    state.lose_call(&self.setting, slot, task, &mut dead);
                }
            }
        }
        // Dropping a task rolls its transaction back, for which it needs the world.
        for task in dead {
            pool.remove(task);
        }
        self.state.borrow_mut().release_waiters();
        self.forget_memory(replica);
    }

    /// A replica begins a new life.
    pub(crate) fn restart(&self, replica: u32) {
        let state = &mut *self.state.borrow_mut();
        // Counted up: an owner is never taken for one that died.
        state.replicas.reborn.push(replica);
        let life = self.setting.plan.world.replicas + state.replicas.reborn.len() as u32 - 1;
        let owner = Owner(u64::from(life));
        let host = &mut state.replicas.hosts[replica as usize];
        host.up = true;
        host.owner = owner;
        host.paused_until_us = 0;
    }
}

impl State {
    /// The replica's clock jumps as it takes up this work, if that is what happens here. What it has under way sees it too.
    pub(crate) fn step_clock(&mut self, setting: &Setting, slot: usize) {
        let who = self.who(slot);
        let Some(fault) = self.strike(&setting.faults, Opportunity::ClockStep, who) else {
            return;
        };
        let FaultKind::ClockStep { back, .. } = fault.kind else {
            return;
        };
        let by_us = fault.delay(who, &mut self.chooser) as i64;
        let site = Site::new(BACK, who.lineage, who.ordinal);
        let goes_back = self.chooser.chance(&site, Odds::of(back));
        let skew_us = &mut self.replicas.hosts[who.replica as usize].skew_us;
        *skew_us += if goes_back { -by_us } else { by_us };
    }

    /// A call's process died: its client sees a reset; a message that has left may still take effect.
    fn lose_call(&mut self, setting: &Setting, slot: usize, task: TaskId, dead: &mut Vec<TaskId>) {
        let call = &mut self.replicas.calls[slot];
        if call.doomed {
            return;
        }
        let site = Site::new(IN_FLIGHT, call.lineage, call.steps);
        let arrives = call.progress == Progress::Sent && self.chooser.choose(&site, 2) == 1;
        let (attempt, charged, delivery) = (
            call.serves.attempt,
            call.effects.charged,
            call.serves.delivery,
        );
        let webhook = call.serves.webhook.take();
        // Whatever was to kill the process when its message has taken effect finds it dead.
        (call.doomed, call.dies) = (true, None);
        if !arrives {
            call.task = None;
            dead.push(task);
        }
        if charged {
            self.cover(Label::CrashAfterCharge);
        }
        if let Some(attempt) = attempt {
            self.cover(Label::CrashInFlight);
            let track = self.clients.intent_of(attempt);
            track.working -= 1;
            track.crashed = true;
            self.respond(setting, attempt, delivery, End::Reset);
        }
        if let Some(webhook) = webhook {
            self.tell_later(webhook);
        }
    }
}
