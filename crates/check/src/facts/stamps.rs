//! The stamps of orders, and what the clients' clocks add to them.

use history::History;

use crate::ttl::Bounds;

/// A live order of a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfKey {
    pub(super) key: u32,
    /// Its stamp.
    pub(super) t: Option<u64>,
    pub(super) row: u32,
    /// When it was created; where that was not looked at, as its stamp says.
    pub(super) born: Bounds,
}

impl OfKey {
    pub(super) fn new(key: u32, t: Option<u64>, row: u32) -> OfKey {
        OfKey {
            key,
            t,
            row,
            born: Bounds::exactly(t.unwrap_or(0)),
        }
    }
}

/// By how much a stamp may differ from the clients' clocks.
pub(super) fn tolerance(history: &History) -> u64 {
    match mutant!("duplicate-order/stamps-are-exact") {
        true => 0,
        false => history.contract.clock_tolerance,
    }
}

/// When an order was created that has this stamp, if it has one, and was seen by the clients so. Where they contradict each other, the
/// stamp counts.
pub(crate) fn stamped(history: &History, t: Option<u64>, seen: Bounds) -> Bounds {
    let tolerance = tolerance(history);
    let Some(t) = t else { return seen };
    let (earliest, latest) = (t.saturating_sub(tolerance), t.saturating_add(tolerance));
    let both = Bounds {
        earliest: earliest.max(seen.earliest),
        latest: latest.min(seen.latest),
    };
    if tolerance == 0
        || both.earliest > both.latest
        || mutant!("duplicate-order/clients-do-not-tell-when")
    {
        return Bounds { earliest, latest };
    }
    both
}
