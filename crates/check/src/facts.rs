//! What all rules need to know, in plain arrays indexed by name: one pass over the events, few over the audit.
//!
//! The arrays are kept between histories. What is rare (a key with different answers, an order that does not look like its request)
//! is put on a list here and decided by its rule; what is common costs a rule nothing.
//!
//! All of them are in `store`, in groups whose types are files without imports from those that fill them. Each file that fills or asks a
//! group adds methods to [`Facts`] and imports such leaves, never this file: it is the door for everybody else.

mod acknowledged;
mod answers;
mod asked;
mod audit;
mod born;
mod by_key;
mod changes;
mod charges;
mod crowds;
mod difference;
mod differing;
mod events;
mod extra;
mod extras;
mod flaw;
mod gaps;
mod index;
mod known;
mod memory;
mod money;
mod odd;
mod orders;
mod rare;
mod refusals;
mod refused;
mod related;
mod rows;
mod split;
mod splits;
mod stamps;
mod stock;
mod store;
mod tables;
mod taken;
mod tells;
mod tenders;
mod told;

use history::{History, RecordState};

pub(crate) use asked::{Content, Purchase};
pub(crate) use difference::{Differing, difference};
pub(crate) use extra::{Clause, ExtraOrder};
pub(crate) use flaw::Flaw;
pub(crate) use index::Maybe;
pub(crate) use known::{KeyFacts, PayloadFacts, SkuFacts};
pub(crate) use money::{ExtraCharge, Money};
pub(crate) use refusals::{Refusal, is_acceptance, is_server_error};
pub(crate) use stamps::stamped;
pub(crate) use store::Facts;
pub(crate) use tables::{
    charge_rows, is_live, is_part_of, items_of, may_be_asked, order_rows, stock_table,
};
pub(crate) use taken::at_first;

impl Facts {
    /// Gathers the facts of a history, forgetting those of the one before.
    ///
    /// # Panics
    /// If there are 2^32 - 1 events or rows, which no memory holds, or if a reference has no name.
    pub(crate) fn gather(&mut self, history: &History) {
        assert!(history.events.len() < u32::MAX as usize, "too many events");
        self.clear(history);
        self.index_orders(history);
        self.walk_events(history);
        self.sort_changes(history);
        self.inspect_audit(history);
        if !self.flaws.is_empty() {
            return;
        }
        self.run.settled = self.is_settled(history);
        self.attribute_orders(history);
        self.find_extra_orders(history);
        self.join_charges(history);
        self.count_suppressed(history);
        self.count_stock(history);
        self.count_keys(history);
        self.join_notifications(history);
        self.find_unfinished(history);
    }

    /// What is not in order before the recovery deadline may still come into order.
    fn is_settled(&self, history: &History) -> bool {
        let (Some(audit), Some(deadline)) = (&history.audit, history.contract.recovery_deadline)
        else {
            return true;
        };
        audit.t >= self.run.last_event.saturating_add(deadline)
    }

    /// Counts the purchases that were meant and got no order of their own, although nothing was wrong with them.
    fn count_suppressed(&mut self, history: &History) {
        if history
            .audit
            .as_ref()
            .is_none_or(|audit| audit.orders.is_none())
        {
            return;
        }
        for intent in self.intents.iter().filter(|intent| intent.sent) {
            let suppressed = intent.live == Maybe::default();
            let refused = intent.taken_for_repeat && !intent.ok;
            self.counts.intents_merged += u64::from(suppressed && intent.ok);
            self.counts.intents_refused += u64::from(suppressed && refused);
        }
    }

    fn count_keys(&mut self, history: &History) {
        let keys = history.audit.as_ref().and_then(|audit| audit.keys.as_ref());
        for key in keys.into_iter().flatten() {
            self.counts.keys += u64::from(key.state != RecordState::Absent);
            self.counts.keys_open += u64::from(key.state == RecordState::InProgress);
        }
    }
}
