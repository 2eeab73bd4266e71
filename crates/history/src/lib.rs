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
//! - [`source`]: where in a file an event stands
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
    Audit, AuditCharge, AuditCoupon, AuditKey, AuditNotification, AuditOrder, AuditStock,
};
pub use contract::{Contract, Expiry, InFlight, TimeUnit};
pub use coverage::{Coverage, Label};
pub use event::{Completion, Event, Invoke, RecordState, Transition, What};
pub use names::{
    BasketRef, ChargeRef, CodeRef, CouponRef, FaultRef, HostRef, IntentRef, Item, KeyRef,
    MessageRef, Names, OrderRef, Payload, PayloadRef, ResponseRef, SkuRef, Symbols, TenantRef,
};
pub use recorder::Recorder;
pub use source::Source;

/// Everything that is known about a run: the one input of the judge.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// What the service promised.
    pub contract: Contract,
    /// What the numbers in the events stand for.
    pub names: Names,
    /// What happened, by time; ties in the order of recording.
    pub events: Vec<Event>,
    /// How key records changed, by time; ties in the order of commits. Empty if nobody recorded it.
    pub transitions: Vec<Transition>,
    /// How many processes (attempts) were begun: process numbers are below this.
    pub processes: u32,
    /// What the database and the gateway held at the end; `None` if nobody looked.
    pub audit: Option<Audit>,
    /// Which situations the run met.
    pub coverage: Coverage,
    /// Where it stands in the file that it was read from, if it was.
    pub source: Option<Source>,
}

impl History {
    /// The number by which the recorder knows a process.
    pub fn process_number(&self, process: u32) -> u64 {
        let source = self.source.as_ref();
        let number = source.and_then(|source| source.processes.get(process as usize));
        number.copied().unwrap_or(u64::from(process))
    }

    /// The line of the file that an event stands in.
    pub fn line(&self, event: usize) -> Option<u32> {
        let source = self.source.as_ref();
        source.and_then(|source| source.lines.get(event).copied())
    }
}
