//! Rolling restarts: one replica after another dies and comes back, as in a deployment.

use scenario::FaultKind;
use scenario::faults::{Armed, Opportunity};

use crate::event::Event;
use crate::replicas::{Dying, Turn};
use crate::setting::Setting;
use crate::state::State;
use crate::strike::fault_ref;

/// When the replicas go in a rolling restart.
struct Rolling {
    from_us: u64,
    down_for_us: u64,
    apart_us: u64,
    every_us: Option<u64>,
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

    /// The time from a replica's turn to the next replica's, in microseconds. After the last replica the next round begins, if there is
    /// one.
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
            self.kernel.at(at_us, Event::Turn(turn.into()));
        }
    }

    /// It is a replica's turn: it is to die, and then the next one.
    pub(crate) fn take_turn(&mut self, setting: &Setting, turn: Turn) {
        if !self.under_load {
            return;
        }
        let fault = &setting.faults.of(Opportunity::RollingRestart)[usize::from(turn.restart)];
        let (rolling, replica) = (Rolling::of(fault), u32::from(turn.replica));
        self.replicas.dying.push(Dying {
            replica,
            fault: fault_ref(fault),
            down_for_us: rolling.down_for_us,
        });
        let replicas = self.replicas.hosts.len() as u32;
        if let Some(span_us) = rolling.until_next_us(replica, replicas) {
            let replica = ((replica + 1) % replicas) as u16;
            let at_us = self.kernel.now_us() + span_us;
            self.expect_turn(setting, Turn { replica, ..turn }, at_us);
        }
    }
}
