//! The keys with which everything is as usual, so that they fit without a search.

use crate::case::Case;
use crate::facts::{Refusal, order_rows};
use crate::keyed::End;

/// Whether the operations on a key fit without a search: one payload, one order, refusals only while another request may be in flight.
pub(crate) fn is_plain(case: &Case<'_>, key: usize) -> bool {
    let facts = &case.facts.keys[key];
    if facts.mixed || facts.reused || facts.crowded || !has_its_order(case, key) {
        return false;
    }
    let (mut first_refused, mut last_refused) = (u64::MAX, None);
    let (mut holder, mut first_ok) = (None, u64::MAX);
    let (mut next, mut count, mut failed) = (facts.last_invoke.get(), 0, 0);
    while let Some(begun) = next {
        let link = case.facts.links[begun];
        next = link.previous.get();
        let (invoked, done) = (case.time(begun), link.partner.get());
        let returned = done.map_or(u64::MAX, |done| case.time(done));
        let end = case.end_at(done);
        count += 1;
        match end {
            End::Fail(Refusal::InFlight) => {
                first_refused = first_refused.min(returned);
                last_refused = last_refused.max(Some(invoked));
            }
            End::Fail(refusal) if refusal.is_no_holder() => return false,
            End::Fail(_) => failed += 1,
            End::Ok => first_ok = first_ok.min(returned),
            End::Unknown => {}
        }
        if !matches!(end, End::Fail(_)) {
            // They come backwards in time: the last seen is the first sent.
            holder = Some(invoked);
        }
    }
    if failed > 0 {
        return count == 1 && facts.live.get().is_none();
    }
    let Some(last_refused) = last_refused else {
        return true;
    };
    holder.is_some_and(|holder| holder <= first_refused) && last_refused <= first_ok
}

/// Whether the one live order of a key is the one that was answered, of the payload that was sent.
fn has_its_order(case: &Case<'_>, key: usize) -> bool {
    let facts = &case.facts.keys[key];
    let named = facts.first_ok.get().and_then(|done| case.attempt_at(done));
    let named = named.and_then(|attempt| attempt.said.order);
    let Some(row) = facts.live.get().map(|row| &order_rows(case.history)[row]) else {
        // An order of another key, or of another payload, may be what was answered.
        return named.is_none_or(|order| case.order(order.index()).is_none());
    };
    let payload = row
        .payload
        .is_none_or(|payload| facts.payload.get() == Some(payload.index()));
    payload && named.is_none_or(|order| order == row.id)
}
