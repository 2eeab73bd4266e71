//! An answer to one tenant carries an order of another; or one tenant's use of a key changes what another is answered.

use history::{KeyRef, What};

use crate::case::Case;
use crate::keyed::{End, Try};
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let facts = case.facts;
    if !facts.has_tenants {
        tally.not_judged("only one tenant took part");
        return;
    }
    tally.checked(facts.acknowledgements + facts.rare.reads.len() as u64);
    let mut answers: Vec<u32> = facts
        .odd_answers
        .iter()
        .chain(&facts.rare.leaked)
        .copied()
        .collect();
    answers.sort_unstable();
    answers.dedup();
    for done in answers {
        if let Some(attempt) = case.attempt_at(done as usize)
            && carries_foreign(case, &attempt)
        {
            tell_order(case, tally, done as usize, attempt.said.order);
        }
    }
    judge_reads(case, tally);
    judge_keys(case, tally);
    if case.orders().is_none() {
        tally.unknown(facts.acknowledgements, "nobody looked whose the orders are");
    }
}

/// Whether an `ok` names an order of another tenant: by its row, or else by the first `ok` that named it.
fn carries_foreign(case: &Case<'_>, attempt: &Try<'_>) -> bool {
    let Some(order) = attempt.said.order.map(|order| order.index()) else {
        return false;
    };
    let by_row = case.order(order).and_then(|row| row.tenant);
    let by_row = by_row.filter(|_| !mutant!("cross-tenant/rows-do-not-count"));
    let by_answer = case.facts.orders[order].acked_to.get();
    let by_answer = by_answer.filter(|_| !mutant!("cross-tenant/answers-do-not-count"));
    let owner = by_row.map(|tenant| tenant.index()).or(by_answer);
    owner.is_some_and(|owner| owner != attempt.asked.tenant.index())
}

fn tell_order(case: &Case<'_>, tally: &mut Tally, done: usize, order: Option<history::OrderRef>) {
    tally.violation(case.time(done), || {
        let why = format!(
            "{} was answered with an order of another tenant at {}. A tenant sees what is its own.",
            case.tell_attempt(done),
            case.tell_time(case.time(done)),
        );
        let row = order.and_then(|order| case.order(order.index()));
        let told = witness(why).operation(case, done);
        let told = row.map_or(told.clone(), |row| told.row(case.tell_order_row(row)));
        let acked = order.and_then(|order| case.facts.orders[order.index()].acked.get());
        match acked.filter(|acked| *acked != done) {
            Some(acked) => told.operation(case, acked),
            None => told,
        }
    });
}

/// A read of another tenant's order that was answered.
fn judge_reads(case: &Case<'_>, tally: &mut Tally) {
    for done in &case.facts.rare.reads {
        let done = *done as usize;
        let begun = case.facts.links[done]
            .partner
            .get()
            .map(|begun| case.history.events[begun].what);
        let (Some(What::Read { tenant, order }), What::Ok(_)) =
            (begun, case.history.events[done].what)
        else {
            continue;
        };
        let row = case.order(order.index()).and_then(|row| row.tenant);
        let owner = row
            .map(|t| t.index())
            .or(case.facts.orders[order.index()].acked_to.get());
        if owner.is_some_and(|owner| owner != tenant.index())
            && !mutant!("cross-tenant/reads-do-not-count")
        {
            tell_order(case, tally, done, Some(order));
        }
    }
}

/// A refusal that nothing of the tenant's own explains, of a key that another tenant used.
fn judge_keys(case: &Case<'_>, tally: &mut Tally) {
    let rare = &case.facts.rare;
    for done in rare.mismatches.iter().chain(&rare.stuck) {
        let done = *done as usize;
        let Some(attempt) = case.attempt_at(done) else {
            continue;
        };
        let Some(key) = attempt.asked.key else {
            continue;
        };
        let is_mismatch = rare.mismatches.contains(&(done as u32));
        let own = case.attempts_with(key.index());
        let alone = match is_mismatch {
            true => !case.facts.keys[key.index()].reused,
            false => !own.iter().any(|a| {
                a.begun != attempt.begun && !matches!(a.end, End::Fail(r) if r.is_no_holder())
            }),
        };
        if alone
            && !mutant!("cross-tenant/keys-may-meet")
            && let Some(other) = namesake(case, key, attempt.invoked.max(case.time(done)))
        {
            tally.violation(case.time(done), || {
                let why = format!(
                    "{} was refused at {} for a key that only another tenant had used so. A tenant's key is its own.",
                    case.tell_attempt(done),
                    case.tell_time(case.time(done)),
                );
                witness(why).operation(case, done).operation(case, other)
            });
        }
    }
}

/// An attempt of another tenant with a key of the same text, sent before.
fn namesake(case: &Case<'_>, key: KeyRef, before: u64) -> Option<usize> {
    let names = &case.history.names;
    let text = names.key_text(key);
    let mut others = (0..names.keys.len()).filter(|other| *other != key.index());
    others.find_map(|other| {
        let begun = case.facts.keys[other].last_invoke.get()?;
        let same = names.key_text(KeyRef::new(other as u32)) == text;
        same.then(|| case.attempts_with(other).first().map(|a| a.begun))
            .flatten()
            .filter(|b| {
                let _ = begun;
                case.time(*b) <= before
            })
    })
}
