//! Cancellations that clients asked for.

use std::collections::BTreeSet;

use history::{OrderRef, What};

use crate::case::Case;

impl Case<'_> {
    /// The orders that may have been cancelled because a client asked for it: a request that certainly failed asked in vain.
    pub(crate) fn cancelled_on_request(&self) -> BTreeSet<OrderRef> {
        let order = |begun: usize| {
            let done = self.facts.links[begun].partner.get();
            let is_refused = done
                .is_some_and(|done| matches!(self.history.events[done].what, What::Fail(_)))
                && !mutant!("lost-ack/a-refused-cancellation-counts");
            match self.history.events[begun].what {
                What::Cancel { order, .. } if !is_refused => Some(order),
                _ => None,
            }
        };
        let requests = self.facts.rare.others.cancels.iter();
        requests
            .filter_map(|begun| order(*begun as usize))
            .collect()
    }

    /// The cancellations that a client was told of, each with the event that told it, in the order of time. One that was only accepted is
    /// still to come.
    pub(crate) fn told_cancelled(&self) -> Vec<(usize, OrderRef)> {
        let told = self.facts.rare.others.cancels.iter().filter_map(|begun| {
            let begun = *begun as usize;
            let done = self.facts.links[begun].partner.get()?;
            match (
                self.history.events[begun].what,
                self.history.events[done].what,
            ) {
                (What::Cancel { order, .. }, What::Ok(said)) if said.status != Some(202) => {
                    Some((done, order))
                }
                _ => None,
            }
        });
        let mut told: Vec<(usize, OrderRef)> = told.collect();
        told.sort_unstable();
        told
    }
}
