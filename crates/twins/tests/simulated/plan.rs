//! The plan of a world in which nothing takes time but the gateway, and no customer comes.

use scenario::{Known, Options, Plan, Scale};

/// A plan with this many replicas, and nothing in its shop that could be missed.
pub fn plan(replicas: u32) -> Plan {
    let text = r#"
        story = "A world on the bench."
        strategy = "claim-complete"
        [[shop.sku]]
        name = "burger"
        price = "1.00"
        stock = 10
        [[shop.basket]]
        lines = { burger = 1 }
        [load]
        intents = 1
        over = "1min"
        [[client]]
        name = "app"
    "#;
    let known = Known {
        strategies: vec!["claim-complete".to_owned()],
        backend: "sim".into(),
        ..Known::default()
    };
    let options = Options {
        scale: Scale::FULL,
        overlay: None,
        known,
    };
    let parsed = scenario::parse("bench.toml", text, &options);
    let mut plan = parsed.unwrap_or_else(|mistakes| panic!("{}", mistakes.render()));
    plan.world.replicas = replicas;
    plan.world.clock_skew_us = 0;
    plan.world.latencies.database_us = 0;
    plan.world.latencies.cache_write_us = 0;
    plan.world.latencies.webhook = None;
    plan.world.latencies.kitchen = None;
    plan
}
