//! A key reused with another payload inside its time to live was answered `ok`, or changed what was stored. Of concurrent requests with
//! different payloads exactly one may win.

use history::{AuditOrder, PayloadRef};

use crate::case::Case;
use crate::facts::{is_acceptance, is_live, may_be_asked};
use crate::keyed::{End, Try};
use crate::tally::Tally;
use crate::tell::witness;
use crate::ttl::{Bounds, Within, apart};

/// A payload that a key stood for, and when it came to.
struct Stand<'a> {
    payload: PayloadRef,
    at: Bounds,
    /// The attempt that was answered so.
    event: Option<usize>,
    /// The row that says so.
    row: Option<&'a AuditOrder>,
}

pub(super) fn apply(case: &Case<'_>, tally: &mut Tally) {
    if case.facts.answers.acknowledgements == 0 && case.orders().is_none() {
        tally.not_judged("no request was answered ok, and the orders were not looked at");
        return;
    }
    judge_half_said(case, tally);
    for key in &case.facts.rare.keys.reused {
        tally.checked(1);
        let stands = stands(case, *key as usize);
        let ttl = case
            .history
            .contract
            .ttl
            .filter(|_| !mutant!("conflict-accepted/for-ever"));
        let mut worst: Option<(Within, usize, usize)> = None;
        // A key that stood for one payload has no pair, however often it was asked for.
        let is_one = stands.windows(2).all(|pair| pair[0].payload == pair[1].payload)
            && !mutant!("conflict-accepted/any-payload-will-do");
        for (i, a) in stands.iter().enumerate().filter(|_| !is_one) {
            if worst.is_some_and(|(found, ..)| found == Within::Inside) {
                break;
            }
            for (j, b) in stands.iter().enumerate().skip(i + 1) {
                let other =
                    a.payload != b.payload && !mutant!("conflict-accepted/any-payload-will-do");
                let found = apart(ttl, a.at, b.at);
                let is_worse = found == Within::Inside || worst.is_none();
                if other && found != Within::Outside && is_worse {
                    worst = Some((found, i, j));
                }
            }
        }
        match worst {
            Some((Within::Inside, i, j)) => tell(case, tally, *key, [&stands[i], &stands[j]]),
            Some(_) => tally.unknown(
                1,
                "a key stood for two payloads, and it cannot be told whether it had expired",
            ),
            None if may_be_taken_twice(case, *key as usize, &stands) => {
                let why = "an order that may be of a key with two payloads does not say its key or its payload";
                tally.unknown(1, why);
            }
            None if case.orders().is_none() && !mutant!("conflict-accepted/orders-need-not-be-looked-at") => {
                tally.unknown(1, "a key came with two payloads, and it was not looked at what was stored");
            }
            None => {}
        }
    }
}

/// Keys that were answered ok for a payload, and for a request that does not say its own.
fn judge_half_said(case: &Case<'_>, tally: &mut Tally) {
    if mutant!("conflict-accepted/requests-say-their-payload") {
        return;
    }
    let is_twice = |key: &&u32| {
        let attempts = case.attempts_with(**key as usize);
        let mut oks = attempts.iter().filter(|attempt| attempt.end == End::Ok).map(|attempt| attempt.asked.payload);
        let is_unsaid = oks.clone().any(|payload| payload.is_none());
        is_unsaid && oks.any(|payload| payload.is_some())
    };
    let unsaid = case.facts.rare.keys.half_said.iter().filter(is_twice).count() as u64;
    tally.checked(unsaid);
    tally.unknown(unsaid, "a key was answered ok twice, and a request with it does not say what it asked for");
}

