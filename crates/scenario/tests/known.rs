//! The names that other crates define, as tests need them.

use std::path::PathBuf;

use scenario::{Known, Options, Scale};

/// Everything at this scale, on a backend that can do every fault.
pub fn options(scale: f64) -> Options {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let strategy = |name: &str| (name.to_owned(), String::from("a strategy"));
    Options {
        scale: Scale::Of(scale),
        known: Known {
            strategies: ["claim-complete", "no-dedup", "check-then-insert"]
                .map(strategy)
                .into(),
            rules: names(&[
                "duplicate-order",
                "lost-ack",
                "double-charge",
                "oversell",
                "replay-mismatch",
                "vacuous",
            ]),
            evidence: names(&["vacuous"]),
            labels: names(&[
                "reply-lost-after-commit",
                "concurrent-duplicate",
                "retry-after-commit",
                "double-click",
                "client-timeout",
                "replay-served",
                "declined",
                "coupon-used",
                "lock-wait",
            ]),
            presets: names(&["reference", "stripe-v1", "ietf-07"]),
            faults: names(scenario::FAULTS),
            backend: "sim".into(),
        },
    }
}

/// The folder of scenarios of this repository.
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios"))
}
