//! What a scenario means, in numbers: times in microseconds, money in minor units, names resolved to indices.

use explore::Distribution;
use protocol::{Money, Problem};

pub use crate::file::{KeyForm, ReuseBy};

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
    /// The strategy that is run if nobody names another.
    pub strategy: String,
    /// What is expected of which strategy.
    pub expect: Vec<Expect>,
    /// The coverage labels without which a run proves nothing.
    pub coverage: Vec<String>,
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

/// What is expected of a strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// Which strategy; `None` is any that no other entry names.
    pub strategy: Option<String>,
    /// The rules that must be violated; none means that every rule must hold.
    pub violates: Vec<String>,
    /// The rules that may be violated beside them: some seeds show it.
    pub may_violate: Vec<String>,
    /// Whether the violation comes with some seeds only: such a run meets its expectation either way.
    pub sometimes: bool,
}

/// The service's promises: a preset of `orders`, by name, and what differs from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    /// The preset; `None` is the one that the strategy documents.
    pub preset: Option<String>,
    /// What a request gets whose twin is being worked on.
    pub in_flight: Option<InFlight>,
    /// The status for a key that comes with another content.
    pub mismatch: Option<u16>,
    /// The refusals that are stored and repeated.
    pub stored_errors: Option<Vec<Problem>>,
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
    /// The payment's own channel, which orders what was captured while nobody heard of it: under a key of its own, so many
    /// times at most, until it is answered. The first wait is from the capture to its first request.
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

/// Somebody makes another purchase under the key of the first.
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

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What reports and histories call it: the file's word, numbered if it occurs twice.
    pub name: String,
    /// What.
    pub kind: FaultKind,
    /// The probability at each opportunity.
    pub chance: f64,
    /// When it can strike; `None` is all the time while there is load.
    pub window: Option<Window>,
    /// Whose requests it strikes, by the client's index; `None` is everybody's.
    pub client: Option<usize>,
    /// Which replica it strikes; `None` is any.
    pub replica: Option<u32>,
}

/// A host, or all of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// Every client.
    Clients,
    /// Every replica.
    Replicas,
    /// One replica, from 0.
    Replica(u32),
    /// The database.
    Database,
    /// The cache.
    Cache,
    /// The gateway.
    Gateway,
}

/// What can go wrong. The opportunity at which the chance is drawn is in the description.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// A request does not arrive (per request).
    LoseRequest,
    /// A response does not arrive (per response); with this probability the client sees a reset when it would have come,
    /// otherwise silence.
    LoseResponse {
        /// The probability of a reset.
        reset: f64,
    },
    /// A person's radio is good or bad by turns, for every purchase by itself, from its first response on; while it is bad, a
    /// response does not arrive (per response).
    BadCell {
        /// How long a bad cell lasts.
        lasts: Delay,
        /// How long the radio is good between two bad cells; `None` is for ever.
        between: Option<Delay>,
        /// The probability that the first response meets a bad cell.
        inside: f64,
        /// The probability that the first response is lost, if it meets one.
        first: f64,
        /// The probability of a reset.
        reset: f64,
    },
    /// A request takes longer (per request).
    DelayRequest {
        /// By so much.
        by: Delay,
    },
    /// A response takes longer (per response).
    DelayResponse {
        /// By so much.
        by: Delay,
    },
    /// A request is delivered twice (per request).
    DuplicateRequest {
        /// The second time so much later.
        after: Delay,
    },
    /// Nothing passes between replicas and another kind of host, not even a reset (in the window; the chance is drawn per
    /// message).
    Partition {
        /// One side: replicas, or not.
        from: Host,
        /// The other, which is what the first is not.
        to: Host,
    },
    /// A replica dies (per await of a request, of its upkeep, or of a webhook that it hears; at a point, per message that gets
    /// there).
    CrashReplica {
        /// Only at this point.
        point: CrashPoint,
        /// How long until it is back.
        down_for: Delay,
    },
    /// A replica stands still (per await of a request, of its upkeep, or of a webhook that it hears; at a point, per message
    /// that gets there: a COMMIT that is sent, a capture).
    PauseReplica {
        /// Only at this point.
        point: CrashPoint,
        /// For so long.
        span: Delay,
    },
    /// A replica's clock jumps, and goes on from there; jumps add up (per request that it receives, per round of its upkeep,
    /// per webhook that it hears).
    ClockStep {
        /// By so much.
        by: Delay,
        /// The probability that it jumps back; otherwise it jumps forward.
        back: f64,
    },
    /// The connection to the database breaks before the statement takes effect (per statement).
    LoseConnection,
    /// The connection breaks before COMMIT takes effect (per commit).
    LoseCommit,
    /// The connection breaks after COMMIT took effect (per commit).
    LoseCommitAck,
    /// The database refuses the transaction at COMMIT (per commit).
    SerializationFailure,
    /// The cache forgets everything (per cache command).
    FlushCache,
    /// The cache forgets the key that is asked for (per cache command).
    EvictKey,
    /// The cache does not answer (per cache command).
    CacheUnavailable,
    /// The bank refuses (per capture).
    DeclineCharge,
    /// The gateway answers 5xx and does nothing (per request to it: charge, look-up, refund).
    GatewayUnavailable,
    /// The gateway does nothing, and its answer does not come (per request to it).
    GatewayTimeoutBefore,
    /// The gateway does what it is asked, and its answer does not come (per request to it).
    GatewayTimeoutAfter,
    /// The gateway takes longer (per request to it); a replica waits for it no longer than it always does.
    SlowGateway {
        /// By so much.
        by: Delay,
    },
    /// A webhook is sent twice (per webhook).
    DuplicateWebhook {
        /// The second time so much later.
        after: Delay,
    },
    /// A message reaches the kitchen twice (per message).
    DuplicateMessage {
        /// The second time so much later.
        after: Delay,
    },
    /// The relay of the outbox dies when it has sent a message and not yet marked it as sent: it sends it again when it is back,
    /// and nothing meanwhile (per message sent).
    CrashRelay {
        /// How long until it is back.
        down_for: Delay,
    },
}

/// Where a replica may die, or stand still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// At any await.
    Anywhere,
    /// After the gateway captured, before the service knows.
    AfterCharge,
    /// When COMMIT is on its way.
    DuringCommit,
    /// After the commit took effect, before the service knows.
    AfterCommit,
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
