//! What a scenario means, in numbers: times in microseconds, money in minor units, names resolved to indices.

use explore::Distribution;
use history::Label;
use protocol::{Money, Preset, Problem};

use crate::file::fault::FaultName;

mod fault;

pub use crate::file::{KeyForm, ReuseBy};
pub use fault::{CrashPoint, Fault, FaultKind, Host, Standstill};

/// A scenario, ready to be run by any world. At full scale, or at the fraction it was lowered with.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Its name: the file's name without `.toml`.
    pub name: String,
    /// The story it tells, one paragraph.
    pub story: String,
    /// The story's stated figures, as text: what is claimed, and the value.
    pub claims: Vec<(String, String)>,
    /// The fraction of the full load, 1 being all of it.
    pub scale: f64,
    /// The strategy that is run unless another is named.
    pub strategy: StrategyId,
    /// What is expected of which strategy.
    pub expect: Vec<Expect>,
    /// The situations and the faults without which a run proves nothing.
    pub coverage: Vec<Required>,
    /// What the service promises.
    pub contract: Contract,
    /// Hosts and how long things take.
    pub world: World,
    /// What can be bought.
    pub shop: Shop,
    /// Who comes when.
    pub load: Load,
    /// The kinds of client; their shares add up to 1.
    pub clients: Vec<ClientPlan>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// The overlay whose faults are among these, as it was called, if there is one.
    pub overlay: Option<String>,
}

/// A strategy, by its place among the strategies of the [`Known`](crate::Known) names that the plan was lowered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StrategyId(pub usize);

/// A rule of the judge, by its place among the rules of the [`Known`](crate::Known) names that the plan was lowered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleId(pub usize);

/// Something that a run must have met to prove anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// A situation.
    Situation(Label),
    /// A fault that struck.
    Fault(FaultName),
}

impl Required {
    /// Its name in scenario files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Required::Situation(label) => label.name(),
            Required::Fault(fault) => fault.word(),
        }
    }

    /// Whether only a service that uses a cache can meet it.
    pub const fn needs_cache(self) -> bool {
        matches!(self, Required::Fault(fault) if fault.needs_cache())
    }
}

/// What is expected of a strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// Which strategy; `None` is any that no other entry names.
    pub strategy: Option<StrategyId>,
    /// The rules that must be violated; none means that every rule must hold.
    pub violates: Vec<RuleId>,
    /// The rules that may be violated beside them: some seeds show it.
    pub may_violate: Vec<RuleId>,
    /// Whether the violation comes with some seeds only: such a run meets its expectation either way.
    pub sometimes: bool,
}

/// The service's promises: a preset, and what differs from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    /// The preset; `None` is the one that the strategy documents.
    pub preset: Option<Preset>,
    /// What a request gets whose twin is being worked on.
    pub in_flight: Option<InFlight>,
    /// The status for a key that comes with another content.
    pub mismatch: Option<u16>,
    /// The refusals that are stored and repeated.
    pub stored_errors: Option<Vec<Problem>>,
    /// Whether a cart is sold once, whatever keys are sent with it; `None` as the preset says.
    pub natural_key: Option<bool>,
    /// Whether a replica's memory answers for the claims that it knows; `None` as the preset says.
    pub claim_table: Option<bool>,
    /// How long a key is kept.
    pub ttl_us: Option<u64>,
    /// How long an owner may work on a claim.
    pub lease_us: Option<u64>,
    /// How long after the last fault everything must be settled.
    pub recovery_deadline_us: u64,
    /// The share of intents that must end in an order, in millionths.
    pub success_floor_ppm: Option<u32>,
}

/// What a request gets whose twin is being worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InFlight {
    /// `409`.
    Conflict,
    /// `202`.
    Accepted,
    /// The twin's answer, if it comes within this time.
    Wait(u64),
}

