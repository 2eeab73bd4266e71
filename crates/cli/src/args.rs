//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use runner::StrategyName;
use scenario::Scale;

use crate::exit;

/// Proof that an order happens once: plays a story of lost replies and repeated requests against an order service, and judges it.
#[derive(Clone, Debug, Parser)]
#[command(name = "onceproof", version, after_help = exit::TABLE)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run scenarios and judge what happened.
    #[command(after_help = exit::TABLE)]
    Scenario(ScenarioArgs),
    /// Run strategies side by side on one load, and rank them by what they prevent, break and cost.
    #[command(after_help = exit::TABLE)]
    Compare(CompareArgs),
    /// Show the scenarios, strategies, faults, rules, situations and contract presets.
    List {
        /// Show instead which scenarios cover what: the faults and situations that they require, presets, clients and contracts.
        #[arg(long)]
        uses: bool,
        /// One JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Print a JSON Schema.
    Schema {
        /// The form.
        of: SchemaOf,
    },
    /// Judge histories that were recorded anywhere, in the JSONL form.
    #[command(after_help = FORM.to_owned() + exit::TABLE)]
    Check(CheckArgs),
    /// Tell everything that happened to one purchase of a history, in the order of time.
    #[command(after_help = exit::TABLE)]
    Trace(TraceArgs),
    /// Turn an access log and dumps of tables into a history, on standard output; what was taken and assumed goes to stderr.
    #[command(after_help = IMPORT.to_owned() + exit::TABLE)]
    Import(ImportArgs),
}

/// Where the form of histories is defined.
const FORM: &str = "\
A history has one JSON object per line: contract, request, order, charge, audit, ...
crates/history/JSONL.md in the repository is the definition, `onceproof schema history` its schema, and
`onceproof scenario NAME --history -` an example. What is compressed with gzip or zstd is read as it is.

";

/// Where the formats of logs and dumps are described.
const IMPORT: &str = "\
crates/history/IMPORT.md in the repository has an example, and says for each format what the log must contain.

";

/// The forms that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// Scenario files.
    Scenario,
    /// `run.json`.
    Run,
    /// A line of `onceproof compare --json`.
    Comparison,
    /// A line of a history.
    History,
}

/// What `onceproof scenario` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct ScenarioArgs {
    /// Scenarios by name, or files that end in `.toml`.
    #[arg(required = true, value_name = "NAME|FILE")]
    pub scenarios: Vec<String>,
    /// The strategy under which the service runs, instead of the scenario's own.
    #[arg(long, value_name = "NAME", value_parser = strategy())]
    pub strategy: Option<StrategyName>,
    /// The seed of every choice, or the first of several.
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        default_value_t = 1
    )]
    pub seed: u64,
    /// How many seeds, one after another.
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: u64,
    /// The fraction of the scenario's load and stock, or `gate`: the fraction that the scenario states for CI.
    #[arg(long, allow_negative_numbers = true, value_name = "F|gate", default_value = "1", value_parser = fraction)]
    pub scale: Scale,
    /// Add the faults of an overlay to the scenarios, whose expectations then do not apply: an overlay by name, such as `chaos`, or
    /// a file that ends in `.toml`.
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "expect")]
    pub overlay: Option<String>,
    /// How many seeds run at the same time [default: one per core].
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// The longest real time of a run, such as `30s` or `5min`: one that takes longer is inconclusive, and the next one begins.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// Where run.json, report.md and the histograms go; with several scenarios, a folder for each in it; with several seeds,
    /// those of the first that causes the exit code [default: reports/NAME].
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// Write the history as JSONL to this file, or to stdout if it is `-`; the report then goes to stderr.
    #[arg(long, value_name = "FILE|-")]
    pub history: Option<PathBuf>,
    /// One line of JSON per run instead of text.
    #[arg(long)]
    pub json: bool,
    /// No progress.
    #[arg(long)]
    pub quiet: bool,
    /// Exit with 0 if and only if the scenario's expectations are met, violations included.
    #[arg(long)]
    pub expect: bool,
}

/// What can be written after `--timeout`.
fn duration(text: &str) -> Result<Duration, String> {
    match scenario::length_us(text) {
        Some(us) if us > 0 => Ok(Duration::from_micros(us)),
        Some(_) => Err(String::from("a timeout is more than 0")),
        None => Err(String::from(
            "expected a number and a unit, such as `30s` or `5min`",
        )),
    }
}

