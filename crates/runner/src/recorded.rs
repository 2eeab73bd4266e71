//! The report of a history that was recorded elsewhere: in the form of a run, without what only our world knows.

use std::collections::BTreeMap;
use std::io::{self, Write};

use check::Verdict;
use explore::Digest;
use history::{History, What};
use report::judged;
use report::run::{CoverageRow, Expectation, FaultCount, Met, Run, SCHEMA_VERSION};

use crate::one::{Finished, first_violation, quoted};
use crate::races::race_losers;
use crate::waits::{micros, waits};

/// The `backend` of a history from elsewhere.
const BACKEND: &str = "file";
/// Its `strategy`.
const STRATEGY: &str = "recorded";

/// The report of a history from elsewhere, which `called` names as a command line does. `None` if it cannot have happened as it was
/// recorded: that is no verdict about a service.
pub fn recorded(called: &str, history: &History, verdict: &Verdict) -> Option<Finished> {
    let word = judged::overall(verdict)?;
    let histograms = waits(history, &[]);
    let unit = history.contract.time_unit;
    let first = history.events.first().map_or(0, |event| event.t);
    let last = history.events.last().map_or(first, |event| event.t);
    let since_first = |t: u64| micros(unit, t.saturating_sub(first));
    let run = Run {
        schema_version: SCHEMA_VERSION,
        scenario: called.to_owned(),
        story: String::from("A history that was recorded elsewhere."),
        claims: Vec::new(),
        strategy: STRATEGY.to_owned(),
        seed: None,
        backend: BACKEND.to_owned(),
        scale: 1.0,
        overlay: None,
        starts_at_us: time_of_day(history, first),
        virtual_us: since_first(last),
        events: history.events.len() as u64,
        digest: digest(history).to_string(),
        verdict: word,
        expectation: Expectation {
            met: Met::NothingExpected,
            expects: String::from("nothing"),
            differences: Vec::new(),
        },
        counts: judged::counts(verdict),
        service: None,
        prevention: None,
        race_losers: race_losers(history),
        first_violation_us: first_violation(verdict).map(since_first),
        faults: faults(history),
        rules: judged::rows(verdict),
        coverage: history.coverage.iter().map(situation).collect(),
        latency: histograms.summary(),
        reproduce: format!("cargo run -- check {}", quoted(called)),
        wall_seconds: 0.0,
    };
    Some(Finished {
        run,
        histograms,
        history: None,
    })
}

/// The time of day of an instant, in UTC, in microseconds; of a history that counts from its own beginning, the instant itself.
fn time_of_day(history: &History, t: u64) -> u64 {
    const DAY_US: u64 = 86_400_000_000;
    let us = micros(history.contract.time_unit, t);
    if history.is_dated() { us % DAY_US } else { us }
}

/// Which faults struck, and how often, by name.
fn faults(history: &History) -> Vec<FaultCount> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for event in &history.events {
        if let What::Fault { fault, .. } = &event.what {
            let name = history.names.faults.text(fault.index());
            *counts.entry(name.into_owned()).or_default() += 1;
        }
    }
    let counted = |(name, count)| FaultCount { name, count };
    counts.into_iter().map(counted).collect()
}

fn situation((label, count): (history::Label, u64)) -> CoverageRow {
    CoverageRow {
        label: label.name().to_owned(),
        count,
        required: false,
    }
}

/// One number of what happened: the same for the same lines in another order.
fn digest(history: &History) -> Digest {
    let mut sink = Words::default();
    history::jsonl::write(history, &mut sink).expect("a digest takes everything");
    sink.digest
}

/// A digest of what is written into it.
#[derive(Default)]
struct Words {
    digest: Digest,
}

impl Write for Words {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.digest.push(u64::from(*byte));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