/// Hosts and how long things take.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// How many stateless replicas of the service.
    pub replicas: u32,
    /// How long things take.
    pub latencies: Latencies,
    /// The standard deviation of the replicas' clocks, normal around the true time.
    pub clock_skew_us: u64,
    /// How long a replica waits for the gateway.
    pub gateway_timeout_us: u64,
    /// For how long the gateway remembers a key.
    pub gateway_key_ttl_us: u64,
}

/// How long things take.
#[derive(Clone, Debug, PartialEq)]
pub struct Latencies {
    /// From client to replica.
    pub uplink: Delay,
    /// From replica to client.
    pub downlink: Delay,
    /// From receiving a request to the gateway's answer, the whole of it: what is not database is gateway.
    pub handler: Delay,
    /// From receiving a request to its first database statement or cache command.
    pub record_read_us: u64,
    /// From a request's latest COMMIT, or other change of the database, to a cache write after it takes effect.
    pub cache_write_us: u64,
    /// One way between replica and database, and between replica and cache.
    pub database_us: u64,
    /// How long after capture a webhook is sent; `None` if the gateway sends none.
    pub webhook: Option<Delay>,
    /// From the commit of a message in the outbox to its arrival in the kitchen; `None` if there is no kitchen.
    pub kitchen: Option<Delay>,
}

/// A length of time: a mixture of distributions, with weights that add up to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Delay {
    /// Weight and distribution, in microseconds.
    pub parts: Vec<(f64, Distribution)>,
}

/// What can be bought, in every shop alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Shop {
    /// How many shops (tenants); each has its own stock.
    pub tenants: u32,
    /// How many users each shop has; `None` is a new user for every intent.
    pub users: Option<u64>,
    /// The share of intents by guests.
    pub guests: f64,
    /// The catalogue.
    pub skus: Vec<Sku>,
    /// The coupons, and after them the seats, which are coupons with a limit of one.
    pub coupons: Vec<Coupon>,
    /// What people put into their carts; weights add up to 1.
    pub baskets: Vec<Basket>,
}

/// A stock-keeping unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sku {
    /// Its name.
    pub name: String,
    /// Its price.
    pub price: Money,
    /// How many each shop has at first.
    pub stock: u32,
}

/// A coupon or a seat: so many orders may have it, and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coupon {
    /// Its code.
    pub name: String,
    /// How many orders may have it, in each shop.
    pub limit: u32,
    /// What it takes off an order.
    pub off: Money,
}

/// A cart's content.
#[derive(Clone, Debug, PartialEq)]
pub struct Basket {
    /// How often, of 1.
    pub weight: f64,
    /// Lines: the SKU's index, and how many; in the order in which the client sends them.
    pub lines: Vec<(usize, u32)>,
    /// What the order says beside its lines; empty is nothing.
    pub note: String,
    /// The index of its coupon or seat.
    pub coupon: Option<usize>,
}

/// Who comes when.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// How many purchases.
    pub intents: u64,
    /// Within which time.
    pub over_us: u64,
    /// When the run begins, as a time of day, for people: only reports use it.
    pub starts_at_us: u64,
    /// The busy hours.
    pub peak: Option<Peak>,
    /// A genuine second purchase of the same content, as an intent of its own.
    pub repeat: Option<Rush>,
}

/// A time in which more people come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// How many times as many, per time.
    pub factor: f64,
    /// When it is.
    pub window: Window,
}

/// A second event that follows an intent with some probability, after a delay.
#[derive(Clone, Debug, PartialEq)]
pub struct Rush {
    /// The probability.
    pub chance: f64,
    /// How long after.
    pub after: Delay,
}

/// A stretch of the run, from the first instant to before the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first instant.
    pub from_us: u64,
    /// The first instant after it.
    pub until_us: u64,
    /// It comes again after so long, and again; `None` is once.
    pub every_us: Option<u64>,
}

