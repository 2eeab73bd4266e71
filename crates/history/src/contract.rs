//! What the service promised, as far as the judge needs to know it.

use crate::names::SkuRef;

/// The unit of every time in a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeUnit {
    /// Nanoseconds.
    Nanoseconds,
    /// Microseconds.
    #[default]
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
}

impl TimeUnit {
    /// The unit as the JSONL form writes it.
    pub const fn symbol(self) -> &'static str {
        match self {
            TimeUnit::Nanoseconds => "ns",
            TimeUnit::Microseconds => "us",
            TimeUnit::Milliseconds => "ms",
            TimeUnit::Seconds => "s",
        }
    }

    /// The unit that the JSONL form writes so.
    pub fn from_symbol(symbol: &str) -> Option<TimeUnit> {
        [
            TimeUnit::Nanoseconds,
            TimeUnit::Microseconds,
            TimeUnit::Milliseconds,
            TimeUnit::Seconds,
        ]
        .into_iter()
        .find(|unit| unit.symbol() == symbol)
    }
}

/// What a duplicate of a running request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InFlight {
    /// A refusal with this status: 409, 425, 429.
    Refuse(u16),
    /// 202, and the client asks again.
    Accept,
    /// The answer, once it is known.
    Wait,
    /// A second answer at once, of whatever kind.
    Replay,
}

/// What the time to live promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expiry {
    /// A key is kept for at least so long: later, both outcomes are legal.
    #[default]
    AtLeast,
    /// A key is forgotten after so long.
    Exact,
}

/// The contract. What is `None` or empty was not promised. Times are in `time_unit`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contract {
    /// The unit of every time in the history.
    pub time_unit: TimeUnit,
    /// How long a key is kept; `None` is for ever.
    pub ttl: Option<u64>,
    /// How long after that both outcomes are legal.
    pub grace: u64,
    /// What the TTL promises.
    pub expiry: Expiry,
    /// How long after the last fault everything must be settled.
    pub recovery_deadline: Option<u64>,
    /// What a duplicate of a running request is answered.
    pub in_flight: Option<InFlight>,
    /// The status for a key that comes with another payload.
    pub mismatch: Option<u16>,
    /// The status of a repeated answer; `None` repeats the original status.
    pub replay_status: Option<u16>,
    /// Whether a repeated answer is marked as one.
    pub replay_header: bool,
    /// The price of each SKU, in minor units.
    pub prices: Vec<(SkuRef, i64)>,
    /// The initial stock of each SKU.
    pub stock: Vec<(SkuRef, i64)>,
    /// Failure statuses that are stored and replayed.
    pub stored_errors: Vec<u16>,
    /// Response fields that may differ between replays.
    pub volatile: Vec<String>,
    /// Whether one message may be delivered more than once.
    pub at_least_once: bool,
    /// Coverage labels that must have been met.
    pub required_coverage: Vec<String>,
    /// The share of intents that must succeed, in millionths; `None` if the scenario names no floor.
    pub success_floor_ppm: Option<u32>,
}
