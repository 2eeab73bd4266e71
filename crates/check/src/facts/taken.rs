//! What may have been taken of the stock by an instant, at most.

use std::collections::BTreeMap;

use history::{History, SkuRef, What};

use super::asked::Purchase;
use super::known::Link;
use super::refusals::is_server_error;
use super::tables::stock_table;

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
    pub(crate) first: BTreeMap<SkuRef, i128>,
    /// By SKU: how much until when, in the order of time.
    pub(crate) units: BTreeMap<SkuRef, Vec<(u64, i128)>>,
    /// When the first such request was sent that does not say what it asked for.
    pub(crate) untold_from: Option<u64>,
}

impl Taken {
    /// One pass over the events. A purchase takes what it asked for once, however often it asks.
    pub(crate) fn gather(history: &History, links: &[Link]) -> Taken {
        let mut taken = Taken {
            first: at_first(history),
            ..Taken::default()
        };
        let mut of_purchases: BTreeMap<(Purchase, SkuRef), i128> = BTreeMap::new();
        for (begun, event) in history.events.iter().enumerate() {
            let What::Invoke(asked) = &event.what else {
                continue;
            };
            let done = links[begun].partner.get();
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
    pub(crate) fn by(&self, sku: SkuRef, t: u64) -> i128 {
        let units = self.units.get(&sku).map_or(&[][..], Vec::as_slice);
        let until = units.partition_point(|(sent, _)| *sent <= t);
        until.checked_sub(1).map_or(0, |last| units[last].1)
    }
}
