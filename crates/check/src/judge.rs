//! The order of work: gather the facts once, then apply each rule; and the memory that is kept between histories.

use history::History;

use crate::case::Case;
use crate::counts::StockRow;
use crate::facts::{Facts, stock_table};
use crate::rules::Rule;
use crate::tally::Tally;
use crate::verdict::{Verdict, WITNESSES_MAX};

/// A judge that keeps its memory between histories: for millions of small ones, that is most of the time.
#[derive(Debug)]
pub struct Judge {
    facts: Facts,
    witnesses_max: usize,
}

impl Default for Judge {
    fn default() -> Judge {
        Judge::new()
    }
}

impl Judge {
    /// A judge that keeps [`WITNESSES_MAX`] witnesses per rule.
    pub fn new() -> Judge {
        Judge {
            facts: Facts::default(),
            witnesses_max: WITNESSES_MAX,
        }
    }

    /// A judge that writes no witnesses: for searches that only ask whether a rule is violated.
    pub fn without_witnesses() -> Judge {
        Judge {
            witnesses_max: 0,
            ..Judge::new()
        }
    }

    /// Judges a history. A record that cannot have happened is judged by no rule but [`Rule::Malformed`].
    ///
    /// # Panics
    /// If a reference in the history has no name there.
    pub fn judge(&mut self, history: &History) -> Verdict {
        self.facts.gather(history);
        let case = Case {
            history,
            facts: &self.facts,
        };
        let is_malformed = !self.facts.flaws.is_empty();
        let mut rules = Vec::with_capacity(Rule::ALL.len());
        for rule in Rule::ALL {
            let mut tally = Tally::new(self.witnesses_max);
            if is_malformed && *rule != Rule::Malformed {
                tally.not_judged("the record is malformed");
            } else {
                rule.apply(&case, &mut tally);
            }
            rules.push(tally.finish(*rule));
        }
        Verdict {
            rules,
            counts: self.facts.counts,
        }
    }
}

/// Judges one history.
///
/// # Panics
/// If a reference in the history has no name there.
pub fn judge(history: &History) -> Verdict {
    Judge::new().judge(history)
}

/// The audit's stock, each SKU with the units that live orders have; empty if nobody looked.
///
/// # Panics
/// If a reference in the history has no name there.
pub fn stock_rows(history: &History) -> Vec<StockRow> {
    let mut facts = Facts::default();
    facts.gather(history);
    let rows = stock_table(history).unwrap_or_default().iter();
    rows.map(|row| StockRow {
        sku: history.names.skus.text(row.sku.index()).into_owned(),
        initial: row.initial,
        restocked: row.restocked,
        on_hand: row.on_hand,
        reserved: row.reserved,
        confirmed: facts.skus[row.sku.index()].confirmed,
        pending: facts.skus[row.sku.index()].pending,
    })
    .collect()
}
