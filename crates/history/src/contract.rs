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

    /// The unit of a word of the JSONL form.
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

/// How a duplicate of a running request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InFlight {
    /// A refusal with this status: 409, 425, 429.
    Refuse(u16),
    /// 202, and the client asks again.
    Accept,
    /// The answer, once it is known.
    Wait,
    /// Any answer at once.
    Replay,
}

/// What the time to live promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expiry {
    /// A key is kept for at least the time to live: later, both outcomes are legal.
    #[default]
    AtLeast,
    /// A key is forgotten after the time to live.
    Exact,
}

/// How amounts of money are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Amounts {
    /// Whole numbers of the smallest unit.
    #[default]
    Minor,
    /// Decimal texts, kept as whole numbers of [`Amounts::decimals`] decimals.
    Decimal,
}

impl Amounts {
    /// The number of decimals of an amount.
    pub const fn decimals(self) -> u32 {
        match self {
            Amounts::Minor => 2,
            Amounts::Decimal => 6,
        }
    }

    /// An amount in hundredths, rounded towards zero: the unit of reports.
    pub const fn hundredths(self, amount: i64) -> i64 {
        amount / 10_i64.pow(self.decimals() - 2)
    }

    /// An amount as people write it: all its decimals, but at least two.
    pub fn text(self, amount: i64) -> String {
        let decimals = self.decimals() as usize;
        let unit = 10_u64.pow(self.decimals());
        let (whole, rest) = (amount.unsigned_abs() / unit, amount.unsigned_abs() % unit);
        let mut digits = format!("{rest:0decimals$}");
        while digits.len() > 2 && digits.ends_with('0') {
            digits.pop();
        }
        let sign = if amount < 0 { "-" } else { "" };
        format!("{sign}{whole}.{digits}")
    }
}

/// The parts of an answer that the recorder could see. What it could not see is no evidence against the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The status.
    pub status: bool,
    /// The order that the answer names.
    pub order: bool,
    /// The body.
    pub response: bool,
    /// Whether the answer says that it repeats an earlier one.
    pub replayed: bool,
}

impl Observed {
    /// The whole answer.
    pub const ALL: Observed = Observed {
        status: true,
        order: true,
        response: true,
        replayed: true,
    };

    /// Nothing yet.
    pub const NOTHING: Observed = Observed {
        status: false,
        order: false,
        response: false,
        replayed: false,
    };
}

impl Default for Observed {
    fn default() -> Observed {
        Observed::ALL
    }
}

/// When the money of a confirmed order is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Capture {
    /// With the order.
    #[default]
    Now,
    /// Later, as on dispatch: until then the order needs an authorisation.
    Later,
}

/// The contract. What is `None` or empty was not promised. Times are in `time_unit`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contract {
    /// The unit of every time in the history.
    pub time_unit: TimeUnit,
    /// How long a key is kept; `None` is for ever.
    pub ttl: Option<u64>,
    /// How long after the time to live both remembering and forgetting a key are legal.
    pub grace: u64,
    /// What the TTL promises.
    pub expiry: Expiry,
    /// How long after the last fault everything must be settled.
    pub recovery_deadline: Option<u64>,
    /// The maximum difference between the times of rows and the clients' clock.
    pub clock_tolerance: u64,
    /// How a duplicate of a running request is answered.
    pub in_flight: Option<InFlight>,
    /// The status of the answer to a key that was used with another payload.
    pub mismatch: Option<u16>,
    /// The status of a repeated answer; `None` repeats the original status.
    pub replay_status: Option<u16>,
    /// Whether a repeated answer is marked as one.
    pub replay_header: bool,
    /// How amounts are written.
    pub amounts: Amounts,
    /// The price of each SKU.
    pub prices: Vec<(SkuRef, i64)>,
    /// The initial stock of each SKU.
    pub stock: Vec<(SkuRef, i64)>,
    /// Failure statuses that are stored and replayed; `None` is no promise, and an empty list a promise to store none.
    pub stored_errors: Option<Vec<u16>>,
    /// Response fields that may differ between replays.
    pub volatile: Vec<String>,
    /// The parts of answers that the recorder could see.
    pub observed: Observed,
    /// When the money of a confirmed order is taken.
    pub capture: Capture,
    /// Whether one purchase may become several orders, which together hold what was asked for.
    pub split: bool,
    /// Whether an order that was acknowledged stays, unless a cancellation was asked for.
    pub is_final: bool,
    /// Whether one message may be delivered more than once.
    pub at_least_once: bool,
    /// Coverage labels that must have been met.
    pub required_coverage: Vec<String>,
    /// The share of intents that must succeed, in millionths; `None` if the scenario names no floor.
    pub success_floor_ppm: Option<u32>,
}

impl Contract {
    /// Whether a failure with this status is stored and repeated; `None` if the contract does not say.
    pub fn stores(&self, status: u16) -> Option<bool> {
        let stored = self.stored_errors.as_ref()?;
        Some(stored.contains(&status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_with_all_their_decimals_and_at_least_two() {
        assert_eq!(Amounts::Minor.text(14_999), "149.99");
        assert_eq!(Amounts::Minor.text(-5), "-0.05");
        assert_eq!(Amounts::Decimal.text(149_990_000), "149.99");
        assert_eq!(Amounts::Decimal.text(1_234_500), "1.2345");
        assert_eq!(Amounts::Decimal.text(-1), "-0.000001");
        assert_eq!(Amounts::Decimal.hundredths(149_999_999), 14_999);
    }
}
