//! How an order is created once: claim machine, fingerprint, claim table, strategies, and the ports they work through.
//!
//! This crate never names a runtime, socket, driver or clock. One `await` on a port is one round trip, and so one place
//! where the world may interfere.
//!
//! - [`machine`]: the life of a key as a pure transition function
//! - [`table`]: the in-process claim table that coalesces duplicates on one replica
//! - [`mod@fingerprint`]: whether two requests ask for the same thing
//! - [`contract`]: the policies on which real systems disagree
//! - [`door`]: what is decided around every strategy: headers, upkeep, webhooks
//! - [`metrics`]: what the service's monitoring counts
//! - [`ports`]: store, cache, gateway, clock
//! - [`process`]: what one process keeps in its memory
//! - [`rows`]: what the store keeps
//! - [`strategy`]: every way of creating an order once, or failing to

pub mod contract;
pub mod door;
pub mod fingerprint;
pub mod machine;
pub mod metrics;
pub mod ports;
pub mod process;
pub mod rows;
pub mod strategy;
mod sync;
pub mod table;

pub use contract::{Contract, InFlightPolicy, Problems};
pub use door::{Door, Job};
pub use fingerprint::{Fingerprint, fingerprint};
pub use metrics::{Metric, Metrics};
pub use ports::{
    Cache, Clock, CommitTag, Gateway, GatewayError, Isolation, Ports, Store, StoreError,
    Transaction,
};
pub use process::Process;
pub use rows::{
    ChargeRow, KeyIndex, KeyRecord, KeyState, NewOrder, NotificationKind, OrderRow, Owner, Token,
};
pub use strategy::{Ledgers, StatedPrevention, Strategy, StrategyName};
pub use table::ClaimTable;
