//! Replicas that die, stand still and come back, and their clocks.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use explore::Chooser;
use history::{Label, What};
use orders::{Cache, Clock, Job, Owner, Ports};
use protocol::{ChargeState, Problem, Response, Span};
use sim::{Control, ReplicaPorts, Service, Shoppers, World, run};

use crate::story::{attempts, charges, ended, go, met, orders, plan, play, struck};

const CLIENT: &str = "[[client]]\nname = \"app\"\ntimeout = \"30s\"\n";

fn crashing(point: &str, chance: &str) -> history::History {
    let fault = format!(
        "[[fault]]\ncrash-replica = {{ chance = {chance}, point = \"{point}\", down-for = \"1s\" }}"
    );
    go(&plan(&format!("{CLIENT}{fault}")), "no-dedup", 1).history
}

#[test]
fn a_crash_after_the_charge_leaves_a_charge_without_an_order() {
    let history = crashing("after-charge", "0.3");
    let crashes = struck(&history, "crash-replica");
    assert!(crashes > 50, "{crashes}");
    // Others on the same replica die along, some of them after a charge of their own.
    let alone = crashes..crashes + crashes / 5;
    let in_vain = charges(&history, ChargeState::Captured) - orders(&history);
    assert!(alone.contains(&in_vain), "{in_vain} of {crashes}");
    let label = met(&history, Label::CrashAfterCharge);
    assert!(alone.contains(&label), "{label} of {crashes}");
    assert_eq!(orders(&history), ended(&history, "ok"));
}

#[test]
fn a_crash_after_the_charge_strikes_only_where_something_was_captured() {
    let faults = "[[fault]]\ngateway-unavailable = { chance = 1 }\n\
        [[fault]]\ncrash-replica = { chance = 1, point = \"after-charge\", down-for = \"1s\" }";
    let history = go(&plan(&format!("{CLIENT}{faults}")), "no-dedup", 1).history;
    assert_eq!(ended(&history, "unavailable"), 300);
    assert_eq!(struck(&history, "crash-replica"), 0);
    assert_eq!(met(&history, Label::CrashInFlight), 0);
}

#[test]
fn a_crash_after_the_commit_leaves_an_order_that_nobody_heard_of() {
    let history = crashing("after-commit", "0.3");
    let crashes = struck(&history, "crash-replica");
    assert!(crashes > 50, "{crashes}");
    assert_eq!(orders(&history) - ended(&history, "ok"), crashes);
    assert_eq!(met(&history, Label::CrashAfterCharge), 0);
}

#[test]
fn a_crash_after_the_commit_strikes_only_where_a_commit_took_effect() {
    let faults = "[[fault]]\nserialization-failure = { chance = 1 }\n\
        [[fault]]\ncrash-replica = { chance = 1, point = \"after-commit\", down-for = \"1s\" }";
    let history = go(&plan(&format!("{CLIENT}{faults}")), "no-dedup", 1).history;
    assert_eq!(struck(&history, "crash-replica"), 0);
    assert_eq!(ended(&history, "outcome_unknown"), 300);
}

#[test]
fn a_crash_during_the_commit_leaves_it_open_whether_there_is_an_order() {
    let history = crashing("during-commit", "0.5");
    let crashes = struck(&history, "crash-replica");
    let unheard = orders(&history) - ended(&history, "ok");
    assert!(
        unheard > 10 && unheard < crashes - 10,
        "{unheard} of {crashes}"
    );
}

#[test]
fn a_dead_replica_turns_requests_away_and_a_new_life_takes_them() {
    let world = "[world]\nreplicas = 1\n";
    let fault = "[[fault]]\ncrash-replica = { chance = 0.05, point = \"after-commit\", down-for = \"20s\" }";
    let history = go(&plan(&format!("{world}{CLIENT}{fault}")), "no-dedup", 1).history;
    let mut down: Vec<(u64, u64)> = Vec::new();
    for event in &history.events {
        if let What::Fault { host, .. } = event.what {
            let host = host.expect("a crash strikes a host");
            assert_eq!(history.names.hosts.text(host.index()), "replica-0");
            down.push((event.t, event.t + 20_000_000));
        }
    }
    assert!(down.len() > 5, "{down:?}");
    let is_down = |from: u64, to: u64| down.iter().any(|(dies, back)| *dies <= to && from < *back);
    for told in attempts(&history) {
        let ended = told.ended.unwrap();
        // It was away for the request, or on its way back, or while it was at work.
        assert_eq!(told.end == "reset", is_down(told.begun, ended), "{told:?}");
    }
}

