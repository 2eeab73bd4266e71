//! What may have been taken of the stock by an instant, at most: whether a refusal that does not say why may be one for lack of stock.

use std::collections::BTreeMap;

use history::{Completion, History, Invoke, SkuRef, What};

use crate::case::Case;
use crate::facts::{Facts, Purchase, is_server_error, stock_table};

/// The status that services give to a request in flight, and to one for which there is not enough.
const CONFLICT: u16 = 409;

/// How many of each there were at first, as far as that is said.
pub(crate) fn at_first(history: &History) -> BTreeMap<SkuRef, i128> {
    let promised = history.contract.stock.iter();
    let promised = promised.map(|(sku, initial)| (*sku, i128::from(*initial)));
    let audited = stock_table(history).unwrap_or_default().iter();
    let audited = audited.map(|row| (row.sku, i128::from(row.initial)));
    promised.chain(audited).collect()
}

/// What requests asked for that were not refused.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// How many of each there were at first.
    first: BTreeMap<SkuRef, i128>,
    /// By SKU: how much until when, in the order of time.
    units: BTreeMap<SkuRef, Vec<(u64, i128)>>,
    /// When the first such request was sent that does not say what it asked for.
    untold_from: Option<u64>,
}

impl Taken {
    /// One pass over the events. A purchase takes what it asked for once, however often it asks.
    pub(crate) fn gather(history: &History, facts: &Facts) -> Taken {
        let mut taken = Taken {
            first: at_first(history),
            ..Taken::default()
        };
        let mut of_purchases: BTreeMap<(Purchase, SkuRef), i128> = BTreeMap::new();
        for (begun, event) in history.events.iter().enumerate() {
            let What::Invoke(asked) = &event.what else {
                continue;
            };
            let done = facts.links[begun].partner.get();
            let is_refused = done.is_some_and(|done| match &history.events[done].what {
                What::Fail(said) => !is_server_error(&history.contract, said),
                _ => false,
            });
            if is_refused {
                continue;
            }
            let items = asked
                .payload
                .and_then(|payload| history.names.payload_items(payload));
            let Some(items) = items else {
                taken.untold_from = taken.untold_from.or(Some(event.t));
                continue;
            };
            for item in history.names.items(items) {
                let of_purchase = of_purchases
                    .entry((Purchase::of(asked, begun), item.sku))
                    .or_default();
                let more = i128::from(item.quantity) - *of_purchase;
                if more > 0 {
                    *of_purchase += more;
                    let units = taken.units.entry(item.sku).or_default();
                    let before = units.last().map_or(0, |(_, units)| *units);
                    units.push((event.t, before + more));
                }
            }
        }
        taken
    }

    /// How much of something may have been taken by an instant.
    fn by(&self, sku: SkuRef, t: u64) -> i128 {
        let units = self.units.get(&sku).map_or(&[][..], Vec::as_slice);
        let until = units.partition_point(|(sent, _)| *sent <= t);
        until.checked_sub(1).map_or(0, |last| units[last].1)
    }
}

impl Case<'_> {
    /// Whether a refusal of this request, at this instant, has the status alone of one in flight, and may be one for lack of stock.
    pub(crate) fn may_be_sold_out(&self, asked: &Invoke, said: &Completion, t: u64) -> bool {
        if said.code.is_some()
            || said.status != Some(CONFLICT)
            || mutant!("stuck-claim/no-bare-refusal-is-for-lack-of-stock")
        {
            return false;
        }
        let taken = self.facts.taken(self.history);
        let names = &self.history.names;
        let Some(items) = asked
            .payload
            .and_then(|payload| names.payload_items(payload))
        else {
            return !mutant!("stuck-claim/what-is-not-said-is-nothing");
        };
        let is_untold = taken.untold_from.is_some_and(|from| from <= t)
            && !mutant!("stuck-claim/others-say-what-they-take");
        names.items(items).iter().any(|item| {
            let others = match mutant!("stuck-claim/others-take-nothing") {
                true => 0,
                false => taken.by(item.sku, t),
            };
            let is_short = |first: &i128| *first < others + i128::from(item.quantity);
            // Of what it is not said how much there was, there may have been none.
            let is_unlimited = mutant!("stuck-claim/unknown-stock-is-unlimited");
            taken
                .first
                .get(&item.sku)
                .map_or(!is_unlimited, |first| is_untold || is_short(first))
                || mutant!("stuck-claim/any-bare-refusal-may-be-for-lack-of-stock")
        })
    }
}
