//! Two live orders for one scoped key created less than the time to live apart; or for one intent, whatever the keys; or two `ok` of
//! one key and payload inside the time to live that name different orders. Each order that is one too many counts once.

use history::KeyRef;

use crate::case::Case;
use crate::facts::{Clause, ExtraOrder};
use crate::tally::Tally;
use crate::tell::witness;
use crate::verdict::Witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let facts = case.facts;
    for extra in &facts.extra_orders {
        tally.violation(extra.at, || tell(case, extra));
    }
    if case.orders().is_none() {
        if facts.acknowledgements == 0 {
            tally.not_judged("there are no orders to compare, neither answered nor audited");
        }
        tally.checked(facts.repeats);
        let why = "without the orders of the audit, an order that was never answered is unseen";
        tally.unknown(facts.acknowledgements, why);
        return;
    }
    tally.checked(facts.counts.orders);
    let why = "two orders of one key, and nobody says when they were created";
    tally.unknown(facts.undated_pairs, why);
}

fn tell(case: &Case<'_>, extra: &ExtraOrder) -> Witness {
    let (order, other) = (extra.order as usize, extra.other as usize);
    let names = &case.history.names;
    let pair = format!(
        "orders {} and {}",
        names.orders.text(other),
        names.orders.text(order)
    );
    let group = extra.group as usize;
    let why = match extra.clause {
        Clause::Intent => format!(
            "the database holds {pair} for the one purchase {}. A purchase that was meant once is one order, whatever its keys.",
            names.intents.text(group)
        ),
        Clause::Crowd => format!(
            "the database holds {pair} and more live orders than there were purchases that sent their request. Each purchase is one order."
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
    let mut told = witness(why);
    for order in [other, order] {
        if let Some(done) = first_answer(case, order) {
            told = told.operation(case, done);
        }
        if let Some(row) = case.order(order) {
            told = told.row(case.tell_order_row(row));
        }
    }
    told.intent(case, case.facts.orders[order].intent.get())
}

/// The first `ok` that named an order. A search through all events, which the few witnesses that are kept can afford.
fn first_answer(case: &Case<'_>, order: usize) -> Option<usize> {
    let events = case.history.events.iter();
    let mut named = events.enumerate().filter(|(_, event)| {
        matches!(event.what, history::What::Ok(said) if said.order.is_some_and(|o| o.index() == order))
    });
    named.next().map(|(event, _)| event)
}
