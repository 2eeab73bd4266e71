//! What clients saw and which faults struck, in 40 bytes each; and how key records changed, in 24.

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
    /// What happened.
    pub what: What,
}

/// What an event is. Each retry is an operation of its own, by a process of its own; a process that got `Info` never invokes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A client asked for an order.
    Invoke(Invoke),
    /// A client asked what became of an order.
    Read {
        /// The tenant.
        tenant: TenantRef,
        /// The order.
        order: OrderRef,
    },
    /// A client asked to cancel an order.
    Cancel {
        /// The tenant.
        tenant: TenantRef,
        /// The order.
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
        /// The fault.
        fault: FaultRef,
        /// The host, if it struck one.
        host: Option<HostRef>,
        /// The attempt, if it struck one.
        struck: Option<ProcessRef>,
    },
}

/// What a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invoke {
    /// The tenant.
    pub tenant: TenantRef,
    /// The client's key, if it sent one.
    pub key: Option<KeyRef>,
    /// The intended purchase, which the service never knows.
    pub intent: Option<IntentRef>,
    /// The content of the request.
    pub payload: Option<PayloadRef>,
    /// The coupon to be redeemed.
    pub coupon: Option<CouponRef>,
}

/// A client's request for a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundRequest {
    /// The tenant.
    pub tenant: TenantRef,
    /// The order.
    pub order: OrderRef,
    /// The refund's own key, if one was sent.
    pub key: Option<RefundKeyRef>,
    /// The intended refund, if the recorder knows.
    pub intent: Option<IntentRef>,
    /// The amount, as the contract writes amounts; everything if `None`.
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
    /// Why it was refused, or why the outcome is unknown.
    pub code: Option<CodeRef>,
}

/// The state of a key record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordState {
    /// There is no record.
    Absent,
    /// A request is in progress.
    InProgress,
    /// The request is completed.
    Completed,
    /// The request failed, and the failure is stored.
    Failed,
}

/// A change of a key record, as the database committed it. Kept apart from the events: there are as many of them as requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// When, in the contract's unit of time, since the run began.
    pub t: u64,
    /// The key.
    pub key: KeyRef,
    /// The state before.
    pub from: RecordState,
    /// The state after.
    pub to: RecordState,
    /// The owner of the claim that made the change, or for which it was made.
    pub owner: Option<HostRef>,
    /// The fencing token; 0 if there was none.
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
