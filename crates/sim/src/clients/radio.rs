//! Whether a person's radio is bad just now. A purchase meets its first cell with its first response.

use explore::{Chooser, Kind, Lineage, Odds, Site};
use scenario::FaultKind;
use scenario::faults::Armed;

const INSIDE: Kind = Kind::new("cell.inside");
const BETWEEN: Kind = Kind::new("cell.between");
const LASTS: Kind = Kind::new("cell.lasts");

/// Where the radio of a purchase is, with regard to one fault.
#[derive(Debug)]
pub(super) struct Radio {
    /// Who asks: the attempt whose response came first.
    lineage: Lineage,
    is_bad: bool,
    until_us: u64,
    /// How many stretches there were before this one.
    before: u64,
}

impl Radio {
    /// The cell that a purchase's first response meets.
    pub(super) fn enter(
        fault: &Armed,
        lineage: Lineage,
        now_us: u64,
        chooser: &mut Chooser,
    ) -> Radio {
        let FaultKind::BadCell { inside, .. } = fault.kind else {
            unreachable!("only a bad cell is entered");
        };
        let is_bad = chooser.chance(&Site::new(INSIDE, lineage, 0), Odds::of(inside));
        let mut radio = Radio {
            lineage,
            is_bad,
            until_us: now_us,
            before: 0,
        };
        radio.stay(fault, chooser);
        radio
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
    pub(super) fn is_bad(&mut self, fault: &Armed, now_us: u64, chooser: &mut Chooser) -> bool {
        while self.until_us <= now_us {
            self.is_bad = !self.is_bad;
            self.stay(fault, chooser);
        }
        self.is_bad
    }
}
