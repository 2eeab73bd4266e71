//! The model behind `run.json`: everything that is known about one run, and everything that reports show.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::latency::Latency;

/// The version of the form below. It grows when a reader of older files would misunderstand a newer one.
pub const SCHEMA_VERSION: u32 = 1;

/// One run: a scenario under one strategy and one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// The version of this form.
    pub schema_version: u32,
    /// The scenario's name.
    pub scenario: String,
    /// The story it tells.
    pub story: String,
    /// The story's stated figures.
    pub claims: Vec<Claim>,
    /// The strategy under which the service ran; `recorded` if a history from elsewhere was judged.
    pub strategy: String,
    /// The seed of every choice; `null` if a history from elsewhere was judged.
    pub seed: Option<u64>,
    /// The world that it ran in: `sim`, or `file` if a history from elsewhere was judged.
    pub backend: String,
    /// The fraction of the scenario's load.
    pub scale: f64,
    /// The overlay that was laid over the scenario, as the command line calls it; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlay: Option<String>,
    /// The time of day at which the run begins, in microseconds after midnight.
    pub starts_at_us: u64,
    /// How long it took in virtual time; of a history from elsewhere, from its first event to its last.
    pub virtual_us: u64,
    /// The number of events of the world, or of the history.
    pub events: u64,
    /// A digest of everything that happened: two runs share it only if they did the same things in the same order.
    pub digest: String,
    /// The verdict in one word.
    pub verdict: RunVerdict,
    /// What the scenario expects of the strategy, and whether that was met.
    pub expectation: Expectation,
    /// How many requests, orders, charges and units there were, and how many too many.
    pub counts: Counts,
    /// The requests that reached the service, and their cost; `null` if a history from elsewhere was judged.
    #[serde(default)]
    pub service: Option<Service>,
    /// The share of repetitions that became no order: 1 less `extra_orders` over `requests_repeated` and `taps_held_back` together;
    /// `null` without any repetition.
    #[serde(default)]
    pub prevention: Option<f64>,
    /// What the losers of races were answered: of requests of one purchase that were under way at the same time, all but the first
    /// that was answered with an order.
    #[serde(default)]
    pub race_losers: Vec<StatusCount>,
    /// When the first rule was violated, since the beginning of the run; `null` if none was.
    #[serde(default)]
    pub first_violation_us: Option<u64>,
    /// The scenario's faults, and how often each struck.
    pub faults: Vec<FaultCount>,
    /// The verdict on each rule.
    pub rules: Vec<RuleRow>,
    /// Which situations the run met.
    pub coverage: Vec<CoverageRow>,
    /// How long clients waited, per outcome.
    pub latency: Latency,
    /// The command that reproduces this run.
    pub reproduce: String,
    /// How long it took in real time: the only value that differs between two runs of the same command.
    pub wall_seconds: f64,
}

/// A figure that the story states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// What is claimed.
    pub claim: String,
    /// The value, as the story writes it.
    pub figure: String,
}

/// The verdict in one word.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RunVerdict {
    /// No rule is violated or unknown, and there was evidence.
    Pass,
    /// Nothing is violated, but a rule is unknown or the evidence is missing.
    Inconclusive,
    /// A rule is violated.
    Fail,
}

/// What the scenario expects of the strategy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expectation {
    /// Whether it was met.
    pub met: Met,
    /// What is expected, in words, such as `to hold`.
    pub expects: String,
    /// What differs, in words; empty if it was met.
    pub differences: Vec<String>,
}

/// Whether an expectation was met.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Met {
    /// It was met.
    Yes,
    /// The scenario expects nothing of this strategy.
    NothingExpected,
    /// The evidence is missing.
    Unknown,
    /// It was not met.
    No,
}

/// Sums over one run. Amounts are in minor units of the shop's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Purchases that customers intended.
    pub intents: u64,
    /// Purchases whose client knows of an order.
    pub intents_with_order: u64,
    /// Purchases that were answered with an order, and have no live order of their own.
    #[serde(default)]
    pub intents_merged: u64,
    /// Purchases without an order that were refused as repetitions.
    #[serde(default)]
    pub intents_refused: u64,
    /// Requests for an order.
    pub requests: u64,
    /// Requests beyond the first of each intent, as sent; `service` counts those that arrived.
    pub duplicate_requests: u64,
    /// Requests that took effect.
    pub ok: u64,
    /// Requests that did not take effect.
    pub refused: u64,
    /// Requests whose client does not know.
    pub unanswered: u64,
    /// Faults that struck.
    pub faults: u64,
    /// Live orders in the database: pending or confirmed.
    pub orders: u64,
    /// Pending ones among them.
    pub orders_pending: u64,
    /// Cancelled orders.
    pub orders_cancelled: u64,
    /// Live orders beyond the first of each intent.
    pub extra_orders: u64,
    /// Their amount.
    pub extra_orders_amount: i64,
    /// Charges captured and not refunded.
    pub charges: u64,
    /// Charges refunded.
    pub charges_refunded: u64,
    /// Captured charges beyond the first of each intent.
    pub extra_charges: u64,
    /// Their amount: money charged twice.
    pub extra_charges_amount: i64,
    /// Captured charges whose order is absent or cancelled.
    pub orphan_charges: u64,
    /// Key records at the end.
    pub keys: u64,
    /// Those still in progress.
    pub keys_open: u64,
    /// Units in the initial stock.
    pub stock_initial: i64,
    /// Units that were added.
    pub stock_restocked: i64,
    /// Units left to sell.
    pub stock_on_hand: i64,
    /// Units held for open orders.
    pub stock_reserved: i64,
    /// Units in live orders.
    pub units_sold: u64,
    /// Those of pending orders among them: held in `stock_reserved`, or already taken from the units left to sell.
    #[serde(default)]
    pub units_pending: u64,
}

