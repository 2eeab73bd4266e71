//! A request was rejected for lack of stock although there was enough of everything at every instant while it was out.
//!
//! What was taken at most is counted: every unit that any other request asked for that was sent before the rejection, less those of
//! requests that had failed before this one was sent. What the purchase itself asked for by other requests does not count, unless it has a
//! live order: a hold that was given up must not refuse its own buyer. Restocking makes more; it is not said when, so it is not counted.
//! A request that was refused as in flight has not failed for certain: where no other attempt on its key tells what became of it, a copy of
//! it that the network made may hold its units.

mod strange;

use std::collections::{BTreeMap, BTreeSet};

use history::{Item, OrderRef, SkuRef, What};

use crate::case::Case;
use crate::facts::{Purchase, Refusal, is_live};
use crate::keyed::{End, Try};
use crate::facts::at_first;
use crate::tally::Tally;
use crate::tell::witness;
use strange::{Strange, add_order, strange};

/// Units by SKU.
type Units = BTreeMap<SkuRef, i128>;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let refusals = &case.facts.rare.refusals.sold_out;
    if case.history.contract.stock.is_empty() && case.stock().is_none_or(|rows| rows.is_empty()) {
        tally.not_judged("it is not said how much stock there was");
        return;
    }
    if refusals.is_empty() {
        return;
    }
    let capacity = at_first(case.history);
    tally.unknown(uncoded(case), "a refusal has the status of those for lack of stock, and no code");
    let Strange { certain, perhaps, untold } = strange(case);
    let mut firsts = Firsts::default();
    let mut walk = Walk {
        taken: certain,
        freed: Units::new(),
        own: refused_purchases(case),
        before: BTreeMap::new(),
        cancelled: cancelled(case),
        back: Units::new(),
        untold: (untold, 0),
    };
    let events = &case.history.events;
    let mut begin = 0;
    while begin < events.len() {
        let same = events[begin..]
            .iter()
            .take_while(|event| event.t == events[begin].t)
            .count();
        let group = begin..begin + same;
        for attempt in group.clone().filter_map(|index| sent_at(case, index)) {
            walk.send(case, &attempt);
        }
        for index in group.clone() {
            let attempt = ended_at(case, index).filter(is_sold_out);
            if let Some(attempt) = attempt.filter(|attempt| !may_repeat(case, &mut firsts, attempt)) {
                tally.checked(1);
                let before = walk.before.remove(&attempt.begun).unwrap_or_default();
                let held = walk.held_by_others(case, &attempt, &before);
                compare(case, tally, &attempt, &capacity, &Others { held, perhaps: &perhaps, back: before.back, untold: walk.untold.0 - before.untold });
            }
        }
        for index in group {
            let attempt = ended_at(case, index);
            let attempt = attempt.filter(|attempt| holds_nothing(case, &mut firsts, attempt));
            if let Some(attempt) =
                attempt.filter(|_| !mutant!("false-sold-out/failures-keep-their-units"))
            {
                walk.free(case, &attempt);
            }
        }
        begin += same;
    }
}

/// How many refusals have no code, and the status of one for lack of stock.
fn uncoded(case: &Case<'_>) -> u64 {
    let status = |done: &u32| case.attempt_at(*done as usize).and_then(|attempt| attempt.said.status);
    let statuses: BTreeSet<u16> = case.facts.rare.refusals.sold_out.iter().filter_map(status).collect();
    let uncoded = case.facts.gaps.uncoded_refusals.iter().filter_map(status);
    uncoded.filter(|status| statuses.contains(status)).count() as u64
}

/// What was taken and given back so far.
struct Walk {
    /// What was asked for by requests that were sent, and taken by orders that no request explains.
    taken: Units,
    /// What was asked for by requests that have failed.
    freed: Units,
    /// The same of each purchase that was refused for lack of stock: what it took, and what it gave back.
    own: BTreeMap<Purchase, (Units, Units)>,
    /// What had been given back when each request was sent that was then refused.
    before: BTreeMap<usize, Before>,
    /// The orders that were cancelled, by when a client was told so, the last first.
    cancelled: Vec<(u64, OrderRef)>,
    /// The units of those that were cancelled so far.
    back: Units,
    /// How many requests were sent that do not say what they asked for, and orders are there that do not say what they took; and how many
    /// of those requests have failed.
    untold: (u64, u64),
}

