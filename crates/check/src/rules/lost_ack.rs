//! An `ok` names order o, and the database has no o, or o has another key, tenant or content; or an `ok` names no order at all. Where the
//! contract says that acknowledged orders are final, o is not cancelled either, unless that was asked for. Or the `ok` was to a
//! cancellation, and the order is live; or to a refund that was not given; or to either, and there is no such order.

mod refunds;
mod unseen;

use std::cell::RefCell;
use std::collections::BTreeMap;

use history::{AuditOrder, OrderRef, TenantRef, What};

use super::phantom_order::are_items_asked;
use crate::case::{Attempt, Case};
use crate::facts::{Content, Purchase, is_live, is_part_of, items_of};
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
    Cancelled,
}

/// What an answer comes to.
enum Judged {
    Kept,
    Lost(Lost),
    /// The row says too little to tell whether it is the asker's own.
    Unclear,
}

const SAYS_TOO_LITTLE: &str = "an order says too little to tell whether it is the one that was asked for";

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let facts = case.facts;
    let is_seen = case.history.contract.observed.order || mutant!("lost-ack/what-was-not-seen-is-missing");
    if !is_seen {
        match unseen::beyond_orders(case) {
            0 => tally.not_judged("the recorder did not see which orders answers name"),
            purchases => tally.unknown(purchases, "more was acknowledged than there are orders, and it was not seen which orders answers name"),
        }
        return;
    }
    if case.orders().is_none() && facts.rare.answers.nameless == 0 {
        tally.not_judged("the orders were not looked at");
        return;
    }
    tally.checked(facts.answers.acknowledgements);
    let others = Others::of(case);
    for done in &facts.answers.odd {
        let done = *done as usize;
        let Some(attempt) = case.attempt(done) else { continue };
        match judge(case, &attempt, &others) {
            Judged::Kept => {}
            Judged::Lost(lost) => tally.violation(attempt.returned, || tell(case, done, &attempt, &lost)),
            Judged::Unclear => tally.unknown(1, SAYS_TOO_LITTLE),
        }
    }
    tally.unknown(perhaps_of_others(case, &others), SAYS_TOO_LITTLE);
    judge_final(case, tally);
    judge_cancelled(case, tally);
    refunds::judge(case, tally);
    if case.orders().is_none() {
        tally.unknown(facts.answers.acknowledgements, "the orders were not looked at");
    }
}

/// Orders that were acknowledged, and cancelled although that was not asked for.
fn judge_final(case: &Case<'_>, tally: &mut Tally) {
    if !case.history.contract.is_final || mutant!("lost-ack/nothing-is-final") {
        return;
    }
    let asked = case.cancelled_on_request();
    for row in case.orders().unwrap_or_default() {
        let is_asked = asked.contains(&row.id) && !mutant!("lost-ack/cancellations-are-never-asked-for");
        let acked = case.facts.orders[row.id.index()].acked.get();
        let Some(done) = acked.filter(|_| !is_live(row) && !is_asked) else {
            continue;
        };
        if let Some(attempt) = case.attempt(done) {
            tally.violation(attempt.returned, || tell(case, done, &attempt, &Lost::Cancelled));
        }
    }
}

/// Orders that are live in the database although a client was told that they are cancelled.
fn judge_cancelled(case: &Case<'_>, tally: &mut Tally) {
    for (done, order) in case.told_cancelled() {
        tally.checked(1);
        if is_of_no_order(case, order) && !mutant!("lost-ack/orders-that-are-not-there-may-be-cancelled") {
            tell_no_order(case, tally, done, order, "cancelled");
            continue;
        }
        let row = case.order(order.index()).filter(|row| is_live(row));
        let Some(row) = row.filter(|_| !mutant!("lost-ack/cancellations-may-be-lost")) else {
            continue;
        };
        tally.violation(case.time(done), || {
            let why = format!(
                "{} was told at {} that {} is cancelled; the database holds it live. What was acknowledged is done.",
                case.tell_attempt(done),
                case.tell_time(case.time(done)),
                case.tell_order(order.index()),
            );
            witness(why).operation(case, done).order_row(case, row)
        });
    }
}

/// Whether the database lacks an order.
fn is_of_no_order(case: &Case<'_>, order: OrderRef) -> bool {
    case.orders().is_some() && case.order(order.index()).is_none()
}

/// A client was told that something was done to an order which is not there.
fn tell_no_order(case: &Case<'_>, tally: &mut Tally, done: usize, order: OrderRef, what: &str) {
    tally.violation(case.time(done), || {
        let why = format!(
            "{} was told at {} that {} is {what}; the database holds no such order. What was acknowledged is done.",
            case.tell_attempt(done),
            case.tell_time(case.time(done)),
            case.tell_order(order.index()),
        );
        witness(why).operation(case, done)
    });
}

fn judge(case: &Case<'_>, attempt: &Attempt<'_>, others: &Others) -> Judged {
    match what_is_lost(case, attempt) {
        Some(lost) => Judged::Lost(lost),
        None if is_unclear(case, attempt, others) => Judged::Unclear,
        None => Judged::Kept,
    }
}

