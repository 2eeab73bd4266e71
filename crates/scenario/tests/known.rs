//! The names that other crates define, as tests need them.

use std::path::PathBuf;

use scenario::{Known, Options, Scale};

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
const LABELS: &[&str] = &[
    "request-lost",
    "reply-lost-after-commit",
    "duplicate-delivered",
    "concurrent-duplicate",
    "retry-after-commit",
    "double-click",
    "client-timeout",
    "replay-served",
    "in-flight-refused",
    "key-reused",
    "crash-in-flight",
    "crash-after-charge",
    "retry-after-crash",
    "commit-unknown",
    "capture-unknown",
    "takeover",
    "declined",
    "out-of-stock",
    "coupon-used",
    "coupon-given-back",
    "lock-wait",
    "deadlock",
    "key-expired",
    "paused-beyond-lease",
    "two-replicas",
    "app-crash",
    "second-tab",
    "second-channel",
    "webhook-commit",
    "repeat-purchase",
    "message-redelivered",
    "key-of-another-tenant",
    "malformed-key",
    "edited-cart",
    "reserialised",
    "offline",
    "fault-struck",
];

/// Every preset of a contract.
const PRESETS: &[&str] = &[
    "reference",
    "reference-202",
    "reference-wait",
    "stripe-v1",
    "ietf-07",
    "checkout-com",
    "paypal",
    "seed-001",
    "seed-002",
    "seed-003",
    "seed-004",
];

/// Everything at this scale, on a backend that can do every fault.
pub fn options(scale: f64) -> Options {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let strategy = |name: &&str| ((*name).to_owned(), String::from("a strategy"));
    Options {
        scale: Scale::Of(scale),
        overlay: None,
        known: Known {
            strategies: STRATEGIES.iter().map(strategy).collect(),
            rules: names(RULES),
            evidence: names(&["malformed", "evidence"]),
            renamed: vec![("vacuous".into(), "evidence".into())],
            labels: names(LABELS),
            presets: names(PRESETS),
            faults: names(scenario::FAULTS),
            backend: "sim".into(),
        },
    }
}

/// The folder of scenarios of this repository.
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios"))
}
