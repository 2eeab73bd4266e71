//! One line for programs, and the whole run for files.

use serde::Serialize;

use crate::latency::Latency;
use crate::run::{
    Counts, Met, RuleOutcome, RuleRow, Run, RunVerdict, Service, StatusCount, Witness,
};

/// What `--json` prints of a run: the figures, without the story.
#[derive(Serialize)]
struct Line<'a> {
    scenario: &'a str,
    strategy: &'a str,
    seed: Option<u64>,
    backend: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    overlay: Option<&'a str>,
    scale: f64,
    verdict: RunVerdict,
    expected: Met,
    digest: &'a str,
    counts: &'a Counts,
    service: Option<&'a Service>,
    prevention: Option<f64>,
    race_losers: &'a [StatusCount],
    first_violation_us: Option<u64>,
    rules: Vec<RuleLine<'a>>,
    latency: &'a Latency,
    reproduce: &'a str,
    wall_seconds: f64,
    report: Option<&'a str>,
}

#[derive(Serialize)]
struct RuleLine<'a> {
    name: &'a str,
    verdict: RuleOutcome,
    checked: u64,
    unknown: u64,
    violations: u64,
    witnesses: &'a [Witness],
}

/// A run as one line of JSON. `report` is the folder in which its files are, if they were written; of a run among many seeds, the
/// folder that has the files of one of them, whose `run.json` says of which.
///
/// # Panics
/// Never: every value has a form in JSON.
pub fn json_line(run: &Run, report: Option<&str>) -> String {
    let line = Line {
        scenario: &run.scenario,
        strategy: &run.strategy,
        seed: run.seed,
        backend: &run.backend,
        overlay: run.overlay.as_deref(),
        scale: run.scale,
        verdict: run.verdict,
        expected: run.expectation.met,
        digest: &run.digest,
        counts: &run.counts,
        service: run.service.as_ref(),
        prevention: run.prevention,
        race_losers: &run.race_losers,
        first_violation_us: run.first_violation_us,
        rules: run.rules.iter().map(rule_line).collect(),
        latency: &run.latency,
        reproduce: &run.reproduce,
        wall_seconds: run.wall_seconds,
        report,
    };
    let text = serde_json::to_string(&line).expect("every value has a form in JSON");
    text + "\n"
}

fn rule_line(rule: &RuleRow) -> RuleLine<'_> {
    RuleLine {
        name: &rule.name,
        verdict: rule.verdict,
        checked: rule.checked,
        unknown: rule.unknown,
        violations: rule.violations,
        witnesses: &rule.witnesses,
    }
}

/// A run as the text of `run.json`.
///
/// # Panics
/// Never: every value has a form in JSON.
pub fn run_json(run: &Run) -> String {
    serde_json::to_string_pretty(run).expect("every value has a form in JSON") + "\n"
}
