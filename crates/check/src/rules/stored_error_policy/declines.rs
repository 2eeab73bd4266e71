//! A declined payment that is not stored is asked for again with each request: of a purchase, the ledger holds as many declined charges as
//! there were refusals one after another. Requests that were out at the same time may have shared one.
//!
//! Without intents a key stands for the purchase. A charge that names neither, or that its purchase does not need, may belong to any.

use std::collections::{BTreeMap, BTreeSet};

use history::IntentRef;
use protocol::ChargeState;

use super::stores;
use crate::case::Case;
use crate::facts::{Purchase, Refusal};
use crate::keyed::{End, Try};
use crate::tally::Tally;
use crate::tell::witness;

/// The declined charges of the ledger.
struct Ledger {
    /// How many each intent has.
    own: BTreeMap<usize, u64>,
    /// How many name neither an order nor a purchase.
    nameless: u64,
}

/// The requests of a purchase that were refused with a declined payment that the contract does not store.
#[derive(Default)]
struct Declines<'a> {
    attempts: Vec<Try<'a>>,
    /// Whether one of them does not say its intent, which another with its key does.
    is_assumed: bool,
}

pub(super) fn judge(case: &Case<'_>, tally: &mut Tally) {
    let Some(ledger) = Ledger::of(case) else { return };
    if mutant!("stored-error-policy/declines-do-not-count") {
        return;
    }
    let (purchases, unclear) = declines(case);
    let why = "a refusal of a declined payment does not say its purchase, and its key was sent for several";
    tally.unknown(unclear, why);
    let is_only = purchases.len() == 1 && unclear == 0;
    let needed: BTreeMap<Purchase, u64> = purchases.iter().map(|(purchase, declines)| (*purchase, declines.needed())).collect();
    let mut is_told = false;
    for (purchase, declines) in &purchases {
        tally.checked(1);
        let needed_here = needed[purchase];
        let own = ledger.of_purchase(*purchase);
        if own >= needed_here {
            continue;
        }
        // Where it is not said whose a refusal is, its charge may be any that is not needed elsewhere.
        let is_certain = matches!(purchase, Purchase::Intent(_)) && !declines.is_assumed;
        let spare = match is_certain || mutant!("stored-error-policy/charges-of-others-are-needed") {
            true => 0,
            false => ledger.spare(&needed, *purchase),
        };
        if own + ledger.nameless + spare < needed_here {
            is_told = true;
            let asked = if is_certain { own } else { own + ledger.nameless + spare };
            tell(case, tally, *purchase, declines, needed_here, asked);
        } else if !(is_only && own + ledger.nameless >= needed_here && matches!(purchase, Purchase::Key(_))) {
            tally.unknown(1, "a declined charge names neither an order nor a purchase, or it is not said whose a refusal is");
        }
    }
    // All of them together may need more than there is, although there is enough for each.
    let (needed, asked) = (needed.values().sum::<u64>(), ledger.nameless + ledger.own.values().sum::<u64>());
    if needed > asked && !is_told && !mutant!("stored-error-policy/purchases-do-not-add-up") {
        let mut attempts: Vec<&Try<'_>> = purchases.values().flat_map(|declines| &declines.attempts).collect();
        attempts.sort_by_key(|attempt| attempt.event());
        let events: Vec<usize> = attempts.iter().map(|attempt| attempt.event()).take(4).collect();
        tally.violation(case.audit_time(), || {
            let why = format!(
                "{} purchases were refused {needed} times in all, each one after another, because their payment was declined; the gateway was asked {asked} times. An error that is not stored is found out anew.",
                purchases.len(),
            );
            witness(why).operations(case, &events)
        });
    }
}

