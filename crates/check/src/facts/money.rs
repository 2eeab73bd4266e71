//! What `charges` finds: the charges that are one too many, and what is left of each.

use history::AuditCharge;
use protocol::ChargeState;

/// A captured charge that is one too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExtraCharge {
    /// Its row.
    pub(crate) row: usize,
    /// The row of the charge that was there before.
    pub(crate) other: usize,
    /// Whether the two have one provider key, and nothing else in common.
    pub(crate) by_provider_key: bool,
}

/// What of a charge is left at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Money {
    /// It was captured, and not all of it was given back.
    Taken,
    /// It is authorised, and neither captured nor voided.
    Held,
    /// Nothing.
    Gone,
}

/// What charges are for, if it is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum For {
    Intent(u32),
    Order(u32),
}

/// Two charges that have a purchase or a provider key in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) row: u32,
    pub(super) first: u32,
    /// The purchase, unless it is only the key.
    pub(super) group: Option<For>,
}

/// In which order charges came. Where that is not known, what is captured was there before what is only authorised.
pub(super) fn arrival(
    charges: &[AuditCharge],
    row: u32,
) -> (u64, bool, std::cmp::Reverse<i64>, u32) {
    let charge = &charges[row as usize];
    let is_held = charge.state == ChargeState::Authorized;
    let t = charge.t.unwrap_or(u64::MAX);
    (t, is_held, std::cmp::Reverse(charge.amount), row)
}
