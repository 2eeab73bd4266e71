//! What `charges` finds: the charges that are one too many, and what is left of each.

use std::collections::BTreeMap;

use history::AuditCharge;
use protocol::ChargeState;

use super::index::{Maybe, Sole};

/// The money: what is one too many, and what was given back.
#[derive(Debug, Default)]
pub(crate) struct Charges {
    /// Captured charges beyond the first, each once.
    pub(crate) extra: Vec<ExtraCharge>,
    /// Captured charges that may be one too many or not, by row.
    pub(crate) unclear: Vec<u32>,
    /// What was given back of each charge, by its name; empty if nothing was.
    pub(super) refunded: Vec<i64>,
    /// Intents or orders with a captured charge.
    pub(crate) charged: u64,
    /// What is collected on the way.
    pub(super) scratch: Scratch,
}

/// What is collected on the way to the extra charges. Its memory is kept between histories.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// By order, the intent that its charges name.
    pub(super) intents: BTreeMap<u32, Sole>,
    /// Whether a charge names its intent.
    pub(super) is_any_by_intent: bool,
    /// The first captured charge of each provider key.
    pub(super) provider_keys: Vec<Maybe>,
}

impl Charges {
    pub(super) fn clear(&mut self) {
        let Charges {
            extra,
            unclear,
            refunded,
            charged,
            scratch,
        } = self;
        extra.clear();
        unclear.clear();
        refunded.clear();
        *charged = 0;
        scratch.clear();
    }
}

impl Scratch {
    fn clear(&mut self) {
        let Scratch {
            intents,
            is_any_by_intent,
            provider_keys,
        } = self;
        intents.clear();
        *is_any_by_intent = false;
        provider_keys.clear();
    }
}

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
