//! The seam between worlds and strategies: one world, run by seed, from a trace, and over all lists of picks.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use explore::{Budget, Chooser, Kind, Lineage, Odds, Plan, Ran, Replay, Searched, Site, search};
use proptest::prelude::{any, prop_assert_eq, proptest};

const HEADS: Kind = Kind::new("test.heads");
const FATE: Kind = Kind::new("test.fate");

fn site(kind: Kind, ordinal: u64) -> Site {
    Site::new(kind, Lineage::ROOT, ordinal)
}

/// A coin that is tossed until it shows tails, three times at most: a later toss is asked for only after heads. Then a die of as many
/// faces and two more.
fn tosses(chooser: &mut Chooser) -> String {
    let even = Odds::of(0.5);
    let heads = (0..3)
        .take_while(|toss| chooser.chance(&site(HEADS, *toss), even))
        .count();
    let face = chooser.choose(&site(FATE, 0), heads as u32 + 2);
    format!("{heads}/{face}")
}

fn budget(runs_max: u64, keeps_traces: bool) -> Budget {
    Budget {
        runs_max,
        keeps_traces,
    }
}

/// A run that is interesting if it saw this word, or broke at this one.
fn looking_for(
    word: &'static str,
    breaks_at: &'static str,
) -> impl FnMut(u64, Chooser) -> Ran<String, String> {
    move |_, mut chooser| {
        let seen = tosses(&mut chooser);
        match seen == breaks_at {
            true => ControlFlow::Break(seen),
            false => ControlFlow::Continue((chooser, (seen == word).then_some(seen))),
        }
    }
}

#[test]
fn exhaustive_search_sees_every_list_of_picks_exactly_once() {
    let mut seen = Vec::new();
    let searched = search(Plan::Exhaustive, budget(1_000, false), |_, mut chooser| {
        seen.push(tosses(&mut chooser));
        Ran::<(), ()>::Continue((chooser, None))
    });
    assert!(searched.exhausted);
    assert_eq!(searched.runs, 2 + 3 + 4 + 5);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len());
}

#[test]
fn a_search_that_ran_out_of_budget_does_not_say_that_it_exhausted_the_space() {
    let searched = search(Plan::Exhaustive, budget(13, false), looking_for("", ""));
    assert_eq!((searched.runs, searched.exhausted), (13, false));
}

#[test]
fn what_is_found_is_replayed_by_its_picks_if_they_are_kept() {
    for plan in [Plan::Exhaustive, Plan::Seeds(1)] {
        let Searched { found, .. } = search(plan, budget(200, true), looking_for("2/3", ""));
        let first = found.first().expect("it is among them");
        assert_eq!(first.why, "2/3");
        let replay = Arc::new(Mutex::new(Replay::new(&first.trace)));
        assert_eq!(tosses(&mut Chooser::of(replay.clone())), "2/3");
        let replay = replay.lock().expect("nobody panicked");
        assert_eq!((replay.misfits(), replay.unasked()), (0, 0));
        let forgetful = search(plan, budget(200, false), looking_for("2/3", ""));
        assert!(forgetful.found.iter().all(|found| found.trace.is_empty()));
        assert_eq!(forgetful.found.len(), found.len());
    }
    assert_eq!(tosses(&mut Chooser::of(Replay::default())), "0/0");
}

#[test]
fn a_run_that_breaks_ends_the_search_after_what_was_found_before() {
    let searched = search(
        Plan::Exhaustive,
        budget(99, false),
        looking_for("0/1", "1/1"),
    );
    assert_eq!(searched.broke.as_deref(), Some("1/1"));
    assert_eq!((searched.runs, searched.exhausted), (3, false));
    assert_eq!(searched.found.len(), 1);
}

#[test]
fn a_run_by_a_seed_is_what_it_is_without_a_search() {
    let mut seen = Vec::new();
    search(
        Plan::Seeds(u64::MAX),
        budget(3, false),
        |number, mut chooser| {
            seen.push((number, tosses(&mut chooser), chooser.digest()));
            Ran::<(), ()>::Continue((chooser, None))
        },
    );
    let alone = |(number, seed)| {
        let mut chooser = Chooser::random(seed);
        (number, tosses(&mut chooser), chooser.digest())
    };
    assert_eq!(seen, [(0, u64::MAX), (1, 0), (2, 1)].map(alone));
}

#[test]
fn a_chooser_may_go_to_another_thread() {
    fn sent<T: Send>(value: T) -> T {
        value
    }
    let mut chooser = sent(Chooser::of(Replay::default()));
    assert_eq!(chooser.choose(&site(FATE, 0), 3), 0);
}

proptest! {
    #[test]
    fn a_trace_alone_determines_a_run(seed in any::<u64>()) {
        let mut first = Chooser::random(seed).recording();
        let seen = tosses(&mut first);
        let mut second = Chooser::of(Replay::new(&first.take_trace()));
        prop_assert_eq!(tosses(&mut second), seen);
        prop_assert_eq!(second.digest(), first.digest());
    }

    #[test]
    fn dropping_one_asker_leaves_the_draws_of_the_others(seed in any::<u64>(), dropped in 0..10_u64) {
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
