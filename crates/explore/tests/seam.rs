//! The seam between worlds and strategies: one world, run by seed, from a list, and over all lists.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use explore::{
    Budget, Chooser, Class, Executor, Kind, Lineage, Menu, Object, Order, Plan, Replay, Site,
    Strategy, search,
};
use proptest::prelude::{any, prop_assert_eq, proptest};

/// Tasks that each write their letter so many times, with a step in between; the world's outcome is the word.
fn word(chooser: &mut Chooser, letters: &[(char, usize)], order: Order) -> String {
    let word = RefCell::new(String::new());
    let mut executor = Executor::new(order);
    for (letter, times) in letters {
        let (handle, word) = (executor.handle(), &word);
        executor.spawn(async move {
            for i in 0..*times {
                if i > 0 {
                    handle.step(Object(0)).await;
                }
                word.borrow_mut().push(*letter);
            }
        });
    }
    assert_eq!(executor.run(chooser), 0);
    drop(executor);
    word.into_inner()
}

#[test]
fn exhaustive_search_sees_every_interleaving_exactly_once() {
    let mut words = Vec::new();
    let searched = search(Plan::Exhaustive, Budget { runs_max: 1_000 }, |chooser| {
        words.push(word(chooser, &[('a', 3), ('b', 2)], Order::Untimed));
        None::<()>
    });
    assert!(searched.exhausted);
    assert_eq!(
        searched.runs, 10,
        "five steps, of which two are b's: 5! / (3! 2!)"
    );
    assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), 10);
}

#[test]
fn a_search_that_ran_out_of_budget_does_not_say_that_it_exhausted_the_space() {
    let searched = search(Plan::Exhaustive, Budget { runs_max: 9 }, |chooser| {
        word(chooser, &[('a', 3), ('b', 2)], Order::Untimed);
        None::<()>
    });
    assert!(!searched.exhausted);
}

/// Two tasks that look, and then act on what they saw.
fn lost_update(chooser: &mut Chooser) -> Option<&'static str> {
    let counter = RefCell::new(0);
    let mut executor = Executor::new(Order::Untimed);
    for _ in 0..2 {
        let (handle, counter) = (executor.handle(), &counter);
        executor.spawn(async move {
            let seen = *counter.borrow();
            handle.step(Object(1)).await;
            *counter.borrow_mut() = seen + 1;
        });
    }
    executor.run(chooser);
    drop(executor);
    (counter.into_inner() != 2).then_some("an update was lost")
}

#[test]
fn a_race_is_found_and_its_picks_replay_it() {
    for plan in [Plan::Exhaustive, Plan::Seeds(1)] {
        let searched = search(plan, Budget { runs_max: 50 }, lost_update);
        let found = searched.found.first().expect("the race is there");
        let replay = Arc::new(Mutex::new(Replay::new(&found.trace)));
        assert_eq!(
            lost_update(&mut Chooser::of(replay.clone())),
            Some(found.why)
        );
        let replay = replay.lock().expect("nobody panicked");
        assert_eq!((replay.misfits(), replay.unasked()), (0, 0));
    }
    assert_eq!(
        lost_update(&mut Chooser::of(Replay::default())),
        None,
        "the dull run has no race"
    );
}

#[test]
fn timers_fire_in_the_order_of_their_deadlines_at_any_moment() {
    let mut orders = BTreeSet::new();
    let searched = search(Plan::Exhaustive, Budget { runs_max: 1_000 }, |chooser| {
        let log = RefCell::new(String::new());
        let mut executor = Executor::new(Order::Untimed);
        for (letter, span) in [('x', 10), ('y', 20)] {
            let (handle, log) = (executor.handle(), &log);
            executor.spawn(async move {
                handle.sleep(span).await;
                log.borrow_mut().push(letter);
            });
        }
        let (handle, log_of_steps) = (executor.handle(), &log);
        executor.spawn(async move {
            handle.step(Object(0)).await;
            log_of_steps.borrow_mut().push('s');
        });
        executor.run(chooser);
        drop(executor);
        orders.insert(log.into_inner());
        None::<()>
    });
    assert!(searched.exhausted);
    // y may come first only where it was set before x was: the deadline counts from when the sleep begins.
    assert!(orders.contains("sxy") && orders.contains("xsy") && orders.contains("xys"));
}

