//! The one pass over the events.

use history::{Completion, Event, Expiry, History, InFlight, Invoke, KeyRef, TenantRef, What};

use super::refusals::{is_server_error, meanings, refusal};
use super::{Facts, Flaw, Maybe, Refusal};

/// The state of a process that got `info`: it never invokes again. Idle is 0; busy is its invocation, as [`Maybe`] counts.
const ENDED: u32 = u32::MAX;

/// From this number of requests with a key on that were not told what became of them, the key is worth a look.
const UNRESOLVED_MIN: u8 = 3;

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Ok,
    Fail,
    Info,
}

impl Facts {
    /// Walks the events once. Stops being useful, but not being safe, when the record is flawed.
    pub(super) fn walk_events(&mut self, history: &History) {
        meanings(history, &mut self.meanings);
        let mut before = 0;
        for (index, event) in history.events.iter().enumerate() {
            if event.t < before {
                self.flaws.push(Flaw::Backwards(index));
            }
            before = event.t;
            match &event.what {
                What::Invoke(invoke) => self.invoke(index, event, invoke),
                What::Read { tenant, .. } => {
                    self.counts.reads += 1;
                    self.other_request(index, event, *tenant);
                }
                What::Cancel { tenant, .. } => {
                    self.counts.changes += 1;
                    self.rare.cancels.push(index as u32);
                    self.other_request(index, event, *tenant);
                }
                What::Refund(request) => {
                    self.counts.changes += 1;
                    self.rare.refunds.push(index as u32);
                    let tenant = history.refund_requests[*request as usize].tenant;
                    self.other_request(index, event, tenant);
                }
                What::Ok(completion) => self.complete(history, index, completion, End::Ok),
                What::Fail(completion) => self.complete(history, index, completion, End::Fail),
                What::Info(completion) => self.complete(history, index, completion, End::Info),
                What::Fault { .. } => {
                    self.counts.faults += 1;
                    self.last_fault = Some(event.t);
                    self.rare.faults.push(event.t);
                    self.last_event = event.t;
                }
            }
        }
        let counts = &mut self.counts;
        counts.open = counts.attempts - counts.ok - counts.fail - counts.info;
    }

    /// A request that asks for no order.
    fn other_request(&mut self, index: usize, event: &Event, tenant: TenantRef) {
        self.see_tenant(tenant);
        self.begin(index, event.process);
        self.last_event = event.t;
    }

    #[inline]
    fn begin(&mut self, index: usize, process: u32) {
        let state = self.processes.get_mut(process as usize);
        match state {
            Some(idle @ 0) => *idle = index as u32 + 1,
            Some(&mut ENDED) => self.flaws.push(Flaw::AfterInfo(index)),
            _ => self.flaws.push(Flaw::Overlap(index)),
        }
    }

    #[inline]
    fn see_tenant(&mut self, tenant: TenantRef) {
        let tenant = Maybe::at(tenant.index());
        if self.first_tenant == Maybe::default() {
            self.first_tenant = tenant;
        }
        self.has_tenants |= self.first_tenant != tenant;
    }

    #[inline]
    fn invoke(&mut self, index: usize, event: &Event, invoke: &Invoke) {
        self.begin(index, event.process);
        self.last_event = event.t;
        self.counts.attempts += 1;
        self.see_tenant(invoke.tenant);
        let intent = invoke.intent.map(|intent| intent.index());
        if let Some(intent) = intent {
            let facts = &mut self.intents[intent];
            self.counts.intents += u64::from(!facts.sent);
            self.counts.duplicate_requests += u64::from(facts.sent);
            facts.sent = true;
            facts.attempts += 1;
            if let Some(key) = invoke.key {
                facts.key.see(Some(key.index()));
            }
        }
        if let Some(payload) = invoke.payload {
            let facts = &mut self.payloads[payload.index()];
            facts.intent.see(intent);
            facts.attempts += 1;
            facts.is_keyless |= invoke.key.is_none();
        }
        if let Some(key) = invoke.key {
            let facts = &mut self.keys[key.index()];
            facts.intent.see(intent);
            facts.is_meant |= intent.is_some();
            facts.is_silent |= intent.is_none();
            if facts.last_invoke == Maybe::default() {
                self.keys_sent += 1;
                facts.first_sent = event.t;
            }
            self.links[index].previous = facts.last_invoke;
            facts.last_invoke = Maybe::at(index);
            let was_half_said = facts.is_unsaid && facts.payload != Maybe::default();
            if let Some(payload) = invoke.payload {
                let sent = Maybe::at(payload.index());
                if facts.payload == Maybe::default() {
                    facts.payload = sent;
                } else if facts.payload != sent && !facts.reused {
                    facts.reused = true;
                    self.rare.reused_keys.push(key.index() as u32);
                }
            }
            facts.is_unsaid |= invoke.payload.is_none();
            if facts.is_unsaid && facts.payload != Maybe::default() && !was_half_said {
                self.rare.half_said_keys.push(key.index() as u32);
            }
        }
    }