/// What had been given back when a request was sent, of the SKUs that it asked for.
#[derive(Default)]
struct Before {
    /// By requests that had failed: all of them, and those of its own purchase.
    freed: Units,
    own: Units,
    /// By orders that had been cancelled, perhaps: it is not said when their units came back.
    back: Units,
    /// How many of those that do not say what they asked for had failed.
    untold: u64,
}

/// The orders whose cancellation a client was told of, by when, the last first.
fn cancelled(case: &Case<'_>) -> Vec<(u64, OrderRef)> {
    let mut seen = BTreeSet::new();
    let told = case.told_cancelled().into_iter();
    let told = told.map(|(done, order)| (case.time(done), order));
    let mut told: Vec<(u64, OrderRef)> = told.filter(|(_, order)| seen.insert(*order)).collect();
    told.reverse();
    told
}

impl Walk {
    fn send(&mut self, case: &Case<'_>, attempt: &Try<'_>) {
        add(case, &mut self.taken, attempt);
        self.untold.0 += u64::from(is_untold(case, attempt));
        let purchase = Purchase::of(attempt.asked, attempt.begun);
        let own = self.own.get_mut(&purchase);
        if let Some((taken, _)) = own {
            add(case, taken, attempt);
        }
        if is_sold_out(attempt) {
            self.take_back(case, attempt.invoked);
            let of = |units: &Units| -> Units {
                let items = items(case, attempt).unwrap_or_default().iter();
                items.map(|item| (item.sku, at(units, item.sku))).collect()
            };
            let own = self.own.get(&purchase).map_or(Units::new(), |(_, freed)| of(freed));
            let before = Before { freed: of(&self.freed), own, back: of(&self.back), untold: self.untold.1 };
            self.before.insert(attempt.begun, before);
        }
    }

    /// The units of orders that had been cancelled before an instant.
    fn take_back(&mut self, case: &Case<'_>, t: u64) {
        while let Some((_, order)) = self.cancelled.pop_if(|(told, _)| *told < t) {
            if let Some(order) = case.order(order.index()).filter(|order| !is_live(order)) {
                add_order(case, &mut self.back, order);
            }
        }
    }

    /// Requests that failed hold nothing while those are out that are sent after that.
    fn free(&mut self, case: &Case<'_>, attempt: &Try<'_>) {
        add(case, &mut self.freed, attempt);
        self.untold.1 += u64::from(is_untold(case, attempt));
        if let Some((_, freed)) = self.own.get_mut(&Purchase::of(attempt.asked, attempt.begun)) {
            add(case, freed, attempt);
        }
    }

    /// What others may have held while a request was out that was refused for lack of stock.
    fn held_by_others(&self, case: &Case<'_>, attempt: &Try<'_>, before: &Before) -> Units {
        let purchase = Purchase::of(attempt.asked, attempt.begun);
        let keeps = has_live_order(case, purchase) || mutant!("false-sold-out/own-holds-count");
        let own_taken = self.own.get(&purchase).map(|(taken, _)| taken).filter(|_| !keeps);
        let items = items(case, attempt).unwrap_or_default().iter();
        let held = items.map(|item| {
            let others = at(&self.taken, item.sku) - at(&before.freed, item.sku);
            let own = match own_taken {
                Some(taken) => at(taken, item.sku) - at(&before.own, item.sku),
                // Its own units are among those taken.
                None => i128::from(item.quantity),
            };
            (item.sku, others - own)
        });
        held.collect()
    }
}