#[test]
fn a_handler_that_dies_lets_go_of_its_locks() {
    let hot = r#"
        [[client]]
        name = "app"
        key = "per-intent"
        timeout = "30s"
        retry = { max = 90, on = ["reset", "timeout", "unavailable", "in-progress"], wait = "2s" }
        [[fault]]
        crash-replica = { chance = 0.01, down-for = "2s" }
    "#;
    let mut plan = std::rc::Rc::unwrap_or_clone(plan(hot));
    (plan.shop.tenants, plan.load.over_us) = (1, 20_000_000);
    let ran = go(&std::rc::Rc::new(plan), "claim-complete", 1);
    assert!(met(&ran.history, Label::LockWait) > 10);
    assert!(met(&ran.history, Label::CrashInFlight) > 20);
    let told = attempts(&ran.history);
    let served: BTreeSet<usize> = told
        .iter()
        .filter(|told| told.end == "ok")
        .map(|told| told.intent())
        .collect();
    let unserved: Vec<_> = told
        .iter()
        .filter(|told| !served.contains(&told.intent()))
        .collect();
    assert!(unserved.is_empty(), "{unserved:#?}");
}

#[test]
fn a_replica_that_stands_still_answers_when_it_goes_on() {
    let patient = "[[client]]\nname = \"app\"\ntimeout = \"1h\"\n";
    let fault = "[[fault]]\npause-replica = { chance = 0.005, for = \"2min\" }";
    let history = go(&plan(&format!("{patient}{fault}")), "no-dedup", 1).history;
    let pauses = struck(&history, "pause-replica");
    let late = attempts(&history)
        .iter()
        .filter(|told| told.span() > 60_000_000)
        .count() as u64;
    assert!(pauses > 3 && late >= pauses, "{late} by {pauses}");
    assert_eq!(ended(&history, "ok"), 300);
    assert_eq!(met(&history, Label::PausedBeyondLease), pauses);
}

#[test]
fn a_replica_stands_still_where_the_scenario_says_and_the_rest_of_its_work_comes_later() {
    // The first waits for the gateway alone, the others for the database: the order is there long before its answer.
    for (point, is_there) in [
        ("after-charge", false),
        ("after-commit", true),
        ("during-commit", true),
    ] {
        let patient = "[[client]]\nname = \"app\"\ntimeout = \"1h\"\n";
        let fault = format!(
            "[[fault]]\npause-replica = {{ chance = 1, point = \"{point}\", for = \"20s\" }}"
        );
        let history = go(&plan(&format!("{patient}{fault}")), "no-dedup", 1).history;
        assert!(struck(&history, "pause-replica") > 100, "{point}");
        let rows = history.audit.as_ref().unwrap().orders.as_ref().unwrap();
        let late = attempts(&history)
            .iter()
            .filter(|told| {
                let made = rows.iter().find(|row| row.payload == told.asked.payload);
                let made_us = made.and_then(|row| row.t).expect("everybody gets an order");
                told.ended.unwrap() - made_us > 15_000_000
            })
            .count();
        assert_eq!(late > 100, is_there, "{point}: {late}");
    }
}

#[test]
fn one_replica_is_restarted_in_its_windows_and_no_other() {
    let fault = "[[fault]]\ncrash-replica = { chance = 1, down-for = \"30s\", replica = \"replica-2\", \
                 window = { from = \"1min\", until = \"80s\", every = \"2min\" } }";
    let world = "[world]\nreplicas = 3\n";
    let history = go(&plan(&format!("{world}{CLIENT}{fault}")), "no-dedup", 1).history;
    let mut crashes = Vec::new();
    for event in &history.events {
        if let What::Fault { host, .. } = event.what {
            let host = host.expect("a crash strikes a host");
            assert_eq!(history.names.hosts.text(host.index()), "replica-2");
            crashes.push(event.t / 1_000_000);
        }
    }
    // It is down for longer than its window is open, so that it dies once in each; nobody comes in one of the five.
    let windows: BTreeSet<u64> = crashes.iter().map(|at_s| (at_s - 60) / 120).collect();
    assert!((windows.len(), crashes.len()) == (4, 4), "{crashes:?}");
    let within = |at_s: &u64| (at_s - 60) % 120 < 20;
    assert!(crashes.iter().all(within), "{crashes:?}");
}