fn tell(case: &Case<'_>, tally: &mut Tally, purchase: Purchase, declines: &Declines<'_>, needed: u64, asked: u64) {
    let attempts = &declines.attempts;
    let events: Vec<usize> = attempts.iter().map(Try::event).collect();
    let at = attempts.last().and_then(|attempt| attempt.returned);
    let intent = match purchase {
        Purchase::Intent(intent) => Some(intent as usize),
        _ => None,
    };
    tally.violation(at.unwrap_or(case.audit_time()), || {
        let key = attempts.first().and_then(|attempt| attempt.asked.key);
        let name = match intent {
            Some(intent) => case.history.names.intents.text(intent).into_owned(),
            None => key.map_or(String::new(), |key| format!("of key {}", case.tell_key(key))),
        };
        let why = format!(
            "the purchase {name} was refused {needed} times one after another because its payment was declined; the gateway was asked {asked} times. An error that is not stored is found out anew.",
        );
        witness(why).operations(case, &events[..events.len().min(4)]).intent(case, intent)
    });
}

impl Ledger {
    /// `None` if no payment was declined: the ledger may not tell of those.
    fn of(case: &Case<'_>) -> Option<Ledger> {
        let mut ledger = Ledger { own: BTreeMap::new(), nameless: 0 };
        let declined = case.charges()?.iter().filter(|charge| charge.state == ChargeState::Declined);
        for charge in declined {
            match case.intent_of(charge) {
                Some(intent) => *ledger.own.entry(intent).or_default() += 1,
                None => ledger.nameless += 1,
            }
        }
        (ledger.nameless > 0 || !ledger.own.is_empty()).then_some(ledger)
    }

    fn of_purchase(&self, purchase: Purchase) -> u64 {
        match purchase {
            Purchase::Intent(intent) => self.own.get(&(intent as usize)).copied().unwrap_or(0),
            _ => 0,
        }
    }

    /// How many charges name another intent that does not need them.
    fn spare(&self, needed: &BTreeMap<Purchase, u64>, purchase: Purchase) -> u64 {
        let others = self.own.iter().map(|(intent, own)| (Purchase::Intent(*intent as u32), *own));
        let others = others.filter(|(other, _)| *other != purchase);
        others.map(|(other, own)| own.saturating_sub(needed.get(&other).copied().unwrap_or(0))).sum()
    }
}

impl Declines<'_> {
    /// How often the gateway must have been asked.
    fn needed(&self) -> u64 {
        let mut last = None;
        let mut needed = 0;
        for attempt in &self.attempts {
            if last.is_none_or(|last| last < attempt.invoked) {
                needed += 1;
                last = attempt.returned;
            }
        }
        needed
    }
}

/// The declines of each purchase, and how many refusals have a key of several purchases and do not say which of them they mean.
fn declines<'a>(case: &Case<'a>) -> (BTreeMap<Purchase, Declines<'a>>, u64) {
    let mut purchases: BTreeMap<Purchase, Declines<'a>> = BTreeMap::new();
    let mut unclear = 0;
    for key in &case.facts.rare.keys.refused {
        let all = case.attempts_with(*key as usize);
        let said: BTreeSet<IntentRef> = all.iter().filter_map(|attempt| attempt.asked.intent).collect();
        for attempt in all {
            let is_declined = attempt.end == End::Fail(Refusal::Declined) && stores(case, &attempt.said) == Some(false);
            if !is_declined {
                continue;
            }
            let is_silent = attempt.asked.intent.is_none();
            if is_silent && mutant!("stored-error-policy/who-says-no-purchase-has-none") {
                continue;
            }
            let sole = said.first().filter(|_| said.len() == 1);
            let purchase = match attempt.asked.intent.as_ref().or(sole) {
                Some(intent) => Purchase::Intent(intent.index() as u32),
                None if said.is_empty() => Purchase::Key(*key),
                None => {
                    unclear += 1;
                    continue;
                }
            };
            let declines = purchases.entry(purchase).or_default();
            declines.is_assumed |= is_silent && !mutant!("stored-error-policy/who-says-no-purchase-has-that-of-the-key");
            declines.attempts.push(attempt);
        }
    }
    for declines in purchases.values_mut() {
        declines.attempts.sort_by_key(|attempt| attempt.returned);
    }
    (purchases, unclear)
}
