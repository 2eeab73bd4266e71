//! The notes about a dump, when all of its rows were read.

use crate::dump::part::{Layout, Reader};
use crate::map::Part;
use crate::mistake::{Mistakes, counted, grouped, quoted, tell};

impl Reader<'_> {
    /// Reports what was read.
    pub(super) fn end(mut self) -> Result<(), Mistakes> {
        if let Some(Layout::Table(columns)) = &self.layout
            && let Err(mistake) = self.states.check(&self.name, columns.column("state"))
        {
            self.mistakes.push(mistake);
        }
        if !self.mistakes.is_empty() {
            return Err(self.mistakes);
        }
        let (tally, to) = (&self.tally, self.to);
        tell(
            to,
            "Read",
            format!("{}: {}", self.name, counted(tally.rows, "row")),
        );
        for (why, count) in &tally.left_out {
            tell(to, "Left out", format!("{} {why}", grouped(*count)));
        }
        if tally.again > 0 {
            let what = if self.part == Part::Orders {
                "further items of an order"
            } else {
                "repetitions of a row"
            };
            tell(
                to,
                "Joined",
                format!("{} as {what} above", counted(tally.again, "row")),
            );
        }
        if tally.skipped > 0 {
            tell(
                to,
                "Skipped",
                format!(
                    "{}: what they said is missing, and a finding may come of that",
                    counted(tally.skipped, "broken row")
                ),
            );
        }
        let (of, owner) = if self.part == Part::Refunds {
            ("refund", "charge")
        } else {
            ("charge", "order")
        };
        if tally.nowhere > 0 {
            tell(
                to,
                "Note",
                format!("{} without {owner}", counted(tally.nowhere, of)),
            );
        }
        if let Some(first) = &tally.first_unmatched {
            let message = format!(
                "{} whose {owner} is not in the dump of {owner}s, the first {owner} {}: does the id there hold the same names?",
                counted(tally.unmatched, of),
                quoted(first)
            );
            tell(to, "Note", message);
        }
        Ok(())
    }
}
