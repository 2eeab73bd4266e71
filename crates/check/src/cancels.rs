//! Cancellations that clients asked for.

use std::collections::{BTreeMap, BTreeSet};

use history::{OrderRef, What};

use crate::case::Case;
use crate::facts::is_live;

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
        let requests = self.facts.rare.cancels.iter();
        requests
            .filter_map(|begun| order(*begun as usize))
            .collect()
    }

    /// The cancelled orders whose cancellation a client was told of, with when it was.
    pub(crate) fn told_cancelled(&self) -> BTreeMap<OrderRef, u64> {
        let told = self.facts.rare.cancels.iter().filter_map(|begun| {
            let begun = *begun as usize;
            let done = self.facts.links[begun].partner.get()?;
            let events = &self.history.events;
            let (What::Cancel { order, .. }, What::Ok(_)) = (events[begun].what, events[done].what)
            else {
                return None;
            };
            let row = self.order(order.index())?;
            (!is_live(row)).then_some((order, events[done].t))
        });
        let mut first = BTreeMap::new();
        for (order, t) in told {
            let known = first.entry(order).or_insert(t);
            *known = t.min(*known);
        }
        first
    }
}