/// A kind of client.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientPlan {
    /// Its name.
    pub name: String,
    /// Its share of the intents.
    pub share: f64,
    /// Which key its requests carry.
    pub key: KeyPolicy,
    /// How it spells its keys.
    pub key_form: KeyForm,
    /// Who sends the key of a purchase once more, for another one.
    pub key_reuse: Vec<KeyReuse>,
    /// How long it waits for an answer; `None` is for ever.
    pub timeout_us: Option<u64>,
    /// When the button is pressed: the first tap is at the intent's time plus its delay, each further one after the one before.
    pub taps: Vec<Tap>,
    /// What it does without being asked.
    pub retry: Option<Retry>,
    /// A second tab with the same cart and, where there are keys, a key of its own.
    pub second_tab: Option<Rush>,
    /// The payment's own channel: where a charge was captured and the client got no answer, it asks for the order under a key of its own. It
    /// retries until it is answered, or its attempts are used up. The first wait is from the capture to its first request.
    pub second_channel: Option<Retry>,
    /// The cart is edited, and the button pressed once more: the same purchase, with another content.
    pub edited_cart: Option<Rush>,
    /// The probability that a request after a purchase's first writes the same content otherwise.
    pub reserialised: f64,
    /// The client has no network at first: its requests leave after this delay.
    pub offline: Option<Rush>,
    /// The app dies while it waits, and comes back: with its key if that was stored.
    pub crash: Option<AppCrash>,
}

/// The app dies while it waits for an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct AppCrash {
    /// The probability, per attempt, that it dies at some moment of a usual wait.
    pub chance: f64,
    /// How long until it is back and sends again.
    pub back_after: Delay,
    /// Whether the key survives.
    pub key_persisted: bool,
}

/// The most presses of the button by one client: a scenario with more is refused. Visits of a purchase that are no press (a second tab, its
/// other channel, an edited cart) are numbered from here on, so that no two visits share a number.
pub const TAPS_MAX: usize = 1_000;

/// A press of the button.
#[derive(Clone, Debug, PartialEq)]
pub struct Tap {
    /// The probability that it comes at all.
    pub chance: f64,
    /// How long after the tap before, to when the request leaves.
    pub after: Delay,
    /// How long this request is under way, if not as the world says.
    pub uplink: Option<Delay>,
}

/// Which key a request carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyPolicy {
    /// None.
    #[default]
    None,
    /// One for the purchase: every tap and every retry carries it.
    PerIntent,
    /// A new one for every tap, kept for its retries.
    PerTap,
    /// A new one for every attempt.
    PerAttempt,
}

/// A customer makes another purchase under the key of the first.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyReuse {
    /// Who.
    pub by: ReuseBy,
    /// With which probability, and how long after.
    pub rush: Rush,
}

/// What a client does without being asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// At most so many retries of a tap.
    pub max: u32,
    /// How long it waits before each: the last one is used for all further ones.
    pub wait: Vec<Delay>,
    /// Whether it retries when the connection is reset.
    pub on_reset: bool,
    /// Whether it retries when the answer does not come in time.
    pub on_timeout: bool,
    /// Whether it retries on 5xx, 425 and 429.
    pub on_unavailable: bool,
    /// Whether it asks again when its request is still being worked on (409 in progress, 202).
    pub on_in_progress: bool,
    /// Whether it sends again, with a new key, when its key came with another content.
    pub on_key_reused: bool,
}

impl Delay {
    /// Always the same.
    pub fn constant(us: u64) -> Delay {
        Delay::of(Distribution::Constant(us))
    }

    /// One distribution.
    pub fn of(distribution: Distribution) -> Delay {
        Delay {
            parts: vec![(1.0, distribution)],
        }
    }
}

impl Window {
    /// Whether an instant lies in the window.
    #[inline]
    pub fn contains(&self, at_us: u64) -> bool {
        let since_us = match (self.every_us, at_us.checked_sub(self.from_us)) {
            (_, None) => return false,
            (Some(every_us), Some(since_us)) => since_us % every_us,
            (None, Some(since_us)) => since_us,
        };
        since_us < self.until_us - self.from_us
    }
}
