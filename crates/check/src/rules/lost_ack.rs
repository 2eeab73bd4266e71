//! An `ok` names order o, and the database has no o, or o has another key, tenant or content; or an `ok` names no order at all.

use history::AuditOrder;

use super::partial_order::is_part_of;
use crate::case::{Attempt, Case};
use crate::facts::items_of;
use crate::tally::Tally;
use crate::tell::witness;
use crate::verdict::Witness;

/// What is wrong with an answer.
enum Lost {
    NoOrder,
    Absent,
    Tenant,
    Content,
    Key,
}

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let facts = case.facts;
    let nameless = |done: &&u32| {
        let attempt = case.attempt(**done as usize);
        attempt.is_some_and(|attempt| attempt.said.order.is_none())
    };
    if case.orders().is_none() && !facts.odd_answers.iter().any(|done| nameless(&done)) {
        tally.not_judged("nobody looked which orders the database holds");
        return;
    }
    tally.checked(facts.acknowledgements);
    for done in &facts.odd_answers {
        let done = *done as usize;
        let lost = case
            .attempt(done)
            .and_then(|attempt| Some((attempt, what_is_lost(case, &attempt)?)));
        if let Some((attempt, lost)) = lost {
            tally.violation(attempt.returned, || tell(case, done, &attempt, &lost));
        }
    }
    if case.orders().is_none() {
        let why = "nobody looked which orders the database holds";
        tally.unknown(facts.acknowledgements, why);
    }
}

fn what_is_lost(case: &Case<'_>, attempt: &Attempt<'_>) -> Option<Lost> {
    let Some(order) = attempt.said.order else {
        return Some(Lost::NoOrder).filter(|_| !mutant!("lost-ack/no-order-is-fine"));
    };
    case.orders()?;
    let Some(row) = case.order(order.index()) else {
        return Some(Lost::Absent).filter(|_| !mutant!("lost-ack/absent-is-fine"));
    };
    let tenant = row
        .tenant
        .filter(|_| !mutant!("lost-ack/tenant-does-not-matter"));
    if tenant.is_some_and(|t| t != attempt.asked.tenant) {
        Some(Lost::Tenant)
    } else if has_other_content(case, attempt, row) {
        Some(Lost::Content)
    } else if has_other_key(case, attempt, row) && !mutant!("lost-ack/key-does-not-matter") {
        Some(Lost::Key)
    } else {
        None
    }
}

/// The payloads differ; or, where one of them is not known, the items.
fn has_other_content(case: &Case<'_>, attempt: &Attempt<'_>, row: &AuditOrder) -> bool {
    let names = &case.history.names;
    let asked = attempt.asked.payload;
    let by_name = asked.zip(row.payload);
    if let Some((asked, stored)) = by_name
        && (asked != stored || row.items.is_none())
    {
        return asked != stored && !mutant!("lost-ack/payload-does-not-matter");
    }
    let asked = asked.and_then(|payload| names.payload_items(payload));
    match (asked, items_of(case.history, row)) {
        // An order that lacks a part of what was asked for is a partial one.
        (Some(asked), Some(stored)) if by_name.is_some() => {
            !is_part_of(names.items(stored), names.items(asked))
                && !mutant!("lost-ack/items-do-not-matter")
        }
        (Some(asked), Some(stored)) => names.items(asked) != names.items(stored),
        _ => false,
    }
}

/// Another key is no loss if it was sent for the same purchase: a service may know a purchase by its cart, or a client may make a key
/// per attempt. Where no purchases are known, the key is the purchase.
fn has_other_key(case: &Case<'_>, attempt: &Attempt<'_>, row: &AuditOrder) -> bool {
    let (Some(asked), Some(stored)) = (attempt.asked.key, row.key) else {
        return false;
    };
    if asked == stored {
        return false;
    }
    let sent_for = case.facts.keys[stored.index()].intent;
    match (attempt.asked.intent, sent_for.get()) {
        (Some(mine), Some(theirs)) => mine.index() != theirs,
        (Some(_), None) => sent_for.is_unused(),
        (None, _) => true,
    }
}

fn tell(case: &Case<'_>, done: usize, attempt: &Attempt<'_>, lost: &Lost) -> Witness {
    let who = case.tell_attempt(done);
    let at = case.tell_time(attempt.returned);
    let order = attempt.said.order;
    let order = order.map_or(String::new(), |order| case.tell_order(order.index()));
    let why = match lost {
        Lost::NoOrder => format!(
            "{who} was answered ok at {at}, and the answer names no order. An ok says which order was taken."
        ),
        Lost::Absent => format!(
            "{who} was answered {order} at {at}; the database holds no such order. What was acknowledged is kept."
        ),
        Lost::Tenant => format!(
            "{who} was answered {order} at {at}; the database holds it for another tenant. An answer names the asker's own order."
        ),
        Lost::Content => format!(
            "{who} was answered {order} at {at}; the database holds it with another content. What was acknowledged is kept as it was asked for."
        ),
        Lost::Key => format!(
            "{who} was answered {order} at {at}; the database holds it for another purchase's key. An answer names the order of its own request."
        ),
    };
    let mut told = witness(why).operation(case, done);
    if let Some(row) = attempt.said.order.and_then(|o| case.order(o.index())) {
        told = told.row(case.tell_order_row(row));
    }
    told.intent(case, attempt.asked.intent.map(|intent| intent.index()))
}