/// Whether an order that says too little may be of a reused key, and of another payload than the key is known to have stood for.
fn may_be_taken_twice(case: &Case<'_>, key: usize, stands: &[Stand<'_>]) -> bool {
    let own = case.orders_with(key).filter(|order| order.payload.is_none());
    let unclear = own.chain(case.perhaps_with(key)).filter(|order| is_live(order));
    // What an answer was about may hold another content by now.
    let is_as_asked = |stand: &Stand<'_>, order: &AuditOrder| {
        may_be_asked(case.history, order, Some(stand.payload)) || mutant!("conflict-accepted/answered-orders-are-as-asked")
    };
    let answered = |order: &AuditOrder| stands.iter().any(|stand| stand.names(case, order) && is_as_asked(stand, order));
    let unclear: Vec<&AuditOrder> = unclear.filter(|order| !answered(order)).collect();
    let is_other = |order: &&AuditOrder| {
        stands.iter().any(|stand| order.payload != Some(stand.payload))
            || unclear.iter().any(|other| other.payload.is_none() || other.payload != order.payload)
    };
    unclear.len() + stands.len() > 1 && unclear.iter().any(is_other)
}

impl Stand<'_> {
    /// Whether it is an answer that names this order.
    fn names(&self, case: &Case<'_>, order: &AuditOrder) -> bool {
        let attempt = self.event.and_then(|event| case.attempt_at(event));
        attempt.is_some_and(|attempt| attempt.said.order == Some(order.id))
    }
}

/// Every payload that a key stood for: by an `ok`, or by an order in the database.
fn stands<'a>(case: &Case<'a>, key: usize) -> Vec<Stand<'a>> {
    let attempts = case.attempts_with(key);
    let mut stands: Vec<Stand<'_>> = Vec::new();
    let is_taken =
        |attempt: &&Try<'_>| attempt.end == End::Ok || is_accepted(case, &attempts, attempt);
    for attempt in attempts.iter().filter(is_taken) {
        if let Some(payload) = attempt
            .asked
            .payload
            .filter(|_| !mutant!("conflict-accepted/answers-do-not-count"))
        {
            stands.push(Stand {
                payload,
                at: case.took_effect(attempt),
                event: Some(attempt.event()),
                row: None,
            });
        }
    }
    let sent = |payload| {
        attempts
            .iter()
            .any(|attempt| attempt.asked.payload == Some(payload))
    };
    for order in case.orders_with(key) {
        if is_live(order)
            && let Some(payload) = order.payload.filter(|payload| sent(*payload))
            && !mutant!("conflict-accepted/rows-do-not-count")
        {
            let whole = Bounds {
                earliest: 0,
                latest: case.audit_time(),
            };
            stands.push(Stand {
                payload,
                at: order.t.map_or(whole, Bounds::exactly),
                event: None,
                row: Some(order),
            });
        }
    }
    stands.sort_by_key(|stand| stand.at.latest);
    stands
}

/// Whether an answer says that the request was accepted, although the key had been answered for another payload before it was sent.
fn is_accepted(case: &Case<'_>, attempts: &[Try<'_>], attempt: &Try<'_>) -> bool {
    let known = |ok: &Try<'_>| {
        ok.end == End::Ok && ok.precedes(attempt) && ok.asked.payload != attempt.asked.payload
    };
    is_acceptance(case.history, &attempt.said)
        && attempts.iter().any(known)
        && !mutant!("conflict-accepted/acceptances-are-fine")
}

fn tell(case: &Case<'_>, tally: &mut Tally, key: u32, stands: [&Stand<'_>; 2]) {
    tally.violation(stands[1].at.latest, || {
        let names = &case.history.names.payloads;
        let why = format!(
            "the key {} stood for {} and then for {}. Inside its time to live a key stands for one payload.",
            case.tell_key(history::KeyRef::new(key)),
            names.text(stands[0].payload.index()),
            names.text(stands[1].payload.index()),
        );
        let mut told = witness(why);
        for stand in stands {
            if let Some(event) = stand.event {
                told = told.operation(case, event);
            }
            if let Some(row) = stand.row {
                told = told.order_row(case, row);
            }
        }
        told
    });
}
