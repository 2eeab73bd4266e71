//! A request that was sent before its key expired arrived after that and made a second order. No server can prevent it without a
//! deadline in the request, so that it is a class of its own.

use history::AuditOrder;

use crate::case::Case;
use crate::keyed::{End, Try};
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let (Some(orders), Some(ttl)) = (case.orders(), case.history.contract.ttl) else {
        tally.not_judged("the orders were not looked at, or no key expires");
        return;
    };
    tally.checked(case.facts.extras.apart_pairs.len() as u64);
    for pair in &case.facts.extras.apart_pairs {
        let [first, second] = pair.orders.map(|row| &orders[row as usize]);
        let (key, made, then) = (pair.key, pair.made, pair.then);
        let expiry = made.earliest.saturating_add(ttl);
        let attempts = case.attempts_with(key as usize);
        let makers = makers(&attempts, first, second, then);
        let before = |expiry: u64| {
            makers.iter().filter(move |maker| maker.invoked < expiry).filter(|maker| {
                is_for_the_same(case, first, maker) && !mutant!("late-after-expiry/never")
            })
        };
        let early = before(expiry).count();
        let perhaps = match mutant!("late-after-expiry/keys-expire-at-the-earliest") {
            true => early,
            false => before(made.latest.saturating_add(ttl)).count(),
        };
        let all =
            early == makers.len() && early > 0 || mutant!("late-after-expiry/any-second-order");
        let is_reused = case.facts.keys[key as usize].reused;
        if perhaps > 0 && is_reused && (first.payload.is_none() || second.payload.is_none()) {
            tally.unknown(1, "an order of a key with two payloads does not say of which it is");
            continue;
        }
        match all {
            true => tally.violation(then, || {
                let why = format!(
                    "{} was made at {} by a request that was sent before its key expired, at {}. It is a second order for what was meant once.",
                    case.tell_order(second.id.index()),
                    case.tell_time(then),
                    case.tell_time(expiry),
                );
                let told = witness(why).order_row(case, first).order_row(case, second);
                makers.first().map_or(told.clone(), |maker| told.operation(case, maker.event()))
            }),
            false if perhaps > 0 => tally.unknown(1, "it cannot be told which request made a second order, or whether it was sent before the key expired"),
            false => {}
        }
    }
    let why = "an order does not say its key, and there is room for it only if the key was forgotten and used anew";
    tally.unknown(case.facts.gaps.further_lives, why);
}

/// Whether a request asked for what an order was made of. What another purchase asks for under the key, or with another content, is
/// not the same once more.
fn is_for_the_same(case: &Case<'_>, order: &AuditOrder, maker: &Try<'_>) -> bool {
    let intent = case.facts.orders[order.id.index()].intent.get();
    let intents = intent.zip(maker.asked.intent);
    let payloads = order.payload.zip(maker.asked.payload);
    let other_intent = intents.is_some_and(|(a, b)| a != b.index())
        && !mutant!("late-after-expiry/any-purchase-is-the-same");
    let other_payload = payloads.is_some_and(|(a, b)| a != b)
        && !mutant!("late-after-expiry/any-payload-is-the-same");
    !other_intent && !other_payload
}

/// The attempts that may have made the second order: the one that was answered with it, else each whose client was not told, else a copy
/// of any that was sent by then.
fn makers<'a, 'b>(
    attempts: &'b [Try<'a>],
    first: &AuditOrder,
    second: &AuditOrder,
    then: u64,
) -> Vec<&'b Try<'a>> {
    let named = |order: &AuditOrder| {
        let id = order.id;
        move |attempt: &&Try<'_>| attempt.end == End::Ok && attempt.said.order == Some(id)
    };
    // A replay names the order too: the maker is the one that was sent first.
    if let Some(maker) = attempts.iter().find(named(second))
        && !mutant!("late-after-expiry/answered-ones-do-not-count")
    {
        return vec![maker];
    }
    let sent = attempts.iter().filter(|attempt| attempt.invoked <= then);
    let may = |attempt: &&Try<'_>| attempt.end == End::Unknown && !named(first)(attempt);
    let unseen: Vec<&Try<'_>> = sent
        .clone()
        .filter(may)
        .filter(|_| !mutant!("late-after-expiry/unanswered-ones-do-not-count"))
        .collect();
    if unseen.is_empty() && !mutant!("late-after-expiry/copies-do-not-count") {
        return sent.collect();
    }
    unseen
}
