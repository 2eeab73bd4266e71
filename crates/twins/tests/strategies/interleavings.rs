//! Death and stalls at every await, and several requests and a completer interleaved.

use super::*;

/// The process dies after `polls` polls; a retry at once, another one after the completer ran.
fn die_after(polls: usize, world: &World<'_>, asked: &OrderRequest) -> bool {
    let died = {
        let dead = world.replica(1);
        let mut first = dead.create(StrategyName::ClaimComplete, &CONTRACT, asked);
        (0..polls).all(|_| first.step().is_none())
    };
    let second = world.replica(2);
    let at_once = create(&second, asked);
    assert!(
        [201, 402, 409, 500, 503].contains(&at_once.status),
        "{at_once:?}"
    );
    recover(world);
    let at_last = create(&second, asked);
    assert!(
        [201, 402].contains(&at_last.status),
        "settled after recovery: {at_last:?}"
    );
    assert_eq!(
        create(&world.replica(3), asked),
        at_last.replay(),
        "and stays so"
    );
    world.audit();
    assert_eq!(
        world.orders(OrderState::Confirmed),
        usize::from(at_last.status == 201)
    );
    died
}

#[test]
fn death_at_any_await_leaves_one_order_one_charge_and_stock_that_adds_up() {
    let scripts: [&[Reply]; 4] = [
        &[],
        &[Reply::Declined],
        &[
            Reply::Unknown { captured: true },
            Reply::Unknown { captured: false },
        ],
        &[Reply::Unavailable; 5],
    ];
    let mishaps = [
        None,
        Some((1, Mishap::CommitUnknown { applied: true })),
        Some((2, Mishap::CommitUnknown { applied: false })),
        Some((2, Mishap::CommitUnknown { applied: true })),
        Some((3, Mishap::CommitConflict)),
    ];
    let mut deaths = 0;
    for key in [Some("k"), None] {
        for script in scripts {
            for mishap in mishaps {
                for polls in 0.. {
                    let base = Base::plain();
                    let world = base.open();
                    world.script.reply(script.iter().copied());
                    if let Some((transaction, mishap)) = mishap {
                        world.script.mishap(transaction, mishap);
                    }
                    if !die_after(polls, &world, &request(key, 1, 2)) {
                        break;
                    }
                    deaths += 1;
                }
            }
        }
    }
    assert!(deaths > 800, "{deaths} places to die at");
}

#[test]
fn the_completer_may_die_at_any_await_too() {
    for polls in 0.. {
        let base = Base::plain();
        let world = base.open();
        world.script.reply([Reply::Unknown { captured: true }; 5]);
        let asked = request(Some("k"), 1, 2);
        assert_eq!(create(&world.replica(1), &asked).status, 500);
        world.pass(CONTRACT.lease + Span(1));
        let died = {
            let dead = world.replica(2);
            let mut round = dead.maintain(StrategyName::ClaimComplete, &CONTRACT);
            (0..polls).all(|_| round.step().is_none())
        };
        recover(&world);
        world.audit();
        assert_eq!(world.captured(), 1);
        if !died {
            break;
        }
    }
}

#[test]
fn an_owner_may_stall_at_any_await_while_the_next_one_finishes_its_order() {
    for polls in 0.. {
        let base = Base::plain();
        let world = base.open();
        let (stalled, next) = (world.replica(1), world.replica(2));
        let asked = request(Some("k"), 1, 2);
        let mut first = stalled.create(StrategyName::ClaimComplete, &CONTRACT, &asked);
        let stalls = (0..polls).all(|_| first.step().is_none());
        if !stalls {
            break;
        }
        world.pass(CONTRACT.lease + Span(1));
        let mut second = reference(&next, &CONTRACT, &asked);
        let mut early = None;
        let late = loop {
            match second.run_or_wait() {
                Some(answer) => break answer,
                // The first one stalls inside a transaction, and has rows that the next one needs: it must end that first.
                None => early = early.or(first.step()),
            }
        };
        let answers = [late, early.unwrap_or_else(|| run(first))];
        assert!(
            answers.iter().all(|answer| answer.status == 201),
            "after {polls}: {answers:?}"
        );
        assert_eq!(answers[0].order, answers[1].order);
        world.audit();
        assert_eq!(
            (world.orders(OrderState::Confirmed), world.captured()),
            (1, 1)
        );
    }
}

