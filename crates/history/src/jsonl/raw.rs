//! The lines as they are written. Unknown fields are ignored; what may be missing is an `Option`.

use protocol::{ChargeState, OrderState};
use serde::Deserialize;

use super::text::{Body, Pairs, Text};
use crate::event::RecordState;

/// Which kind of line it is, when it does not begin with it.
#[derive(Deserialize)]
pub(super) struct Kind<'a> {
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
}

/// The first line.
#[derive(Deserialize)]
pub(super) struct Contract<'a> {
    #[serde(borrow)]
    pub(super) time_unit: Option<Text<'a>>,
    pub(super) ttl: Option<u64>,
    pub(super) grace: Option<u64>,
    #[serde(borrow)]
    pub(super) expiry: Option<Text<'a>>,
    pub(super) recovery_deadline: Option<u64>,
    #[serde(borrow)]
    pub(super) in_flight: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) mismatch: Option<Text<'a>>,
    pub(super) replay_status: Option<u16>,
    #[serde(default)]
    pub(super) replay_header: bool,
    #[serde(borrow)]
    pub(super) prices: Option<Pairs<'a, i64>>,
    #[serde(borrow)]
    pub(super) stock: Option<Pairs<'a, i64>>,
    #[serde(default)]
    pub(super) stored_errors: Vec<u16>,
    #[serde(default)]
    pub(super) volatile: Vec<String>,
    #[serde(default)]
    pub(super) at_least_once: bool,
    #[serde(default)]
    pub(super) required_coverage: Vec<String>,
    pub(super) success_floor_ppm: Option<u32>,
}

/// `invoke`: of a request for an order, or of a read.
#[derive(Deserialize)]
pub(super) struct Invoke<'a> {
    pub(super) t: u64,
    pub(super) process: u64,
    #[serde(borrow)]
    pub(super) op: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) tenant: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) key: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) intent: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) payload: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) items: Option<Vec<Item<'a>>>,
    #[serde(borrow)]
    pub(super) coupon: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) order: Option<Text<'a>>,
}

/// One line of an order.
#[derive(Deserialize)]
pub(super) struct Item<'a> {
    #[serde(borrow)]
    pub(super) sku: Text<'a>,
    pub(super) quantity: u32,
}

/// `ok`, `fail` and `info`.
#[derive(Deserialize)]
pub(super) struct Completion<'a> {
    pub(super) t: u64,
    pub(super) process: u64,
    pub(super) status: Option<u16>,
    pub(super) replayed: Option<bool>,
    #[serde(borrow)]
    pub(super) order: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) response: Option<Body<'a>>,
    #[serde(borrow)]
    pub(super) code: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) error: Option<Text<'a>>,
}

/// `fault`.
#[derive(Deserialize)]
pub(super) struct Fault<'a> {
    pub(super) t: u64,
    #[serde(borrow)]
    pub(super) fault: Text<'a>,
    #[serde(borrow)]
    pub(super) host: Option<Text<'a>>,
}

/// `transition`.
#[derive(Deserialize)]
pub(super) struct Transition<'a> {
    pub(super) t: u64,
    #[serde(borrow)]
    pub(super) tenant: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) key: Text<'a>,
    pub(super) from: State,
    pub(super) to: State,
    #[serde(borrow)]
    pub(super) owner: Option<Text<'a>>,
    pub(super) token: Option<u32>,
}

/// Where a key record stands.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Absent,
    InProgress,
    Completed,
    Failed,
}

impl From<State> for RecordState {
    fn from(state: State) -> RecordState {
        match state {
            State::Absent => RecordState::Absent,
            State::InProgress => RecordState::InProgress,
            State::Completed => RecordState::Completed,
            State::Failed => RecordState::Failed,
        }
    }
}

/// `audit`.
#[derive(Deserialize)]
pub(super) struct Audit<'a> {
    pub(super) t: u64,
    #[serde(borrow)]
    pub(super) orders: Option<Vec<Order<'a>>>,
    #[serde(borrow)]
    pub(super) charges: Option<Vec<Charge<'a>>>,
    #[serde(borrow)]
    pub(super) stock: Option<Pairs<'a, Stock>>,
    #[serde(borrow)]
    pub(super) notifications: Option<Vec<Notification<'a>>>,
    #[serde(borrow)]
    pub(super) keys: Option<Vec<Key<'a>>>,
    #[serde(borrow)]
    pub(super) coupons: Option<Pairs<'a, Coupon>>,
    #[serde(borrow)]
    pub(super) coverage: Option<Pairs<'a, u64>>,
}

/// An order of the audit.
#[derive(Deserialize)]
pub(super) struct Order<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) tenant: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) key: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) payload: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) items: Option<Vec<Item<'a>>>,
    #[serde(borrow)]
    pub(super) coupon: Option<Text<'a>>,
    pub(super) state: OrderState,
    pub(super) t: Option<u64>,
    #[serde(default)]
    pub(super) baseline: bool,
}

/// A charge of the audit.
#[derive(Deserialize)]
pub(super) struct Charge<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) order: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) intent: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) provider_key: Option<Text<'a>>,
    pub(super) state: ChargeState,
    pub(super) amount: i64,
}

/// A SKU of the audit. What there was at first may be left to the contract.
#[derive(Deserialize)]
pub(super) struct Stock {
    pub(super) initial: Option<i64>,
    #[serde(default)]
    pub(super) restocked: i64,
    pub(super) on_hand: i64,
    #[serde(default)]
    pub(super) reserved: i64,
}

/// A notification of the audit.
#[derive(Deserialize)]
pub(super) struct Notification<'a> {
    #[serde(borrow)]
    pub(super) message: Text<'a>,
    #[serde(borrow)]
    pub(super) order: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) event: Text<'a>,
    pub(super) t: Option<u64>,
}

/// A key record of the audit.
#[derive(Deserialize)]
pub(super) struct Key<'a> {
    #[serde(borrow)]
    pub(super) tenant: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) key: Text<'a>,
    pub(super) state: State,
}

/// A coupon of the audit.
#[derive(Deserialize)]
pub(super) struct Coupon {
    pub(super) limit: u64,
    #[serde(default)]
    pub(super) used: u64,
    pub(super) off: Option<i64>,
}
