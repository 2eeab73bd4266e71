//! What a scenario means, in numbers: times in microseconds, money in minor units, names resolved to indices.

use explore::Distribution;
use history::Label;
use protocol::{Money, Preset, Problem};

use crate::file::fault::FaultName;

mod fault;

pub use crate::file::{KeyForm, ReuseBy};
pub use fault::{CrashPoint, Fault, FaultKind, Host, Standstill};

/// A scenario, ready to be run by any world, at the scale that it was lowered with.
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
    /// The strategy that runs unless the command line names another.
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
    /// How many purchases there are, and when.
    pub load: Load,
    /// The kinds of client; their shares add up to 1.
    pub clients: Vec<ClientPlan>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// The overlay whose faults are among these, as the command line calls it, if there is one.
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
    /// Further rules that are violated with some seeds only.
    pub may_violate: Vec<RuleId>,
    /// Whether the rules are violated with some seeds only: a run then meets its expectation either way.
    pub sometimes: bool,
}

/// The service's promises: a preset, and what differs from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    /// The preset; `None` is the one that the strategy documents.
    pub preset: Option<Preset>,
    /// How a request is answered while another with the same key is in progress.
    pub in_flight: Option<InFlight>,
    /// The status of the answer to a key that was used with another content.
    pub mismatch: Option<u16>,
    /// The refusals that are stored and repeated.
    pub stored_errors: Option<Vec<Problem>>,
    /// Whether a cart is sold only once, even under different keys; `None` as the preset says.
    pub natural_key: Option<bool>,
    /// Whether a replica answers from its own memory where it can; `None` as the preset says.
    pub claim_table: Option<bool>,
    /// How long a key is kept.
    pub ttl_us: Option<u64>,
    /// How long the lease of a claim lasts.
    pub lease_us: Option<u64>,
    /// How long after the last fault everything must be settled.
    pub recovery_deadline_us: u64,
    /// The share of intents that must end in an order, in millionths.
    pub success_floor_ppm: Option<u32>,
}

/// How a request is answered while another with the same key is in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InFlight {
    /// `409`.
    Conflict,
    /// `202`.
    Accepted,
    /// The answer waits for the other request's, for at most this time.
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
    /// How long the gateway remembers a key.
    pub gateway_key_ttl_us: u64,
}

/// How long things take.
#[derive(Clone, Debug, PartialEq)]
pub struct Latencies {
    /// From client to replica.
    pub uplink: Delay,
    /// From replica to client.
    pub downlink: Delay,
    /// From receiving a request to the gateway's answer. The gateway takes what the database statements leave of it.
    pub handler: Delay,
    /// From receiving a request to its first database statement or cache command.
    pub record_read_us: u64,
    /// From a request's latest COMMIT, or other change of the database, to the effect of the cache write that follows.
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
    /// The initial stock of each shop.
    pub stock: u32,
}

/// A coupon or a seat, which a limited number of orders can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coupon {
    /// Its code.
    pub name: String,
    /// How many orders may have it, in each shop.
    pub limit: u32,
    /// The discount on an order.
    pub off: Money,
}

/// A cart's content.
#[derive(Clone, Debug, PartialEq)]
pub struct Basket {
    /// Its share of the intents.
    pub weight: f64,
    /// Lines: the SKU's index, and how many; in the order in which the client sends them.
    pub lines: Vec<(usize, u32)>,
    /// The order's note; may be empty.
    pub note: String,
    /// The index of its coupon or seat.
    pub coupon: Option<usize>,
}

/// How many purchases there are, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// How many purchases.
    pub intents: u64,
    /// The time over which they are spread.
    pub over_us: u64,
    /// The time of day at which the run begins; only shown in reports.
    pub starts_at_us: u64,
    /// The busy hours.
    pub peak: Option<Peak>,
    /// An intended second purchase of the same content, which is an intent of its own.
    pub repeat: Option<Rush>,
}

/// A time in which more people come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// The arrival rate in the peak, as a multiple of the rate outside it.
    pub factor: f64,
    /// When it is.
    pub window: Window,
}

/// A follow-up event of an intent: its probability and its delay.
#[derive(Clone, Debug, PartialEq)]
pub struct Rush {
    /// The probability.
    pub chance: f64,
    /// How long after.
    pub after: Delay,
}

/// A stretch of the run: `[from, until)`, perhaps recurring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first instant.
    pub from_us: u64,
    /// The first instant after it.
    pub until_us: u64,
    /// The period after which it recurs; `None` is once.
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
    /// The form of its keys.
    pub key_form: KeyForm,
    /// How the key of a purchase is used again for another one.
    pub key_reuse: Vec<KeyReuse>,
    /// How long it waits for an answer; `None` is for ever.
    pub timeout_us: Option<u64>,
    /// When the button is pressed. The first tap's delay counts from the intent, each further one's from the previous tap.
    pub taps: Vec<Tap>,
    /// Its automatic retries.
    pub retry: Option<Retry>,
    /// A second tab with the same cart and, where there are keys, a key of its own.
    pub second_tab: Option<Rush>,
    /// The payment's own channel: if a charge was captured and the client got no answer, it asks for the order under a key of its own,
    /// until it is answered or its attempts are used up. The first wait counts from the capture.
    pub second_channel: Option<Retry>,
    /// The cart is edited and the button pressed again: the same purchase with another content.
    pub edited_cart: Option<Rush>,
    /// The probability that a later request of a purchase serialises the same content differently.
    pub reserialised: f64,
    /// The client is offline at first: its requests leave after this delay.
    pub offline: Option<Rush>,
    /// The app dies while it waits, and comes back with its key if that was stored.
    pub crash: Option<AppCrash>,
}

/// The app dies while it waits for an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct AppCrash {
    /// The probability per attempt that it dies during a usual wait.
    pub chance: f64,
    /// How long until it is back and sends again.
    pub back_after: Delay,
    /// Whether the key survives.
    pub key_persisted: bool,
}

/// The maximum number of taps of a client. Visits of a purchase that are not taps (a second tab, its second channel, an edited cart) are
/// numbered from here on, so that no two visits share a number.
pub const TAPS_MAX: usize = 1_000;

/// A press of the button.
#[derive(Clone, Debug, PartialEq)]
pub struct Tap {
    /// The probability that it happens.
    pub chance: f64,
    /// The delay after the previous tap.
    pub after: Delay,
    /// How long this request takes to arrive, instead of the world's `uplink`.
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

/// Another purchase under the key of the first.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyReuse {
    /// Who makes it.
    pub by: ReuseBy,
    /// Its probability, and how long after the first.
    pub rush: Rush,
}

/// A client's automatic retries.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// The maximum number of retries of a tap.
    pub max: u32,
    /// The wait before each retry; the last entry is used for all further ones.
    pub wait: Vec<Delay>,
    /// Whether it retries when the connection is reset.
    pub on_reset: bool,
    /// Whether it retries when the answer does not come in time.
    pub on_timeout: bool,
    /// Whether it retries on 5xx, 425 and 429.
    pub on_unavailable: bool,
    /// Whether it retries when its request is still in progress (409 in progress, 202).
    pub on_in_progress: bool,
    /// Whether it retries with a new key when its key was used with another content.
    pub on_key_reused: bool,
}

impl Delay {
    /// A constant delay.
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
