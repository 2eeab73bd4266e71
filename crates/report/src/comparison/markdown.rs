//! Comparisons as Markdown: a pure function of scenarios, seeds and scales. No wall time, no paths.

use std::fmt::Write as _;

use super::model::{Comparison, StrategyRow};
use super::words::{broken, finding, interval, losers, mean, percent, share, size, sources, when};
use crate::figures::{count, money, span};

/// What stands before the first scenario: what the columns mean. `command` writes the page again.
pub fn preface(command: &str) -> String {
    format!(
        "\
# Strategies side by side

Every scenario under every strategy, in simulation, with the same seeds for each. Written by

```sh
{command}
```

- **prevented**: the share of repetitions that became no order, 1 - extra orders / repetitions. A repetition is a request that
  reached the service and was not the first of its purchase to do so (a copy that the network made is one, a request that was lost on
  the way is none), or a tap that the client's button held back. A purchase is what a person meant, however many requests it took.
  A repetition that comes to nothing by itself (no stock, a declined payment, a gateway that does not answer) is no extra order either.
- **avoided**: the share of the extra orders of `no-dedup`, on the same seeds, that were not made. Where every repetition is carried out,
  the two are the same, and both are 0 for `no-dedup`. Below 0, more extra orders were made than by doing nothing.
- **95 %**: Wilson's score interval of what is avoided, of the pooled counts of all seeds (E. B. Wilson, JASA 22 (1927), 209-212).
- **stated**: what seed 002, lines 966-973, says of the strategy's prevention, with 0 % for doing nothing: it is compared with what is
  avoided. No other document states a figure.
- **extra orders, extra charges**: beyond the first of each purchase. **orphans**: charges whose order is absent or cancelled.
- **merged, refused**: purchases that were meant and got no order of their own: answered with another's, or refused as repetitions.
- **success**: purchases that ended in an order as far as their client knows. **wedged**: keys still in progress at the end.
- **losers**: what was answered to requests that were under way beside another of their purchase and did not win: the winner is the
  first that was answered with an order; `none` is no answer at all.
- **db, cache**: statements and cache commands per first-time order; a retry that is answered costs too. **upkeep**: statements that
  the replicas make by the clock, for which the load does not matter.
- **p50** to **max**: from sending a request to an answer that names an order. What a button waits before it sends comes on top: 500 ms
  with `debounce-window`.
- **first violation**: virtual time, the median of the seeds that show one. At a hundredth of the load it comes later than at all of it.
- **hit, miss, conflict, header, body, auto**: what the service itself counts (`idempotency.hit` and so on), a dash where it does not; **rate**:
  hits of the first three.

All counts are sums over the seeds. Strategies that break no rule come first, then those that avoid more.
"
    )
}

/// How many scenarios stand side by side, so that a table fits a screen.
const SIDE_BY_SIDE: usize = 8;

