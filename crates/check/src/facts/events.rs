//! The one pass over the events.

use history::{Completion, Event, History, InFlight, Invoke, KeyRef, What};

use super::{Facts, Flaw, Maybe};

/// Codes by which services say that a duplicate is in flight. The first is ours.
const IN_FLIGHT_CODES: [&str; 6] = [
    "in_progress",
    "in_flight",
    "in-progress",
    "in-flight",
    "idempotency_key_in_use",
    "idempotent_parameter_in_progress",
];

/// The state of a process that got `info`: it never invokes again. Idle is 0; busy is its invocation, as [`Maybe`] counts.
const ENDED: u32 = u32::MAX;

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
        for code in 0..history.names.codes.len() {
            let text = history.names.codes.text(code);
            let known = IN_FLIGHT_CODES.contains(&&*text);
            self.in_flight_codes.push(known);
        }
        let mut before = 0;
        for (index, event) in history.events.iter().enumerate() {
            if event.t < before {
                self.flaws.push(Flaw::Backwards(index));
            }
            before = event.t;
            match &event.what {
                What::Invoke(invoke) => self.invoke(index, event, invoke),
                What::Read { .. } => {
                    self.counts.reads += 1;
                    self.begin(index, event.process);
                    self.last_event = event.t;
                }
                What::Ok(completion) => self.complete(history, index, completion, End::Ok),
                What::Fail(completion) => self.complete(history, index, completion, End::Fail),
                What::Info(completion) => self.complete(history, index, completion, End::Info),
                What::Fault { .. } => {
                    self.counts.faults += 1;
                    self.last_fault = Some(event.t);
                    self.last_event = event.t;
                }
                What::Transition(_) => {}
            }
        }
        let counts = &mut self.counts;
        counts.open = counts.attempts - counts.ok - counts.fail - counts.info;
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
    fn invoke(&mut self, index: usize, event: &Event, invoke: &Invoke) {
        self.begin(index, event.process);
        self.last_event = event.t;
        self.counts.attempts += 1;
        let intent = invoke.intent.map(|intent| intent.index());
        if let Some(intent) = intent {
            let facts = &mut self.intents[intent];
            self.counts.intents += u64::from(!facts.sent);
            self.counts.duplicate_requests += u64::from(facts.sent);
            facts.sent = true;
        }
        if let Some(payload) = invoke.payload {
            self.payloads[payload.index()].see(intent);
        }
        if let Some(key) = invoke.key {
            let facts = &mut self.keys[key.index()];
            facts.intent.see(intent);
            self.links[index].previous = facts.last_invoke;
            facts.last_invoke = Maybe::at(index);
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
            return;
        };
        match end {
            End::Ok => self.counts.ok += 1,
            End::Fail => self.counts.fail += 1,
            End::Info => self.counts.info += 1,
        }
        if end == End::Ok && !is_acceptance(history, completion) {
            self.acknowledge(history, begun, index, invoke, completion);
        }
        if let Some(key) = invoke.key {
            if end == End::Fail && self.is_refusal(completion) {
                self.refuse(history, begun, index, key);
            } else {
                self.keys[key.index()].holder_end = event.t;
            }
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
            self.orders[order.index()].named_for.see(intent);
        }
        self.acknowledgements += 1;
        if !self.is_as_asked(history, invoke, completion) {
            self.odd_answers.push(index as u32);
        }
        if let Some(key) = invoke.key {
            self.compare_with_first(history, begun, index, key, completion);
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
            return;
        };
        let events = &history.events;
        self.repeats += u64::from(events[first].t < events[begun].t);
        let first_begun = self.links[first].partner.get().map(|i| events[i].what);
        let (Some(What::Invoke(then)), What::Invoke(now), What::Ok(said)) =
            (first_begun, events[begun].what, events[first].what)
        else {
            return;
        };
        let same = then.payload == now.payload
            && said.order == completion.order
            && said.response == completion.response
            && said.status == completion.status;
        if !same && !facts.mixed {
            facts.mixed = true;
            self.mixed_keys.push(key.index() as u32);
        }
    }

    /// Whether a failure says that a duplicate is in flight.
    #[inline]
    pub(crate) fn is_refusal(&self, completion: &Completion) -> bool {
        completion
            .code
            .is_some_and(|code| self.in_flight_codes[code.index()])
    }

    /// A duplicate was refused. If an attempt on the key ended lately, that one may hold the claim, and nothing is stuck.
    fn refuse(&mut self, history: &History, begun: usize, index: usize, key: KeyRef) {
        let Some(deadline) = history.contract.recovery_deadline else {
            return;
        };
        self.refusals_seen += 1;
        let ended = self.keys[key.index()].holder_end;
        if ended.saturating_add(deadline) <= history.events[begun].t {
            self.refusals.push(index as u32);
        }
    }
}

/// Whether an `ok` says only that the request was accepted, not what became of it.
#[inline]
pub(crate) fn is_acceptance(history: &History, completion: &Completion) -> bool {
    completion.status == Some(202) && history.contract.in_flight == Some(InFlight::Accept)
}
