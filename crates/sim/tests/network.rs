//! What becomes of messages between clients and replicas: each copy and each answer has a fate of its own.

use orders::Job;
use std::cell::Cell;

use history::Label;
use protocol::{Problem, Response};
use sim::{ReplicaPorts, Service};

use crate::story::{attempts, ended, go, met, plan, play, struck};

/// A service that counts the requests and refuses them.
#[derive(Default)]
struct Counting(Cell<u64>);

impl Service for Counting {
    async fn handle(&self, _ports: &ReplicaPorts<'_>, _job: &Job) -> Option<Response> {
        self.0.set(self.0.get() + 1);
        Some(Response::refused(409, Problem::Duplicate))
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        None
    }
}

const CLIENT: &str = "[[client]]\nname = \"app\"\ntimeout = \"30s\"\n";

#[test]
fn the_second_copy_of_a_request_passes_no_loss_and_no_partition() {
    for cut in [
        "lose-request = { chance = 1 }",
        "partition = { from = \"clients\", to = \"replicas\" }",
    ] {
        let twice = "[[fault]]\nduplicate-request = { chance = 1, after = \"1s\" }";
        let (counting, plan) = (
            Counting::default(),
            plan(&format!("{CLIENT}{twice}\n[[fault]]\n{cut}")),
        );
        let history = play(&plan, &counting, 1).history;
        assert_eq!(counting.0.get(), 0, "{cut}");
        assert_eq!(met(&history, Label::DuplicateDelivered), 0);
        assert_eq!(met(&history, Label::RequestLost), 300);
    }
}

#[test]
fn each_copy_is_lost_by_itself() {
    let faults = "[[fault]]\nduplicate-request = { chance = 1, after = \"1s\" }\n[[fault]]\nlose-request = { chance = 0.5 }";
    let (counting, plan) = (Counting::default(), plan(&format!("{CLIENT}{faults}")));
    let history = play(&plan, &counting, 1).history;
    let (both, none) = (
        met(&history, Label::DuplicateDelivered),
        met(&history, Label::RequestLost),
    );
    assert!(
        (40..110).contains(&both) && (40..110).contains(&none),
        "{both} {none}"
    );
    assert_eq!(counting.0.get(), 300 + both - none);
    assert_eq!(ended(&history, "timeout"), none);
    assert_eq!(struck(&history, "lose-request"), 600 - counting.0.get());
}

#[test]
fn each_answer_is_lost_by_itself() {
    let faults = "[[fault]]\nduplicate-request = { chance = 1, after = \"1s\" }\n[[fault]]\nlose-response = { chance = 0.5 }";
    let plan = plan(&format!("{CLIENT}{faults}"));
    let history = play(&plan, &Counting::default(), 1).history;
    let none = ended(&history, "timeout");
    assert!((40..110).contains(&none), "{none}");
    assert_eq!(ended(&history, "duplicate"), 300 - none);
}

#[test]
fn of_two_answers_the_first_to_arrive_is_heard() {
    let faults = "[[fault]]\nduplicate-request = { chance = 1, after = \"1s\" }\n[[fault]]\ndelay-response = { chance = 0.5, by = \"1min\" }";
    let plan = plan(&format!("{CLIENT}{faults}"));
    let history = play(&plan, &Counting::default(), 1).history;
    // Only where both are late does the client give up.
    let late = ended(&history, "timeout");
    assert!((40..110).contains(&late), "{late}");
    let second = attempts(&history);
    let second = second
        .iter()
        .filter(|told| told.end != "timeout" && told.span() > 1_000_000);
    assert!((40..110).contains(&second.count()));
}

#[test]
fn a_client_that_is_cut_off_hears_nothing_not_even_a_reset() {
    let crash =
        "[[fault]]\ncrash-replica = { chance = 1, point = \"after-charge\", down-for = \"1s\" }";
    let cut = "[[fault]]\npartition = { from = \"clients\", to = \"replicas\", chance = 0.5 }";
    let history = go(&plan(&format!("{CLIENT}{crash}")), "no-dedup", 1).history;
    assert_eq!(ended(&history, "reset"), 300);
    let history = go(&plan(&format!("{CLIENT}{crash}\n{cut}")), "no-dedup", 1).history;
    let (cuts, silent) = (struck(&history, "partition"), ended(&history, "timeout"));
    assert_eq!((silent, ended(&history, "reset")), (cuts, 300 - cuts));
    assert!(cuts > 200, "{cuts}");
}

#[test]
fn nothing_is_late_that_does_not_arrive() {
    for (lost, late) in [
        ("lose-request = { chance = 1 }", "delay-request"),
        ("lose-response = { chance = 1 }", "delay-response"),
        (
            "lose-response = { chance = 1, reset = 1 }",
            "delay-response",
        ),
        (
            "partition = { from = \"replicas\", to = \"gateway\" }",
            "slow-gateway",
        ),
        ("gateway-timeout-before = { chance = 1 }", "slow-gateway"),
    ] {
        let faults =
            format!("[[fault]]\n{lost}\n[[fault]]\n{late} = {{ chance = 1, by = \"1s\" }}");
        let history = go(&plan(&format!("{CLIENT}{faults}")), "no-dedup", 1).history;
        assert_eq!(struck(&history, late), 0, "{lost}");
        assert_eq!(ended(&history, "ok"), 0, "{lost}");
    }
}
