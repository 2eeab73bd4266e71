//! Every fault of the language has its consequence, exactly as often as it strikes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use history::{History, Label, What};
use orders::{Cache, Job, Ports};
use protocol::{ChargeState, Problem, Response, Span};
use sim::{ReplicaPorts, Service};

use crate::story::{attempts, charges, ended, fired, go, met, orders, plan, play, struck};

const CLIENT: &str = "[[client]]\nname = \"app\"\ntimeout = \"30s\"\n";
const WEBHOOK: &str = "[world.latency]\nwebhook = \"1s\"\n";

/// Attempts that took so long, and ended with something heard.
fn late(history: &History, span_us: u64) -> u64 {
    let told = attempts(history);
    told.iter()
        .filter(|told| told.end != "timeout" && told.span() >= span_us)
        .count() as u64
}

fn captured(history: &History) -> u64 {
    charges(history, ChargeState::Captured)
}

/// Charges of which no order came.
fn in_vain(history: &History) -> u64 {
    captured(history) - orders(history)
}

/// How often a fault has had its consequence, in a history in which it was the only one.
type Consequence = fn(&History) -> u64;

/// Every fault with its details, and the consequence that it has each time, under `no-dedup`.
const EXACT: &[(&str, &str, Consequence)] = &[
    ("lose-request", "chance = 0.1", |h| ended(h, "timeout")),
    ("lose-request", "chance = 0.1", |h| {
        met(h, Label::RequestLost)
    }),
    ("lose-request", "chance = 0.1, reset = 1", |h| {
        ended(h, "reset")
    }),
    ("lose-request", "chance = 0.1, reset = 0.5", |h| {
        ended(h, "reset") + ended(h, "timeout")
    }),
    ("lose-response", "chance = 0.1", |h| ended(h, "timeout")),
    ("lose-response", "chance = 0.1, reset = 1", |h| {
        ended(h, "reset")
    }),
    ("lose-response", "chance = 0.1, reset = 0.5", |h| {
        ended(h, "reset") + ended(h, "timeout")
    }),
    ("lose-response", "chance = 0.1", |h| {
        met(h, Label::ReplyLostAfterCommit)
    }),
    (
        "bad-cell",
        "chance = 1, lasts = \"1h\", inside = 0.1",
        |h| ended(h, "timeout"),
    ),
    ("delay-request", "chance = 0.1, by = \"10s\"", |h| {
        late(h, 10_000_000)
    }),
    ("delay-response", "chance = 0.1, by = \"10s\"", |h| {
        late(h, 10_000_000)
    }),
    ("duplicate-request", "chance = 0.1, after = \"1s\"", |h| {
        met(h, Label::DuplicateDelivered)
    }),
    ("duplicate-request", "chance = 0.1, after = \"1s\"", |h| {
        orders(h) - 300
    }),
    (
        "partition",
        "from = \"clients\", to = \"replicas\", chance = 0.1",
        |h| ended(h, "timeout"),
    ),
    (
        "partition",
        "from = \"replicas\", to = \"gateway\", chance = 0.1",
        |h| ended(h, "outcome_unknown"),
    ),
    (
        "partition",
        "from = \"database\", to = \"replicas\", chance = 0.01",
        in_vain,
    ),
    ("pause-replica", "chance = 0.003, for = \"20s\"", |h| {
        late(h, 15_000_000)
    }),
    ("lose-connection", "chance = 0.01", in_vain),
    ("lose-commit", "chance = 0.1", in_vain),
    ("lose-commit", "chance = 0.1", |h| {
        met(h, Label::CommitUnknown)
    }),
    ("lose-commit-ack", "chance = 0.1", |h| {
        orders(h) - ended(h, "ok")
    }),
    ("serialization-failure", "chance = 0.1", in_vain),
    ("decline-charge", "chance = 0.1", |h| {
        charges(h, ChargeState::Declined)
    }),
    ("decline-charge", "chance = 0.1", |h| {
        ended(h, "payment_declined")
    }),
    ("gateway-unavailable", "chance = 0.1", |h| 300 - captured(h)),
    ("gateway-unavailable", "chance = 0.1", |h| {
        ended(h, "unavailable")
    }),
    ("gateway-timeout-before", "chance = 0.1", |h| {
        300 - captured(h)
    }),
    ("gateway-timeout-before", "chance = 0.1", |h| {
        ended(h, "outcome_unknown")
    }),
    ("gateway-timeout-after", "chance = 0.1", in_vain),
    ("gateway-timeout-after", "chance = 0.1", |h| {
        met(h, Label::CaptureUnknown)
    }),
    ("slow-gateway", "chance = 0.1, by = \"3s\"", |h| {
        late(h, 3_000_000)
    }),
    ("slow-gateway", "chance = 0.1, by = \"8s\"", in_vain),
];

