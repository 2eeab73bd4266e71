//! The names that other crates define, as tests need them.

use std::path::PathBuf;

use scenario::{Known, Options, RuleId, Scale, StrategyId};

/// Every strategy.
const STRATEGIES: &[&str] = &[
    "claim-complete",
    "check-then-insert",
    "no-dedup",
    "client-disable",
    "recent-check",
    "process-counter",
    "fingerprint",
    "fingerprint-db",
    "fingerprint-atomic",
    "token",
    "debounce-window",
    "unique-key",
    "order-idempotencies",
    "unguarded-decrement",
    "read-modify-write",
    "response-snapshot",
    "distributed-lock",
    "webhook-creates",
];

/// Every rule.
const RULES: &[&str] = &[
    "malformed",
    "evidence",
    "duplicate-order",
    "lost-ack",
    "phantom-order",
    "failed-but-applied",
    "replay-mismatch",
    "conflict-accepted",
    "spurious-conflict",
    "cross-tenant",
    "result-regression",
    "double-charge",
    "orphan-charge",
    "uncharged-order",
    "wrong-amount",
    "oversell",
    "negative-stock",
    "stock-conservation",
    "reservation-leak",
    "false-sold-out",
    "partial-order",
    "duplicate-notification",
    "phantom-notification",
    "false-merge",
    "early-expiry",
    "immortal-key",
    "late-after-expiry",
    "stale-read",
    "stored-error-policy",
    "error-dishonesty",
    "unfenced",
    "quota",
    "stuck-claim",
    "unresolved-retry",
    "missing-notification",
    "unavailable",
    "not-linearizable",
    "stuck-order",
    "off-contract",
    "double-refund",
];

/// Every situation.
/// Everything at this scale, on a backend that can do every fault.
pub fn options(scale: f64) -> Options {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let rule = |name: &str| RuleId(RULES.iter().position(|rule| *rule == name).expect("a rule"));
    Options {
        scale: Scale::Of(scale),
        overlay: None,
        known: Known {
            strategies: names(STRATEGIES),
            rules: names(RULES),
            evidence: vec![rule("malformed"), rule("evidence")],
            renamed: vec![("vacuous".into(), rule("evidence"))],
            faults: scenario::FaultName::ALL.to_vec(),
            backend: "sim".into(),
        },
    }
}

/// The folder of scenarios of this repository.
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios"))
}

/// A strategy, as plans that are lowered with these names mean it.
pub fn strategy(name: &str) -> StrategyId {
    StrategyId(
        STRATEGIES
            .iter()
            .position(|known| *known == name)
            .expect("a strategy"),
    )
}
