//! An answer against the one that it should repeat.

use history::{Completion, Contract};

/// An answer that does not repeat one that was there before its request, inside the time to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Differing {
    /// The first answer like the one that was there before, by event.
    pub(crate) earlier: u32,
    /// The answer, by event.
    pub(crate) later: u32,
    /// When it was given.
    pub(crate) at: u64,
}

/// What an answer and its repetition differ in, of what both of them say. Bodies that the recorder could not see are not compared.
pub(crate) fn difference(
    contract: &Contract,
    first: &Completion,
    then: &Completion,
) -> Option<&'static str> {
    fn both<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
        matches!((a, b), (Some(a), Some(b)) if a != b)
    }
    let replayed = contract
        .replay_status
        .filter(|_| !mutant!("replay-mismatch/replays-keep-their-status"));
    let status = replayed.or(first.status);
    let says_no = then.replayed == Some(false) && first.replayed.is_some();
    let is_mark_seen =
        contract.observed.replayed || mutant!("replay-mismatch/a-mark-is-always-seen");
    let unmarked = says_no || contract.replay_header && is_mark_seen && then.replayed != Some(true);
    if both(first.order, then.order) && !mutant!("replay-mismatch/order-does-not-matter") {
        Some("order")
    } else if both(status, then.status) && !mutant!("replay-mismatch/status-does-not-matter") {
        Some("status")
    } else if both(first.response, then.response)
        && (contract.observed.response || mutant!("replay-mismatch/a-body-is-always-seen"))
        && !mutant!("replay-mismatch/body-does-not-matter")
    {
        Some("body")
    } else if unmarked && !mutant!("replay-mismatch/mark-does-not-matter") {
        Some("mark: it does not say that it is a replay")
    } else {
        None
    }
}

/// Whether an answer or its repetition lacks a body or an order that could be compared, although the recorder would have seen it.
pub(super) fn says_too_little(contract: &Contract, first: &Completion, then: &Completion) -> bool {
    let lacks_body = first.response.is_none() || then.response.is_none();
    let lacks_order = first.order.is_none() || then.order.is_none();
    let lacks_status = first.status.is_none() || then.status.is_none();
    let observed = contract.observed;
    let lacks = lacks_body && observed.response
        || lacks_order && observed.order
        || lacks_status && observed.status;
    lacks && !mutant!("replay-mismatch/what-is-not-said-is-equal")
}
