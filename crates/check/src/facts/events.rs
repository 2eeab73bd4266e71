//! The one pass over the events.

use history::{Completion, Event, History, Invoke, TenantRef, What};

use super::flaw::Flaw;
use super::index::Maybe;
use super::memory::free_if_large;
use super::refusals::{is_acceptance, is_server_error, learn_meaning};
use super::store::Facts;

/// The state of a process that got `info`: it never invokes again. Idle is 0; busy is its invocation, as [`Maybe`] counts.
const ENDED: u32 = u32::MAX;

/// From this number of requests with a key on that were not told what became of them, the key is worth a look.
pub(super) const UNRESOLVED_MIN: u8 = 3;

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Ok,
    Fail,
    Info,
}

impl Facts {
    /// Walks the events once. If the record is flawed, the facts mean nothing, but nothing panics.
    pub(super) fn walk_events(&mut self, history: &History) {
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
                    self.rare.others.cancels.push(index as u32);
                    self.other_request(index, event, *tenant);
                }
                What::Refund(request) => {
                    self.counts.changes += 1;
                    self.rare.others.refunds.push(index as u32);
                    let tenant = history.refund_requests[*request as usize].tenant;
                    self.other_request(index, event, tenant);
                }
                What::Ok(completion) => self.complete(history, index, completion, End::Ok),
                What::Fail(completion) => self.complete(history, index, completion, End::Fail),
                What::Info(completion) => self.complete(history, index, completion, End::Info),
                What::Fault { .. } => {
                    self.counts.faults += 1;
                    self.run.last_fault = Some(event.t);
                    self.rare.others.faults.push(event.t);
                    self.run.last_event = event.t;
                }
            }
        }
        let counts = &mut self.counts;
        counts.open = counts.attempts - counts.ok - counts.fail - counts.info;
        free_if_large(&mut self.lookup.processes);
        free_if_large(&mut self.lookup.responses);
    }

    /// A request that asks for no order.
    fn other_request(&mut self, index: usize, event: &Event, tenant: TenantRef) {
        self.see_tenant(tenant);
        self.begin(index, event.process);
        self.run.last_event = event.t;
    }

    #[inline]
    fn begin(&mut self, index: usize, process: u32) {
        let state = self.lookup.processes.get_mut(process as usize);
        match state {
            Some(idle @ 0) => *idle = index as u32 + 1,
            Some(&mut ENDED) => self.flaws.push(Flaw::AfterInfo(index)),
            _ => self.flaws.push(Flaw::Overlap(index)),
        }
    }

    #[inline]
    fn see_tenant(&mut self, tenant: TenantRef) {
        let tenant = Maybe::at(tenant.index());
        if self.run.first_tenant == Maybe::default() {
            self.run.first_tenant = tenant;
        }
        self.run.has_tenants |= self.run.first_tenant != tenant;
    }

    #[inline]
    fn invoke(&mut self, index: usize, event: &Event, invoke: &Invoke) {
        self.begin(index, event.process);
        self.run.last_event = event.t;
        self.counts.attempts += 1;
        self.see_tenant(invoke.tenant);
        let intent = invoke.intent.map(|intent| intent.index());
        self.run.attempts_without_intent += u64::from(intent.is_none());
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
            if facts.attempts == 0 {
                facts.first_invoke = Maybe::at(index);
            }
            facts.attempts += 1;
            facts.is_keyless |= invoke.key.is_none();
        }
        if let Some(key) = invoke.key {
            let facts = &mut self.keys[key.index()];
            facts.intent.see(intent);
            facts.is_meant |= intent.is_some();
            facts.is_silent |= intent.is_none();
            if facts.last_invoke == Maybe::default() {
                self.run.keys_sent += 1;
                facts.first_invoke = Maybe::at(index);
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
                    self.rare.keys.reused.push(key.index() as u32);
                }
            }
            facts.is_unsaid |= invoke.payload.is_none();
            if facts.is_unsaid && facts.payload != Maybe::default() && !was_half_said {
                self.rare.keys.half_said.push(key.index() as u32);
            }
        }
    }

    #[inline]
    fn complete(&mut self, history: &History, index: usize, completion: &Completion, end: End) {
        let event = &history.events[index];
        let state = self.lookup.processes.get_mut(event.process as usize);
        let Some(state) = state.filter(|state| **state != 0 && **state != ENDED) else {
            self.flaws.push(Flaw::CompletionAlone(index));
            return;
        };
        let begun = *state as usize - 1;
        *state = if end == End::Info { ENDED } else { 0 };
        self.links[begun].partner = Maybe::at(index);
        self.links[index].partner = Maybe::at(begun);
        self.run.last_event = event.t;
        if end == End::Fail {
            learn_meaning(history, &mut self.lookup.meanings, completion);
        }
        let What::Invoke(invoke) = &history.events[begun].what else {
            if matches!(history.events[begun].what, What::Read { .. }) {
                self.rare.others.reads.push(index as u32);
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
                            self.rare.keys.unresolved.push(key.index() as u32);
                        }
                    }
                    Some(key) => self.keys[key.index()].holder_end = Maybe::at(index),
                    None => {}
                }
            }
            End::Fail if is_server_error(&history.contract, completion) => {
                self.counts.fail += 1;
                self.not_told(history, index, invoke, completion);
            }
            End::Fail => {
                self.counts.fail += 1;
                self.refused(history, begun, index, invoke, completion);
            }
            End::Info => {
                self.counts.info += 1;
                self.not_told(history, index, invoke, completion);
            }
        }
    }

    /// It may have taken effect or not.
    fn not_told(&mut self, history: &History, index: usize, invoke: &Invoke, said: &Completion) {
        let Some(key) = invoke.key else {
            return;
        };
        let facts = &mut self.keys[key.index()];
        facts.holder_end = Maybe::at(index);
        facts.infos = facts.infos.saturating_add(1);
        if facts.infos == UNRESOLVED_MIN {
            self.rare.keys.unresolved.push(key.index() as u32);
        }
        let is_error = said.status.map(|status| status >= 500);
        if is_error.unwrap_or_else(|| self.gaps.may_be_an_error(history, said)) {
            self.rare.answers.server_errors.push(index as u32);
        }
    }
}
