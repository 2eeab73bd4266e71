//! A read that was sent after the `ok` is answered 404, or with other content.

use history::{Completion, OrderRef, TenantRef, What};

use crate::case::Case;
use crate::facts::{Refusal, is_live, is_server_error};
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    if case.facts.rare.others.reads.is_empty() {
        tally.not_judged("no order was read");
        return;
    }
    for done in &case.facts.rare.others.reads {
        let done = *done as usize;
        let Some((tenant, order, invoked)) = asked(case, done) else {
            continue;
        };
        let facts = &case.facts.orders[order.index()];
        let Some(acked) = facts.acked.get() else {
            continue;
        };
        let after = case.time(acked) < invoked || mutant!("stale-read/order-does-not-matter");
        let own = case.acked_to(order) == Some(tenant) || mutant!("stale-read/any-tenant");
        if !after || !own {
            continue;
        }
        // A read without an answer checks nothing.
        let is_answered = match case.history.events[done].what {
            What::Info(_) => false,
            What::Fail(said) => !is_server_error(&case.history.contract, &said),
            _ => true,
        };
        if !is_answered && !mutant!("stale-read/reads-without-an-answer-are-fresh") {
            continue;
        }
        tally.checked(1);
        let row = case.order(order.index());
        let is_cancelled = row.is_some_and(|row| !is_live(row));
        if lacks_body(case, done, acked) {
            tally.unknown(1, "a read or the acknowledgement has no body, so that they cannot be compared");
        }
        if is_unclear(case, done) {
            tally.unknown(1, "a read was refused, and it is not said whether because the order was not found");
            continue;
        }
        if !is_stale(case, done, acked) {
            continue;
        }
        if is_cancelled && !mutant!("stale-read/cancelled-orders-too") {
            let why = "an order that was cancelled was not found as it was acknowledged, and it is not said when it was cancelled";
            tally.unknown(1, why);
        } else {
            tally.violation(case.time(done), || {
                let why = format!(
                    "{} read at {} what had been acknowledged before, and did not find it so. What was acknowledged can be read.",
                    case.tell_attempt(done),
                    case.tell_time(invoked),
                );
                witness(why).operation(case, acked).operation(case, done)
            });
        }
    }
}

fn asked(case: &Case<'_>, done: usize) -> Option<(TenantRef, OrderRef, u64)> {
    let begun = case.facts.links[done].partner.get()?;
    match case.history.events[begun].what {
        What::Read { tenant, order } => Some((tenant, order, case.time(begun))),
        _ => None,
    }
}

fn is_stale(case: &Case<'_>, done: usize, acked: usize) -> bool {
    let What::Ok(first) = case.history.events[acked].what else {
        return false;
    };
    match case.history.events[done].what {
        What::Ok(said) => {
            let other = |a: &Completion, b: &Completion| matches!((a.response, b.response), (Some(a), Some(b)) if a != b);
            let is_seen = case.history.contract.observed.response || mutant!("stale-read/content-is-always-seen");
            is_seen && other(&first, &said) && !mutant!("stale-read/content-does-not-matter")
        }
        What::Fail(said) => {
            let missing = said.status == Some(404)
                || case.facts.refusal(case.history, &said) == Refusal::NotFound
                || mutant!("stale-read/any-failure");
            missing && !mutant!("stale-read/not-found-is-fine")
        }
        _ => false,
    }
}

/// Whether a read was refused, with neither a status nor a code that says why.
fn is_unclear(case: &Case<'_>, done: usize) -> bool {
    let What::Fail(said) = case.history.events[done].what else { return false };
    let is_bare = said.status.is_none() && case.history.contract.observed.status;
    let meaning = case.facts.refusal(case.history, &said);
    is_bare && meaning == Refusal::Definite && !mutant!("stale-read/refusals-need-no-reason")
}

/// Whether a read that was answered, or the acknowledgement, lacks the body that tells whether it is stale.
fn lacks_body(case: &Case<'_>, done: usize, acked: usize) -> bool {
    let body = |event: usize| match case.history.events[event].what {
        What::Ok(said) => Some(said.response),
        _ => None,
    };
    let lacks = matches!((body(acked), body(done)), (Some(None), Some(_)) | (_, Some(None)));
    lacks && case.history.contract.observed.response && !mutant!("stale-read/what-is-not-said-is-fresh")
}