    #[inline]
    fn complete(&mut self, history: &History, index: usize, completion: &Completion, end: End) {
        let event = &history.events[index];
        let state = self.processes.get_mut(event.process as usize);
        let Some(state) = state.filter(|state| **state != 0 && **state != ENDED) else {
            self.flaws.push(Flaw::CompletionAlone(index));
            return;
        };
        let begun = *state as usize - 1;
        *state = if end == End::Info { ENDED } else { 0 };
        self.links[begun].partner = Maybe::at(index);
        self.links[index].partner = Maybe::at(begun);
        self.last_event = event.t;
        let What::Invoke(invoke) = &history.events[begun].what else {
            if matches!(history.events[begun].what, What::Read { .. }) {
                self.rare.reads.push(index as u32);
            }
            return;
        };
        match end {
            End::Ok => {
                self.counts.ok += 1;
                let is_accepted = is_acceptance(history, completion);
                if !is_accepted {
                    self.acknowledge(history, begun, index, invoke, completion);
                }
                match invoke.key {
                    Some(key) if is_accepted => {
                        self.note_after_ok(history, begun, index, key);
                        self.refused_in_flight(history, begun, index, key);
                        let facts = &mut self.keys[key.index()];
                        facts.infos = facts.infos.saturating_add(1);
                        if facts.infos == UNRESOLVED_MIN {
                            self.rare.unresolved_keys.push(key.index() as u32);
                        }
                    }
                    Some(key) => self.keys[key.index()].holder_end = event.t,
                    None => {}
                }
            }
            End::Fail if is_server_error(&history.contract, completion) => {
                self.counts.fail += 1;
                self.not_told(history, index, event, invoke, completion);
            }
            End::Fail => {
                self.counts.fail += 1;
                self.refused(history, begun, index, invoke, completion);
            }
            End::Info => {
                self.counts.info += 1;
                self.not_told(history, index, event, invoke, completion);
            }
        }
    }

    /// It may have taken effect or not.
    fn not_told(
        &mut self,
        history: &History,
        index: usize,
        event: &Event,
        invoke: &Invoke,
        said: &Completion,
    ) {
        let Some(key) = invoke.key else {
            return;
        };
        let facts = &mut self.keys[key.index()];
        facts.holder_end = event.t;
        facts.infos = facts.infos.saturating_add(1);
        if facts.infos == UNRESOLVED_MIN {
            self.rare.unresolved_keys.push(key.index() as u32);
        }
        let is_error = said.status.map(|status| status >= 500);
        if is_error.unwrap_or_else(|| self.gaps.may_be_an_error(history, said)) {
            self.rare.server_errors.push(index as u32);
        }
    }