#[test]
fn in_a_rolling_restart_every_replica_goes_in_its_turn_and_none_else() {
    let fault = "[[fault]]\nrolling-restart = { from = \"1min\", down-for = \"10s\", apart = \"5s\", every = \"4min\" }";
    let world = "[world]\nreplicas = 3\n";
    let history = go(&plan(&format!("{world}{CLIENT}{fault}")), "no-dedup", 1).history;
    let mut crashes = Vec::new();
    for event in &history.events {
        if let What::Fault { host, .. } = event.what {
            let host = host.expect("a restart strikes a host");
            let name = history.names.hosts.text(host.index()).into_owned();
            crashes.push((event.t, name));
        }
    }
    // Each to the microsecond, whether or not it was at work; the load is over after ten minutes.
    let rounds = [60, 300, 540].map(|from_s| [from_s, from_s + 15, from_s + 30]);
    let turns = rounds.iter().flat_map(|round| round.iter().zip(0..));
    let expected: Vec<(u64, String)> = turns
        .map(|(at_s, replica)| (at_s * 1_000_000, format!("replica-{replica}")))
        .collect();
    assert_eq!(crashes, expected);
    let is_down = |from: u64, to: u64| {
        let mut down = crashes.iter().map(|(dies, _)| (*dies, dies + 10_000_000));
        down.any(|(dies, back)| dies <= to && from < back)
    };
    let told = attempts(&history);
    let resets = told.iter().filter(|told| told.end == "reset");
    assert!(resets.clone().count() > 10);
    assert!(
        resets
            .clone()
            .all(|told| is_down(told.begun, told.ended.unwrap()))
    );
}

#[test]
fn a_rolling_restart_without_every_comes_once_and_takes_the_memory_of_a_replica_with_it() {
    let world = "[world]\nreplicas = 2\n";
    let fault = "[[fault]]\nrolling-restart = { from = \"5min\", down-for = \"1s\" }";
    // Only its process's memory refuses anybody: the count is taken up again by the replica that was started anew.
    let taps = "taps = [{}, { after = \"10ms\" }]";
    let [without, with] = ["", fault].map(|fault| {
        let text = format!("{world}{CLIENT}{taps}\n{fault}");
        go(&plan(&text), "process-counter", 1).history
    });
    assert_eq!(struck(&with, "rolling-restart"), 2);
    assert!(orders(&with) > orders(&without), "{}", orders(&with));
}

#[test]
fn a_pause_of_two_leases_is_one_of_twice_the_contracts_lease() {
    let told = |lease: &str, how_long: &str| {
        let contract = format!("[contract]\nlease = \"{lease}\"\n");
        let patient = "[[client]]\nname = \"app\"\ntimeout = \"1h\"\n";
        let fault = format!(
            "[[fault]]\npause-replica = {{ chance = 0.1, point = \"after-charge\", {how_long} }}"
        );
        let text = format!("{contract}{patient}{fault}");
        let history = go(&plan(&text), "no-dedup", 1).history;
        let pauses = struck(&history, "pause-replica");
        assert!(pauses > 10, "{pauses}");
        let beyond = met(&history, Label::PausedBeyondLease);
        let times = attempts(&history).into_iter().map(|told| told.ended);
        (times.collect::<Vec<_>>(), beyond == pauses)
    };
    assert_eq!(told("7s", "leases = 2"), told("7s", "for = \"14s\""));
    assert_eq!(told("20s", "leases = 0.5"), told("20s", "for = \"10s\""));
    assert!(told("7s", "leases = 2").1 && !told("20s", "leases = 0.5").1);
}

/// A service that compares the replicas' clocks with the true time.
struct Clocks<'w> {
    world: &'w World,
    off_us: RefCell<BTreeMap<u64, BTreeSet<i64>>>,
    /// How often a clock jumped while something was under way.
    under_way: Cell<u64>,
}

impl Service for Clocks<'_> {
    async fn handle(&self, ports: &ReplicaPorts<'_>, _job: &Job) -> Option<Response> {
        let off_us = || ports.clock().now().0 as i64 - self.world.now_us() as i64;
        let at_first = off_us();
        ports.clock().sleep(Span::secs(20)).await;
        let off_us = off_us();
        self.under_way.update(|n| n + u64::from(off_us != at_first));
        let Owner(owner) = ports.owner();
        self.off_us
            .borrow_mut()
            .entry(owner)
            .or_default()
            .extend([at_first, off_us]);
        Some(Response::refused(409, Problem::Duplicate))
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        None
    }
}

#[test]
fn clocks_are_off_by_as_much_as_was_drawn_and_slow_ones_too_from_the_first_moment() {
    let plan = plan(&format!("[world]\nclock-skew = \"20min\"\n{CLIENT}"));
    let world = World::new(&plan, Chooser::random(1));
    let clocks = Clocks {
        world: &world,
        off_us: RefCell::default(),
        under_way: Cell::default(),
    };
    run(&world, &clocks, &Shoppers, &mut |_| Control::Go).unwrap();
    let off_us = clocks.off_us.into_inner();
    assert_eq!(off_us.len(), 8);
    // Each clock is off by the same all the time, though the run is shorter than the clocks are slow.
    assert!(off_us.values().all(|off| off.len() == 1), "{off_us:?}");
    let day_us = 86_400_000_000;
    let skews: BTreeSet<i64> = off_us
        .values()
        .flatten()
        .map(|off| (off - day_us) / 60_000_000)
        .collect();
    assert!(
        *skews.first().unwrap() < -10 && *skews.last().unwrap() > 10,
        "{skews:?}"
    );
}

