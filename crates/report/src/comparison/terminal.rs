//! A comparison as text of at most 100 columns that reads without colour: the ranking first, the stated figures last.

use super::model::{Comparison, StrategyRow};
use super::words::{broken, finding, interval, losers, mean, percent, share, size, sources, when};
use crate::figures::{count, first_sentence, money, span, wrap};
use crate::rules::{VERB, WIDTH, paragraph};

/// How wide the column of names is.
const NAME: usize = 20;

/// A comparison as text.
pub fn terminal(comparison: &Comparison) -> String {
    let title = format!("{}   {}", comparison.scenario, comparison.backend);
    let mut text = format!("{:>VERB$} {title}\n", "Compare");
    text.push_str(&paragraph("Story", first_sentence(&comparison.story)));
    text.push_str(&paragraph("Played", &size(comparison)));
    for table in [ranking, rules, service, waits, monitoring] {
        text.push('\n');
        text.push_str(&table(comparison));
    }
    text.push('\n');
    for row in &comparison.strategies {
        if let Some(stated) = &row.stated {
            text.push_str(&paragraph("Stated", &finding(row, stated)));
        }
    }
    text + &paragraph("Again", &comparison.reproduce)
}

/// A table: the heading, and a line per strategy.
fn table(
    comparison: &Comparison,
    heading: String,
    line: impl Fn(&StrategyRow) -> String,
) -> String {
    let line = |row: &StrategyRow| format!("{:>NAME$}{}", row.strategy, line(row));
    let lines = comparison.strategies.iter().map(line);
    let lines: Vec<String> = std::iter::once(heading).chain(lines).collect();
    let trimmed = lines.iter().map(|line| line.trim_end());
    trimmed.map(|line| format!("{line}\n")).collect()
}

fn ranking(comparison: &Comparison) -> String {
    let heading = format!(
        "{:>NAME$}{:>10}{:>10}{:>17}{:>9}{:>13}{:>14}{:>6}",
        "Ranking",
        "prevented",
        "avoided",
        "95 % interval",
        "stated",
        "extra orders",
        "charged twice",
        "rules"
    );
    table(comparison, heading, |row| {
        let stated = row.stated.as_ref().map(|stated| stated.share);
        let rules = match row.broken.len() {
            0 => String::from("-"),
            some => some.to_string(),
        };
        format!(
            "{:>10}{:>10}{:>17}{:>9}{:>13}{:>14}{:>6}",
            share(row.prevention.map(|estimate| estimate.share)),
            share(row.avoided.map(|estimate| estimate.share)),
            interval(row.avoided),
            stated.map_or(String::new(), percent),
            count(row.extra_orders),
            money(row.extra_charges_amount),
            rules
        )
    })
}

fn rules(comparison: &Comparison) -> String {
    let mut text = format!("{:>NAME$}\n", "Breaks");
    for row in &comparison.strategies {
        let rules = broken(row, comparison.seeds);
        for (i, line) in wrap(&rules, WIDTH - NAME - 1).iter().enumerate() {
            let name = if i == 0 { row.strategy.as_str() } else { "" };
            text.push_str(&format!("{name:>NAME$} {line}\n"));
        }
    }
    text
}

fn service(comparison: &Comparison) -> String {
    let heading = format!(
        "{:>NAME$}{:>11}{:>10}{:>10}{:>9}{:>8}  {}",
        "Purchases", "repeated", "success", "no order", "orphans", "wedged", "race losers"
    );
    table(comparison, heading, |row| {
        format!(
            "{:>11}{:>10}{:>10}{:>9}{:>8}  {}",
            count(row.requests_repeated + row.taps_held_back),
            share(row.success_rate),
            count(row.intents_merged + row.intents_refused),
            count(row.orphan_charges),
            count(row.keys_open),
            losers(&row.race_losers)
        )
    })
    .lines()
    .map(wrapped)
    .collect()
}

/// A line of which the last column goes on in further lines where it is too long.
fn wrapped(line: &str) -> String {
    const LAST: usize = NAME + 11 + 10 + 10 + 9 + 8 + 2;
    let Some((before, last)) = line.split_at_checked(LAST) else {
        return format!("{line}\n");
    };
    let lines = wrap(last, WIDTH - LAST);
    let begins = std::iter::once(before).chain(std::iter::repeat(""));
    let line = |(begin, line): (&str, &String)| format!("{begin:LAST$}{line}\n");
    begins.zip(&lines).map(line).collect()
}

fn waits(comparison: &Comparison) -> String {
    let heading = format!(
        "{:>NAME$}{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}{:>7}{:>17}",
        "Waits", "p50", "p90", "p99", "p99.9", "max", "db/order", "cache", "first violation"
    );
    table(comparison, heading, |row| {
        let waits = &row.latency;
        let times = [
            waits.p50_us,
            waits.p90_us,
            waits.p99_us,
            waits.p99_9_us,
            waits.max_us,
        ];
        let mut line: String = times
            .map(|us| match waits.count {
                0 => format!("{:>9}", "-"),
                _ => format!("{:>9}", span(us)),
            })
            .concat();
        line.push_str(&format!(
            "{:>10}{:>7}{:>17}",
            mean(row.statements_per_order),
            mean(row.cache_commands_per_order),
            when(row.first_violation_us)
        ));
        line
    })
}

fn monitoring(comparison: &Comparison) -> String {
    let heading = format!(
        "{:>NAME$}{:>11}{:>11}{:>10}{:>11}{:>9}{:>11}{:>12}",
        "idempotency.", "hit", "miss", "conflict", "header", "body", "auto", "duplicates"
    );
    table(comparison, heading, |row| {
        let Some(metrics) = &row.metrics else {
            return format!("{:>11}", "-");
        };
        let [header, body, auto] = sources(metrics);
        format!(
            "{:>11}{:>11}{:>10}{header:>11}{body:>9}{auto:>11}{:>12}",
            count(metrics.hit),
            count(metrics.miss),
            count(metrics.conflict),
            share(metrics.duplicate_rate)
        )
    })
}