/// A strategy by its name.
fn strategy() -> impl TypedValueParser<Value = StrategyName> {
    let names = runner::known::strategies().map(|strategy| strategy.name);
    PossibleValuesParser::new(names).try_map(|name| name.parse())
}

/// What can be written after `--scale`. Whether a fraction makes sense is the scenario's to say.
fn fraction(text: &str) -> Result<Scale, String> {
    match text {
        "gate" => Ok(Scale::Gate),
        number => match number.parse() {
            Ok(fraction) => Ok(Scale::Of(fraction)),
            Err(_) => Err(String::from("expected a number, or `gate`")),
        },
    }
}

/// What `onceproof compare` takes. It measures and does not judge: the table shows broken rules, and it exits with 0.
#[derive(Clone, Debug, clap::Args)]
pub struct CompareArgs {
    /// Scenarios by name, or files that end in `.toml`.
    #[arg(
        required_unless_present = "all",
        conflicts_with = "all",
        value_name = "NAME|FILE"
    )]
    pub scenarios: Vec<String>,
    /// Every scenario that `onceproof list` shows.
    #[arg(long)]
    pub all: bool,
    /// The strategies, with commas between them [default: all].
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_parser = strategy(), hide_possible_values = true)]
    pub strategies: Vec<StrategyName>,
    /// The first seed.
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        default_value_t = 1
    )]
    pub seed: u64,
    /// How many seeds for each strategy [default: 4; up to 200 where that is less than 1000 purchases, and down to 2 where it
    /// is more than 40000].
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: Option<u64>,
    /// The fraction of the scenario's load and stock, or `gate`: the fraction that the scenario states for CI.
    #[arg(long, allow_negative_numbers = true, value_name = "F|gate", default_value = "gate", value_parser = fraction)]
    pub scale: Scale,
    /// How many runs at the same time [default: one per core].
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Write all comparisons as one Markdown page to this file.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// One line of JSON per scenario instead of text.
    #[arg(long)]
    pub json: bool,
    /// No progress.
    #[arg(long)]
    pub quiet: bool,
}

/// What `onceproof check` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct CheckArgs {
    /// Histories; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub histories: Vec<PathBuf>,
    /// One line of JSON per history instead of text.
    #[arg(long)]
    pub json: bool,
    /// Refuse unknown fields, which are otherwise reported and ignored.
    #[arg(long)]
    pub strict: bool,
    /// List the inputs that each rule had.
    #[arg(long)]
    pub explain: bool,
    /// Where run.json, report.md and the histograms go; with several histories, a folder for each in it.
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// Write the history to stdout in the form of another checker; the verdict then goes to stderr.
    #[arg(long, value_name = "FORM", conflicts_with = "json")]
    pub export: Option<ExportForm>,
}

/// What `onceproof trace` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct TraceArgs {
    /// The history; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub history: PathBuf,
    /// The purchase.
    #[command(flatten)]
    pub about: AboutArgs,
    /// One line of JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// The purchase that is traced.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct AboutArgs {
    /// By its intent.
    #[arg(long, value_name = "NAME")]
    pub intent: Option<String>,
    /// By its key, of any tenant.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// By its order.
    #[arg(long, value_name = "ID")]
    pub order: Option<String>,
}

/// The forms that other checkers read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportForm {
    /// EDN for Elle's list-append model: a key is a list of its orders.
    Elle,
}