/// Faults whose consequence is seen by those who listen: the tests of the gateway, of the kitchen, of the processes, of the cache,
/// and of the cache below.
const ELSEWHERE: [&str; 11] = [
    "rolling-restart",
    "lose-cache-answer",
    "fail-over-cache",
    "duplicate-message",
    "crash-relay",
    "crash-replica",
    "clock-step",
    "duplicate-webhook",
    "flush-cache",
    "evict-key",
    "cache-unavailable",
];

#[test]
fn every_fault_has_its_consequence_each_time_that_it_strikes() {
    for (word, details, consequence) in EXACT {
        let plan = plan(&format!(
            "{WEBHOOK}{CLIENT}[[fault]]\n{word} = {{ {details} }}"
        ));
        let history = go(&plan, "no-dedup", 1).history;
        let strikes = struck(&history, word);
        assert!(strikes > 2, "{word} {details}: {strikes}");
        assert_eq!(consequence(&history), strikes, "{word} {details}");
        assert_eq!(fired(&history).len(), 1);
    }
    for fault in scenario::FaultName::ALL {
        let word = fault.word();
        let tried = EXACT.iter().any(|(exact, ..)| *exact == word) || ELSEWHERE.contains(&word);
        assert!(tried, "{word} is not tried");
    }
    // Without a fault there is no consequence.
    let history = go(&plan(&format!("{WEBHOOK}{CLIENT}")), "no-dedup", 1).history;
    assert_eq!((ended(&history, "ok"), late(&history, 3_000_000)), (300, 0));
    assert_eq!((captured(&history), orders(&history)), (300, 300));
}

#[test]
fn a_fault_names_the_replica_that_it_strikes() {
    for fault in [
        "lose-response = { chance = 0.5 }",
        "lose-connection = { chance = 0.1 }",
        "gateway-unavailable = { chance = 0.5 }",
        "crash-replica = { chance = 0.01, down-for = \"1s\" }",
    ] {
        let history = go(&plan(&format!("{CLIENT}[[fault]]\n{fault}")), "no-dedup", 1).history;
        let mut replicas = BTreeMap::new();
        for event in &history.events {
            if let What::Fault { host, .. } = event.what {
                *replicas.entry(host.expect("it is known")).or_insert(0) += 1;
            }
        }
        assert!(replicas.len() > 4, "{fault}: {replicas:?}");
        for host in replicas.keys() {
            let name = history.names.hosts.text(host.index());
            assert!(name.starts_with("replica-"), "{name}");
        }
    }
}

const CACHE_FAULTS: [&str; 3] = ["flush-cache", "evict-key", "cache-unavailable"];

/// A service that counts in the cache what it is asked for, and answers nothing but that.
struct Counting(RefCell<BTreeMap<&'static str, u64>>);

impl Service for Counting {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        let Job::Serve(request) = job else {
            return None;
        };
        let key = format!("cart {}", request.cart.id).into();
        let hour = Span::hours(1);
        let saw = match ports.cache().set_if_absent(&key, "here".into(), hour).await {
            Err(_) => "unavailable",
            Ok(_) => match ports.cache().get(&key).await {
                Err(_) => "unavailable",
                Ok(None) => "forgotten",
                Ok(Some(_)) => "there",
            },
        };
        *self.0.borrow_mut().entry(saw).or_default() += 1;
        Some(Response::refused(503, Problem::Unavailable))
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        None
    }
}

#[test]
fn the_cache_forgets_and_fails_as_often_as_the_plan_says() {
    let cut = "partition";
    let details = "from = \"replicas\", to = \"cache\", chance = 0.1";
    for (word, details, expected) in [
        (CACHE_FAULTS[0], "chance = 0.1", "forgotten"),
        (CACHE_FAULTS[1], "chance = 0.1", "forgotten"),
        (CACHE_FAULTS[2], "chance = 0.1", "unavailable"),
        (cut, details, "unavailable"),
    ] {
        let plan = plan(&format!(
            "[[client]]\nname = \"app\"\n[[fault]]\n{word} = {{ {details} }}"
        ));
        let counting = Counting(Default::default());
        let history = play(&plan, &counting, 1).history;
        let counts = counting.0.into_inner();
        assert!(struck(&history, word) > 10);
        assert!(
            counts[expected] > 5 && counts["there"] > 200,
            "{word}: {counts:?}"
        );
        assert_eq!(counts.len(), 2, "{word}: {counts:?}");
    }
}
