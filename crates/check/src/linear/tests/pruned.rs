//! What the search leaves out against every interleaving, on random keys with everything that a history can say of them: many requests of
//! unknown outcome, all refusals, copies, failures that are kept, keys that expire, orders that were cancelled.

use history::PayloadRef;
use proptest::prelude::*;

use super::everything::every_interleaving;
use crate::facts::Refusal;
use crate::keyed::End;
use crate::linear::{Found, Made, Op, Problem, STATES_MAX};

const REFUSALS: [Refusal; 6] = [
    Refusal::InFlight,
    Refusal::Mismatch,
    Refusal::Shed,
    Refusal::Duplicate,
    Refusal::Unclear,
    Refusal::Definite,
];

fn end() -> impl Strategy<Value = (End, Option<u8>)> {
    let refused = |refusal| (End::Fail(refusal), None);
    prop_oneof![
        3 => (0..2_u8).prop_map(|order| (End::Ok, Some(order))),
        4 => Just((End::Unknown, None)),
        2 => Just(refused(Refusal::InFlight)),
        2 => Just(refused(Refusal::Mismatch)),
        4 => prop::sample::select(&REFUSALS[..]).prop_map(refused),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let payload = prop_oneof![2 => Just(0_u32), 1 => Just(1)];
    let stored = prop::option::of(any::<bool>());
    (0..16_u64, 0..10_u64, payload, end(), stored).prop_map(
        |(invoked, lasts, payload, (end, order), stored)| Op {
            invoked,
            returned: match end {
                End::Unknown => u64::MAX,
                _ => invoked + lasts,
            },
            payload: Some(PayloadRef::new(payload)),
            end,
            order,
            status: (end != End::Unknown).then_some(402),
            stored,
        },
    )
}

fn problem() -> impl Strategy<Value = Problem> {
    let made = (any::<bool>(), any::<bool>(), prop::option::of(0..2_u32));
    let made = made.prop_map(|(live, cancelled, payload)| Made {
        live: live && !cancelled,
        cancelled,
        payload: payload.map(PayloadRef::new),
    });
    let ops = prop::collection::vec(op(), 1..6);
    let orders = prop::collection::vec(made, 2);
    let ttl = prop::option::of(1..8_u64);
    (ops, orders, ttl, any::<bool>()).prop_map(|(mut ops, orders, ttl, copies)| {
        ops.sort_by_key(|op| op.invoked);
        let problem = Problem { ops, orders, ttl };
        match copies {
            true => problem.with_copies().expect("few"),
            false => problem,
        }
    })
}

#[test]
fn the_random_keys_fit_and_do_not_fit_with_and_without_each_kind_of_answer() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut met = [[0; 2]; REFUSALS.len()];
    for _ in 0..2000 {
        let tree = problem().new_tree(&mut runner).expect("no filter");
        let problem = tree.current();
        let fits = problem.search(STATES_MAX) == Found::Fits;
        for (place, refusal) in REFUSALS.iter().enumerate() {
            let has = |op: &Op| op.end == End::Fail(*refusal);
            met[place][usize::from(fits)] += u32::from(problem.ops.iter().any(has));
        }
    }
    assert!(met.iter().flatten().all(|count| *count > 20), "{met:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn what_the_search_leaves_out_makes_no_difference(problem in problem()) {
        prop_assert_eq!(problem.search(STATES_MAX), every_interleaving(&problem));
    }
}

/// A key that was asked for again and again without an answer, with copies of everything: 31 operations.
#[test]
fn a_key_that_was_asked_for_often_is_decided() {
    let op = |invoked, returned, end| Op {
        invoked,
        returned,
        payload: Some(PayloadRef::new(0)),
        end,
        order: (end == End::Ok).then_some(0),
        status: None,
        stored: Some(false),
    };
    let refused = End::Fail(Refusal::InFlight);
    let mut ops = vec![op(0, 10, refused)];
    ops.extend((1..14).map(|i| op(20 * i, u64::MAX, End::Unknown)));
    ops.push(op(300, 310, refused));
    ops.push(op(320, 330, End::Ok));
    let made = Made {
        live: true,
        cancelled: false,
        payload: Some(PayloadRef::new(0)),
    };
    let problem = Problem {
        ops,
        orders: vec![made],
        ttl: Some(1_000_000),
    };
    assert_eq!(problem.search(500), Found::DoesNotFit);
    let problem = problem.with_copies().expect("few enough");
    assert_eq!(problem.ops.len(), 31);
    assert_eq!(problem.search(500), Found::Fits);
}
