//! How a world writes a history: one call per thing that happened. What was recorded cannot be changed through a recorder.

use crate::audit::Audit;
use crate::coverage::Label;
use crate::event::{Completion, Event, Invoke, Transition, What};
use crate::names::{
    BasketRef, CodeRef, FaultRef, HostRef, IntentRef, KeyRef, Names, OrderRef, Payload, PayloadRef,
    ProcessRef, ResponseRef, TenantRef,
};
use crate::{Contract, History};

/// Writes a history whose names are counted.
#[derive(Debug, Default)]
pub struct Recorder {
    history: History,
    /// The name of the first body seen for each order, by the order's index.
    bodies: Vec<Option<ResponseRef>>,
    /// Its digest. Apart, because side by side the two would take sixteen bytes.
    digests: Vec<u64>,
    /// Further bodies of an order: rare, and each worth a name.
    other_bodies: Vec<(OrderRef, u64, ResponseRef)>,
}

impl Recorder {
    /// An empty history under a contract.
    pub fn new(contract: Contract) -> Recorder {
        Recorder {
            history: History {
                contract,
                ..History::default()
            },
            ..Recorder::default()
        }
    }

    /// The same with names that are known before anything happens.
    pub fn with_names(contract: Contract, names: Names) -> Recorder {
        let mut recorder = Recorder::new(contract);
        recorder.history.names = names;
        recorder
    }

    /// The names so far, to declare more.
    pub fn names_mut(&mut self) -> &mut Names {
        &mut self.history.names
    }

    /// What was written so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Reserves memory for a number of intents, so that a large run does not reallocate while it grows.
    pub fn reserve(&mut self, intents: usize) {
        self.history.events.reserve(intents * 2 + intents / 4);
        self.history.names.contents.reserve(intents);
        self.bodies.reserve(intents);
        self.digests.reserve(intents);
    }

    /// A new purchase that a customer means.
    #[inline]
    pub fn intent(&mut self) -> IntentRef {
        self.history.names.intents.count()
    }

    /// A new key.
    #[inline]
    pub fn key(&mut self) -> KeyRef {
        self.history.names.keys.count()
    }

    /// A new key with a text of its own.
    pub fn spelt_key(&mut self, tenant: TenantRef, text: &str) -> KeyRef {
        let key = self.key();
        self.history.names.spell_key(key, tenant, text);
        key
    }

    /// The key of a tenant that has this text: a new one the first time.
    pub fn key_of(&mut self, tenant: TenantRef, text: &str) -> KeyRef {
        let known = self.history.names.find_spelt_key(tenant, text);
        known.unwrap_or_else(|| self.spelt_key(tenant, text))
    }

    /// A new content of a request.
    #[inline]
    pub fn payload(&mut self, items: BasketRef) -> PayloadRef {
        self.history
            .names
            .contents
            .push(Payload { items: Some(items) });
        self.history.names.payloads.count()
    }

    /// The name of a code.
    pub fn code(&mut self, text: &str) -> CodeRef {
        self.history.names.codes.intern(text)
    }

    /// The name of the order of this number.
    #[inline]
    pub fn order(&mut self, number: u32) -> OrderRef {
        self.history.names.orders.count_to(number)
    }

    /// The name of an order's body, by a digest of the body.
    pub fn response(&mut self, order: OrderRef, digest: u64) -> ResponseRef {
        let index = order.index();
        if index >= self.bodies.len() {
            self.bodies.resize(index + 1, None);
            self.digests.resize(index + 1, 0);
        }
        let names = &mut self.history.names.responses;
        match self.bodies[index] {
            None => {
                let name = names.count();
                self.bodies[index] = Some(name);
                self.digests[index] = digest;
                name
            }
            Some(name) if self.digests[index] == digest => name,
            Some(_) => {
                let known = self
                    .other_bodies
                    .iter()
                    .find(|(o, d, _)| (*o, *d) == (order, digest));
                known.map(|(_, _, name)| *name).unwrap_or_else(|| {
                    let name = names.count();
                    self.other_bodies.push((order, digest, name));
                    name
                })
            }
        }
    }