/// The requests that reached the service, and their cost. Counted by the world, where it happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// Requests that a replica received: copies made by the network count, lost requests do not.
    pub requests_arrived: u64,
    /// Those after the first of their purchase.
    pub requests_repeated: u64,
    /// Taps that the client's button held back; each would have been one more repetition.
    pub taps_held_back: u64,
    /// Statements that reached the database, including upkeep's and BEGIN, COMMIT and ROLLBACK.
    pub statements: u64,
    /// Those of the replicas' upkeep, which runs by the clock and not per request.
    pub upkeep_statements: u64,
    /// Commands that reached the cache.
    pub cache_commands: u64,
    /// Statements, without upkeep's, per first-time order (live orders less extra ones); `null` without any.
    pub statements_per_order: Option<f64>,
    /// Commands to the cache per first-time order.
    pub cache_commands_per_order: Option<f64>,
    /// How often a statement waited for another transaction.
    pub lock_waits: u64,
    /// How often transactions deadlocked.
    pub deadlocks: u64,
    /// What the service's own monitoring counts; `null` if the strategy counts nothing.
    pub metrics: Option<Metrics>,
}

/// What the service's own monitoring counts, under its own names. The sources of keys are 0 if the strategy does not count them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Metrics {
    /// Requests that were recognised as a repetition and got the earlier order.
    #[serde(rename = "idempotency.hit")]
    pub hit: u64,
    /// Requests that were seen for the first time.
    #[serde(rename = "idempotency.miss")]
    pub miss: u64,
    /// Requests that were refused: another content, or the same key in progress.
    #[serde(rename = "idempotency.conflict")]
    pub conflict: u64,
    /// Keys from the header.
    #[serde(rename = "idempotency.source.header")]
    pub header_key: u64,
    /// Keys from the body.
    #[serde(rename = "idempotency.source.body")]
    pub body_key: u64,
    /// Keys that the service derived from the content.
    #[serde(rename = "idempotency.source.auto")]
    pub auto_key: u64,
    /// Hits over hits, misses and conflicts; `null` if there are none of these.
    pub duplicate_rate: Option<f64>,
}

impl Metrics {
    /// How many keys came from the header, from the body and from the content; `None` if the strategy does not count them.
    pub(crate) fn sources(&self) -> Option<[u64; 3]> {
        let sources = [self.header_key, self.body_key, self.auto_key];
        (sources != [0; 3]).then_some(sources)
    }
}

/// How many requests got a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusCount {
    /// The status; `null` if there was no answer.
    pub status: Option<u16>,
    /// How many.
    pub count: u64,
}

/// How often a fault of the scenario struck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FaultCount {
    /// Its name.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// The verdict on one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleRow {
    /// The rule's name.
    pub name: String,
    /// When it is violated, in a sentence.
    pub about: String,
    /// The verdict in one word.
    pub verdict: RuleOutcome,
    /// How many things were checked.
    pub checked: u64,
    /// How many of them the history leaves undecided.
    pub unknown: u64,
    /// How many of them violate the rule.
    pub violations: u64,
    /// Why it was not judged, or why it is undecided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The earliest violations.
    pub witnesses: Vec<Witness>,
}

/// The verdict on a rule in one word.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RuleOutcome {
    /// It was checked, and nothing violated it.
    Held,
    /// Something violated it.
    Violated,
    /// Its inputs leave it undecided.
    Unknown,
    /// There was nothing to check.
    Vacuous,
    /// Its inputs are missing.
    NotJudged,
}

/// Operations and rows that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Witness {
    /// The contradiction in one sentence, and the broken promise in another.
    pub why: String,
    /// The operations, in words.
    pub operations: Vec<String>,
    /// The rows of the audit, in words.
    pub rows: Vec<String>,
    /// Everything that happened to the purchase, in the order of time.
    #[serde(default)]
    pub timeline: Vec<Moment>,
    /// The purchase that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// When the rule was violated, in the unit of the history: in a run, microseconds since its beginning.
    pub at: u64,
    /// The same in words.
    #[serde(default)]
    pub time: String,
}

/// Something that happened to a purchase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Moment {
    /// When, in words; empty if it is not known.
    pub time: String,
    /// What, in words.
    pub text: String,
}

/// How often a situation was met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CoverageRow {
    /// Its label.
    pub label: String,
    /// How often.
    pub count: u64,
    /// Whether the scenario requires it.
    pub required: bool,
}

impl Run {
    /// Whether a history from elsewhere was judged: there is no scenario, no strategy and no seed.
    pub fn is_recorded(&self) -> bool {
        self.seed.is_none()
    }

    /// The rules that are violated.
    pub fn violated(&self) -> impl Iterator<Item = &RuleRow> {
        self.rules
            .iter()
            .filter(|rule| rule.verdict == RuleOutcome::Violated)
    }

    /// Situations that the scenario requires and the run did not meet.
    pub fn missed(&self) -> impl Iterator<Item = &str> {
        let missed = |row: &&CoverageRow| row.required && row.count == 0;
        self.coverage
            .iter()
            .filter(missed)
            .map(|row| row.label.as_str())
    }
}

impl RuleOutcome {
    /// As reports write it.
    pub const fn words(self) -> &'static str {
        match self {
            RuleOutcome::Held => "held",
            RuleOutcome::Violated => "violated",
            RuleOutcome::Unknown => "unknown",
            RuleOutcome::Vacuous => "vacuous",
            RuleOutcome::NotJudged => "not judged",
        }
    }
}
