//! What can be typed.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand, ValueEnum};
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
    /// Run strategies side by side on one load, and rank them: what each prevents, breaks and costs, and what is stated of it.
    #[command(after_help = exit::TABLE)]
    Compare(CompareArgs),
    /// Show the scenarios, strategies, faults, rules, situations and contract presets.
    List {
        /// One JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Print a JSON Schema.
    Schema {
        /// Of what.
        of: SchemaOf,
    },
    /// Judge histories that were recorded anywhere, in the JSONL form.
    #[command(after_help = FORM.to_owned() + exit::TABLE)]
    Check(CheckArgs),
    /// Tell everything that happened to one purchase of a history, in the order of time.
    #[command(after_help = exit::TABLE)]
    Trace(TraceArgs),
}

/// Where the form of histories is defined.
const FORM: &str = "\
A history has one JSON object per line: contract, request, order, charge, audit, ...
crates/history/JSONL.md in the repository is the definition, `onceproof schema history` its schema, and
`onceproof scenario NAME --history -` an example. What is compressed with gzip or zstd is read as it is.

";

/// What there is a schema of.
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
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(runner::known::strategies().map(|s| s.name)))]
    pub strategy: Option<String>,
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
    /// Lay what goes wrong there over the scenarios, which then expect nothing: an overlay by name, such as `chaos`, or a file
    /// that ends in `.toml`.
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "expect")]
    pub overlay: Option<String>,
    /// How many seeds run at the same time [default: one per core].
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
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
    /// Exit with 0 if and only if the scenario expects what came, violations included.
    #[arg(long)]
    pub expect: bool,
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

/// What `onceproof compare` takes. It measures and does not judge: whoever breaks a rule is told so in the table, and it exits with 0.
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
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_parser = PossibleValuesParser::new(runner::known::strategies().map(|s| s.name)), hide_possible_values = true)]
    pub strategies: Vec<String>,
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
    /// Refuse fields that no reader knows, which are otherwise told and left out.
    #[arg(long)]
    pub strict: bool,
    /// Say of each rule what it had to go on.
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
    /// By its key, of whatever tenant.
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Args::command().debug_assert();
    }
}
