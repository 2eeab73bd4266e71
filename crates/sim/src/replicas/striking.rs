//! What may befall a process when one of its handlers sends a message: it dies, it pauses, it is cut off.

use explore::{Kind, Site, TaskId};
use history::Label;
use scenario::faults::{Opportunity, Who, crashes_at, cuts, pauses_at};
use scenario::{CrashPoint, FaultKind, Host};

use crate::replicas::Dying;
use crate::replicas::call::{Doom, Progress};
use crate::setting::Setting;
use crate::state::State;
use crate::strike::fault_ref;

const CRASH_WHEN: Kind = Kind::new("replica.crash.when");

/// When in a round trip a process dies.
#[derive(Clone, Copy, Debug)]
enum Death {
    BeforeSending,
    AfterSending,
    AfterEffect(Doom),
}

impl State {
    /// A handler is about to send a message. Whether it still can.
    #[inline]
    pub(crate) fn set_out(&mut self, setting: &Setting, slot: usize, here: CrashPoint) -> bool {
        self.replicas.calls[slot].steps += 1;
        if !setting.faults.strike_processes || !self.under_load {
            self.replicas.calls[slot].progress = Progress::Sent;
            return true;
        }
        self.set_out_among_faults(setting, slot, here)
    }

    fn set_out_among_faults(&mut self, setting: &Setting, slot: usize, here: CrashPoint) -> bool {
        self.replicas.calls[slot].effects.committed = false;
        let who = self.replicas.calls[slot].who();
        let replica = self.replicas.calls[slot].replica;
        self.pause_here(setting, who, here);
        let death = self.death(setting, who, here, replica);
        self.replicas.calls[slot].progress = Progress::Sent;
        match death {
            Some(Death::BeforeSending) => {
                self.replicas.calls[slot].progress = Progress::Idle;
                return false;
            }
            Some(Death::AfterEffect(doom)) => self.replicas.calls[slot].dies = Some(doom),
            Some(Death::AfterSending) | None => {}
        }
        true
    }

    fn death(
        &mut self,
        setting: &Setting,
        who: Who,
        here: CrashPoint,
        replica: u32,
    ) -> Option<Death> {
        let fault = self.draw_unseen(&setting.faults, Opportunity::Crash, who, |kind| {
            crashes_at(kind, here)
        })?;
        let down_for_us = fault.delay(who, &mut self.chooser);
        let FaultKind::CrashReplica { point, .. } = fault.kind else {
            return None;
        };
        let ways = match point {
            CrashPoint::Anywhere => 3,
            CrashPoint::DuringCommit => 2,
            CrashPoint::AfterCharge | CrashPoint::AfterCommit => 1,
        };
        let site = Site::new(CRASH_WHEN, who.lineage, who.ordinal);
        let dying = Dying {
            replica,
            fault: fault_ref(fault),
            down_for_us,
        };
        let doom = Doom {
            fault: fault_ref(fault),
            down_for_us,
            at_commit: point == CrashPoint::AfterCommit,
        };
        Some(match self.chooser.choose(&site, ways) {
            0 if matches!(point, CrashPoint::Anywhere | CrashPoint::DuringCommit) => {
                self.replicas.dying.push(dying);
                if point == CrashPoint::DuringCommit {
                    Death::AfterSending
                } else {
                    Death::BeforeSending
                }
            }
            2 => {
                self.replicas.dying.push(dying);
                Death::AfterSending
            }
            _ => Death::AfterEffect(doom),
        })
    }

    /// The replica comes to a standstill, if that is what happens here.
    pub(crate) fn pause_here(&mut self, setting: &Setting, who: Who, here: CrashPoint) {
        let fits = |kind: &FaultKind| pauses_at(kind, here);
        let Some(fault) = self.strike_if(&setting.faults, Opportunity::Pause, who, fits) else {
            return;
        };
        let span_us = fault.delay(who, &mut self.chooser);
        let until_us = self.kernel.now_us() + span_us;
        let host = &mut self.replicas.hosts[who.replica as usize];
        host.paused_until_us = host.paused_until_us.max(until_us);
        if span_us > setting.service_contract.lease.0 {
            self.cover(Label::PausedBeyondLease);
        }
    }

    /// Whether a partition cuts a replica off.
    pub(crate) fn cut_off(&mut self, setting: &Setting, slot: usize, other: Host) -> bool {
        let (who, replica) = (
            self.replicas.calls[slot].who(),
            self.replicas.calls[slot].replica,
        );
        self.strike_if(&setting.faults, Opportunity::Partition, who, |kind| {
            cuts(kind, replica, other)
        })
        .is_some()
    }

    /// Who meets an opportunity in a handler.
    pub(crate) fn who(&self, slot: usize) -> Who {
        self.replicas.calls[slot].who()
    }

    pub(crate) fn task(&self, slot: usize) -> TaskId {
        self.replicas.calls[slot]
            .task
            .expect("only a live handler sends")
    }
}
