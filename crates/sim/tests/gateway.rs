//! What becomes of charges and refunds, and who hears of them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use history::Label;
use orders::{Clock, Door, Gateway, GatewayError, Job, Ports};
use protocol::{
    ChargeId, ChargeNotice, ChargeRequest, ChargeState, GatewayKey, Money, Problem, Response, Span,
    Time,
};
use sim::{ReplicaPorts, Service};

use crate::story::{charges, ended, go, met, orders, plan, play, struck};

const CLIENT: &str = "[[client]]\nname = \"app\"\ntimeout = \"1h\"\n";

/// What a service hears that charges, asks for the same charge again, and refunds it.
type Heard = (
    Result<ChargeState, GatewayError>,
    Result<ChargeState, GatewayError>,
    Result<(), GatewayError>,
);

/// A service that charges, waits, asks again, and refunds; and how long the charge took.
#[derive(Default)]
struct Asking {
    wait: Span,
    heard: RefCell<Vec<(Heard, Span)>>,
}

impl Service for Asking {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        let Job::Serve(request) = job else {
            return None;
        };
        let key = GatewayKey::of_attempt(ports.nonce());
        let begun: Time = ports.clock().now();
        let asked = ChargeRequest {
            key,
            tenant: request.tenant,
            order: None,
            amount: Money(100),
        };
        let charged = ports
            .gateway()
            .charge(asked)
            .await
            .map(|answer| answer.state);
        let took = ports.clock().now().since(begun);
        ports.clock().sleep(self.wait).await;
        let again = ports.gateway().charge(asked).await;
        let id = again.map_or(ChargeId(0), |answer| answer.id);
        let refunded = ports.gateway().refund(id).await;
        let again = again.map(|answer| answer.state);
        self.heard
            .borrow_mut()
            .push(((charged, again, refunded), took));
        Some(Response::refused(409, Problem::Duplicate))
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        None
    }
}

fn asking(fault: &str, wait: Span) -> Vec<(Heard, Span)> {
    let service = Asking {
        wait,
        ..Asking::default()
    };
    let text = match fault {
        "" => CLIENT.to_owned(),
        fault => format!("{CLIENT}[[fault]]\n{fault}"),
    };
    play(&plan(&text), &service, 1);
    let heard = service.heard.into_inner();
    assert_eq!(heard.len(), 300);
    heard
}

#[test]
fn an_outage_strikes_whoever_asks_again_and_refunds_as_it_strikes_charges() {
    use GatewayError::{Unavailable, Unknown};
    let captured = Ok(ChargeState::Captured);
    for (fault, expected) in [
        ("", (captured, captured, Ok(()))),
        (
            "gateway-unavailable = { chance = 1 }",
            (Err(Unavailable), Err(Unavailable), Err(Unavailable)),
        ),
        (
            "gateway-timeout-before = { chance = 1 }",
            (Err(Unknown), Err(Unknown), Err(Unknown)),
        ),
        (
            "gateway-timeout-after = { chance = 1 }",
            (Err(Unknown), Err(Unknown), Err(Unknown)),
        ),
        (
            "partition = { from = \"gateway\", to = \"replicas\" }",
            (Err(Unknown), Err(Unknown), Err(Unknown)),
        ),
    ] {
        for (heard, _) in asking(fault, Span::ZERO) {
            assert_eq!(heard, expected, "{fault}");
        }
    }
}

#[test]
fn a_replica_waits_five_seconds_for_a_gateway_that_captures_all_the_same() {
    let slow = "slow-gateway = { chance = 1, by = \"1min\", window = { from = \"0s\", until = \"10min\" } }";
    let mut in_time = 0;
    for ((charged, again, _), took) in asking(slow, Span::secs(2)) {
        assert_eq!((charged, took), (Err(GatewayError::Unknown), Span::secs(5)));
        // Who asks again is slow too, unless the window is over: then the first capture still runs.
        in_time += u64::from(again != Err(GatewayError::Unknown));
    }
    assert!(in_time <= 10);
    let history = go(&plan(&format!("{CLIENT}[[fault]]\n{slow}")), "no-dedup", 1).history;
    let slowed = struck(&history, "slow-gateway");
    assert_eq!((slowed, ended(&history, "outcome_unknown")), (300, 300));
    assert_eq!(
        (charges(&history, ChargeState::Captured), orders(&history)),
        (300, 0)
    );
    assert_eq!(met(&history, Label::CaptureUnknown), 300);
}

