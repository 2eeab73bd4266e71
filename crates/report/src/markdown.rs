//! `report.md`: a pure function of scenario, strategy, seed and scale, so that a committed one is a golden file. No wall time, no paths.

use std::fmt::Write as _;

use crate::comparison::words::{losers, mean, share, when};
use crate::figures::{count, money, plural, signed, span};
use crate::latency::OutcomeClass;
use crate::rules::{beyond_timeline, is_loud};
use crate::run::Run;
use crate::terminal::{period, verdict};

/// A run as Markdown.
pub fn markdown(run: &Run) -> String {
    let mut text = String::new();
    // A string takes everything, so no part can fail.
    let parts = [
        title, figures, service, rules, witnesses, latency, coverage, reproduce,
    ];
    for part in parts {
        part(run, &mut text).expect("a string takes everything");
    }
    text
}

fn title(run: &Run, text: &mut String) -> std::fmt::Result {
    match run.is_recorded() {
        true => writeln!(text, "# {}\n", run.scenario)?,
        false => writeln!(text, "# {} under {}\n", run.scenario, run.strategy)?,
    }
    writeln!(text, "**{}**\n", verdict(run))?;
    writeln!(text, "{}\n", run.story)?;
    let Some(seed) = run.seed else {
        return writeln!(
            text,
            "Recorded elsewhere: {}, {}. Digest `{}`.\n",
            period(run),
            plural(run.events, "event", "events"),
            run.digest
        );
    };
    writeln!(
        text,
        "Simulated with seed {seed} at scale {}{}: {}, {}. Digest `{}`.\n",
        run.scale,
        overlay(run),
        period(run),
        plural(run.events, "event", "events"),
        run.digest
    )
}

fn overlay(run: &Run) -> String {
    let overlay = run.overlay.as_ref();
    overlay.map_or(String::new(), |called| {
        format!(" under the overlay `{called}`")
    })
}

fn figures(run: &Run, text: &mut String) -> std::fmt::Result {
    let counts = &run.counts;
    writeln!(text, "## What happened\n\n| what | how much |\n|---|---:|")?;
    let rows = [
        ("intents", count(counts.intents)),
        (
            "intents answered with an order",
            count(counts.intents_with_order),
        ),
        ("requests", count(counts.requests)),
        (
            "requests beyond the first of their intent",
            count(counts.duplicate_requests),
        ),
        ("requests answered ok", count(counts.ok)),
        ("requests refused", count(counts.refused)),
        ("requests unanswered", count(counts.unanswered)),
        ("live orders", count(counts.orders)),
        ("cancelled orders", count(counts.orders_cancelled)),
        ("extra orders", count(counts.extra_orders)),
        ("extra orders, amount", money(counts.extra_orders_amount)),
        ("captured charges", count(counts.charges)),
        ("refunded charges", count(counts.charges_refunded)),
        ("extra charges", count(counts.extra_charges)),
        ("extra charges, amount", money(counts.extra_charges_amount)),
        (
            "initial units",
            signed(counts.stock_initial + counts.stock_restocked),
        ),
        ("units on hand", signed(counts.stock_on_hand)),
        ("units reserved", signed(counts.stock_reserved)),
        ("units in live orders", count(counts.units_sold)),
    ];
    for (what, figure) in rows {
        writeln!(text, "| {what} | {figure} |")?;
    }
    for fault in &run.faults {
        writeln!(text, "| fault `{}` | {} |", fault.name, count(fault.count))?;
    }
    if !run.claims.is_empty() {
        writeln!(text, "\nThe story states:\n")?;
    }
    for claim in &run.claims {
        writeln!(text, "- {}: {}", claim.claim, claim.figure)?;
    }
    writeln!(text)
}