/// Every strategy on every scenario: what it avoids, and how many rules it breaks. Strategies are in the order of their names, because
/// each scenario ranks them otherwise.
pub fn overview(comparisons: &[Comparison]) -> String {
    let mut names: Vec<&str> = comparisons
        .iter()
        .flat_map(|comparison| &comparison.strategies)
        .map(|row| row.strategy.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    let mut text =
        "\n## At a glance\n\nWhat is avoided, and in brackets how many rules are broken, if any are.\n".to_owned();
    for comparisons in comparisons.chunks(SIDE_BY_SIDE) {
        let scenarios: Vec<&str> = comparisons.iter().map(|c| c.scenario.as_str()).collect();
        let rule = "---:|".repeat(scenarios.len());
        text.push_str(&format!(
            "\n| strategy | {} |\n|---|{rule}\n",
            scenarios.join(" | ")
        ));
        for name in &names {
            let own = |comparison: &Comparison| {
                let mut rows = comparison.strategies.iter();
                rows.find(|row| row.strategy == *name)
                    .map_or(String::new(), cell)
            };
            let cells: Vec<String> = comparisons.iter().map(own).collect();
            text.push_str(&format!("| `{name}` | {} |\n", cells.join(" | ")));
        }
    }
    text
}

fn cell(row: &StrategyRow) -> String {
    let avoided = share(row.avoided.map(|estimate| estimate.share));
    match row.broken.len() {
        0 => avoided,
        some => format!("{avoided} ({some})"),
    }
}

/// A comparison as a section.
pub fn markdown(comparison: &Comparison) -> String {
    let mut text = String::new();
    for part in [heading, ranking, costs, monitoring, stated] {
        // A string takes everything, so no part can fail.
        part(comparison, &mut text).expect("a string takes everything");
    }
    text
}

fn heading(comparison: &Comparison, text: &mut String) -> std::fmt::Result {
    writeln!(text, "\n## {}\n", comparison.scenario)?;
    writeln!(
        text,
        "{}\n",
        crate::figures::first_sentence(&comparison.story)
    )?;
    writeln!(text, "{}: `{}`\n", size(comparison), comparison.reproduce)?;
    for claim in &comparison.claims {
        writeln!(
            text,
            "- the story states: {}: {}",
            claim.claim, claim.figure
        )?;
    }
    if !comparison.claims.is_empty() {
        writeln!(text)?;
    }
    Ok(())
}

/// A table: columns, those of them that are numbers, and a line of cells per strategy.
fn table(
    comparison: &Comparison,
    text: &mut String,
    columns: &[&str],
    cells: impl Fn(&StrategyRow) -> Vec<String>,
) -> std::fmt::Result {
    writeln!(text, "| {} |", columns.join(" | "))?;
    let words = ["strategy", "breaks", "losers"];
    let rule = |column: &&str| {
        if words.contains(column) {
            "---"
        } else {
            "---:"
        }
    };
    let rules: Vec<&str> = columns.iter().map(rule).collect();
    writeln!(text, "|{}|", rules.join("|"))?;
    for row in &comparison.strategies {
        let cells = cells(row);
        assert!(cells.len() == columns.len(), "a cell for every column");
        writeln!(text, "| {} |", cells.join(" | "))?;
    }
    writeln!(text)
}

fn name(row: &StrategyRow) -> String {
    format!("`{}`", row.strategy)
}

fn ranking(comparison: &Comparison, text: &mut String) -> std::fmt::Result {
    let columns = [
        "rank",
        "strategy",
        "prevented",
        "avoided",
        "95 %",
        "stated",
        "repetitions",
        "extra orders",
        "amount",
        "extra charges",
        "amount",
        "orphans",
        "breaks",
    ];
    table(comparison, text, &columns, |row| {
        let stated = row.stated.as_ref().map(|stated| stated.share);
        vec![
            row.rank.to_string(),
            name(row),
            share(row.prevention.map(|estimate| estimate.share)),
            share(row.avoided.map(|estimate| estimate.share)),
            interval(row.avoided),
            stated.map_or(String::new(), percent),
            count(row.requests_repeated + row.taps_held_back),
            count(row.extra_orders),
            money(row.extra_orders_amount),
            count(row.extra_charges),
            money(row.extra_charges_amount),
            count(row.orphan_charges),
            broken(row, comparison.seeds),
        ]
    })
}

fn costs(comparison: &Comparison, text: &mut String) -> std::fmt::Result {
    let columns = [
        "strategy",
        "success",
        "merged",
        "refused",
        "wedged",
        "losers",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "max",
        "db",
        "cache",
        "upkeep",
        "first violation",
    ];
    table(comparison, text, &columns, |row| {
        let waits = &row.latency;
        let wait = |us| match waits.count {
            0 => String::from("-"),
            _ => span(us),
        };
        vec![
            name(row),
            share(row.success_rate),
            count(row.intents_merged),
            count(row.intents_refused),
            count(row.keys_open),
            losers(&row.race_losers),
            wait(waits.p50_us),
            wait(waits.p90_us),
            wait(waits.p99_us),
            wait(waits.p99_9_us),
            wait(waits.max_us),
            mean(row.statements_per_order),
            mean(row.cache_commands_per_order),
            count(row.upkeep_statements),
            when(row.first_violation_us),
        ]
    })
}

fn monitoring(comparison: &Comparison, text: &mut String) -> std::fmt::Result {
    let columns = [
        "strategy", "hit", "miss", "conflict", "header", "body", "auto", "rate",
    ];
    table(comparison, text, &columns, |row| {
        let Some(metrics) = &row.metrics else {
            let none = std::iter::repeat_n(String::from("-"), columns.len() - 1);
            return std::iter::once(name(row)).chain(none).collect();
        };
        let [header, body, auto] = sources(metrics);
        vec![
            name(row),
            count(metrics.hit),
            count(metrics.miss),
            count(metrics.conflict),
            header,
            body,
            auto,
            share(metrics.duplicate_rate),
        ]
    })
}

fn stated(comparison: &Comparison, text: &mut String) -> std::fmt::Result {
    for row in &comparison.strategies {
        if let Some(stated) = &row.stated {
            writeln!(text, "- {}", finding(row, stated))?;
        }
    }
    Ok(())
}