/// The purchases that were refused for lack of stock, with nothing taken yet.
fn refused_purchases(case: &Case<'_>) -> BTreeMap<Purchase, (Units, Units)> {
    let refused = case.facts.rare.refusals.sold_out.iter();
    let attempts = refused.filter_map(|done| case.attempt_at(*done as usize));
    let purchases = attempts.map(|attempt| Purchase::of(attempt.asked, attempt.begun));
    purchases.map(|purchase| (purchase, <(Units, Units)>::default())).collect()
}

/// Whether a purchase has a live order that may hold the units.
fn has_live_order(case: &Case<'_>, purchase: Purchase) -> bool {
    match purchase {
        Purchase::Intent(intent) => case.facts.intents[intent as usize].live.get().is_some(),
        Purchase::Key(key) => case.facts.keys[key as usize].live.get().is_some(),
        Purchase::Request(_) => false,
    }
}

fn at(units: &Units, sku: SkuRef) -> i128 {
    *units.get(&sku).unwrap_or(&0)
}

fn sent_at<'a>(case: &Case<'a>, event: usize) -> Option<Try<'a>> {
    let is_invoke = matches!(case.history.events[event].what, What::Invoke(_));
    is_invoke.then(|| case.attempt_at(event)).flatten()
}

fn ended_at<'a>(case: &Case<'a>, event: usize) -> Option<Try<'a>> {
    let is_end = matches!(case.history.events[event].what, What::Fail(_));
    is_end.then(|| case.attempt_at(event)).flatten()
}

/// The first attempts with each key that was looked up, so that ten thousand refusals on one key are not ten thousand searches.
#[derive(Default)]
struct Firsts {
    of_keys: BTreeMap<usize, First>,
}

/// The first attempts with a key.
#[derive(Clone, Copy)]
struct First {
    /// When the first one was sent that did not end in doubt.
    sure: Option<u64>,
    /// The first two that were not answered `ok`: their places, and when they were sent.
    refused: [Option<(usize, u64)>; 2],
}

impl Firsts {
    fn with(&mut self, case: &Case<'_>, key: usize) -> First {
        *self.of_keys.entry(key).or_insert_with(|| {
            let attempts = case.attempts_with(key);
            let mut refused = attempts.iter().filter(|attempt| attempt.end != End::Ok);
            let mut next = || refused.next().map(|attempt| (attempt.begun, attempt.invoked));
            First {
                sure: attempts.iter().find(|attempt| !is_unsure(attempt)).map(|attempt| attempt.invoked),
                refused: [next(), next()],
            }
        })
    }
}

/// Whether it is open what a request came to, and others on its key tell.
fn is_unsure(attempt: &Try<'_>) -> bool {
    matches!(attempt.end, End::Fail(Refusal::InFlight | Refusal::Unclear))
}

/// Whether a request that has ended holds no units any more, but those that another one on its key is counted with.
fn holds_nothing(case: &Case<'_>, firsts: &mut Firsts, attempt: &Try<'_>) -> bool {
    if !is_unsure(attempt) || mutant!("false-sold-out/in-flight-is-over") {
        return matches!(attempt.end, End::Fail(_));
    }
    let returned = attempt.returned.unwrap_or(u64::MAX);
    let key = attempt.asked.key.map(|key| key.index());
    let told = key.and_then(|key| firsts.with(case, key).sure);
    told.is_some_and(|sent| sent <= returned) && !mutant!("false-sold-out/twins-tell-nothing")
}

/// Whether a refusal may be the stored answer to another request on its key: it was right when it was first given.
fn may_repeat(case: &Case<'_>, firsts: &mut Firsts, attempt: &Try<'_>) -> bool {
    let contract = &case.history.contract;
    let is_stored = match attempt.said.status {
        Some(status) => contract.stores(status) == Some(true),
        None => contract.stored_errors.as_ref().is_some_and(|stored| !stored.is_empty()),
    };
    if !is_stored {
        return false;
    }
    let returned = attempt.returned.unwrap_or(u64::MAX);
    if mutant!("false-sold-out/repetitions-are-new") {
        return false;
    }
    let is_first = |(begun, sent): (usize, u64)| begun != attempt.begun && sent <= returned;
    let key = attempt.asked.key.map(|key| key.index());
    let refused = key.map_or([None; 2], |key| firsts.with(case, key).refused);
    refused.into_iter().flatten().any(is_first)
}

