//! The form of a comparison: everything that its reports show.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::latency::Waits;
use crate::run::{Claim, Metrics, StatusCount};

/// The version of the form below. It grows when a reader of older lines would misunderstand a newer one.
pub const SCHEMA_VERSION: u32 = 1;

/// Strategies side by side on one scenario: the same seeds for each, sums over all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The version of this form.
    pub schema_version: u32,
    /// The scenario's name.
    pub scenario: String,
    /// The story it tells.
    pub story: String,
    /// The story's stated figures.
    pub claims: Vec<Claim>,
    /// The world that it ran in.
    pub backend: String,
    /// The fraction of the scenario's load.
    pub scale: f64,
    /// The first seed.
    pub first_seed: u64,
    /// How many seeds, one after another.
    pub seeds: u64,
    /// The confidence level of the intervals.
    pub confidence: f64,
    /// The strategies by rank: those that break no rule come first, then by `avoided`.
    pub strategies: Vec<StrategyRow>,
    /// The command that reproduces this comparison.
    pub reproduce: String,
}

/// One strategy on one scenario. Sums are over all seeds; amounts are in minor units of the shop's currency.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StrategyRow {
    /// Its rank, from 1.
    pub rank: u64,
    /// Its name.
    pub strategy: String,
    /// What it does, in a line.
    pub about: String,
    /// The rules that it broke.
    pub broken: Vec<BrokenRule>,
    /// Seeds in which no rule was broken, but the evidence was missing or did not decide.
    pub inconclusive_seeds: u64,
    /// Purchases that customers intended.
    pub intents: u64,
    /// The share of them whose client knows of an order; `null` without any.
    pub success_rate: Option<f64>,
    /// Requests that reached the service after the first of their purchase.
    pub requests_repeated: u64,
    /// Taps that the client's button held back.
    pub taps_held_back: u64,
    /// Live orders beyond the first of each purchase.
    pub extra_orders: u64,
    /// Their amount.
    pub extra_orders_amount: i64,
    /// Captured charges beyond the first of each purchase.
    pub extra_charges: u64,
    /// Their amount.
    pub extra_charges_amount: i64,
    /// Captured charges whose order is absent or cancelled.
    pub orphan_charges: u64,
    /// The share of repetitions that became no order: 1 less `extra_orders` over `requests_repeated` and `taps_held_back` together;
    /// `null` without any repetition.
    pub prevention: Option<Estimate>,
    /// The extra orders saved relative to `no-dedup` on the same seeds, as a share of its own; `null` if it makes none. It corrects
    /// `prevention` for repetitions that would have failed anyway.
    pub avoided: Option<Estimate>,
    /// The prevention that the strategy's document states, compared with `avoided`, which is 0 % for doing nothing.
    pub stated: Option<Stated>,
    /// Purchases that were answered with an order that is not their own.
    pub intents_merged: u64,
    /// Purchases without an order that were refused as repetitions.
    pub intents_refused: u64,
    /// What the losers of races were answered.
    pub race_losers: Vec<StatusCount>,
    /// Key records that were still in progress at the end.
    pub keys_open: u64,
    /// How long clients waited for an answer that names an order, created or replayed.
    pub latency: Waits,
    /// Statements of the replicas' upkeep, which runs by the clock and not per request.
    pub upkeep_statements: u64,
    /// Other statements per first-time order; `null` without any.
    pub statements_per_order: Option<f64>,
    /// Commands to the cache per first-time order.
    pub cache_commands_per_order: Option<f64>,
    /// Virtual time until the first violation: the (lower) median of the seeds that have one.
    pub first_violation_us: Option<u64>,
    /// How many seeds have one.
    pub violating_seeds: u64,
    /// What the service's own monitoring counts; `null` if the strategy counts nothing.
    pub metrics: Option<Metrics>,
}

/// A rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BrokenRule {
    /// Its name.
    pub rule: String,
    /// The number of seeds with a violation.
    pub seeds: u64,
    /// The number of violations in all seeds.
    pub violations: u64,
}

/// A measured share with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// The share, over all seeds.
    pub share: f64,
    /// The lower end of the interval; `null` if the share is below zero, because there were more extra orders than repetitions.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

/// A stated prevention beside the measured one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stated {
    /// The share that is stated.
    pub share: f64,
    /// The source of the statement.
    pub source: String,
    /// Whether the measurement agrees.
    pub finding: Finding,
    /// If it is refuted: what is avoided at other handler latencies, the slowest first.
    pub handlers: Vec<HandlerPoint>,
    /// The slowest handler tried at which the measured share reaches the stated one, as a place in `handlers`; `null` if none does, or
    /// none was tried.
    pub reached_at: Option<u64>,
}

/// Whether a stated prevention agrees with the measured interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// The stated share is within the interval.
    Agrees,
    /// The whole interval is above it.
    Exceeded,
    /// The whole interval is below it.
    Refuted,
    /// Not tested: `no-dedup` makes no extra order either.
    NotTested,
}

/// What is avoided with handlers that take `factor` times as long.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HandlerPoint {
    /// The factor on the story's handler latency.
    pub factor: f64,
    /// The median of the resulting handler latency; `null` if the story's is a mixture.
    pub median_us: Option<u64>,
    /// What was measured.
    pub avoided: Option<Estimate>,
}
