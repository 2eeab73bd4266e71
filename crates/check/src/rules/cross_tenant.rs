//! An answer to one tenant carries an order of another, or says that it was cancelled or refunded; or one tenant's use of a key changes
//! what another is answered.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use history::{BasketRef, Invoke, KeyRef, Label, OrderRef, ResponseRef, TenantRef, What};

use crate::case::Case;
use crate::facts::Refusal;
use crate::keyed::{End, Try};
use crate::tally::Tally;
use crate::tell::witness;

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    let facts = case.facts;
    if !facts.run.has_tenants {
        tally.not_judged("only one tenant took part");
        return;
    }
    tally.checked(facts.answers.acknowledgements + facts.rare.others.reads.len() as u64);
    let mut answers: Vec<u32> = facts
        .answers.odd
        .iter()
        .chain(&facts.rare.answers.leaked)
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
    judge_changes(case, tally);
    judge_keys(case, tally);
    judge_bodies(case, tally);
    let why = "an order does not say whose it is";
    tally.unknown(facts.gaps.tenantless, why);
    let are_seen = case.history.contract.observed.response || mutant!("cross-tenant/bodies-are-always-asked-for");
    let are_some_told = are_seen && facts.gaps.bodiless_oks < facts.answers.acknowledgements;
    let bodiless = if are_some_told { facts.gaps.bodiless_oks } else { 0 };
    tally.unknown(bodiless, "an answer has no body, which others have, so that it may be another tenant's");
    let why = "an answer does not name its order, so that it may be another tenant's";
    tally.unknown(facts.rare.answers.nameless, why);
    if case.orders().is_none() {
        tally.unknown(facts.answers.acknowledgements, "it was not looked at whose the orders are");
    }
}

/// Whether an `ok` names an order of another tenant: by its row, or else by the first `ok` that named it.
fn carries_foreign(case: &Case<'_>, attempt: &Try<'_>) -> bool {
    let Some(order) = attempt.said.order else {
        return false;
    };
    let by_row = case.order(order.index()).and_then(|row| row.tenant);
    let by_row = by_row.filter(|_| !mutant!("cross-tenant/rows-do-not-count"));
    let by_answer = case.acked_to(order);
    let by_answer = by_answer.filter(|_| !mutant!("cross-tenant/answers-do-not-count"));
    let owner = by_row.or(by_answer);
    owner.is_some_and(|owner| owner != attempt.asked.tenant)
}

fn tell_order(case: &Case<'_>, tally: &mut Tally, done: usize, order: Option<OrderRef>) {
    tally.violation(case.time(done), || {
        let why = format!(
            "{} was answered with an order of another tenant at {}. A tenant sees what is its own.",
            case.tell_attempt(done),
            case.tell_time(case.time(done)),
        );
        let row = order.and_then(|order| case.order(order.index()));
        let told = witness(why).operation(case, done);
        let told = row.map_or(told.clone(), |row| told.order_row(case, row));
        let acked = order.and_then(|order| case.facts.orders[order.index()].acked.get());
        match acked.filter(|acked| *acked != done) {
            Some(acked) => told.operation(case, acked),
            None => told,
        }
    });
}

/// A read of another tenant's order that was answered.
fn judge_reads(case: &Case<'_>, tally: &mut Tally) {
    for done in &case.facts.rare.others.reads {
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
        let is_foreign = is_foreign(case, order, tenant) && !mutant!("cross-tenant/reads-do-not-count");
        if is_foreign {
            tell_order(case, tally, done, Some(order));
        }
    }
}

/// Whether an order is another tenant's: by its row, or else by the first `ok` that named it.
fn is_foreign(case: &Case<'_>, order: OrderRef, tenant: TenantRef) -> bool {
    let row = case.order(order.index()).and_then(|row| row.tenant);
    let owner = row.or(case.acked_to(order));
    owner.is_some_and(|owner| owner != tenant)
}