#[test]
fn a_clock_jumps_where_the_scenario_says_and_the_work_under_way_sees_it() {
    let day_us = 86_400_000_000;
    let stepping = |details: &str| {
        let plan = plan(&format!(
            "[world]\nclock-skew = \"0s\"\n{CLIENT}[[fault]]\nclock-step = {{ by = \"1min\", {details} }}"
        ));
        let world = World::new(&plan, Chooser::random(1));
        let clocks = Clocks {
            world: &world,
            off_us: RefCell::default(),
            under_way: Cell::default(),
        };
        run(&world, &clocks, &Shoppers, &mut |_| Control::Go).unwrap();
        let (off_us, under_way) = (clocks.off_us.into_inner(), clocks.under_way.get());
        let history = world.finish().history;
        let minutes = |off: &BTreeSet<i64>| -> Vec<i64> {
            assert!(
                off.iter().all(|off| (off - day_us) % 60_000_000 == 0),
                "{off:?}"
            );
            off.iter().map(|off| (off - day_us) / 60_000_000).collect()
        };
        let off: BTreeMap<u64, Vec<i64>> =
            off_us.iter().map(|(r, off)| (*r, minutes(off))).collect();
        (struck(&history, "clock-step"), under_way, off)
    };
    let (forward, under_way, off) = stepping("chance = 1, replica = \"replica-3\"");
    assert!(forward > 10 && under_way > 0, "{forward}, {under_way}");
    for (replica, off) in off {
        // It jumps before it is first looked at, and every jump adds to those before.
        let expected: Vec<i64> = if replica == 3 {
            (1..=forward as i64).collect()
        } else {
            vec![0]
        };
        assert_eq!(off, expected, "replica-{replica}");
    }
    let (back, _, off) = stepping("chance = 0.2, back = 1");
    assert!((20..120).contains(&back), "{back}");
    let jumped: i64 = off.values().map(|off| -off[0]).sum();
    assert_eq!(jumped, back as i64, "each jump takes a clock back once");
    let (both, _, off) = stepping("chance = 0.5, back = 0.5");
    let reach = |far: fn(&i64) -> bool| off.values().flatten().any(far);
    assert!(
        both > 100 && reach(|off| *off > 2) && reach(|off| *off < -2),
        "{off:?}"
    );
}

#[test]
fn a_jump_of_a_clock_takes_a_tap_out_of_its_twins_bucket_and_not_out_of_its_cart() {
    let orders_of = |strategy: &str, by: &str| {
        let taps =
            "[[client]]\nname = \"app\"\ntimeout = \"30s\"\ntaps = [{}, { after = \"3s\" }]\n";
        let step = format!("[[fault]]\nclock-step = {{ chance = 0.5, by = \"{by}\", back = 0.5 }}");
        let skew = "[world]\nclock-skew = \"0s\"\n";
        let history = go(&plan(&format!("{skew}{taps}{step}")), strategy, 1).history;
        assert!(struck(&history, "clock-step") > 200);
        orders(&history)
    };
    // A bucket is five minutes: twins meet in it, but for those at its edge, until clocks jump further than that.
    let (small, large) = (
        orders_of("fingerprint", "1ms"),
        orders_of("fingerprint", "7min"),
    );
    assert!(small < 310 && large > 450, "{small}, {large}");
    assert_eq!(orders_of("claim-complete", "7min"), 300);
}

/// A service that notes under which names its replicas look after things.
#[derive(Default)]
struct Names(RefCell<BTreeSet<u64>>);

impl Service for Names {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        if matches!(job, Job::Upkeep) {
            self.0.borrow_mut().insert(ports.owner().0);
            return None;
        }
        let found = ports.cache().get(&"nothing".into()).await;
        assert!(matches!(found, Ok(None)));
        Some(Response::refused(409, Problem::Duplicate))
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        Some(1_000_000)
    }
}

#[test]
fn no_two_lives_of_any_replicas_share_a_name() {
    let world = "[world]\nreplicas = 700\n";
    let fault = "[[fault]]\ncrash-replica = { chance = 0.5, down-for = \"5s\" }";
    let names = Names::default();
    let history = play(&plan(&format!("{world}{CLIENT}{fault}")), &names, 1).history;
    let crashes = struck(&history, "crash-replica");
    assert!(crashes > 100, "{crashes}");
    // A life may be too short for any upkeep.
    let named = names.0.into_inner().len() as u64;
    assert!(
        named > 700 + crashes * 9 / 10 && named <= 700 + crashes,
        "{named} by {crashes}"
    );
}