    /// A client asks for an order: a new process.
    #[inline]
    pub fn invoke(&mut self, t: u64, invoke: Invoke) -> u32 {
        let process: ProcessRef = self.history.names.processes.count();
        let process = process.index() as u32;
        self.push(t, process, What::Invoke(invoke));
        process
    }

    /// The request of this attempt, the last that was begun, was sent to a replica.
    #[inline]
    pub fn sent_to(&mut self, process: u32, host: HostRef) {
        let sent_to = &mut self.history.sent_to;
        sent_to.resize(process as usize, None);
        sent_to.push(Some(host));
    }

    /// The answer says that it took effect.
    #[inline]
    pub fn ok(&mut self, t: u64, process: u32, completion: Completion) {
        self.push(t, process, What::Ok(completion));
    }

    /// The answer says that it did not.
    #[inline]
    pub fn fail(&mut self, t: u64, process: u32, completion: Completion) {
        self.push(t, process, What::Fail(completion));
    }

    /// It may have taken effect or not.
    #[inline]
    pub fn info(&mut self, t: u64, process: u32, completion: Completion) {
        self.push(t, process, What::Info(completion));
    }

    /// A fault struck: a host, an attempt, both, or neither.
    #[inline]
    pub fn fault(
        &mut self,
        t: u64,
        fault: FaultRef,
        host: Option<HostRef>,
        struck: Option<ProcessRef>,
    ) {
        self.push(
            t,
            0,
            What::Fault {
                fault,
                host,
                struck,
            },
        );
    }

    /// A situation was met.
    #[inline]
    pub fn cover(&mut self, label: Label) {
        self.history.coverage.hit(label);
    }

    /// Clears the events, and the names that were counted along with them; tenants, baskets and memory are kept.
    pub fn begin_again(&mut self) {
        let history = &mut self.history;
        history.events.clear();
        history.transitions.clear();
        history.refund_requests.clear();
        history.sent_to.clear();
        history.audit = None;
        history.coverage.clear();
        let names = &mut history.names;
        names.contents.clear();
        for symbols in [
            &mut names.keys,
            &mut names.intents,
            &mut names.payloads,
            &mut names.orders,
            &mut names.responses,
            &mut names.charges,
            &mut names.messages,
            &mut names.processes,
            &mut names.provider_keys,
            &mut names.refunds,
            &mut names.carts,
        ] {
            symbols.forget_counted();
        }
        self.bodies.clear();
        self.digests.clear();
        self.other_bodies.clear();
    }

    /// No body comes any more: the memory of those of a large run is given back.
    pub fn close_bodies(&mut self) {
        const KEPT_MAX: usize = 1 << 14;
        if self.bodies.len() > KEPT_MAX {
            (self.bodies, self.digests) = (Vec::new(), Vec::new());
        }
    }

    /// Adds what the database and the gateway hold, and leaves the history here.
    pub fn audit(&mut self, audit: Audit) {
        self.history.audit = Some(audit);
    }

    /// The history, with how key records changed and with what the database and the gateway hold. What is recorded after that goes
    /// into an empty one, for which [`Recorder::reuse`] has to be called.
    pub fn end(&mut self, transitions: Vec<Transition>, audit: Audit) -> History {
        self.history.transitions = transitions;
        self.audit(audit);
        std::mem::take(&mut self.history)
    }

    /// Reuses the memory of an earlier history: keeps its contract, resets the names to these, and clears the events.
    pub fn reuse(&mut self, history: History, names: &Names) {
        self.history = history;
        self.history.names.clone_from(names);
        self.begin_again();
    }

    /// The history, with what the database and the gateway hold.
    pub fn finish(mut self, audit: Audit) -> History {
        self.audit(audit);
        self.history
    }

    #[inline]
    fn push(&mut self, t: u64, process: u32, what: What) {
        self.history.events.push(Event { t, process, what });
    }
}
