//! When a run is over: when nobody waits, nothing is under way, and what is left has had until the recovery deadline.

use orders::Job;
use std::future::pending;

use history::RecordState;
use protocol::Response;
use sim::{ReplicaPorts, Service, Simulated};

use crate::story::{attempts, ended, go, plan, play, struck};

const MINUTE_US: u64 = 60_000_000;
const DEADLINE: &str = "[contract]\nrecovery-deadline = \"2min\"\n";
const DEADLINE_US: u64 = 2 * MINUTE_US;

#[test]
fn clients_that_wait_for_ever_for_what_cannot_come_do_not_keep_the_run_open() {
    let faults = "[[client]]\nname = \"patient\"\n\
        [[fault]]\nlose-request = { chance = 0.2 }\n[[fault]]\nlose-response = { chance = 0.2 }";
    let plan = plan(&format!("{DEADLINE}{faults}"));
    for strategy in ["claim-complete", "no-dedup"] {
        let ran = go(&plan, strategy, 1);
        let lost = struck(&ran.history, "lose-request") + struck(&ran.history, "lose-response");
        assert!(lost > 80, "{strategy}: {lost}");
        assert_eq!(ended(&ran.history, "open"), lost, "{strategy}");
        assert_eq!(ended(&ran.history, "ok"), 300 - lost, "{strategy}");
        let last = attempts(&ran.history).last().unwrap().begun;
        let late = (last + DEADLINE_US)..(last + DEADLINE_US + MINUTE_US);
        assert!(late.contains(&ran.ended_us), "{strategy}: {}", ran.ended_us);
    }
}

/// A service that never ends.
struct Stuck(Option<u64>);

impl Service for Stuck {
    async fn handle(&self, _ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        if matches!(job, Job::Serve(_)) {
            pending::<()>().await;
        }
        None
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        self.0
    }
}

#[test]
fn handlers_that_never_end_do_not_keep_the_run_open() {
    let plan = plan(&format!("{DEADLINE}[[client]]\nname = \"patient\""));
    for upkeep_every_us in [None, Some(1_000_000)] {
        let ran = play(&plan, &Stuck(upkeep_every_us), 1);
        assert_eq!(ended(&ran.history, "open"), 300);
        assert!(ran.ended_us < 16 * MINUTE_US, "{}", ran.ended_us);
    }
}

/// One purchase by somebody who waits five seconds, and a fault.
fn one(fault: &str) -> Simulated {
    let client = "[[client]]\nname = \"app\"\nkey = \"per-intent\"\ntimeout = \"5s\"";
    let webhook = match fault.starts_with("lose-response") {
        true => "[world.latency]\nwebhook = \"10min\"\n",
        false => "",
    };
    let world = format!("[world]\nreplicas = 1\n{webhook}");
    let mut plan = std::rc::Rc::unwrap_or_clone(plan(&format!(
        "{world}{DEADLINE}{client}\n[[fault]]\n{fault}"
    )));
    plan.load.intents = 1;
    let ran = go(&std::rc::Rc::new(plan), "claim-complete", 1);
    assert_eq!(attempts(&ran.history).len(), 1);
    ran
}

#[test]
fn the_deadline_runs_from_when_the_last_trace_of_a_fault_is_gone() {
    for fault in [
        "delay-request = { chance = 1, by = \"10min\" }",
        "crash-replica = { chance = 1, point = \"after-charge\", down-for = \"10min\" }",
        "crash-replica = { chance = 1, point = \"during-commit\", down-for = \"10min\" }",
        "pause-replica = { chance = 1, for = \"10min\", window = { from = \"0s\", until = \"10min\" } }",
        "slow-gateway = { chance = 1, by = \"10min\" }",
        // Of webhooks that are late anyway.
        "lose-response = { chance = 1 }",
    ] {
        let ran = one(fault);
        assert_eq!(
            ended(&ran.history, "timeout") + ended(&ran.history, "reset"),
            1,
            "{fault}"
        );
        let begun = attempts(&ran.history)[0].begun;
        assert!(
            ran.ended_us >= begun + 10 * MINUTE_US + DEADLINE_US,
            "{fault}: {}",
            ran.ended_us
        );
        assert!(
            ran.ended_us < begun + 11 * MINUTE_US + DEADLINE_US,
            "{fault}: {}",
            ran.ended_us
        );
        let audit = ran.history.audit.expect("it was taken");
        let keys = audit.keys.expect("there are keys");
        let open = keys
            .iter()
            .filter(|key| key.state == RecordState::InProgress);
        assert_eq!(open.count(), 0, "{fault}");
    }
}
