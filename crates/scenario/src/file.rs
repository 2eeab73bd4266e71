//! What a scenario file says, word for word, with the place of every value.
//!
//! What it means is decided in [`lower`](mod@crate::lower).

use schemars::JsonSchema;
use serde::Deserialize;

pub mod client;
pub mod delay;
pub mod fault;
pub mod value;

pub use client::{
    AppCrash, Backoff, Channel, Client, KeyForm, KeyReuse, KeyWord, Retry, RetryOn, ReuseBy, Tap,
};
pub use delay::{Delay, Waits};
pub use fault::{Fault, FaultWord};
pub use value::{At, Chance, Length, Pairs, Price, TimeOfDay};

/// A scenario file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "onceproof scenario")]
pub struct File {
    /// The story it tells, one paragraph.
    pub story: At<String>,
    /// The strategy that runs unless the command line names another.
    pub strategy: At<String>,
    /// The situations without which a run proves nothing.
    #[serde(default)]
    pub coverage: Vec<At<String>>,
    /// The fraction of the load that `--scale gate` runs, as in CI; 1 if absent.
    pub gate: Option<At<Chance>>,
    /// The story's stated figures: what is claimed, and the value.
    pub claims: Option<Pairs<String>>,
    /// What is expected of which strategy.
    #[serde(default)]
    pub expect: Vec<At<Expect>>,
    /// What the service promises.
    #[serde(default)]
    pub contract: Contract,
    /// Hosts and how long things take.
    #[serde(default)]
    pub world: World,
    /// What can be bought.
    pub shop: At<Shop>,
    /// How many purchases there are, and when.
    pub load: At<Load>,
    /// The kinds of client.
    #[serde(default)]
    pub client: Vec<At<Client>>,
    /// What goes wrong.
    #[serde(default)]
    pub fault: Vec<At<Fault>>,
}

/// An overlay: what goes wrong, to be laid over any scenario.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OverlayFile {
    /// What it does to a story, one paragraph.
    pub story: At<String>,
    /// What goes wrong. Times count from the beginning of the run.
    #[serde(default)]
    pub fault: Vec<At<Fault>>,
}

/// What is expected of a strategy: that it holds, or which rules it violates.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expect {
    /// Which strategy; without it, every strategy that no other entry names.
    pub strategy: Option<At<String>>,
    /// It keeps every rule.
    pub holds: Option<At<bool>>,
    /// The rules it violates.
    pub violates: Option<At<Vec<At<String>>>>,
    /// Further rules that it violates with some seeds only.
    pub may_violate: Option<At<Vec<At<String>>>>,
    /// It violates them with some seeds only.
    pub sometimes: Option<At<bool>>,
}

/// What the service promises.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Contract {
    /// The preset that it starts from; the one that the strategy documents if absent.
    pub preset: Option<At<String>>,
    /// How a request is answered while another with the same key is in progress.
    pub in_flight: Option<At<InFlightWord>>,
    /// With `in-flight = "wait"`: the longest wait for the other request's answer; 10 s if absent.
    pub wait_at_most: Option<At<Length>>,
    /// The status of the answer to a key that was used with another content.
    pub mismatch: Option<At<i64>>,
    /// The refusals that are stored and repeated.
    pub stored_errors: Option<Vec<StoredError>>,
    /// Whether a cart is sold only once, even under different keys; `on` if absent.
    pub natural_key: Option<At<SwitchWord>>,
    /// Whether a replica answers from its own memory where it can, without asking the database; `on` if absent.
    pub claim_table: Option<At<SwitchWord>>,
    /// How long a key is kept.
    pub ttl: Option<At<Length>>,
    /// How long the lease of a claim lasts.
    pub lease: Option<At<Length>>,
    /// How long after the last fault everything must be settled.
    pub recovery_deadline: Option<At<Length>>,
    /// The share of intents that must end in an order.
    pub success_floor: Option<At<Chance>>,
}

/// How a request is answered while another with the same key is in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum InFlightWord {
    /// `409`: it is in progress.
    #[serde(rename = "409")]
    Conflict,
    /// `202`: it is in progress, ask again.
    #[serde(rename = "202")]
    Accepted,
    /// The answer waits for the other request's; `409` if that takes too long.
    #[serde(rename = "wait")]
    Wait,
}