/// A cancellation or a refund of another tenant's order that was answered ok.
fn judge_changes(case: &Case<'_>, tally: &mut Tally) {
    let refunds = case.history.refund_requests.as_slice();
    let rare = &case.facts.rare;
    for begun in rare.others.cancels.iter().chain(&rare.others.refunds).map(|begun| *begun as usize) {
        let (order, tenant) = match case.history.events[begun].what {
            What::Cancel { tenant, order } => (order, tenant),
            What::Refund(number) => (refunds[number as usize].order, refunds[number as usize].tenant),
            _ => continue,
        };
        let done = case.facts.links[begun].partner.get();
        let Some(done) = done.filter(|done| matches!(case.history.events[*done].what, What::Ok(_))) else {
            continue;
        };
        tally.checked(1);
        if is_foreign(case, order, tenant) && !mutant!("cross-tenant/changes-do-not-count") {
            tell_order(case, tally, done, Some(order));
        }
    }
}

/// A refusal that nothing of the tenant's own explains, of a key that another tenant used.
fn judge_keys(case: &Case<'_>, tally: &mut Tally) {
    let rare = &case.facts.rare;
    let copies = case.history.coverage.count(Label::DuplicateDelivered) > 0;
    let (namesakes, contents) = (Namesakes::default(), Contents::default());
    let lists = [
        (&rare.refusals.mismatches, Refusal::Mismatch),
        (&rare.refusals.stuck, Refusal::InFlight),
        (&rare.refusals.taken_for_repeats, Refusal::Duplicate),
    ];
    for (list, meaning) in lists {
        for on_key in case.by_key(list) {
            let is_reused = case.facts.keys[on_key.key].reused;
            let mut others = on_key.all.iter().filter(|a| !matches!(a.end, End::Fail(r) if r.is_no_holder()));
            let holder = others.next().map(|a| a.begun);
            let has_others = others.next().is_some();
            for done in &on_key.events {
                let Some(attempt) = case.attempt_at(*done) else { continue };
                let is_alone = match meaning {
                    Refusal::Mismatch => !is_reused,
                    _ => !has_others && holder.is_none_or(|begun| begun == attempt.begun),
                };
                // Asked first, because the namesakes of all keys are more memory than all else that the judge holds.
                if !is_alone || mutant!("cross-tenant/keys-may-meet") {
                    continue;
                }
                let key = KeyRef::new(on_key.key as u32);
                let Some(other) = namesakes.before(case, key, case.time(*done)) else {
                    continue;
                };
                // A service may take for a repetition what it knows by its content, whatever the key.
                if meaning == Refusal::Duplicate && contents.are_repeated(case, &attempt) {
                    continue;
                }
                if attempt.end == End::Fail(Refusal::Unclear) && !mutant!("cross-tenant/what-is-unclear-is-in-flight") {
                    tally.unknown(1, "a request was refused, and it is not said whether because another is in flight, which could only be another tenant's");
                    continue;
                }
                if copies && meaning != Refusal::Mismatch && !mutant!("cross-tenant/copies-explain-nothing") {
                    tally.unknown(1, "a request was refused as a repetition, and the network duplicated requests, so that it may be its own copy's");
                } else {
                    tell_key(case, tally, *done, other);
                }
            }
        }
    }
}

fn tell_key(case: &Case<'_>, tally: &mut Tally, done: usize, other: usize) {
    tally.violation(case.time(done), || {
        let why = format!(
            "{} was refused at {} for a key that only another tenant had used so. A tenant's key is its own.",
            case.tell_attempt(done),
            case.tell_time(case.time(done)),
        );
        witness(why).operation(case, done).operation(case, other)
    });
}

/// Keys by their text, with the first attempt on each. Gathered on first use.
#[derive(Default)]
struct Namesakes {
    by_text: OnceCell<BTreeMap<String, Vec<(usize, usize)>>>,
}

