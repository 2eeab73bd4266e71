//! What `extras` finds: orders that are one too many, and those that may be.

use std::collections::BTreeMap;

use super::asked::Purchase;
use super::split::Split;
use super::stamps::OfKey;
use crate::ttl::Bounds;

/// Live orders that are one too many, or may be.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    /// Live orders beyond the first, each once.
    pub(crate) orders: Vec<ExtraOrder>,
    /// Live orders that no request can have made which did not fail for certain, by row.
    pub(crate) applied_after_failure: Vec<u32>,
    /// Live orders that say too little to be counted, by row.
    pub(crate) unattributed: Vec<u32>,
    /// Live orders of one key, neighbours in time, that were created the time to live apart or more.
    pub(crate) apart_pairs: Vec<ApartPair>,
    /// Live orders of one key, the time between whose creations is unknown.
    pub(crate) undated_pairs: u64,
    /// What is collected on the way.
    pub(super) scratch: Scratch,
}

/// What is collected on the way to the extra orders, and for the charges that come after them. Its memory is kept between histories.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The live orders of keys that have several.
    pub(super) crowd: Vec<OfKey>,
    /// Live orders that belong to no certain purchase, by row.
    pub(super) strays: Vec<u32>,
    /// Live orders that no purchase asked for, by row.
    pub(super) unexplained: Vec<u32>,
    /// The orders that each purchase has because an answer names them, by row.
    pub(super) answered: BTreeMap<Purchase, Vec<usize>>,
    /// Where purchases may be split, each live order by row, with its intent.
    pub(super) split_orders: Vec<(Option<usize>, u32)>,
    /// For `charges`: groups of orders, by row, each with how many purchases they may be of: more of them than that are not to be paid for.
    pub(super) crowds: Vec<(Vec<usize>, u64)>,
    /// For `charges`: purchases that may be split, with their orders.
    pub(super) splits: Vec<Split>,
}

impl Extras {
    pub(super) fn clear(&mut self) {
        let Extras {
            orders,
            applied_after_failure,
            unattributed,
            apart_pairs,
            undated_pairs,
            scratch,
        } = self;
        orders.clear();
        applied_after_failure.clear();
        unattributed.clear();
        apart_pairs.clear();
        *undated_pairs = 0;
        scratch.clear();
    }
}

impl Scratch {
    fn clear(&mut self) {
        let Scratch {
            crowd,
            strays,
            unexplained,
            answered,
            split_orders,
            crowds,
            splits,
        } = self;
        crowd.clear();
        strays.clear();
        unexplained.clear();
        answered.clear();
        split_orders.clear();
        crowds.clear();
        splits.clear();
    }
}

/// Why an order is one too many, the strongest reason first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Clause {
    /// Its intent has another live order.
    Intent,
    /// There are more live orders of this key, payload or content than purchases that asked for it.
    Crowd,
    /// The live orders of its purchase, which may be split, hold more than was asked for.
    Split,
    /// Its key has another live order, created less than the time to live apart.
    Key,
    /// Its key was answered with another order inside the time to live.
    Answers,
}

/// An order that is one too many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExtraOrder {
    /// When it was created, or answered, as far as that is known.
    pub(crate) at: u64,
    /// The order, by name.
    pub(crate) order: u32,
    /// The order that was there before, by name.
    pub(crate) other: u32,
    /// Why.
    pub(crate) clause: Clause,
    /// The key or the intent.
    pub(crate) group: u32,
}

/// Two live orders of one key that were created the time to live apart or more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ApartPair {
    /// The key.
    pub(crate) key: u32,
    /// The orders, by row.
    pub(crate) orders: [u32; 2],
    /// When the first one was created.
    pub(crate) made: Bounds,
    /// When the second one was, at the latest, or as its stamp says.
    pub(crate) then: u64,
}