/// What `onceproof import` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct ImportArgs {
    /// An access log; may be said again. `-` is standard input; gzip and zstd are read as they are.
    #[arg(long, required = true, value_name = "FILE")]
    pub requests: Vec<PathBuf>,
    /// How the log is written.
    #[arg(
        long,
        value_name = "FORMAT",
        required_unless_present = "pattern",
        conflicts_with = "pattern"
    )]
    pub format: Option<LogForm>,
    /// The format string of a log of nginx, apache or envoy, if it is not the usual one.
    #[arg(long, value_name = "STRING", requires = "format")]
    pub log_format: Option<String>,
    /// A regular expression for a line of any other log, with the groups time, method, path, and if there are status, duration,
    /// key, order, ...
    #[arg(long, value_name = "REGEX")]
    pub pattern: Option<String>,
    /// Where the idempotency key stands: header:NAME, query:NAME, body:/json/pointer or field:NAME.
    #[arg(long, value_name = "WHERE", value_parser = import::select::Selector::parse)]
    pub key: Option<import::select::Selector>,
    /// The path of requests that ask for an order; may be said again; `*` is any text in a segment, `**` any text [default: the
    /// only one that there is].
    #[arg(long, value_name = "PATH")]
    pub path: Vec<String>,
    /// The method of requests that ask for an order; may be said again.
    #[arg(long, value_name = "METHOD", default_value = "POST")]
    pub method: Vec<String>,
    /// A dump of the orders: CSV with a header, JSON lines, or sqlite:FILE?table.
    #[arg(long, value_name = "FILE")]
    pub orders: Vec<PathBuf>,
    /// A dump of the charges, or a balance export of Stripe.
    #[arg(long, value_name = "FILE")]
    pub charges: Vec<PathBuf>,
    /// A dump of the refunds.
    #[arg(long, value_name = "FILE")]
    pub refunds: Vec<PathBuf>,
    /// Which column is which field, `orders:id=order_no,key=idem_key`, or which value means which state,
    /// `orders.state:paid=confirmed`; may be said again.
    #[arg(long, value_name = "MAP")]
    pub map: Vec<String>,
    /// Amounts are written with decimals, and not in the smallest unit.
    #[arg(long)]
    pub decimal: bool,
    /// The tenant of all requests and orders.
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// What the service promised: a JSON object, or a history whose first line is taken.
    #[arg(long, value_name = "FILE")]
    pub contract: Option<PathBuf>,
    /// The unit of durations, where a log writes whole numbers and its format does not say of what.
    #[arg(long, value_name = "UNIT")]
    pub duration_unit: Option<DurationUnit>,
    /// Whether the times of the log are when requests began or when they ended, if it is not as the format says.
    #[arg(long, value_name = "END")]
    pub time_is: Option<TimeIs>,
    /// The longest duration of a request, for logs that do not record it.
    #[arg(long, value_name = "SPAN", default_value = "60s", value_parser = span)]
    pub longest: i64,
    /// By how much the clocks of the log and of the dumps may differ.
    #[arg(long, value_name = "SPAN", default_value = "1s", value_parser = span)]
    pub skew: i64,
    /// The offset of times that are written without one.
    #[arg(long, value_name = "+HH:MM", default_value = "Z", allow_hyphen_values = true, value_parser = utc_offset)]
    pub utc_offset: i64,
    /// When the dumps were taken [default: just after the last time that is seen].
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub snapshot: Option<i64>,
    /// Count broken lines and rows instead of failing.
    #[arg(long)]
    pub skip_broken: bool,
}

/// How an access log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogForm {
    /// nginx: combined, and what follows it.
    Nginx,
    /// Apache: common or combined, and what follows it.
    Apache,
    /// AWS Application Load Balancer.
    Alb,
    /// Envoy.
    Envoy,
    /// Caddy: JSON.
    Caddy,
    /// HTTP Archive: what browsers export.
    Har,
    /// OpenTelemetry: spans as OTLP JSON.
    Otel,
    /// One JSON object a line.
    Jsonl,
}

/// The unit of a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DurationUnit {
    /// Nanoseconds.
    Ns,
    /// Microseconds.
    Us,
    /// Milliseconds.
    Ms,
    /// Seconds.
    S,
}

/// Which end of a request a time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TimeIs {
    /// When it began.
    Begin,
    /// When it ended.
    End,
}

/// What can be written after `--longest`, in nanoseconds.
fn span(text: &str) -> Result<i64, String> {
    let span = import::span::read(text, None);
    span.map(|span| span.ns)
        .map_err(|_| String::from("expected a number with its unit, such as 60s or 250ms"))
}

/// What can be written after `--utc-offset`, in seconds.
fn utc_offset(text: &str) -> Result<i64, String> {
    import::instant::read_offset(text)
        .map_err(|_| String::from("expected an offset such as +01:00 or Z"))
}

/// What can be written after `--snapshot`, in nanoseconds since 1970.
fn instant(text: &str) -> Result<i64, String> {
    let stamp = import::instant::read(text, 0);
    stamp
        .map(|stamp| stamp.ns)
        .map_err(|_| String::from("expected a time such as 2026-11-28T06:16:02Z"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Args::command().debug_assert();
    }
}
