//! Processes that serve, die, pause and come back. A replica keeps nothing but its process's memory, and that dies with it.

use explore::{
    Chooser, Class, Distribution, Kind, Lineage, Object, Odds, Pool, Quantiles, Site, TaskId,
};
use history::{FaultRef, Label};
use orders::Owner;
use scenario::FaultKind;

use crate::attempt::End;
use crate::call::Progress;
use crate::packed::{Word, halves, join};
use crate::setting::Setting;
use crate::world::strike::fault_ref;
use crate::world::{Event, State, World};
use scenario::faults::{Armed, Opportunity};

const REPLICA: Kind = Kind::new("replica");

/// A process that runs the service.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) up: bool,
    /// If it is down: when it is back.
    pub(crate) back_at_us: u64,
    /// It stands still until then.
    pub(crate) paused_until_us: u64,
    /// Who it is in its present life.
    pub(crate) owner: Owner,
    /// How much its clock is fast, by now.
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
            back_at_us: 0,
            paused_until_us: 0,
            owner: Owner(u64::from(number)),
            skew_us,
            lineage: Lineage::ROOT.child(REPLICA, u64::from(number)),
            upkeep: None,
            upkeeps: 0,
        }
    }
}

/// A replica that is to die.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dying {
    pub(crate) replica: u32,
    pub(crate) fault: FaultRef,
    pub(crate) down_for_us: u64,
}

/// A replica's turn in a rolling restart: which of the plan's, and whose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    restart: u16,
    replica: u16,
}

impl Word for Turn {
    #[inline]
    fn to_word(self) -> u64 {
        join(self.restart.into(), self.replica.into())
    }

    #[inline]
    fn from_word(word: u64) -> Turn {
        let (restart, replica) = halves(word);
        Turn {
            restart: restart as u16,
            replica: replica as u16,
        }
    }
}

/// When the replicas go in a rolling restart.
struct Rolling {
    from_us: u64,
    down_for_us: u64,
    apart_us: u64,
    every_us: Option<u64>,
}

const BACK: Kind = Kind::new("replica.clock.back");
const IN_FLIGHT: Kind = Kind::new("replica.crash.in-flight");