/// A switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SwitchWord {
    /// On.
    On,
    /// Off.
    Off,
}

/// A refusal that may be stored and repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StoredError {
    /// The gateway declined the charge.
    PaymentDeclined,
    /// Not enough stock.
    OutOfStock,
    /// The coupon is used up, or the seat is taken.
    CouponUsed,
}

/// Hosts and how long things take.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct World {
    /// How many stateless replicas of the service.
    pub replicas: Option<At<i64>>,
    /// The standard deviation of the replicas' clocks around the true time.
    pub clock_skew: Option<At<Length>>,
    /// How long a replica waits for the gateway.
    pub gateway_timeout: Option<At<Length>>,
    /// How long the gateway remembers a key.
    pub gateway_key_ttl: Option<At<Length>>,
    /// How long things take.
    #[serde(default)]
    pub latency: Latency,
}

/// How long things take.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Latency {
    /// From client to replica.
    pub uplink: Option<At<Delay>>,
    /// From replica to client.
    pub downlink: Option<At<Delay>>,
    /// From receiving a request to the gateway's answer.
    pub handler: Option<At<Delay>>,
    /// From receiving a request to its first database statement or cache command.
    pub record_read: Option<At<Length>>,
    /// From a request's latest COMMIT, or other change of the database, to the cache write that follows.
    pub cache_write: Option<At<Length>>,
    /// One way between replica and database, and between replica and cache.
    pub database: Option<At<Length>>,
    /// How long after capture a webhook is sent; without it, none is.
    pub webhook: Option<At<Delay>>,
    /// From the commit of a message in the outbox to its arrival in the kitchen; without it, there is no kitchen.
    pub kitchen: Option<At<Delay>>,
}

/// What can be bought, in every shop alike.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Shop {
    /// How many shops there are; each has its own stock.
    pub tenants: Option<At<i64>>,
    /// How many users each shop has; without it, every intent has a user of its own.
    pub users: Option<At<i64>>,
    /// The share of intents by guests.
    pub guests: Option<At<Chance>>,
    /// The catalogue.
    #[serde(default)]
    pub sku: Vec<At<Sku>>,
    /// Coupons.
    #[serde(default)]
    pub coupon: Vec<At<Coupon>>,
    /// The seats of each shop, by their numbers: each can be in one order.
    #[serde(default)]
    pub seats: Vec<At<String>>,
    /// What people put into their carts.
    #[serde(default)]
    pub basket: Vec<At<Basket>>,
}

/// A stock-keeping unit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sku {
    /// Its name.
    pub name: At<String>,
    /// Its price.
    pub price: At<Price>,
    /// The initial stock of each shop.
    pub stock: At<i64>,
}

/// A coupon.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Coupon {
    /// Its code.
    pub name: At<String>,
    /// How many orders may have it, in each shop.
    pub limit: At<i64>,
    /// The discount on an order; none if absent.
    pub off: Option<At<Price>>,
}

/// A cart's content.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Basket {
    /// Its weight among the baskets; 1 if absent.
    pub weight: Option<At<f64>>,
    /// How many of which SKU, in the order in which the client sends them.
    pub lines: At<Pairs<i64>>,
    /// The order's note, such as a delivery address; none if absent.
    pub note: Option<String>,
    /// The coupon that is used with it.
    pub coupon: Option<At<String>>,
    /// It is for one of these seats, each equally likely.
    pub any_seat: Option<At<Vec<At<String>>>>,
}

/// How many purchases there are, and when.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Load {
    /// The number of purchases.
    pub intents: At<i64>,
    /// The time over which they are spread.
    pub over: At<Length>,
    /// The time of day at which the run begins; only shown in reports.
    pub starts_at: Option<At<TimeOfDay>>,
    /// The busy hours.
    pub peak: Option<At<Peak>>,
    /// An intended second purchase of the same content.
    pub repeat: Option<At<Rush>>,
}

/// The busy hours.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Peak {
    /// The arrival rate in the peak, as a multiple of the rate outside it.
    pub factor: At<f64>,
    /// When it begins, from the beginning of the run.
    pub from: At<Length>,
    /// How long it lasts.
    #[serde(rename = "for")]
    pub length: At<Length>,
}

/// A follow-up event: its probability and its delay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rush {
    /// The probability.
    pub chance: At<Chance>,
    /// How long after.
    pub after: At<Delay>,
}
