//! Whether a refusal that does not say why may be one for lack of stock.

use history::{Completion, Invoke};

use crate::case::Case;

/// The status that services give to a request in flight, and to one for which there is not enough.
const CONFLICT: u16 = 409;

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
