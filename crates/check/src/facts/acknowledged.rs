//! An `ok` among the events: the order that it names, and how both compare with what was asked for and answered before.

use history::{Completion, Expiry, History, Invoke, KeyRef, OrderRef, What};

use super::index::Maybe;
use super::store::Facts;

/// How the order that an answer names looks beside what was asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// The same.
    AsAsked,
    /// The same, but it does not say its key, which the request had.
    WithoutKey,
    /// Not the same, or it is not there.
    Odd,
}

impl Facts {
    /// An `ok`: whose order is it, does it look like the one before, does the database hold it?
    #[inline]
    pub(super) fn acknowledge(
        &mut self,
        history: &History,
        begun: usize,
        index: usize,
        invoke: &Invoke,
        completion: &Completion,
    ) {
        let intent = invoke.intent.map(|intent| intent.index());
        if let Some(intent) = intent {
            let facts = &mut self.intents[intent];
            self.counts.intents_with_order += u64::from(!facts.ok);
            facts.ok = true;
        }
        if let Some(order) = completion.order {
            match self.first_told(history, order.index()) {
                None => self.orders[order.index()].acked = Maybe::at(index),
                Some(first) => self.name_again(index, order, first, invoke),
            }
            self.see_body(history, index, completion);
        } else if history.contract.observed.order {
            self.rare.answers.nameless += 1;
        }
        self.answers.acknowledgements += 1;
        self.gaps.bodiless_oks += u64::from(completion.response.is_none());
        match self.look_of(history, invoke, completion) {
            Look::AsAsked => {}
            Look::WithoutKey => self.answers.keyless.push(index as u32),
            Look::Odd => self.answers.odd.push(index as u32),
        }
        if let Some(key) = invoke.key {
            self.compare_with_first(history, begun, index, key, completion);
        }
    }

    /// An order that an `ok` named before: for the same purchase and tenant?
    fn name_again(&mut self, index: usize, order: OrderRef, first: &Invoke, invoke: &Invoke) {
        let facts = &mut self.orders[order.index()];
        let named_for = first.intent.filter(|_| !facts.is_merged);
        if named_for != invoke.intent {
            facts.is_merged = true;
            self.rare.answers.merged.push(index as u32);
        }
        if first.tenant != invoke.tenant {
            facts.is_leaked = true;
            self.rare.answers.leaked.push(index as u32);
        }
        facts.has_other_keys |= first.key != invoke.key;
    }

    /// Notes a body that an answer with another order had before.
    #[inline]
    fn see_body(&mut self, history: &History, index: usize, completion: &Completion) {
        let is_seen =
            history.contract.observed.response || mutant!("cross-tenant/a-body-is-always-seen");
        let Some(body) = completion.response.filter(|_| is_seen) else {
            return;
        };
        let slot = &mut self.lookup.responses[body.index()];
        match slot.get() {
            None => *slot = Maybe::at(index),
            Some(first) => {
                if let What::Ok(said) = &history.events[first].what
                    && said.order != completion.order
                {
                    self.rare
                        .answers
                        .same_bodies
                        .push((first as u32, index as u32));
                }
            }
        }
    }

    /// Whether the database holds the order that an answer names, with the very key and payload of the request. What does not match
    /// exactly is left to `lost-ack`.
    #[inline]
    fn look_of(&self, history: &History, invoke: &Invoke, completion: &Completion) -> Look {
        let audit = history.audit.as_ref();
        let rows = audit.and_then(|audit| audit.orders.as_ref());
        let (Some(rows), Some(order)) = (rows, completion.order) else {
            return match completion.order {
                Some(_) => Look::AsAsked,
                None => Look::Odd,
            };
        };
        let Some(row) = self.orders[order.index()].row.get() else {
            return Look::Odd;
        };
        let row = &rows[row];
        let is_same = row.payload.is_some()
            && row.payload == invoke.payload
            && row.tenant == Some(invoke.tenant)
            && (row.items == row.payload.and_then(|p| history.names.payload_items(p)));
        if is_same && row.key == invoke.key {
            Look::AsAsked
        } else if is_same && row.key.is_none() {
            Look::WithoutKey
        } else {
            Look::Odd
        }
    }

    /// A key whose answers are all like its first is settled here; the others are for the rules.
    #[inline]
    fn compare_with_first(
        &mut self,
        history: &History,
        begun: usize,
        index: usize,
        key: KeyRef,
        completion: &Completion,
    ) {
        let facts = &mut self.keys[key.index()];
        let Some(first) = facts.first_ok.get() else {
            facts.first_ok = Maybe::at(index);
            if completion.replayed == Some(true) {
                self.rare.answers.replayed_first.push(index as u32);
            }
            return;
        };
        let (events, contract) = (&history.events, &history.contract);
        let is_after = events[first].t < events[begun].t;
        self.answers.repeats += u64::from(is_after);
        if let Some(end) = contract.ttl.filter(|_| contract.expiry == Expiry::Exact)
            && events[first].t.saturating_add(end) <= events[begun].t
        {
            self.rare.keys.late_replays.push(key.index() as u32);
        }
        let first_begun = self.links[first].partner.get().map(|i| events[i].what);
        let (Some(What::Invoke(then)), What::Invoke(now), What::Ok(said)) =
            (first_begun, events[begun].what, events[first].what)
        else {
            return;
        };
        let same = then.payload == now.payload
            && said.order == completion.order
            && said.response == completion.response
            && completion.status == contract.replay_status.filter(|_| is_after).or(said.status)
            && (!is_after || completion.replayed != Some(false) && !contract.replay_header)
            && (!is_after || completion.response.is_some() || !contract.observed.response)
            && (!is_after || completion.order.is_some() || !contract.observed.order)
            && (!is_after || completion.status.is_some() || !contract.observed.status);
        if !same && !facts.mixed {
            facts.mixed = true;
            self.answers.mixed_keys.push(key.index() as u32);
        }
    }
}
