//! Bad cells: whether a person's radio is bad just now. A purchase meets its first cell with its first response.

use explore::{Chooser, Kind, Lineage, Odds, Site};
use scenario::FaultKind;

use crate::attempt::AttemptId;
use crate::world::State;
use crate::world::strike::{fault_ref, struck};
use scenario::faults::{Armed, Faults, Opportunity, Who};

const INSIDE: Kind = Kind::new("cell.inside");
const BETWEEN: Kind = Kind::new("cell.between");
const LASTS: Kind = Kind::new("cell.lasts");

/// Where the radio of a purchase is, with regard to one fault.
#[derive(Debug)]
pub(crate) struct Cell {
    /// Who asks: the attempt whose response came first.
    lineage: Lineage,
    is_bad: bool,
    until_us: u64,
    /// How many stretches there were before this one.
    before: u64,
}

impl Cell {
    /// The cell that a purchase's first response meets.
    fn enter(fault: &Armed, lineage: Lineage, now_us: u64, chooser: &mut Chooser) -> Cell {
        let FaultKind::BadCell { inside, .. } = fault.kind else {
            unreachable!("only a bad cell is entered");
        };
        let is_bad = chooser.chance(&Site::new(INSIDE, lineage, 0), Odds::of(inside));
        let mut cell = Cell {
            lineage,
            is_bad,
            until_us: now_us,
            before: 0,
        };
        cell.stay(fault, chooser);
        cell
    }

    /// The radio stays as it is for a while; at least a microsecond, or time would not go on.
    fn stay(&mut self, fault: &Armed, chooser: &mut Chooser) {
        let (kind, table) = match self.is_bad {
            true => (LASTS, fault.delay.as_ref()),
            false => (BETWEEN, fault.between.as_ref()),
        };
        let span_us = table.map_or(u64::MAX, |table| {
            table.draw(chooser, kind, self.lineage, self.before).max(1)
        });
        self.until_us = self.until_us.saturating_add(span_us);
        self.before += 1;
    }

    /// Whether the radio is bad now.
    fn is_bad(&mut self, fault: &Armed, now_us: u64, chooser: &mut Chooser) -> bool {
        while self.until_us <= now_us {
            self.is_bad = !self.is_bad;
            self.stay(fault, chooser);
        }
        self.is_bad
    }
}

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
        let intent = self.attempts.get(id).intent;
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
        let (cell, odds) = match self.cells.get_mut(&key) {
            Some(cell) => (cell, fault.odds),
            None => {
                let cell = Cell::enter(fault, who.lineage, now_us, chooser);
                (self.cells.entry(key).or_insert(cell), first)
            }
        };
        cell.is_bad(fault, now_us, chooser) && fault.befalls(who, odds, chooser)
    }
}
