//! Two live orders for one scoped key created less than the time to live apart; or for one intent, whatever the keys; or two `ok` of
//! one key and payload inside the time to live that name different orders. Each order that is one too many counts once.

use history::KeyRef;

use crate::attempts::{Subject, Whose, behind};
use crate::case::Case;
use crate::facts::{Clause, ExtraOrder, KeyFacts, is_live};
use crate::tally::Tally;
use crate::tell::witness;
use crate::verdict::Witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let facts = case.facts;
    // They come by time, so the first of them are those whose witnesses are kept.
    let shown = facts.extras.orders.iter().take(tally.witnesses_max());
    let subjects: Vec<Subject> = shown.map(|extra| subject(case, extra)).collect();
    let attempts = behind(case, &subjects);
    for (place, extra) in facts.extras.orders.iter().enumerate() {
        let is_ignored = match extra.clause {
            Clause::Intent => mutant!("duplicate-order/intents-do-not-count"),
            Clause::Crowd => mutant!("duplicate-order/crowds-do-not-count"),
            Clause::Split => mutant!("duplicate-order/splits-do-not-count"),
            Clause::Key => mutant!("duplicate-order/keys-do-not-count"),
            Clause::Answers => mutant!("duplicate-order/answers-do-not-count"),
        };
        if is_ignored {
            continue;
        }
        tally.violation(extra.at, || {
            let attempts = attempts.get(place).map_or(&[][..], Vec::as_slice);
            tell(case, extra, attempts)
        });
    }
    if case.orders().is_none() {
        if facts.answers.acknowledgements == 0 {
            tally.not_judged("there are no orders to compare, neither answered nor audited");
        }
        tally.checked(facts.answers.repeats);
        let why = "without the orders of the audit, an order that was never answered is unseen";
        tally.unknown(facts.answers.acknowledgements, why);
        return;
    }
    tally.checked(facts.counts.orders);
    let why = "two orders of one key, and it is not known how far apart they were created";
    tally.unknown(facts.extras.undated_pairs, why);
    let why = "an order does not say its key, and there is room for it only if the key was forgotten and used anew";
    tally.unknown(facts.gaps.further_lives, why);
    let why = "an order does not say its key, and may be the second of a purchase that has one";
    tally.unknown(facts.gaps.perhaps_second.len() as u64, why);
    let why = "an order does not say its key, and its purchase shared one with another";
    tally.unknown(of_shared_keys(case).len() as u64, why);
    let why = "an answer does not name its order, which may be a second one";
    tally.unknown(facts.rare.answers.nameless, why);
    let why = "an order says neither its key nor what is in it, so that it cannot be counted";
    tally.unknown(facts.extras.unattributed.len() as u64, why);
}

/// The live orders without a key that are, or may be, of a purchase whose key was sent for another one too.
pub(super) fn of_shared_keys(case: &Case<'_>) -> Vec<u32> {
    let facts = case.facts;
    if facts.gaps.keyless.is_empty() || facts.counts.intents == 0 {
        return Vec::new();
    }
    let rows = case.orders().unwrap_or_default();
    let is_for_several = |key: &KeyFacts| match mutant!("duplicate-order/a-key-without-intents-is-shared") {
        true => key.intent.is_many(),
        false => key.is_shared(),
    };
    let are_shared = facts.keys.iter().any(is_for_several);
    let is_shared = |row: &u32| {
        let order = &rows[*row as usize];
        let intent = facts.orders[order.id.index()].intent.get();
        let own = intent.map(|intent| facts.intents[intent].key);
        is_live(order)
            && match own.map(|own| (own, own.get())) {
                None => are_shared,
                Some((_, Some(key))) => facts.keys[key].is_shared(),
                Some((own, None)) => !own.is_unused(),
            }
    };
    facts.gaps.keyless.iter().copied().filter(is_shared).collect()
}

/// Whose attempts made the two orders.
fn subject(case: &Case<'_>, extra: &ExtraOrder) -> Subject {
    let whose = match extra.clause {
        Clause::Intent => Whose::Intent(extra.group as usize),
        Clause::Key | Clause::Answers => Whose::Key(KeyRef::new(extra.group)),
        Clause::Crowd | Clause::Split => {
            let key = case.order(extra.order as usize).and_then(|row| row.key);
            key.map_or(Whose::Unknown, Whose::Key)
        }
    };
    Subject {
        orders: [extra.other, extra.order].map(|order| Some(order as usize)),
        whose,
    }
}

fn tell(case: &Case<'_>, extra: &ExtraOrder, attempts: &[usize]) -> Witness {
    let (order, other) = (extra.order as usize, extra.other as usize);
    let names = &case.history.names;
    let row = |order: usize| case.facts.orders[order].row.get();
    let mut both = [other, order];
    both.sort_by_key(|order| row(*order));
    let [one, two] = both.map(|order| names.orders.text(order));
    let pair = format!("orders {one} and {two}");
    let group = extra.group as usize;
    let why = match extra.clause {
        Clause::Intent => format!(
            "the database holds {pair} for the one purchase {}. A purchase that was meant once is one order, whatever its keys.",
            names.intents.text(group)
        ),
        Clause::Crowd => format!(
            "the database holds {pair}, and more live orders like them than there were purchases that asked for one. Each purchase is one order."
        ),
        Clause::Split => format!(
            "the database holds {pair}, which together have more than their purchase asked for. What is split is still bought once."
        ),
        Clause::Key => format!(
            "the database holds {pair} for {}. Inside its time to live a key is one order.",
            case.tell_key(KeyRef::new(extra.group))
        ),
        Clause::Answers => format!(
            "{} was answered {pair}. Inside its time to live a key is one order.",
            case.tell_key(KeyRef::new(extra.group))
        ),
    };
    let mut told = witness(why).operations(case, attempts);
    for order in [other, order] {
        if let Some(row) = case.order(order) {
            told = told.order_row(case, row);
        }
    }
    told.intent(case, case.facts.orders[order].intent.get())
}