impl World {
    /// Lets those replicas die that a fault struck while a task was running.
    pub(crate) fn bury<F: Future>(&self, pool: &mut Pool<F>) {
        loop {
            let next = self.state.borrow_mut().dying.pop();
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
            if !state.replicas[replica as usize].up {
                return;
            }
            state.note_fault(fault, replica, None);
            let back_at_us = state.kernel.now_us() + down_for_us;
            let host = &mut state.replicas[replica as usize];
            (host.up, host.upkeep, host.back_at_us) = (false, None, back_at_us);
            state
                .kernel
                .after(down_for_us, Class::Timer, Event::Restart(replica.into()));
            for slot in 0..state.calls.len() {
                if let Some(task) = state.calls[slot]
                    .task
                    .filter(|_| state.calls[slot].replica == replica)
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
        state.reborn.push(replica);
        let life = self.setting.plan.world.replicas + state.reborn.len() as u32 - 1;
        let owner = Owner(u64::from(life));
        let host = &mut state.replicas[replica as usize];
        host.up = true;
        host.owner = owner;
        host.paused_until_us = 0;
    }
}

impl Rolling {
    fn of(fault: &Armed) -> Rolling {
        let FaultKind::RollingRestart {
            from_us,
            down_for_us,
            apart_us,
            every_us,
        } = fault.kind
        else {
            unreachable!("nothing else waits for this opportunity");
        };
        Rolling {
            from_us,
            down_for_us,
            apart_us,
            every_us,
        }
    }

    /// How long after a replica's turn that of the next one of so many is: in this round, or in the next one if there is one.
    fn until_next_us(&self, replica: u32, replicas: u32) -> Option<u64> {
        let step_us = self.down_for_us + self.apart_us;
        if replica + 1 < replicas {
            return Some(step_us);
        }
        let since_first_us = step_us * u64::from(replica);
        self.every_us.map(|every_us| every_us - since_first_us)
    }
}

impl State {
    /// The rolling restarts begin when the plan says so.
    pub(crate) fn expect_restarts(&mut self, setting: &Setting) {
        let restarts = setting.faults.of(Opportunity::RollingRestart);
        for (restart, fault) in restarts.iter().enumerate() {
            let turn = Turn {
                restart: restart as u16,
                replica: 0,
            };
            self.expect_turn(setting, turn, Rolling::of(fault).from_us);
        }
    }

    /// A turn comes, unless no request is left by then to notice.
    fn expect_turn(&mut self, setting: &Setting, turn: Turn, at_us: u64) {
        if at_us < setting.plan.load.over_us {
            self.kernel
                .at(at_us, Class::Timer, Event::Turn(turn.into()));
        }
    }

    /// It is a replica's turn: it is to die, and then the next one.
    pub(crate) fn take_turn(&mut self, setting: &Setting, turn: Turn) {
        if !self.under_load {
            return;
        }
        let fault = &setting.faults.of(Opportunity::RollingRestart)[usize::from(turn.restart)];
        let (rolling, replica) = (Rolling::of(fault), u32::from(turn.replica));
        self.dying.push(Dying {
            replica,
            fault: fault_ref(fault),
            down_for_us: rolling.down_for_us,
        });
        let replicas = self.replicas.len() as u32;
        if let Some(span_us) = rolling.until_next_us(replica, replicas) {
            let replica = ((replica + 1) % replicas) as u16;
            let at_us = self.kernel.now_us() + span_us;
            self.expect_turn(setting, Turn { replica, ..turn }, at_us);
        }
    }

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
        let skew_us = &mut self.replicas[who.replica as usize].skew_us;
        *skew_us += if goes_back { -by_us } else { by_us };
    }

    /// A call's process died: its client sees a reset; a message that has left may still take effect.
    fn lose_call(&mut self, setting: &Setting, slot: usize, task: TaskId, dead: &mut Vec<TaskId>) {
        let call = &mut self.calls[slot];
        if call.doomed {
            return;
        }
        let site = Site::new(IN_FLIGHT, call.lineage, call.steps).on(Object(slot as u64));
        let arrives = call.progress == Progress::Sent && self.chooser.choose(&site, 2) == 1;
        let (attempt, charged, delivery) = (call.attempt, call.charged, call.delivery);
        let webhook = call.webhook.take();
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
            let track = self.intent_of(attempt);
            track.working -= 1;
            track.crashed = true;
            self.respond(setting, attempt, delivery, End::Reset);
        }
        if let Some(webhook) = webhook {
            self.tell_later(webhook);
        }
    }
}

/// How far the replicas' clocks may be off: a normal distribution is cut there.
const SKEW_CENTRE_DEVIATIONS: u64 = 8;
const SKEW: Kind = Kind::new("replica.skew");

/// How far the replicas' clocks are off.
#[derive(Debug)]
pub(crate) struct Skew {
    centre_us: u64,
    /// None: every clock is right.
    table: Option<Quantiles>,
}

impl Skew {
    pub(crate) fn new(deviation: u64) -> Skew {
        let centre = deviation * SKEW_CENTRE_DEVIATIONS;
        let spread = Distribution::Normal { deviation, centre };
        Skew {
            centre_us: centre,
            table: (deviation > 0).then(|| Quantiles::of(spread)),
        }
    }

    pub(crate) fn draw(&self, replica: u32, chooser: &mut Chooser) -> i64 {
        let Some(table) = &self.table else {
            return 0;
        };
        let lineage = Lineage::ROOT.child(REPLICA, u64::from(replica));
        let shown = chooser.quantile(&Site::new(SKEW, lineage, 0), table);
        shown as i64 - self.centre_us as i64
    }
}
