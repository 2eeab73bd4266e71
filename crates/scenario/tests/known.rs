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
            ]),
            presets: names(&["reference", "stripe-v1", "ietf-07"]),
            faults: names(scenario::FAULTS),
            backend: "sim".into(),
        },
    }
}

/// The same, with every name that the files of the folder use.
pub fn with_the_names_of_the_files(scale: f64) -> Options {
    let mut options = options(scale);
    for (_, text) in scenario::builtin() {
        let file: toml::Table = text.parse().expect("it is TOML");
        let texts = |list: Option<&toml::Value>| -> Vec<String> {
            let list = list.and_then(toml::Value::as_array);
            let texts = list.into_iter().flatten().filter_map(toml::Value::as_str);
            texts.map(str::to_owned).collect()
        };
        options.known.labels.extend(texts(file.get("coverage")));
        let expectations = file.get("expect").and_then(toml::Value::as_array);
        for expectation in expectations.into_iter().flatten() {
            options
                .known
                .rules
                .extend(texts(expectation.get("violates")));
            let strategy = expectation.get("strategy").and_then(toml::Value::as_str);
            let named = strategy.map(|name| (name.to_owned(), String::from("a strategy")));
            options.known.strategies.extend(named);
        }
    }
    options
}

/// The folder of scenarios of this repository.
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios"))
}