    /// An `ok`: whose order is it, does it look like the one before, does the database hold it?
    #[inline]
    fn acknowledge(
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
            let facts = &mut self.orders[order.index()];
            let to = Maybe::at(invoke.tenant.index());
            if facts.acked == Maybe::default() {
                facts.acked = Maybe::at(index);
                facts.acked_to = to;
            } else {
                if facts.named_for.get() != intent {
                    self.rare.merged.push(index as u32);
                }
                if facts.acked_to != to {
                    facts.is_leaked = true;
                    self.rare.leaked.push(index as u32);
                }
            }
            facts.named_for.see(intent);
            facts
                .named_with
                .see(Some(invoke.key.map_or(0, |key| key.index() + 1)));
            self.see_body(history, index, completion);
        } else if history.contract.observed.order {
            self.rare.nameless += 1;
        }
        self.acknowledgements += 1;
        self.gaps.bodiless_oks += u64::from(completion.response.is_none());
        if !self.is_as_asked(history, invoke, completion) {
            self.odd_answers.push(index as u32);
        }
        if let Some(key) = invoke.key {
            self.compare_with_first(history, begun, index, key, completion);
        }
    }

    /// Notes a body that an answer with another order had before.
    #[inline]
    fn see_body(&mut self, history: &History, index: usize, completion: &Completion) {
        let is_seen =
            history.contract.observed.response || mutant!("cross-tenant/a-body-is-always-seen");
        let Some(body) = completion.response.filter(|_| is_seen) else {
            return;
        };
        let slot = &mut self.responses[body.index()];
        match slot.get() {
            None => *slot = Maybe::at(index),
            Some(first) => {
                if let What::Ok(said) = &history.events[first].what
                    && said.order != completion.order
                {
                    self.rare.same_bodies.push((first as u32, index as u32));
                }
            }
        }
    }

    /// Whether the database holds the order, with the very key and payload. What does not match exactly is left to `lost-ack`.
    #[inline]
    fn is_as_asked(&self, history: &History, invoke: &Invoke, completion: &Completion) -> bool {
        let audit = history.audit.as_ref();
        let rows = audit.and_then(|audit| audit.orders.as_ref());
        let (Some(rows), Some(order)) = (rows, completion.order) else {
            return completion.order.is_some();
        };
        self.orders[order.index()].row.get().is_some_and(|row| {
            let row = &rows[row];
            row.payload.is_some()
                && row.payload == invoke.payload
                && row.key == invoke.key
                && row.tenant == Some(invoke.tenant)
                && (row.items == row.payload.and_then(|p| history.names.payload_items(p)))
        })
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
                self.rare.replayed_first.push(index as u32);
            }
            return;
        };
        let (events, contract) = (&history.events, &history.contract);
        let is_after = events[first].t < events[begun].t;
        self.repeats += u64::from(is_after);
        if let Some(end) = contract.ttl.filter(|_| contract.expiry == Expiry::Exact)
            && events[first].t.saturating_add(end) <= events[begun].t
        {
            self.rare.late_replays.push(key.index() as u32);
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
            self.mixed_keys.push(key.index() as u32);
        }
    }

    /// What a failure means.
    #[inline]
    pub(crate) fn refusal(&self, history: &History, said: &Completion) -> Refusal {
        refusal(&history.contract, &self.meanings, said)
    }

    /// A `fail`: did it have to come, and what follows from it?
    fn refused(
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
            self.rare.server_errors.push(index as u32);
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
            self.rare.meant.push(index as u32);
        }
        match refusal {
            Refusal::Mismatch => self.rare.mismatches.push(index as u32),
            Refusal::NoStock => self.rare.sold_out.push(index as u32),
            Refusal::Unclear => self.rare.unclear.push(index as u32),
            Refusal::Duplicate => {
                self.rare.duplicates += 1;
                self.rare.taken_for_repeats.push(index as u32);
            }
            _ => {}
        }
        if let Some(key) = invoke.key {
            self.refused_key(history, begun, index, key, refusal, said);
        }
    }

    /// Notes an answer that is no `ok`, to a request that was sent after an `ok` with its key.
    fn note_after_ok(&mut self, history: &History, begun: usize, index: usize, key: KeyRef) {
        let events = &history.events;
        let first = self.keys[key.index()].first_ok.get();
        if first.is_some_and(|first| events[first].t < events[begun].t) {
            self.rare.after_ok.push(index as u32);
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
        let (events, contract) = (&history.events, &history.contract);
        self.note_after_ok(history, begun, index, key);
        self.note_untold(key, refusal, said);
        let facts = &mut self.keys[key.index()];
        if !facts.refused {
            facts.refused = true;
            self.rare.refused_keys.push(key.index() as u32);
        }
        let is_stored = said.status.and_then(|status| contract.stores(status));
        if is_stored == Some(true)
            && !refusal.is_no_holder()
            && facts.stored_error == Maybe::default()
        {
            facts.stored_error = Maybe::at(index);
            self.rare.stored_keys.push(key.index() as u32);
        }
        if refusal == Refusal::InFlight || refusal == Refusal::Unclear {
            self.refused_in_flight(history, begun, index, key);
        } else if !refusal.is_no_holder() {
            facts.holder_end = events[index].t;
        }
    }

    /// A request was told that its twin is being worked on.
    fn refused_in_flight(&mut self, history: &History, begun: usize, index: usize, key: KeyRef) {
        self.refusals_seen += 1;
        // If an attempt on the key ended lately, that one may hold the claim, and nothing is stuck.
        let deadline = match mutant!("stuck-claim/no-deadline") {
            true => 0,
            false => history.contract.recovery_deadline.unwrap_or(0),
        };
        let ended = self.keys[key.index()].holder_end;
        if ended == 0 || ended.saturating_add(deadline) <= history.events[begun].t {
            self.rare.stuck.push(index as u32);
        }
    }

    /// Notes an answer that refuses a repetition and does not say of which order.
    fn note_untold(&mut self, key: KeyRef, refusal: Refusal, said: &Completion) {
        let is_untold =
            !refusal.is_definite() || refusal == Refusal::Duplicate && said.order.is_none();
        let facts = &mut self.keys[key.index()];
        facts.infos = facts.infos.saturating_add(u8::from(is_untold));
        if is_untold && facts.infos == UNRESOLVED_MIN {
            self.rare.unresolved_keys.push(key.index() as u32);
        }
    }
}

/// Whether an `ok` says only that the request was accepted, not what became of it; or may say that, because it has neither status nor order.
#[inline]
pub(crate) fn is_acceptance(history: &History, completion: &Completion) -> bool {
    let is_one = match completion.status {
        Some(status) => status == 202,
        None => completion.order.is_none(),
    };
    is_one && history.contract.in_flight == Some(InFlight::Accept)
}
