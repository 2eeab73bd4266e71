//! What clients saw and which faults struck, forty bytes each; and how key records changed, twenty-four.

use crate::names::{
    CodeRef, CouponRef, FaultRef, HostRef, IntentRef, KeyRef, OrderRef, PayloadRef, ResponseRef,
    TenantRef,
};

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, in the contract's unit of time, since the run began.
    pub t: u64,
    /// The attempt that it belongs to; meaningless for faults.
    pub process: u32,
    /// What.
    pub what: What,
}

/// What an event is. Each retry is an operation of its own, by a process of its own; a process that got `Info` never invokes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A client asked for an order.
    Invoke(Invoke),
    /// A client asked what became of an order.
    Read {
        /// Who asked.
        tenant: TenantRef,
        /// Which order.
        order: OrderRef,
    },
    /// The answer says that it took effect.
    Ok(Completion),
    /// The answer says that it did not.
    Fail(Completion),
    /// Nobody knows: timeout, reset, 5xx, or the client died.
    Info(Completion),
    /// A fault of the plan struck.
    Fault {
        /// Which.
        fault: FaultRef,
        /// Where, if it struck a host.
        host: Option<HostRef>,
    },
}

/// What a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invoke {
    /// Whose shop.
    pub tenant: TenantRef,
    /// The client's key, if it sent one.
    pub key: Option<KeyRef>,
    /// Which purchase the person meant. The service never knows.
    pub intent: Option<IntentRef>,
    /// What was asked for.
    pub payload: Option<PayloadRef>,
    /// The coupon to be redeemed.
    pub coupon: Option<CouponRef>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Whether the answer said that it repeats an earlier one; `None` if it said nothing.
    pub replayed: Option<bool>,
    /// The order that the answer named.
    pub order: Option<OrderRef>,
    /// The body, less what the contract calls volatile.
    pub response: Option<ResponseRef>,
    /// Why it was refused, or why nobody knows.
    pub code: Option<CodeRef>,
}

/// Where a key record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordState {
    /// There is no record.
    Absent,
    /// Somebody works on it.
    InProgress,
    /// The answer is known.
    Completed,
    /// It ended in a failure that is kept.
    Failed,
}

/// A change of a key record, as the database committed it. Kept apart from the events: there are as many of them as requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// When, in the contract's unit of time, since the run began.
    pub t: u64,
    /// Which key.
    pub key: KeyRef,
    /// From where.
    pub from: RecordState,
    /// To where.
    pub to: RecordState,
    /// Who did it, or for whom.
    pub owner: Option<HostRef>,
    /// With which fencing token; 0 if with none.
    pub token: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_takes_forty_bytes() {
        assert_eq!(size_of::<Event>(), 40);
    }

    #[test]
    fn a_transition_takes_twenty_four_bytes() {
        assert_eq!(size_of::<Transition>(), 24);
    }
}
