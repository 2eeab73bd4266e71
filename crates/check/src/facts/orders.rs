//! Which intent each order of the audit belongs to.

use history::{AuditOrder, History, Invoke, What};
use protocol::OrderState;

use super::asked::Purchase;
use super::by_key::ByKey;
use super::flaw::Flaw;
use super::index::{Maybe, Sole};
use super::known::KeyFacts;
use super::store::Facts;
use super::tables::{items_of, may_be_asked, order_rows};

impl Facts {
    /// Finds the row of each order, and which were there before the run, before the events are walked.
    pub(super) fn index_orders(&mut self, history: &History) {
        for (row, order) in order_rows(history).iter().enumerate() {
            let facts = &mut self.orders[order.id.index()];
            if facts.row == Maybe::default() {
                facts.row = Maybe::at(row);
            } else {
                self.flaws.push(Flaw::OrderTwice(row));
            }
        }
        let audit = history.audit.as_ref();
        for order in audit.map_or(&[][..], |audit| &audit.baseline) {
            self.orders[order.index()].is_baseline = true;
        }
    }

    /// Finds the intent of each order, and the live orders of each key and intent.
    pub(super) fn attribute_orders(&mut self, history: &History) {
        for (row, order) in order_rows(history).iter().enumerate() {
            if !self.is_plain(history, order) {
                self.odd.contents.push(row as u32);
            }
            self.see_gaps(row, order);
            self.gaps.orders_without_items += u64::from(items_of(history, order).is_none());
            self.count_units(history, order);
            let intent = self.intent_of(history, order);
            let facts = &mut self.orders[order.id.index()];
            facts.intent = intent.map_or(Maybe::default(), Maybe::at);
            if self.may_have_failed(order) {
                self.odd.refused.push(row as u32);
            }
            match order.state {
                OrderState::Cancelled => {
                    self.counts.orders_cancelled += 1;
                    continue;
                }
                OrderState::Pending => self.counts.orders_pending += 1,
                OrderState::Confirmed => {}
            }
            self.counts.orders += 1;
            self.see_live_order(history, row, order, intent);
        }
    }

    /// The orders of the audit that have a key, in the order of their rows.
    pub(crate) fn orders_with<'a>(
        &'a self,
        history: &'a History,
        key: usize,
    ) -> impl Iterator<Item = &'a AuditOrder> + Clone {
        let all = order_rows(history);
        let keyed = self.lookup.keyed_orders.get_or_init(|| {
            let mut keyed = ByKey::default();
            let rows = all.iter().zip(0_u32..);
            let rows = rows.filter_map(|(order, row)| Some((order.key?.index(), row)));
            keyed.fill(history.names.keys.len(), rows);
            keyed
        });
        keyed.of(key).iter().map(|row| &all[*row as usize])
    }

    /// The intent of an order, never guessed: as its row says; else by its key if that was sent for one intent only, else by the `ok`
    /// that named it, else by its payload, else by its content if only one purchase asked for that. The key comes before the answer
    /// because an answer may name the wrong order. The payload of an order whose key was never sent proves nothing, and a key that was
    /// sent for no intent is the purchase itself.
    #[inline]
    fn intent_of(&self, history: &History, order: &AuditOrder) -> Option<usize> {
        if let Some(intent) = order.intent {
            return Some(intent.index());
        }
        let key = order.key.map(|key| &self.keys[key.index()]);
        if let Some(intent) = key.and_then(|key| key.intent.get()) {
            return Some(intent);
        }
        if key.is_some_and(KeyFacts::is_purchase)
            && !mutant!("duplicate-order/a-key-is-no-purchase")
        {
            return None;
        }
        if let Some(intent) = self.named_for(history, order.id.index()) {
            return Some(intent);
        }
        let stranger = key.is_some_and(|key| key.intent.is_unused());
        // What was bought before the run may be just what a request asked for later.
        let is_old = self.orders[order.id.index()].is_baseline
            && !mutant!("duplicate-order/old-orders-are-of-the-run");
        if stranger || is_old || self.counts.intents == 0 {
            return None;
        }
        if self.is_answered_without_intent(history, order) {
            return None;
        }
        let by_payload = order
            .payload
            .map(|payload| self.payloads[payload.index()].intent);
        match by_payload {
            Some(sole) if !sole.is_unused() && order.key.is_none() => sole.get(),
            Some(sole)
                if sole
                    .get()
                    .is_some_and(|intent| self.is_sent_for(history, order, intent)) =>
            {
                sole.get()
            }
            _ if order.key.is_some() => self.intent_by_key_and_content(history, order),
            _ => self.intent_by_content(history, order),
        }
    }

    /// Whether the key of an order was sent for an intent.
    #[cold]
    fn is_sent_for(&self, history: &History, order: &AuditOrder, intent: usize) -> bool {
        let Some(key) = order.key else { return false };
        // An intent has one key, as a rule; a key may have been sent for a thousand.
        if self.intents[intent].key.get() == Some(key.index()) {
            return true;
        }
        let requests = self.requests_with(history, key.index());
        let mut intents = requests.filter_map(|asked| asked.intent);
        intents.any(|own| own.index() == intent)
            || mutant!("duplicate-order/a-payload-is-more-than-a-key")
    }

    /// Whether an `ok` that names an order without a key was given to a request that does not say its intent, and may have asked for it:
    /// then it is not known whose the order is, even if another purchase asked for the same.
    fn is_answered_without_intent(&self, history: &History, order: &AuditOrder) -> bool {
        if order.key.is_some() || mutant!("duplicate-order/a-content-is-more-than-an-answer") {
            return false;
        }
        let done = self.orders[order.id.index()].acked.get();
        let begun = done.and_then(|done| self.links[done].partner.get());
        match begun.map(|begun| &history.events[begun].what) {
            Some(What::Invoke(asked)) => {
                asked.intent.is_none() && may_be_asked(history, order, asked.payload)
            }
            _ => false,
        }
    }

    /// The requests with a key, the last first.
    fn requests_with<'a>(
        &'a self,
        history: &'a History,
        key: usize,
    ) -> impl Iterator<Item = &'a Invoke> {
        let last = self.keys[key].last_invoke.get();
        let events = std::iter::successors(last, |begun| self.links[*begun].previous.get());
        events.filter_map(|begun| match &history.events[begun].what {
            What::Invoke(asked) => Some(asked),
            _ => None,
        })
    }

    /// The intent of an order whose content only one purchase asked for with its key.
    #[cold]
    fn intent_by_key_and_content(&self, history: &History, order: &AuditOrder) -> Option<usize> {
        let mut sole = Sole::default();
        for asked in self.requests_with(history, order.key?.index()) {
            if may_be_asked(history, order, asked.payload) {
                sole.see(asked.intent.map(|intent| intent.index()));
            }
        }
        sole.get()
    }

    /// The intent of an order whose content only one purchase asked for.
    #[cold]
    fn intent_by_content(&self, history: &History, order: &AuditOrder) -> Option<usize> {
        let asked = self.asked(history);
        let content = asked.content_of(history, order)?;
        let is_part_of_anothers = history.contract.split
            && !mutant!("duplicate-order/a-part-is-of-whoever-asked-for-so-much")
            && asked.is_part_of_others(history, content, order);
        if is_part_of_anothers {
            return None;
        }
        match asked.sole(content, order.tenant)? {
            Purchase::Intent(intent) => Some(intent as usize),
            Purchase::Key(_) | Purchase::Request(_) => None,
        }
    }
}