fn is_sold_out(attempt: &Try<'_>) -> bool {
    attempt.end == End::Fail(Refusal::NoStock)
}

/// What a request asked for: as it says, else as the row of the order says that it was answered with.
fn items<'a>(case: &Case<'a>, attempt: &Try<'_>) -> Option<&'a [Item]> {
    let names = &case.history.names;
    let asked = attempt.asked.payload.and_then(|payload| names.payload_items(payload));
    let answered = || {
        let order = attempt.said.order.filter(|_| attempt.end == End::Ok && !mutant!("false-sold-out/rows-do-not-say-what-was-asked-for"));
        order.and_then(|order| case.order(order.index())?.items)
    };
    asked.or_else(answered).map(|basket| names.items(basket))
}

/// Whether it is not known what a request asked for.
fn is_untold(case: &Case<'_>, attempt: &Try<'_>) -> bool {
    items(case, attempt).is_none() && !mutant!("false-sold-out/what-is-not-said-is-nothing")
}

fn add(case: &Case<'_>, units: &mut Units, attempt: &Try<'_>) {
    for item in items(case, attempt).unwrap_or_default() {
        *units.entry(item.sku).or_default() += i128::from(item.quantity);
    }
}

/// What others may have held while a request was out.
struct Others<'a> {
    held: Units,
    /// What may have been held in addition, by orders that may or may not be counted already.
    perhaps: &'a Units,
    /// What may have come back before.
    back: Units,
    /// How many held something without saying what.
    untold: u64,
}

fn compare(
    case: &Case<'_>,
    tally: &mut Tally,
    attempt: &Try<'_>,
    capacity: &Units,
    others: &Others<'_>,
) {
    let Some(items) = items(case, attempt) else {
        tally.unknown(1, "it is not said what was asked for");
        return;
    };
    let (mut least, mut least_with_back) = (i128::MAX, i128::MAX);
    let mut is_unsure = false;
    for item in items {
        let Some(capacity) = capacity.get(&item.sku) else {
            tally.unknown(
                1,
                "it is not said how much stock there was of something that was asked for",
            );
            return;
        };
        let own = i128::from(item.quantity);
        let held = at(&others.held, item.sku);
        let held = if mutant!("false-sold-out/others-take-nothing") {
            0
        } else {
            held
        };
        let own = if mutant!("false-sold-out/one-unit-is-enough") {
            1
        } else {
            own
        };
        let left = capacity - held - own;
        is_unsure |= left - at(others.perhaps, item.sku) < 0;
        least = least.min(left);
        least_with_back = least_with_back.min(left + at(&others.back, item.sku));
    }
    if least < 0 && least_with_back >= 0 && !mutant!("false-sold-out/cancelled-orders-keep-their-units") {
        let why = "an order was cancelled before, and it is not said when its units came back";
        tally.unknown(1, why);
        return;
    }
    let enough = least >= 0 && !(mutant!("false-sold-out/the-last-unit-is-too-few") && least == 0);
    if enough && is_unsure {
        tally.unknown(1, "an order does not say its key, and may be of no request that is known");
        return;
    }
    if enough && others.untold > 0 && !items.is_empty() {
        tally.unknown(1, "another request does not say what it asked for, and may have held what was left");
        return;
    }
    if enough && !items.is_empty() && !mutant!("false-sold-out/never") {
        tally.violation(attempt.returned.unwrap_or(attempt.invoked), || {
            let why = format!(
                "{} was rejected for lack of stock, and there was enough of everything for it all the while. What is there is sold to the customer who asks for it.",
                case.tell_attempt(attempt.event()),
            );
            let rows = case.stock().unwrap_or_default().iter();
            let own = rows.filter(|row| items.iter().any(|item| item.sku == row.sku));
            own.fold(witness(why).operation(case, attempt.event()), |told, row| told.row(case.tell_stock(row)))
        });
    }
}