#[test]
fn a_replica_waits_for_the_gateway_as_long_as_the_file_says() {
    let slow = "slow-gateway = { chance = 1, by = \"20s\", window = { from = \"0s\", until = \"10min\" } }";
    for (timeout, unheard) in [("10s", 300), ("1min", 0)] {
        let text = format!("[world]\ngateway-timeout = \"{timeout}\"\n{CLIENT}[[fault]]\n{slow}");
        let history = go(&plan(&text), "no-dedup", 1).history;
        assert_eq!(ended(&history, "outcome_unknown"), unheard, "{timeout}");
        assert_eq!(orders(&history), 300 - unheard);
    }
}

#[test]
fn a_bank_refuses_what_is_captured_and_nothing_else() {
    let faults = "[[fault]]\ngateway-timeout-before = { chance = 0.5 }\n[[fault]]\ndecline-charge = { chance = 0.5 }";
    let history = go(&plan(&format!("{CLIENT}{faults}")), "no-dedup", 1).history;
    let declined = struck(&history, "decline-charge");
    assert!((50..100).contains(&declined), "{declined}");
    assert_eq!(charges(&history, ChargeState::Declined), declined);
    assert_eq!(ended(&history, "payment_declined"), declined);
    let lost = struck(&history, "gateway-timeout-before");
    assert_eq!(ended(&history, "outcome_unknown"), lost);
    assert_eq!(ended(&history, "ok") + lost + declined, 300);
}

/// The order service, and what its replicas hear from the gateway.
struct Listening {
    service: Door,
    heard: RefCell<Vec<ChargeNotice>>,
    /// Refuses every webhook the first time.
    deaf: Cell<bool>,
}

impl Listening {
    fn new(plan: &std::rc::Rc<scenario::Plan>) -> Listening {
        let world = sim::World::new(plan, explore::Chooser::random(1));
        Listening {
            service: Door::new("no-dedup".parse().unwrap(), world.contract()),
            heard: RefCell::default(),
            deaf: Cell::default(),
        }
    }

    /// How often each charge was heard of.
    fn counts(&self) -> BTreeMap<u64, u64> {
        let mut counts = BTreeMap::new();
        for notice in self.heard.borrow().iter() {
            *counts.entry(notice.id.0).or_default() += 1;
        }
        counts
    }
}

impl Service for Listening {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        let Job::Webhook(notice) = job else {
            return self.service.handle(ports, job).await;
        };
        // A round trip, at which the process may die.
        let key = format!("charge {}", notice.id.0).into();
        let new = orders::Cache::set_if_absent(ports, &key, "".into(), Span::hours(9)).await;
        if self.deaf.get() && new == Ok(true) {
            return Some(Response::refused(503, Problem::Unavailable));
        }
        self.heard.borrow_mut().push(*notice);
        None
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        None
    }

    fn hears_webhooks(&self) -> bool {
        true
    }
}

const WEBHOOK: &str = "[world.latency]\nwebhook = { exponential = \"20s\" }\n";

#[test]
fn a_webhook_tells_a_replica_how_each_capture_ended() {
    let plan = plan(&format!(
        "{WEBHOOK}{CLIENT}[[fault]]\ndecline-charge = {{ chance = 0.2 }}"
    ));
    let listening = Listening::new(&plan);
    let history = play(&plan, &listening, 1).history;
    let heard = listening.heard.borrow();
    assert_eq!(heard.len(), 300);
    let declined = heard
        .iter()
        .filter(|notice| notice.state == ChargeState::Declined);
    assert_eq!(declined.count() as u64, struck(&history, "decline-charge"));
    let ledger = history.audit.unwrap().charges.unwrap();
    for notice in heard.iter() {
        assert_eq!(notice.amount.minor(), ledger[notice.id.0 as usize].amount);
    }
    let in_order = heard.windows(2).all(|pair| pair[0].id < pair[1].id);
    assert!(!in_order, "late ones are overtaken");
}

#[test]
fn a_webhook_that_nobody_took_is_told_again() {
    for fault in [
        "crash-replica = { chance = 0.05, down-for = \"10s\" }",
        "pause-replica = { chance = 0.05, for = \"10s\" }",
        "partition = { from = \"gateway\", to = \"replicas\", window = { from = \"1min\", until = \"3min\" } }",
        "duplicate-webhook = { chance = 0.5, after = \"1min\" }",
    ] {
        let plan = plan(&format!("{WEBHOOK}{CLIENT}[[fault]]\n{fault}"));
        let listening = Listening::new(&plan);
        listening.deaf.set(fault.starts_with("duplicate"));
        let history = play(&plan, &listening, 1).history;
        let counts = listening.counts();
        let told = charges(&history, ChargeState::Captured);
        assert!(
            told > 150 && counts.len() as u64 == told,
            "{fault}: {} of {told}",
            counts.len()
        );
        if fault.starts_with("duplicate") {
            let twice = counts.values().filter(|count| **count == 2).count() as u64;
            assert_eq!(twice, struck(&history, "duplicate-webhook"));
            assert!(counts.values().all(|count| *count <= 2));
        }
    }
}