/// How many answers name an order that is as it was asked for, does not say its key, and may be another purchase's. Where every purchase
/// was answered with an order of its own, none is.
fn perhaps_of_others(case: &Case<'_>, others: &Others) -> u64 {
    let facts = case.facts;
    if !others.have_keys && facts.rare.answers.merged.is_empty() && facts.are_all_acknowledged() {
        return 0;
    }
    let answers = facts.answers.keyless.iter();
    let attempts = answers.filter_map(|done| case.attempt(*done as usize));
    attempts.filter(|attempt| is_unclear(case, attempt, others)).count() as u64
}

/// Whether the row may as well be the order of another purchase. It says neither its key nor its purchase, although other rows do; or
/// another purchase that asked for the same got no order that is known to be its own.
fn is_unclear(case: &Case<'_>, attempt: &Attempt<'_>, others: &Others) -> bool {
    let order = attempt.said.order.and_then(|order| case.order(order.index()));
    let leaves_out = |row: &AuditOrder| {
        row.tenant.is_none() && case.facts.run.has_tenants || row.items.is_none() && are_items_asked(case, row)
    };
    if order.is_some_and(|row| leaves_out(row) || may_be_of_another_payload(case, attempt, row)) {
        return true;
    }
    if order.is_some_and(|row| is_perhaps_of_another_key(case, attempt, row)) {
        return true;
    }
    let Some(row) = order.filter(|row| row.key.is_none() && row.intent.is_none()) else {
        return false;
    };
    if attempt.asked.key.is_none() {
        return false;
    }
    let facts = case.facts;
    let place = facts.orders[row.id.index()].row.get().map(|row| row as u32);
    let leaves_out_key = place.is_some_and(|row| facts.gaps.keyless.binary_search(&row).is_ok());
    // Two purchases were told that it is theirs.
    if facts.is_named_for_many(case.history, row.id.index()) {
        return true;
    }
    if !leaves_out_key {
        return false;
    }
    (others.have_keys || others.may_own(case, row)) && !mutant!("lost-ack/rows-without-a-key-are-right")
}

/// A content, and a tenant, as far as an order says them.
type Group = (Option<Content>, Option<TenantRef>);

/// Whether an order without a key may be of another purchase than the one that was answered with it.
struct Others {
    /// Whether other orders say their keys.
    have_keys: bool,
    /// By content and tenant: whether a purchase may have asked for it that was not answered ok. Many orders have one content.
    open: RefCell<BTreeMap<Group, bool>>,
}

impl Others {
    fn of(case: &Case<'_>) -> Others {
        let orders = case.orders().unwrap_or_default();
        Others {
            have_keys: orders.iter().any(|order| order.key.is_some()),
            open: RefCell::default(),
        }
    }

    fn may_own(&self, case: &Case<'_>, row: &AuditOrder) -> bool {
        if case.facts.are_all_acknowledged() {
            return false;
        }
        let asked = case.facts.asked(case.history);
        let content = asked.content_of(case.history, row);
        let is_open = |other: Purchase| !is_acknowledged(case, other);
        let any = || match content {
            Some(content) => asked.for_content(content, row.tenant).chain(asked.blind(row.tenant)).any(is_open),
            None => asked.all().into_iter().any(is_open),
        };
        *self.open.borrow_mut().entry((content, row.tenant)).or_insert_with(any)
    }
}

/// Whether a row does not say which of two payloads it is of that were asked for with the same items, as where only the address differs.
fn may_be_of_another_payload(case: &Case<'_>, attempt: &Attempt<'_>, row: &AuditOrder) -> bool {
    if row.payload.is_some() || attempt.asked.payload.is_none() || mutant!("lost-ack/items-are-the-payload") {
        return false;
    }
    let asked = case.facts.asked(case.history);
    let content = asked.content_of(case.history, row);
    content.is_some_and(|content| asked.is_renamed(content, Purchase::of(attempt.asked, attempt.begun)))
}

/// Whether a purchase was answered with an order.
fn is_acknowledged(case: &Case<'_>, purchase: Purchase) -> bool {
    match purchase {
        Purchase::Intent(intent) => case.facts.intents[intent as usize].ok,
        Purchase::Key(key) => case.facts.keys[key as usize].first_ok.get().is_some(),
        Purchase::Request(begun) => {
            let done = case.facts.links[begun as usize].partner.get();
            done.is_some_and(|done| matches!(case.history.events[done].what, What::Ok(_)))
        }
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
        (Some(asked), Some(stored)) if by_name.is_some() || case.history.contract.split => {
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

/// Whether an order has another key than an attempt that says its intent, and no request with that key says its own: it may have been the
/// same purchase.
fn is_perhaps_of_another_key(case: &Case<'_>, attempt: &Attempt<'_>, row: &AuditOrder) -> bool {
    let (Some(asked), Some(stored)) = (attempt.asked.key, row.key) else {
        return false;
    };
    asked != stored
        && attempt.asked.intent.is_some()
        && row.intent != attempt.asked.intent
        && case.facts.keys[stored.index()].is_purchase()
        && !mutant!("lost-ack/a-key-without-an-intent-is-the-askers")
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
        Lost::Cancelled => format!(
            "{who} was answered {order} at {at}; the database holds it cancelled, and no client asked for that. What was acknowledged is final, by contract."
        ),
    };
    let mut told = witness(why).operation(case, done);
    if let Some(row) = attempt.said.order.and_then(|o| case.order(o.index())) {
        told = told.order_row(case, row);
    }
    told.intent(case, attempt.asked.intent.map(|intent| intent.index()))
}
