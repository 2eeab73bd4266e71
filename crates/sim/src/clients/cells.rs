//! Bad cells: whether a person's radio is bad just now. A purchase meets its first cell with its first response.

use explore::Odds;
use scenario::FaultKind;
use scenario::faults::{Armed, Faults, Opportunity, Who};

use crate::clients::flights::AttemptId;
use crate::clients::radio::Radio;
use crate::state::State;
use crate::strike::{fault_ref, struck};

impl State {
    /// The bad cell in which a response of a purchase is lost, if it is.
    #[inline]
    pub(crate) fn lost_in_a_cell<'f>(
        &mut self,
        faults: &'f Faults,
        id: AttemptId,
        who: Who,
    ) -> Option<&'f Armed> {
        if !faults.any(Opportunity::BadCell) || !self.under_load {
            return None;
        }
        let intent = self.clients.attempts.get(id).intent;
        let mut of_purchase = faults.of(Opportunity::BadCell).iter();
        let lost = of_purchase.find(|fault| self.loses(fault, intent, who))?;
        self.note_fault(fault_ref(lost), who.replica, struck(lost, who));
        Some(lost)
    }

    fn loses(&mut self, fault: &Armed, intent: u32, who: Who) -> bool {
        let now_us = self.kernel.now_us();
        let (first, chooser) = match fault.kind {
            FaultKind::BadCell { first, .. } if fault.is_about(who, now_us) => {
                (Odds::of(first), &mut self.chooser)
            }
            _ => return false,
        };
        let key = (fault_ref(fault), intent);
        let (cell, odds) = match self.clients.radios.get_mut(&key) {
            Some(cell) => (cell, fault.odds),
            None => {
                let cell = Radio::enter(fault, who.lineage, now_us, chooser);
                (self.clients.radios.entry(key).or_insert(cell), first)
            }
        };
        cell.is_bad(fault, now_us, chooser) && fault.befalls(who, odds, chooser)
    }
}