/// Waits for both, as one task.
async fn join(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let (mut one, mut other) = (Box::pin(one), Box::pin(other));
    let (mut one_ended, mut other_ended) = (false, false);
    poll_fn(|cx| {
        one_ended = one_ended || one.as_mut().poll(cx).is_ready();
        other_ended = other_ended || other.as_mut().poll(cx).is_ready();
        match one_ended && other_ended {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
}

#[test]
fn a_sleep_lasts_as_long_as_it_says_whatever_else_its_task_waits_for() {
    for order in [Order::Timed, Order::Untimed] {
        let woke_at = RefCell::new(Vec::new());
        let mut executor = Executor::new(order);
        let (handle, woke_at_of) = (executor.handle(), &woke_at);
        let nap = move |span| {
            let handle = handle.clone();
            async move {
                handle.sleep(span).await;
                woke_at_of.borrow_mut().push((span, handle.now_us()));
                handle.step(Object(0)).await;
            }
        };
        executor.spawn(join(nap(10), join(nap(30), nap(20))));
        assert_eq!(executor.run(&mut Chooser::random(1)), 0);
        drop(executor);
        assert_eq!(woke_at.into_inner(), [(10, 10), (20, 20), (30, 30)]);
    }
}

/// Picks the last of the enabled events of the greatest object, and keeps what it was shown.
#[derive(Debug, Default)]
struct Greatest {
    shown: Vec<Vec<Class>>,
}

impl Strategy for Greatest {
    fn pick(&mut self, _site: &Site, menu: Menu<'_>) -> u32 {
        let Menu::Next(enabled) = menu else {
            panic!("nothing else is asked here")
        };
        self.shown.push(enabled.to_vec());
        let object = |class: &Class| match class {
            Class::Step(object) => Some(*object),
            Class::Timer => None,
        };
        let places = 0..enabled.len();
        places.max_by_key(|i| object(&enabled[*i])).expect("some") as u32
    }
}

#[test]
fn whoever_picks_what_goes_next_sees_what_each_would_touch() {
    let strategy = Arc::new(Mutex::new(Greatest::default()));
    let log = RefCell::new(Vec::new());
    let mut executor = Executor::new(Order::Untimed);
    for object in [7, 9, 8] {
        let (handle, log) = (executor.handle(), &log);
        executor.spawn(async move {
            handle.step(Object(object)).await;
            log.borrow_mut().push(object);
            handle.sleep(5).await;
        });
    }
    executor.run(&mut Chooser::of(strategy.clone()));
    drop(executor);
    assert_eq!(
        log.into_inner(),
        [8, 9, 7],
        "a step of 7, 8 or 9 goes before one of a task that has not begun"
    );
    let shown = &strategy.lock().expect("nobody panicked").shown;
    let has = |class: Class| shown.iter().any(|enabled| enabled.contains(&class));
    assert!(has(Class::Timer) && [7, 8, 9].into_iter().all(|o| has(Class::Step(Object(o)))));
}

#[test]
fn a_chooser_may_go_to_another_thread() {
    fn sent<T: Send>(value: T) -> T {
        value
    }
    let mut chooser = sent(Chooser::of(Replay::default()));
    assert_eq!(
        chooser.choose(&Site::new(Kind::new("test.any"), Lineage::ROOT, 0), 3),
        0
    );
}

proptest! {
    #[test]
    fn one_seed_is_one_run(seed in any::<u64>(), a in 1..5_usize, b in 1..5_usize) {
        for order in [Order::Timed, Order::Untimed] {
            let run = || {
                let mut chooser = Chooser::random(seed);
                let word = word(&mut chooser, &[('a', a), ('b', b)], order);
                (word, chooser.digest())
            };
            prop_assert_eq!(run(), run());
        }
    }

    #[test]
    fn a_trace_alone_determines_a_run(seed in any::<u64>()) {
        let mut first = Chooser::random(seed).recording();
        word(&mut first, &[('a', 3), ('b', 3)], Order::Untimed);
        let trace = first.take_trace();
        let run = || {
            let mut chooser = Chooser::of(Replay::new(&trace));
            (word(&mut chooser, &[('a', 3), ('b', 3)], Order::Untimed), chooser.digest())
        };
        prop_assert_eq!(run(), run());
    }

    #[test]
    fn dropping_one_asker_leaves_the_draws_of_the_others(seed in any::<u64>(), dropped in 0..10_u64) {
        const FATE: Kind = Kind::new("test.fate");
        let fate = |chooser: &mut Chooser, who: u64| {
            chooser.choose(&Site::new(FATE, Lineage::ROOT.child(FATE, who), 0), 1_000_000)
        };
        let mut all = Chooser::random(seed);
        let everybody: Vec<u32> = (0..10).map(|who| fate(&mut all, who)).collect();
        let mut fewer = Chooser::random(seed);
        for who in (0..10).filter(|who| *who != dropped) {
            prop_assert_eq!(fate(&mut fewer, who), everybody[who as usize]);
        }
    }
}