/// What came to the service, and what its own monitoring counts.
fn service(run: &Run, text: &mut String) -> std::fmt::Result {
    let (counts, Some(service)) = (&run.counts, &run.service) else {
        return recorded_service(run, text);
    };
    writeln!(text, "## The service\n\n| what | how much |\n|---|---:|")?;
    let mut rows = vec![
        ("requests that arrived", count(service.requests_arrived)),
        (
            "requests beyond the first of their intent that arrived",
            count(service.requests_repeated),
        ),
        (
            "taps that the button held back",
            count(service.taps_held_back),
        ),
        ("repetitions that became no order", share(run.prevention)),
        (
            "intents answered with an order not their own",
            count(counts.intents_merged),
        ),
        (
            "intents without an order, refused as repetitions",
            count(counts.intents_refused),
        ),
        (
            "statements per first-time order",
            mean(service.statements_per_order),
        ),
        (
            "cache commands per first-time order",
            mean(service.cache_commands_per_order),
        ),
        ("statements of upkeep", count(service.upkeep_statements)),
        ("lock waits", count(service.lock_waits)),
        ("deadlocks", count(service.deadlocks)),
        ("race losers were answered", losers(&run.race_losers)),
        ("first violation after", when(run.first_violation_us)),
    ];
    if let Some(metrics) = &service.metrics {
        rows.extend([
            ("`idempotency.hit`", count(metrics.hit)),
            ("`idempotency.miss`", count(metrics.miss)),
            ("`idempotency.conflict`", count(metrics.conflict)),
        ]);
        if let Some([header, body, auto]) = metrics.sources().map(|sources| sources.map(count)) {
            rows.extend([
                ("`idempotency.source.header`", header),
                ("`idempotency.source.body`", body),
                ("`idempotency.source.auto`", auto),
            ]);
        }
        rows.push(("duplicate rate", share(metrics.duplicate_rate)));
    }
    for (what, figure) in rows {
        writeln!(text, "| {what} | {figure} |")?;
    }
    writeln!(text)
}

/// What a history from elsewhere tells of the service.
fn recorded_service(run: &Run, text: &mut String) -> std::fmt::Result {
    writeln!(text, "## The service\n\n| what | how much |\n|---|---:|")?;
    writeln!(
        text,
        "| race losers were answered | {} |",
        losers(&run.race_losers)
    )?;
    writeln!(
        text,
        "| first violation after | {} |\n",
        when(run.first_violation_us)
    )
}

fn rules(run: &Run, text: &mut String) -> std::fmt::Result {
    writeln!(text, "## Rules\n")?;
    writeln!(
        text,
        "| rule | verdict | checked | violated | unknown | violated when |"
    )?;
    writeln!(text, "|---|---|---:|---:|---:|---|")?;
    for rule in &run.rules {
        let words = rule.verdict.words();
        let word = match is_loud(rule) {
            true => format!("**{words}**"),
            false => words.to_owned(),
        };
        writeln!(
            text,
            "| `{}` | {word} | {} | {} | {} | {} |",
            rule.name,
            count(rule.checked),
            count(rule.violations),
            count(rule.unknown),
            rule.about
        )?;
    }
    for rule in &run.rules {
        if let Some(note) = &rule.note {
            writeln!(text, "\n`{}`: {note}.", rule.name)?;
        }
    }
    writeln!(text)
}

fn witnesses(run: &Run, text: &mut String) -> std::fmt::Result {
    for rule in run.violated() {
        writeln!(text, "### `{}`\n", rule.name)?;
        for witness in &rule.witnesses {
            for moment in &witness.timeline {
                match moment.time.is_empty() {
                    true => writeln!(text, "- {}", moment.text)?,
                    false => writeln!(text, "- {} {}", moment.time, moment.text)?,
                }
            }
            for evidence in beyond_timeline(witness) {
                writeln!(text, "- {evidence}")?;
            }
            writeln!(text, "\nAt {}: {}\n", witness.time, witness.why)?;
        }
    }
    Ok(())
}

fn latency(run: &Run, text: &mut String) -> std::fmt::Result {
    writeln!(text, "## Latency\n")?;
    writeln!(
        text,
        "| outcome | requests | p50 | p90 | p99 | p99.9 | max |"
    )?;
    writeln!(text, "|---|---:|---:|---:|---:|---:|---:|")?;
    for class in OutcomeClass::ALL {
        let row = run.latency.of(class);
        write!(text, "| {} | {} |", class.name(), count(row.count))?;
        for us in [row.p50_us, row.p90_us, row.p99_us, row.p99_9_us, row.max_us] {
            match row.count {
                0 => write!(text, " - |")?,
                _ => write!(text, " {} |", span(us))?,
            }
        }
        writeln!(text)?;
    }
    writeln!(text)
}

fn coverage(run: &Run, text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "## Situations\n\n| situation | met | required |\n|---|---:|---|"
    )?;
    for row in &run.coverage {
        let required = if row.required { "yes" } else { "" };
        writeln!(
            text,
            "| `{}` | {} | {required} |",
            row.label,
            count(row.count)
        )?;
    }
    writeln!(text)
}

fn reproduce(run: &Run, text: &mut String) -> std::fmt::Result {
    writeln!(text, "## Reproduce\n\n```sh\n{}\n```", run.reproduce)
}
