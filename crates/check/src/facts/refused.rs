//! A `fail` among the events: whether it had to come, and what follows from it.

use history::{Completion, History, Invoke, KeyRef};

use super::events::UNRESOLVED_MIN;
use super::index::Maybe;
use super::refusals::{Refusal, refusal};
use super::store::Facts;

impl Facts {
    /// What a failure means.
    #[inline]
    pub(crate) fn refusal(&self, history: &History, said: &Completion) -> Refusal {
        refusal(&history.contract, &self.lookup.meanings, said)
    }

    /// A `fail`: did it have to come, and what follows from it?
    pub(super) fn refused(
        &mut self,
        history: &History,
        begun: usize,
        index: usize,
        invoke: &Invoke,
        said: &Completion,
    ) {
        let refusal = self.refusal(history, said);
        self.gaps.see_refusal(index, said, refusal);
        if said.status.is_none() && refusal == Refusal::Definite && invoke.key.is_some() {
            self.rare.answers.server_errors.push(index as u32);
        }
        if refusal.is_definite() {
            if let Some(payload) = invoke.payload {
                self.payloads[payload.index()].failed += 1;
            }
            if let Some(intent) = invoke.intent {
                self.intents[intent.index()].failed += 1;
            }
        }
        if let Some(intent) = invoke.intent
            && matches!(refusal, Refusal::Duplicate | Refusal::InFlight)
        {
            self.intents[intent.index()].taken_for_repeat = true;
        }
        if matches!(refusal, Refusal::InFlight | Refusal::Mismatch) {
            self.rare.refusals.meant.push(index as u32);
        }
        match refusal {
            Refusal::Mismatch => self.rare.refusals.mismatches.push(index as u32),
            Refusal::NoStock => self.rare.refusals.sold_out.push(index as u32),
            Refusal::Unclear => self.rare.refusals.unclear.push(index as u32),
            Refusal::Duplicate => {
                self.rare.refusals.duplicates += 1;
                self.rare.refusals.taken_for_repeats.push(index as u32);
            }
            _ => {}
        }
        if let Some(key) = invoke.key {
            self.refused_key(history, begun, index, key, refusal, said);
        }
    }

    /// Notes an answer that is no `ok`, to a request that was sent after an `ok` with its key.
    pub(super) fn note_after_ok(
        &mut self,
        history: &History,
        begun: usize,
        index: usize,
        key: KeyRef,
    ) {
        let events = &history.events;
        let first = self.keys[key.index()].first_ok.get();
        if first.is_some_and(|first| events[first].t < events[begun].t) {
            self.rare.answers.after_ok.push(index as u32);
        }
    }

    fn refused_key(
        &mut self,
        history: &History,
        begun: usize,
        index: usize,
        key: KeyRef,
        refusal: Refusal,
        said: &Completion,
    ) {
        let contract = &history.contract;
        self.note_after_ok(history, begun, index, key);
        self.note_untold(key, refusal, said);
        let facts = &mut self.keys[key.index()];
        if !facts.refused {
            facts.refused = true;
            self.rare.keys.refused.push(key.index() as u32);
        }
        let is_stored = said.status.and_then(|status| contract.stores(status));
        if is_stored == Some(true)
            && !refusal.is_no_holder()
            && facts.stored_error == Maybe::default()
        {
            facts.stored_error = Maybe::at(index);
            self.rare.keys.stored.push(key.index() as u32);
        }
        if refusal == Refusal::InFlight || refusal == Refusal::Unclear {
            self.refused_in_flight(history, begun, index, key);
        } else if !refusal.is_no_holder() {
            facts.holder_end = Maybe::at(index);
        }
    }

    /// A request was told that its twin is being worked on.
    pub(super) fn refused_in_flight(
        &mut self,
        history: &History,
        begun: usize,
        index: usize,
        key: KeyRef,
    ) {
        self.run.refusals_seen += 1;
        // If an attempt on the key ended lately, that one may hold the claim, and nothing is stuck.
        let deadline = match mutant!("stuck-claim/no-deadline") {
            true => 0,
            false => history.contract.recovery_deadline.unwrap_or(0),
        };
        let ended = self.keys[key.index()].holder_end.get();
        let ended = ended.map_or(0, |end| history.events[end].t);
        if ended == 0 || ended.saturating_add(deadline) <= history.events[begun].t {
            self.rare.refusals.stuck.push(index as u32);
        }
    }

    /// Notes an answer that refuses a repetition and does not say of which order.
    fn note_untold(&mut self, key: KeyRef, refusal: Refusal, said: &Completion) {
        let is_untold =
            !refusal.is_definite() || refusal == Refusal::Duplicate && said.order.is_none();
        let facts = &mut self.keys[key.index()];
        facts.infos = facts.infos.saturating_add(u8::from(is_untold));
        if is_untold && facts.infos == UNRESOLVED_MIN {
            self.rare.keys.unresolved.push(key.index() as u32);
        }
    }
}
