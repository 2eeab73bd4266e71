//! The search against every interleaving, and the closed forms against the search, on random small histories of one key.

mod everything;
mod pruned;

use everything::every_interleaving;
use history::{
    Audit, AuditOrder, CodeRef, Completion, Contract, Event, History, InFlight, Invoke, KeyRef,
    OrderRef, PayloadRef, ProcessRef, ResponseRef, TenantRef, What,
};
use proptest::prelude::*;

use super::*;
use crate::facts::Facts;
use crate::{Outcome, Rule, judge};

/// What an attempt may be refused with: a code and its status.
const REFUSALS: [(&str, u16); 3] = [
    ("in_progress", 409),
    ("key_reused", 422),
    ("card_declined", 402),
];

#[derive(Clone, Debug)]
struct Attempt {
    t: u64,
    lasts: u64,
    payload: u32,
    /// 0 to 2 is a refusal, 3 is no answer, above that an order.
    end: u32,
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let attempt = (
        0..12_u64,
        0..8_u64,
        prop_oneof![3 => Just(0_u32), 1 => Just(1)],
        0..7_u32,
    );
    let attempt = attempt.prop_map(|(t, lasts, payload, end)| Attempt {
        t,
        lasts,
        payload,
        end: end.min(5),
    });
    prop::collection::vec(attempt, 1..5)
}

/// Which orders the database holds, if the audit has the table: each with its payload.
fn rows() -> impl Strategy<Value = Option<Vec<Option<u32>>>> {
    prop::option::of(prop::collection::vec(
        prop::option::weighted(0.4, 0..2_u32),
        2,
    ))
}

fn history(attempts: &[Attempt], rows: Option<&[Option<u32>]>) -> History {
    let mut history = History {
        contract: Contract {
            in_flight: Some(InFlight::Refuse(409)),
            mismatch: Some(422),
            stored_errors: Some(vec![499]),
            ..Contract::default()
        },
        ..History::default()
    };
    let names = &mut history.names;
    if let Some(last) = attempts.len().checked_sub(1) {
        names.processes.count_to::<ProcessRef>(last as u32);
    }
    names.tenants.count_to::<TenantRef>(0);
    names.keys.count_to::<KeyRef>(0);
    names.payloads.count_to::<PayloadRef>(1);
    names.orders.count_to::<OrderRef>(1);
    names.responses.count_to::<ResponseRef>(1);
    for (code, _) in REFUSALS {
        names.codes.intern::<CodeRef>(code);
    }
    for (process, attempt) in (0..).zip(attempts) {
        let asked = Invoke {
            tenant: TenantRef::new(0),
            key: Some(KeyRef::new(0)),
            intent: None,
            payload: Some(PayloadRef::new(attempt.payload)),
            coupon: None,
        };
        history.events.push(Event {
            t: attempt.t,
            process,
            what: What::Invoke(asked),
        });
        let what = match attempt.end {
            3 => continue,
            code @ 0..3 => What::Fail(Completion {
                status: Some(REFUSALS[code as usize].1),
                code: Some(CodeRef::new(code)),
                ..Completion::default()
            }),
            order => What::Ok(Completion {
                status: Some(201),
                order: Some(OrderRef::new(order - 4)),
                response: Some(ResponseRef::new(order - 4)),
                ..Completion::default()
            }),
        };
        let t = attempt.t + attempt.lasts;
        history.events.push(Event { t, process, what });
    }
    history.events.sort_by_key(|event| event.t);
    history.audit = rows.map(|rows| Audit {
        t: 100,
        orders: Some((0..).zip(rows).filter_map(row).collect()),
        ..Audit::default()
    });
    history
}

/// An order that the database holds, if it does.
fn row((id, payload): (u32, &Option<u32>)) -> Option<AuditOrder> {
    Some(AuditOrder {
        id: OrderRef::new(id),
        tenant: Some(TenantRef::new(0)),
        key: Some(KeyRef::new(0)),
        payload: Some(PayloadRef::new((*payload)?)),
        intent: None,
        items: None,
        coupon: None,
        cart: None,
        state: OrderState::Confirmed,
        t: None,
    })
}

/// What the search says, and whether the key needs none.
fn search(history: &History) -> (Found, bool, Problem) {
    let mut facts = Facts::default();
    facts.gather(history);
    let case = Case {
        history,
        facts: &facts,
        explained: false,
    };
    let problem = Problem::of_key(&case, 0).expect("few operations");
    (problem.search(1_000_000), is_plain(&case, 0), problem)
}

/// The closed forms about a key that no order of its operations survives.
const CLOSED_FORMS: [Rule; 5] = [
    Rule::DuplicateOrder,
    Rule::ReplayMismatch,
    Rule::ConflictAccepted,
    Rule::SpuriousConflict,
    Rule::ResultRegression,
];

#[test]
fn the_random_histories_fit_and_do_not_fit_and_break_each_closed_form() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut fits, mut met) = ([0; 2], [0; CLOSED_FORMS.len()]);
    for _ in 0..2000 {
        let tree = (attempts(), rows()).new_tree(&mut runner);
        let (attempts, rows) = tree.expect("no filter").current();
        let history = history(&attempts, rows.as_deref());
        fits[usize::from(search(&history).0 == Found::Fits)] += 1;
        let verdict = judge(&history);
        for (place, rule) in CLOSED_FORMS.iter().enumerate() {
            met[place] += u32::from(verdict.rule(*rule).outcome == Outcome::Violated);
        }
    }
    assert!(fits.iter().all(|count| *count > 100), "{fits:?}");
    assert!(met.iter().all(|count| *count > 20), "{met:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn the_search_finds_what_every_interleaving_shows(attempts in attempts(), rows in rows()) {
        let (found, _, problem) = search(&history(&attempts, rows.as_deref()));
        prop_assert_eq!(found, every_interleaving(&problem));
    }

    #[test]
    fn what_needs_no_search_fits(attempts in attempts(), rows in rows()) {
        let (found, is_plain, _) = search(&history(&attempts, rows.as_deref()));
        prop_assert!(!is_plain || found == Found::Fits);
    }

    #[test]
    fn what_a_closed_form_rejects_fits_no_order(attempts in attempts(), rows in rows()) {
        let history = history(&attempts, rows.as_deref());
        let verdict = judge(&history);
        for rule in CLOSED_FORMS {
            if verdict.rule(rule).outcome == Outcome::Violated {
                prop_assert_eq!(search(&history).0, Found::DoesNotFit, "{}", rule.name());
            }
        }
    }

    #[test]
    fn what_fits_no_order_breaks_a_rule(attempts in attempts(), rows in rows()) {
        let history = history(&attempts, rows.as_deref());
        let is_broken = judge(&history).violated().next().is_some();
        prop_assert!(search(&history).0 != Found::DoesNotFit || is_broken);
    }
}