impl Namesakes {
    /// An attempt of another tenant with a key of the same text, sent before.
    fn before(&self, case: &Case<'_>, key: KeyRef, before: u64) -> Option<usize> {
        let names = &case.history.names;
        let by_text = self.by_text.get_or_init(|| {
            let mut by_text: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
            for (event, what) in case.history.events.iter().enumerate() {
                let What::Invoke(invoke) = &what.what else { continue };
                let Some(key) = invoke.key else { continue };
                let own = by_text.entry(names.key_text(key).into_owned()).or_default();
                if !own.iter().any(|(other, _)| *other == key.index()) {
                    own.push((key.index(), event));
                }
            }
            by_text
        });
        let own = by_text.get(&*names.key_text(key))?;
        let mut others = own.iter().filter(|(other, _)| *other != key.index());
        others.find(|(_, begun)| case.time(*begun) <= before).map(|(_, begun)| *begun)
    }
}

/// The first two requests for each content of each tenant: when they were sent, and their events.
type FirstTwo = BTreeMap<(TenantRef, Option<BasketRef>), [(u64, usize); 2]>;

/// What each tenant asked for. Gathered on first use.
#[derive(Default)]
struct Contents {
    sent: OnceCell<FirstTwo>,
}

impl Contents {
    /// Whether another request of the same tenant, sent before an attempt was answered, asked for the same, or may have.
    fn are_repeated(&self, case: &Case<'_>, attempt: &Try<'_>) -> bool {
        if mutant!("cross-tenant/contents-do-not-count") {
            return false;
        }
        let names = &case.history.names;
        let items = |asked: &Invoke| asked.payload.and_then(|payload| names.payload_items(payload));
        let sent = self.sent.get_or_init(|| {
            let mut sent = FirstTwo::new();
            for (begun, event) in case.history.events.iter().enumerate() {
                let What::Invoke(invoke) = &event.what else { continue };
                let own = (event.t, begun);
                sent.entry((invoke.tenant, items(invoke)))
                    .and_modify(|[first, second]| {
                        if first == second {
                            *second = own;
                        }
                    })
                    .or_insert([own, own]);
            }
            sent
        });
        let (tenant, wanted) = (attempt.asked.tenant, items(attempt.asked));
        let returned = attempt.returned.unwrap_or(u64::MAX);
        let of_tenant = sent.range((tenant, None)..).take_while(|((of, _), _)| *of == tenant);
        let same = of_tenant.filter(|((_, items), _)| items.is_none() || wanted.is_none() || *items == wanted);
        let mut others = same.flat_map(|(_, two)| two).filter(|(_, begun)| *begun != attempt.begun);
        others.any(|(t, _)| *t <= returned)
    }
}

/// An answer that names the asker's own order and has the body that another tenant's order was answered with. A body that one tenant got
/// for several orders tells nothing of any.
fn judge_bodies(case: &Case<'_>, tally: &mut Tally) {
    if mutant!("cross-tenant/bodies-do-not-count") {
        return;
    }
    let mut shared: BTreeSet<ResponseRef> = BTreeSet::new();
    let mut foreign: Vec<(ResponseRef, usize, usize)> = Vec::new();
    for (first, then) in &case.facts.rare.answers.same_bodies {
        let (first, then) = (*first as usize, *then as usize);
        let tenant = |event: usize| Some(case.attempt(event)?.asked.tenant);
        let body = case.attempt(then).and_then(|attempt| attempt.said.response);
        let Some(body) = body else { continue };
        match tenant(first) == tenant(then) {
            true => drop(shared.insert(body)),
            false => foreign.push((body, first, then)),
        }
    }
    // An answer without its body may have had the same: then it tells nothing either.
    if case.facts.gaps.bodiless_oks > 0 && !mutant!("cross-tenant/answers-without-a-body-had-another") {
        tally.unknown(foreign.len() as u64, "an answer has the body of another tenant's, and it is not known whether others have it too");
        return;
    }
    for (body, event, done) in foreign {
        if shared.contains(&body) && !mutant!("cross-tenant/any-body-is-its-orders-own") {
            continue;
        }
        tally.violation(case.time(done), || {
            let why = format!(
                "{} was answered at {} with the body of another tenant's order. A tenant sees what is its own.",
                case.tell_attempt(done),
                case.tell_time(case.time(done)),
            );
            witness(why).operation(case, event).operation(case, done)
        });
    }
}