fn reply() -> impl Strategy<Value = Option<Reply>> {
    prop_oneof![
        3 => Just(None),
        1 => Just(Some(Reply::Unavailable)),
        1 => Just(Some(Reply::InUse)),
        1 => any::<bool>().prop_map(|captured| Some(Reply::Unknown { captured })),
    ]
}

fn mishap() -> impl Strategy<Value = (u32, Mishap)> {
    let mishap = prop_oneof![
        Just(Mishap::BeginUnavailable),
        Just(Mishap::CommitConflict),
        any::<bool>().prop_map(|applied| Mishap::CommitUnknown { applied }),
    ];
    (1..12_u32, mishap)
}

/// Two twins on two replicas, a second tab, and a completer, interleaved by `schedule`; 4 lets every lease run out.
fn interleave(
    lease: Span,
    schedule: &[u8],
    replies: Vec<Option<Reply>>,
    mishaps: Vec<(u32, Mishap)>,
) {
    let contract = Contract { lease, ..CONTRACT };
    let base = Base::plain();
    let world = base.open();
    world.script.reply(replies.into_iter().flatten());
    for (transaction, mishap) in mishaps {
        world.script.mishap(transaction, mishap);
    }
    let (one, two, three) = (world.replica(1), world.replica(2), world.replica(3));
    let (asked, tab) = (request(Some("k"), 1, 2), request(Some("tab"), 1, 2));
    let mut twins = [(&one, &asked), (&two, &asked), (&two, &tab)]
        .map(|(replica, asked)| Some(reference(replica, &contract, asked)));
    let mut completer = three.maintain(StrategyName::ClaimComplete, &contract);
    let (mut answers, mut completed) = ([None; 3], false);
    for pick in schedule {
        match usize::from(*pick) {
            4 => world.pass(lease + Span(1)),
            3 if !completed => completed = completer.step().is_some(),
            twin @ 0..3 => {
                let told = twins[twin].as_mut().and_then(Running::step);
                if told.is_some() {
                    (answers[twin], twins[twin]) = (told, None);
                }
            }
            _ => {}
        }
    }
    // It dies where it stands, and lets go of its rows.
    drop(completer);
    let left: Vec<usize> = (0..3).filter(|twin| answers[*twin].is_none()).collect();
    let running = left.iter().filter_map(|twin| twins[*twin].take()).collect();
    for (twin, answer) in left.into_iter().zip(run_all(running)) {
        answers[twin] = Some(answer);
    }
    // What did not go wrong by now does not any more.
    world.script.calm_down();
    recover(&world);
    world.audit();
    let last = create(&world.replica(4), &asked);
    let orders: Vec<_> = answers
        .iter()
        .flatten()
        .filter_map(|answer| answer.order)
        .collect();
    assert!(
        last.status == 201 && orders.iter().all(|order| Some(*order) == last.order),
        "{answers:?}, {last:?}"
    );
    world.audit();
    assert_eq!(
        (world.orders(OrderState::Confirmed), world.captured()),
        (1, 1)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn twins_tabs_and_completers_make_one_order_although_no_lease_holds(
        schedule in prop::collection::vec(prop_oneof![2 => 0..4_u8, 1 => Just(4)], 0..160),
        replies in prop::collection::vec(reply(), 0..6),
        mishaps in prop::collection::vec(mishap(), 0..4),
    ) {
        interleave(Span::ZERO, &schedule, replies, mishaps);
    }

    #[test]
    fn twins_tabs_and_completers_interleaved_make_one_order(
        schedule in prop::collection::vec(prop_oneof![9 => 0..4_u8, 1 => Just(4)], 0..120),
        replies in prop::collection::vec(reply(), 0..6),
        mishaps in prop::collection::vec(mishap(), 0..4),
    ) {
        interleave(CONTRACT.lease, &schedule, replies, mishaps);
    }
}
