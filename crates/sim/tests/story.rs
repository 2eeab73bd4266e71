//! A small story to be varied, and what can be read off its history.

use std::collections::BTreeMap;
use std::rc::Rc;

use explore::Chooser;
use history::{Completion, History, Invoke, Label, What};
use orders::StrategyName;
use protocol::ChargeState;
use scenario::{Known, Options, Plan, Scale};
use sim::{Control, Service, Shoppers, Simulated, World, run, simulate};

/// A scenario of a few hundred purchases in ten minutes, with whatever else a test needs.
pub fn plan(more: &str) -> Rc<Plan> {
    let text = format!(
        r#"
        story = "A test."
        strategy = "claim-complete"
        [shop]
        tenants = 50
        [[shop.sku]]
        name = "burger"
        price = "15.00"
        stock = 1000
        [[shop.sku]]
        name = "fries"
        price = "5.00"
        stock = 1000
        [[shop.basket]]
        lines = {{ burger = 2, fries = 1 }}
        [[shop.basket]]
        lines = {{ fries = 2 }}
        [load]
        intents = 300
        over = "10min"
        {more}
        "#
    );
    Rc::new(
        scenario::parse("test.toml", &text, &options())
            .unwrap_or_else(|e| panic!("{}", e.render())),
    )
}

fn options() -> Options {
    let strategies = StrategyName::ALL.iter();
    Options {
        scale: Scale::FULL,
        overlay: None,
        known: Known {
            strategies: strategies.map(ToString::to_string).collect(),
            faults: scenario::FaultName::ALL.to_vec(),
            backend: "sim".into(),
            ..Known::default()
        },
    }
}

pub const CLIENTS: &str = r#"
[[client]]
name = "app"
key = "per-intent"
timeout = "10s"
taps = [{}, { chance = 0.3, after = { uniform = ["50ms", "2s"] } }]
retry = { max = 5, on = ["reset", "timeout", "unavailable", "in-progress"], wait = "2s" }
"#;

pub fn go(plan: &Rc<Plan>, strategy: &str, seed: u64) -> Simulated {
    simulate(
        plan,
        strategy.parse().unwrap(),
        Chooser::random(seed),
        &mut |_| Control::Go,
    )
    .unwrap()
}

pub fn fired(history: &History) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for event in &history.events {
        if let What::Fault { fault, .. } = event.what {
            *counts
                .entry(history.names.faults.text(fault.index()).into_owned())
                .or_default() += 1;
        }
    }
    counts
}

/// Plays a plan with a service of one's own.
pub fn play(plan: &Rc<Plan>, service: &impl Service, seed: u64) -> Simulated {
    let world = World::new(plan, Chooser::random(seed));
    run(&world, service, &Shoppers, &mut |_| Control::Go).unwrap();
    world.finish()
}

/// An attempt as the history tells it.
#[derive(Clone, Debug)]
pub struct Told {
    pub asked: Invoke,
    pub begun: u64,
    pub ended: Option<u64>,
    /// "ok", the code of a refusal or of an unknown end, or "open".
    pub end: String,
}

impl Told {
    pub fn intent(&self) -> usize {
        self.asked.intent.expect("every attempt has one").index()
    }

    pub fn span(&self) -> u64 {
        self.ended.map_or(0, |ended| ended - self.begun)
    }
}

/// Every attempt, in the order in which they were sent.
pub fn attempts(history: &History) -> Vec<Told> {
    let code = |done: &Completion| match done.code {
        Some(code) => history.names.codes.text(code.index()).into_owned(),
        None => "ok".to_owned(),
    };
    let mut told: BTreeMap<u32, Told> = BTreeMap::new();
    for event in &history.events {
        match event.what {
            What::Invoke(asked) => {
                let (begun, ended, end) = (event.t, None, "open".to_owned());
                told.insert(
                    event.process,
                    Told {
                        asked,
                        begun,
                        ended,
                        end,
                    },
                );
            }
            What::Ok(done) | What::Fail(done) | What::Info(done) => {
                let attempt = told.get_mut(&event.process).expect("it was begun");
                (attempt.ended, attempt.end) = (Some(event.t), code(&done));
            }
            _ => {}
        }
    }
    told.into_values().collect()
}

/// How many attempts ended so.
pub fn ended(history: &History, end: &str) -> u64 {
    attempts(history)
        .iter()
        .filter(|told| told.end == end)
        .count() as u64
}

/// How many charges the ledger holds in this state.
pub fn charges(history: &History, state: ChargeState) -> u64 {
    let audit = history.audit.as_ref().expect("it was taken");
    let charges = audit.charges.iter().flatten();
    charges.filter(|charge| charge.state == state).count() as u64
}

/// How many orders there are.
pub fn orders(history: &History) -> u64 {
    let audit = history.audit.as_ref().expect("it was taken");
    audit
        .orders
        .as_ref()
        .map_or(0, |orders| orders.len() as u64)
}

/// How often a situation was met.
pub fn met(history: &History, label: Label) -> u64 {
    history.coverage.count(label)
}

/// How often the fault of this name struck.
pub fn struck(history: &History, name: &str) -> u64 {
    fired(history).get(name).copied().unwrap_or(0)
}
