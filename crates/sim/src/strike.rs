//! Whether a fault strikes here and now.

use history::{FaultRef, HostRef, Label, ProcessRef};
use scenario::faults::{Armed, Faults, Opportunity, Who};

use crate::state::State;

/// The name of a fault in the history, where faults are declared in the order of the plan.
pub(crate) fn fault_ref(fault: &Armed) -> FaultRef {
    FaultRef::new(fault.index())
}

/// The attempt that a fault strikes, if it strikes one alone.
pub(crate) fn struck(fault: &Armed, who: Who) -> Option<ProcessRef> {
    fault.strikes_alone(who).map(ProcessRef::new)
}

impl State {
    /// The fault that strikes here and now, if one does; it is recorded.
    #[inline(always)]
    pub(crate) fn strike<'f>(
        &mut self,
        faults: &'f Faults,
        here: Opportunity,
        who: Who,
    ) -> Option<&'f Armed> {
        self.strike_if(faults, here, who, |_| true)
    }

    /// The same, of those faults that fit.
    #[inline(always)]
    pub(crate) fn strike_if<'f>(
        &mut self,
        faults: &'f Faults,
        here: Opportunity,
        who: Who,
        fits: impl Fn(&scenario::FaultKind) -> bool,
    ) -> Option<&'f Armed> {
        if !faults.any(here) || !self.under_load {
            return None;
        }
        self.draw_fault(faults, here, who, fits)
    }

    #[inline(never)]
    fn draw_fault<'f>(
        &mut self,
        faults: &'f Faults,
        here: Opportunity,
        who: Who,
        fits: impl Fn(&scenario::FaultKind) -> bool,
    ) -> Option<&'f Armed> {
        let fault = self.draw_unseen(faults, here, who, fits)?;
        self.note_fault(fault_ref(fault), who.replica, struck(fault, who));
        Some(fault)
    }

    /// The fault that strikes, if one does. Whether it comes to anything is still open, so it is not recorded yet.
    pub(crate) fn draw_unseen<'f>(
        &mut self,
        faults: &'f Faults,
        here: Opportunity,
        who: Who,
        fits: impl Fn(&scenario::FaultKind) -> bool,
    ) -> Option<&'f Armed> {
        if !self.under_load {
            return None;
        }
        let now_us = self.kernel.now_us();
        faults.draw(here, who, now_us, &mut self.chooser, fits)
    }

    /// A fault struck, perhaps a replica or what was on its way to or from it, and perhaps one attempt alone.
    pub(crate) fn note_fault(&mut self, fault: FaultRef, replica: u32, struck: Option<ProcessRef>) {
        let host = (replica != Who::NOWHERE).then(|| HostRef::new(replica));
        self.recorder
            .fault(self.kernel.now_us(), fault, host, struck);
        self.cover(Label::FaultStruck);
    }
}
