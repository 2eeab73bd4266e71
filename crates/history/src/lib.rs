//! What happened, in order: events, recorder, the final audit, and the JSONL form.
//!
//! This crate never says whether it was right; that is `check`. A history only grows. Names are written once and referred to by
//! number, so that a day of millions of orders fits in memory and a judge can use plain arrays.
//!
//! - [`names`]: numbers for names: tenants, keys, intents, payloads, orders
//! - [`event`]: what clients saw, which faults struck, how key records changed
//! - [`audit`]: what the database and the gateway hold at the end
//! - [`contract`]: what the service promised
//! - [`coverage`]: which situations the run met, and how often
//! - [`recorder`]: how a world writes a history
//! - [`source`]: where in a file an event or a row stands
//! - [`elle`]: the form that Elle and its like read
//! - [`jsonl`]: one JSON object per line, for histories from anywhere

pub mod audit;
pub mod contract;
pub mod coverage;
pub mod elle;
pub mod event;
pub mod jsonl;
pub mod names;
pub mod recorder;
pub mod source;

pub use audit::{
    Audit, AuditCart, AuditCharge, AuditCoupon, AuditKey, AuditMove, AuditNotification, AuditOrder,
    AuditRecordedCharge, AuditRefund, AuditSale, AuditStock,
};
pub use contract::{Amounts, Capture, Contract, Expiry, InFlight, Observed, TimeUnit};
pub use coverage::{Coverage, Label};
pub use event::{Completion, Event, Invoke, RecordState, RefundRequest, Transition, What};
pub use names::{
    BasketRef, CartRef, ChargeRef, CodeRef, CouponRef, FaultRef, HostRef, IntentRef, Item, KeyRef,
    MessageRef, Names, OrderRef, Payload, PayloadRef, ProcessRef, ProviderKeyRef, RefundKeyRef,
    RefundRef, ResponseRef, SkuRef, Symbols, TenantRef, TenderRef,
};
pub use recorder::Recorder;
pub use source::Source;

use std::borrow::Cow;

/// Everything that is known about a run: the one input of the judge.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// What the service promised.
    pub contract: Contract,
    /// What the numbers in the events stand for.
    pub names: Names,
    /// What happened, by time; ties in the order of recording.
    pub events: Vec<Event>,
    /// What the events of kind [`What::Refund`] ask for.
    pub refund_requests: Vec<RefundRequest>,
    /// The replica that each attempt was sent to, by process; empty if it was not recorded.
    pub sent_to: Vec<Option<HostRef>>,
    /// How key records changed, by time; ties in the order of commits. Empty if it was not recorded.
    pub transitions: Vec<Transition>,
    /// What the database and the gateway held at the end; `None` if they were not looked at.
    pub audit: Option<Audit>,
    /// Which situations the run met.
    pub coverage: Coverage,
    /// Where it stands in the file that it was read from, if it was.
    pub source: Option<Source>,
}

impl History {
    /// How many processes (attempts) there are: the events' process numbers are below this.
    pub fn processes(&self) -> usize {
        self.names.processes.len()
    }

    /// The name of a process.
    pub fn process_name(&self, process: u32) -> Cow<'_, str> {
        self.names.processes.text(process as usize)
    }

    /// The replica that an attempt was sent to, if it was recorded.
    pub fn replica(&self, process: u32) -> Option<HostRef> {
        self.sent_to.get(process as usize).copied().flatten()
    }

    /// The line of the file that an event stands in.
    pub fn line(&self, event: usize) -> Option<u32> {
        let source = self.source.as_ref();
        source.and_then(|source| source.lines.get(event).copied())
    }

    /// Whether times are those since 1970.
    pub fn is_dated(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.is_dated)
    }
}