#[test]
fn the_reference_learns_by_webhook_what_the_gateway_answers_nobody() {
    let text = |webhook: &str| {
        plan(&format!(
            "{webhook}[[client]]\nname = \"app\"\nkey = \"per-intent\"\ntimeout = \"10s\"\ntaps = [{{}}, {{ after = \"4min\" }}]\n\
             [[fault]]\ngateway-timeout-after = {{ chance = 1 }}\n\
             [[fault]]\ndecline-charge = {{ chance = 0.3 }}\n\
             [[fault]]\nduplicate-webhook = {{ chance = 0.5, after = \"30s\" }}"
        ))
    };
    let history = go(&text(WEBHOOK), "claim-complete", 1).history;
    let (captured, declined) = (
        charges(&history, ChargeState::Captured),
        charges(&history, ChargeState::Declined),
    );
    assert_eq!((captured + declined, orders(&history)), (300, 300));
    assert!(declined > 60 && struck(&history, "duplicate-webhook") > 100);
    let rows = history.audit.as_ref().unwrap().orders.iter().flatten();
    let confirmed = rows.filter(|row| row.state == protocol::OrderState::Confirmed);
    assert_eq!(confirmed.count() as u64, captured);
    assert_eq!(met(&history, Label::WebhookCommit), 300);
    // Who looks again four minutes later is told, although the gateway has answered nobody yet.
    assert_eq!(ended(&history, "ok"), captured);
    let silent = go(&text(""), "claim-complete", 1).history;
    assert_eq!(
        (met(&silent, Label::WebhookCommit), ended(&silent, "ok")),
        (0, 0)
    );
}

#[test]
fn the_gateway_forgets_a_key_when_the_scenario_says_and_charges_it_again() {
    // The first answer is lost, and the reference asks again with the same key, five seconds later.
    let fault = "[[fault]]\ngateway-timeout-after = { chance = 0.3 }";
    for (ttl, twice) in [("30d", false), ("1s", true)] {
        let world = format!("[world]\ngateway-key-ttl = \"{ttl}\"\n");
        let text = format!("{world}{CLIENT}{fault}");
        let history = go(&plan(&text), "claim-complete", 1).history;
        assert!(struck(&history, "gateway-timeout-after") > 50);
        assert_eq!(orders(&history), 300);
        let captured = charges(&history, ChargeState::Captured);
        assert_eq!(captured > 300, twice, "{ttl}: {captured}");
    }
}

/// A service that asks for one charge twice.
#[derive(Default)]
struct Twice(RefCell<BTreeMap<String, u64>>);

impl Service for Twice {
    async fn handle(&self, ports: &ReplicaPorts<'_>, job: &Job) -> Option<Response> {
        let Job::Serve(request) = job else {
            return None;
        };
        let asked = ChargeRequest {
            key: GatewayKey::of_attempt(ports.nonce()),
            tenant: request.tenant,
            order: None,
            amount: Money(100),
        };
        let first = ports.gateway().charge(asked).await;
        let second = ports.gateway().charge(asked).await;
        let told = [first, second].map(|told| told.map(|answer| answer.state));
        *self.0.borrow_mut().entry(format!("{told:?}")).or_default() += 1;
        Some(Response::refused(409, Problem::Duplicate))
    }

    fn upkeep_every_us(&self) -> Option<u64> {
        None
    }
}

#[test]
fn a_second_call_with_the_same_key_may_end_otherwise_than_the_first() {
    let faults = "[[fault]]\ngateway-timeout-after = { chance = 0.4 }\n\
        [[fault]]\ngateway-unavailable = { chance = 0.4 }\n[[fault]]\ndecline-charge = { chance = 0.4 }";
    let service = Twice::default();
    play(&plan(&format!("{CLIENT}{faults}")), &service, 1);
    let pairs = service.0.into_inner();
    let seen = |pair: &str| pairs.get(pair).copied().unwrap_or(0);
    for pair in [
        "[Err(Unknown), Err(Unavailable)]",
        "[Err(Unavailable), Err(Unknown)]",
        "[Err(Unknown), Ok(Captured)]",
        "[Err(Unknown), Ok(Declined)]",
        "[Ok(Captured), Err(Unavailable)]",
        "[Ok(Declined), Err(Unknown)]",
    ] {
        assert!(seen(pair) > 3, "{pair}: {pairs:?}");
    }
    // What was decided under a key stays so.
    assert_eq!(seen("[Ok(Captured), Ok(Declined)]"), 0);
    assert_eq!(seen("[Ok(Declined), Ok(Captured)]"), 0);
}
