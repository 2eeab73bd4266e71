//! Two distinct intents answered with one order, or a legitimate repeat rejected as a duplicate. Two intents with one key are the
//! client's doing: a service cannot tell them apart.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use history::What;

use crate::case::Case;
use crate::keyed::{End, OnKey, Try};
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let facts = case.facts;
    if facts.counts.intents == 0 {
        tally.not_judged("it is not recorded which purchases were meant");
        return;
    }
    tally.checked(facts.counts.intents_with_order + facts.rare.refusals.duplicates);
    for done in &facts.rare.answers.merged {
        let done = *done as usize;
        let Some(attempt) = case.attempt_at(done) else {
            continue;
        };
        if is_perhaps_merged(case, &attempt) {
            tally.unknown(1, "two requests were answered with one order, and one of them does not say its purchase");
        }
        if let Some(first) = merged_with(case, &attempt) {
            tally.violation(case.time(done), || {
                let why = format!(
                    "{} and {} meant two purchases and were answered with one order. Each purchase is an order of its own.",
                    case.tell_attempt(first),
                    case.tell_attempt(done),
                );
                witness(why).operation(case, first).operation(case, done)
            });
        }
    }
    let first_sent = FirstOthers::default();
    for done in &facts.rare.refusals.taken_for_repeats {
        let done = *done as usize;
        let attempt = case.attempt_at(done).filter(|attempt| attempt.asked.intent.is_some());
        let Some(attempt) = attempt else { continue };
        let key = attempt.asked.key;
        let is_shared = key.is_some_and(|key| facts.keys[key.index()].intent.get().is_none())
            && !mutant!("false-merge/a-shared-key-is-no-excuse");
        let is_repeat = first_sent.is_repeat(case, &attempt) && !mutant!("false-merge/repeats-are-purchases");
        if is_shared || is_repeat || mutant!("false-merge/rejected-repeats-are-fine") {
            continue;
        }
        tally.violation(case.time(done), || {
            let why = format!(
                "{} was rejected as a duplicate at {}, and it was the only request of its purchase so far. A purchase that is meant again is no duplicate.",
                case.tell_attempt(done),
                case.tell_time(case.time(done)),
            );
            witness(why).operation(case, done)
        });
    }
    let why = "a request that does not say its purchase was the first with its key, and was rejected as a duplicate";
    tally.unknown(refused_first(case), why);
    let is_open = |done: &&u32| {
        let intent = case.attempt_at(**done as usize).and_then(|attempt| attempt.asked.intent);
        intent.is_some_and(|intent| {
            let own = &facts.intents[intent.index()];
            !own.ok && own.live.get().is_none()
        })
    };
    let uncoded = facts.gaps.uncoded_refusals.iter().filter(is_open).count();
    let why = "a purchase without an order was refused without a code, perhaps as a repetition of another";
    tally.unknown(uncoded as u64, why);
    let why = "an answer names no order, so that it may be another purchase's";
    tally.unknown(facts.rare.answers.nameless, why);
}

/// How many requests were rejected as duplicates that do not say which purchase they meant, and repeat none by their key.
fn refused_first(case: &Case<'_>) -> u64 {
    if mutant!("false-merge/who-says-no-purchase-repeats-one") {
        return 0;
    }
    let is_silent = |done: &&u32| case.attempt_at(**done as usize).is_some_and(|attempt| attempt.asked.intent.is_none());
    let silent: Vec<u32> = case.facts.rare.refusals.taken_for_repeats.iter().filter(is_silent).copied().collect();
    let is_keyless = |done: &&u32| case.attempt_at(**done as usize).is_some_and(|attempt| attempt.asked.key.is_none());
    let keyless = silent.iter().filter(is_keyless).count();
    let first = |on_key: OnKey<'_>| {
        let is_first = |done: &&usize| {
            let Some(attempt) = case.attempt_at(**done) else { return false };
            // They come as they were sent: if any other was sent before, one of the first two was.
            let mut others = on_key.all.iter().take(2).filter(|other| other.begun != attempt.begun);
            !others.any(|other| Some(other.invoked) <= attempt.returned) || mutant!("false-merge/who-says-no-purchase-never-repeats-one")
        };
        on_key.events.iter().filter(is_first).count()
    };
    let firsts: usize = case.by_key(&silent).into_iter().map(first).sum();
    (keyless + firsts) as u64
}

/// When the first two requests of each purchase were sent that has several. Gathered on first use.
#[derive(Default)]
struct FirstOthers {
    sent: OnceCell<BTreeMap<usize, [(u64, usize); 2]>>,
}

impl FirstOthers {
    /// Whether another request of the same purchase was sent before an attempt was answered.
    fn is_repeat(&self, case: &Case<'_>, attempt: &Try<'_>) -> bool {
        let Some(intent) = attempt.asked.intent.map(|intent| intent.index()) else {
            return false;
        };
        if case.facts.intents[intent].attempts < 2 {
            return false;
        }
        let sent = self.sent.get_or_init(|| {
            let mut sent: BTreeMap<usize, [(u64, usize); 2]> = BTreeMap::new();
            for (begun, event) in case.history.events.iter().enumerate() {
                let What::Invoke(invoke) = &event.what else { continue };
                let several = invoke.intent.filter(|i| case.facts.intents[i.index()].attempts > 1);
                let Some(intent) = several else { continue };
                let own = (event.t, begun);
                sent.entry(intent.index())
                    .and_modify(|[first, second]| {
                        if first == second {
                            *second = own;
                        }
                    })
                    .or_insert([own, own]);
            }
            sent
        });
        let returned = attempt.returned.unwrap_or(u64::MAX);
        let own = sent.get(&intent).into_iter().flatten();
        let mut others = own.filter(|(_, begun)| *begun != attempt.begun);
        others.any(|(t, _)| *t <= returned)
    }
}

/// Whether an attempt was answered with the order of another key or request, and one of the two does not say which purchase it meant.
fn is_perhaps_merged(case: &Case<'_>, attempt: &Try<'_>) -> bool {
    let first = attempt.said.order.and_then(|order| case.facts.orders[order.index()].acked.get());
    let Some(first) = first.and_then(|first| case.attempt_at(first)) else {
        return false;
    };
    let same_key = attempt.asked.key.is_some() && attempt.asked.key == first.asked.key;
    let is_one_silent = attempt.asked.intent.is_some() != first.asked.intent.is_some();
    is_one_silent && !same_key && !mutant!("false-merge/who-says-no-purchase-meant-the-same")
}

/// The first attempt that was answered with the same order and meant another purchase, with another key.
fn merged_with(case: &Case<'_>, attempt: &Try<'_>) -> Option<usize> {
    let order = attempt.said.order?;
    let first = case.attempt_at(case.facts.orders[order.index()].acked.get()?)?;
    let both = attempt.asked.intent.zip(first.asked.intent);
    let other = both.is_some_and(|(a, b)| a != b || mutant!("false-merge/one-intent-is-two"));
    let same_key = attempt.asked.key.is_some() && attempt.asked.key == first.asked.key;
    let ok = attempt.end == End::Ok && first.end == End::Ok;
    let one_key = same_key && !mutant!("false-merge/one-key-is-no-excuse");
    (ok && other && !one_key && !mutant!("false-merge/merged-answers-are-fine"))
        .then(|| first.event())
}
