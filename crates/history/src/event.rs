//! What clients saw and which faults struck, forty bytes each; and how key records changed, twenty-four.

use crate::names::{
    CodeRef, CouponRef, FaultRef, HostRef, IntentRef, KeyRef, OrderRef, PayloadRef, ProcessRef,
    RefundKeyRef, ResponseRef, TenantRef,
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
        /// Whose shop.
        tenant: TenantRef,
        /// Which order.
        order: OrderRef,
    },
    /// A client asked to cancel an order.
    Cancel {
        /// Whose shop.
        tenant: TenantRef,
        /// Which order.
        order: OrderRef,
    },
    /// A client asked for money back: the index of a [`RefundRequest`] of the history, because refunds are rare.
    Refund(u32),
    /// The answer says that it took effect.
    Ok(Completion),
    /// The answer says that it did not.
    Fail(Completion),
    /// It may have taken effect or not: timeout, reset, 5xx, or the client died.
    Info(Completion),
    /// A fault of the plan struck.
    Fault {
        /// Which.
        fault: FaultRef,
        /// Where, if it struck a host.
        host: Option<HostRef>,
        /// Which attempt, if it struck one.
        struck: Option<ProcessRef>,
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

/// What a client asked to be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundRequest {
    /// Whose shop.
    pub tenant: TenantRef,
    /// Of which order.
    pub order: OrderRef,
    /// The refund's own key, if one was sent.
    pub key: Option<RefundKeyRef>,
    /// Which refund the person meant, if the recorder knows.
    pub intent: Option<IntentRef>,
    /// How much, in the contract's amounts; everything if `None`.
    pub amount: Option<i64>,
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
    /// Why it was refused, or why the outcome is not known.
    pub code: Option<CodeRef>,
}

/// Where a key record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordState {
    /// There is no record.
    Absent,
    /// A request is being worked on.
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
