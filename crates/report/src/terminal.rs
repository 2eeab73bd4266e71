//! One run as a screenful of text that reads without colour: verdict near the end, reproduction last.

use crate::comparison::words::{losers_in_words, mean, share, when};
use crate::figures::{
    clock, clock_seconds, count, first_sentence, money, plural, range, signed, span,
};
use crate::latency::{Bar, Latency, LatencyRow, OutcomeClass};
use crate::rules::{VERB, is_loud, lines, paragraph, witnesses};
use crate::run::{Claim, Counts, Met, Metrics, RuleOutcome, RuleRow, Run, RunVerdict, Service};

/// How many rules show their witness.
const WITNESSES_MAX: usize = 1;
/// How long the longest bar of the histogram is.
const BAR_MAX: usize = 20;
/// How many lines the histogram has at most.
const BARS_MAX: usize = 12;

/// A run as text. `report` is the folder in which its files are, if they were written.
pub fn terminal(run: &Run, report: Option<&str>) -> String {
    let mut text = heading(run);
    text.push('\n');
    text.push_str(&figures(run));
    text.push('\n');
    text.push_str(&latency(&run.latency));
    text.push('\n');
    text.push_str(&lines(&run.rules));
    text.push_str(&format!("{}\n", "─".repeat(VERB)));
    text.push_str(&witnesses(&run.rules, WITNESSES_MAX));
    text.push_str(&said("Digest", &run.digest));
    if let Some(folder) = report {
        text.push_str(&said("Report", folder));
    }
    text.push_str(&paragraph("Verdict", &verdict(run)));
    if run.verdict == RunVerdict::Fail {
        text.push_str(&format!("\nhint: {}\n", run.reproduce));
    }
    text
}

/// A verb, and what there is to say.
fn said(verb: &str, body: &str) -> String {
    format!("{verb:>VERB$} {body}\n")
}

fn heading(run: &Run) -> String {
    let mut title = format!("{}   {} · {}", run.scenario, run.backend, run.strategy);
    if let Some(seed) = run.seed {
        title.push_str(&format!(" · seed {seed}"));
    }
    if run.scale != 1.0 {
        title.push_str(&format!(" · scale {}", run.scale));
    }
    if let Some(overlay) = &run.overlay {
        title.push_str(&format!(" · overlay {overlay}"));
    }
    let played = format!(
        "{}, {} in {:.1} s",
        period(run),
        plural(run.events, "event", "events"),
        run.wall_seconds
    );
    said("Scenario", &title)
        + &paragraph("Story", first_sentence(&run.story))
        + &said("Played", &played)
}

/// The virtual time of a run, to the second if it is short.
pub(crate) fn period(run: &Run) -> String {
    let (from_us, until_us) = (run.starts_at_us, run.starts_at_us + run.virtual_us);
    let clock = match run.virtual_us {
        0..3_600_000_000 => clock_seconds,
        _ => clock,
    };
    let (from, until) = (clock(from_us), clock(until_us));
    let kind = if run.is_recorded() {
        "recorded"
    } else {
        "virtual"
    };
    format!("{} of {kind} time, {from} to {until}", span(run.virtual_us))
}

/// What happened: intents, requests, faults, orders, charges, stock, and what the story says of them.
fn figures(run: &Run) -> String {
    let counts = &run.counts;
    let mut text = said(
        "Intents",
        &format!(
            "{}; {} of them answered with an order",
            count(counts.intents),
            count(counts.intents_with_order)
        ),
    );
    let requests = format!(
        "{}: {} ok, {} refused, {} unanswered; {} beyond the first of their intent",
        count(counts.requests),
        count(counts.ok),
        count(counts.refused),
        count(counts.unanswered),
        count(counts.duplicate_requests)
    );
    text.push_str(&paragraph("Requests", &requests));
    text.push_str(&paragraph("Faults", &faults(run)));
    let orders = format!(
        "{} live, {} cancelled; {}: {}",
        count(counts.orders),
        count(counts.orders_cancelled),
        plural(counts.extra_orders, "extra order", "extra orders"),
        money(counts.extra_orders_amount)
    );
    text.push_str(&said("Orders", &orders));
    let charges = format!(
        "{} captured, {} refunded; {}: {} charged twice",
        count(counts.charges),
        count(counts.charges_refunded),
        plural(counts.extra_charges, "extra charge", "extra charges"),
        money(counts.extra_charges_amount)
    );
    text.push_str(&said("Charges", &charges));
    text.push_str(&paragraph("Stock", &stock(counts)));
    if let Some(cost) = &run.service {
        text.push_str(&paragraph("Service", &service(run, cost)));
        if let Some(metrics) = &cost.metrics {
            text.push_str(&paragraph("Monitoring", &monitoring(metrics)));
        }
    }
    let claim = |claim: &Claim| format!("{}: {}", claim.claim, claim.figure);
    let claims: Vec<String> = run.claims.iter().map(claim).collect();
    text.push_str(&paragraph("Stated", &claims.join("; ")));
    text
}

fn faults(run: &Run) -> String {
    if run.faults.is_empty() {
        return String::from("none planned");
    }
    let fault = |fault: &crate::run::FaultCount| format!("{} {}", fault.name, count(fault.count));
    run.faults.iter().map(fault).collect::<Vec<_>>().join(", ")
}

/// The requests that reached the service, how many repetitions became orders, and the cost.
fn service(run: &Run, service: &Service) -> String {
    let counts = &run.counts;
    let mut text = format!(
        "{} arrived, {} of them repeated; {} held back by the button; prevented {}",
        plural(service.requests_arrived, "request", "requests"),
        count(service.requests_repeated),
        plural(service.taps_held_back, "tap", "taps"),
        share(run.prevention)
    );
    text.push_str(&format!(
        "; {} statements and {} cache commands per order",
        mean(service.statements_per_order),
        mean(service.cache_commands_per_order)
    ));
    let suppressed = counts.intents_merged + counts.intents_refused;
    if suppressed > 0 {
        text.push_str(&format!(
            "; {} without an order of their own: {} answered with another, {} refused as repetitions",
            plural(suppressed, "intent", "intents"),
            count(counts.intents_merged),
            count(counts.intents_refused)
        ));
    }
    if !run.race_losers.is_empty() {
        text.push_str(&format!(
            "; of simultaneous requests, those that came second were answered {}",
            losers_in_words(&run.race_losers)
        ));
    }
    if run.first_violation_us.is_some() {
        text.push_str(&format!(
            "; first violation after {}",
            when(run.first_violation_us)
        ));
    }
    text
}

/// What the service's own monitoring counts.
fn monitoring(metrics: &Metrics) -> String {
    let mut text = format!(
        "{}, {}, {}: {} duplicates",
        plural(metrics.hit, "hit", "hits"),
        plural(metrics.miss, "miss", "misses"),
        plural(metrics.conflict, "conflict", "conflicts"),
        share(metrics.duplicate_rate)
    );
    if let Some([header, body, made]) = metrics.sources().map(|sources| sources.map(count)) {
        text.push_str(&format!(
            "; keys: {header} in the header, {body} in the body, {made} made"
        ));
    }
    text
}

/// Where the units went. Those of pending orders are among the reserved; where the service does not reserve, they are not, and
/// stand for themselves.
fn stock(counts: &Counts) -> String {
    let had = counts.stock_initial + counts.stock_restocked;
    let confirmed = counts.units_sold - counts.units_pending;
    let unreserved = (counts.units_pending as i64 - counts.stock_reserved).max(0);
    let accounted = counts.stock_on_hand + counts.stock_reserved + confirmed as i64;
    let (orders, pending) = match (counts.units_pending, unreserved) {
        (0, _) => ("live", 0),
        _ if accounted + unreserved == had => ("confirmed", unreserved),
        _ => ("confirmed", 0),
    };
    let relation = if had == accounted + pending {
        "="
    } else {
        "≠"
    };
    let mut text = format!(
        "{} units {relation} {} on hand + {} reserved + {} in {orders} orders",
        signed(had),
        signed(counts.stock_on_hand),
        signed(counts.stock_reserved),
        count(confirmed)
    );
    if pending > 0 {
        text.push_str(&format!(" + {} in pending orders", signed(pending)));
    }
    text
}

/// The quantiles per outcome, and a histogram with a column for each outcome that occurred.
fn latency(latency: &Latency) -> String {
    let mut text = format!(
        "{:>VERB$} {:>11} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
        "Latency", "requests", "p50", "p90", "p99", "p99.9", "max"
    );
    for class in OutcomeClass::ALL {
        let row = latency.of(class);
        text.push_str(&format!("{:>VERB$} {:>11}", class.name(), count(row.count)));
        if row.count > 0 {
            for us in [row.p50_us, row.p90_us, row.p99_us, row.p99_9_us, row.max_us] {
                text.push_str(&format!(" {:>9}", span(us)));
            }
        }
        text.push('\n');
    }
    text + &bars(latency)
}

fn bars(latency: &Latency) -> String {
    let some: Vec<OutcomeClass> = OutcomeClass::ALL
        .into_iter()
        .filter(|class| latency.of(*class).count > 0)
        .collect();
    if some.is_empty() {
        return String::new();
    }
    let mut spans: Vec<(u64, u64)> = some
        .iter()
        .flat_map(|class| &latency.of(*class).bars)
        .map(|bar| (bar.from_us, bar.until_us))
        .collect();
    spans.sort_unstable();
    spans.dedup();
    // If there are too many lines, the fastest are merged into one, so that the lines still add up to all requests.
    let shared = spans.len().saturating_sub(BARS_MAX);
    if let (1.., Some((from_us, _))) = (shared, spans.first().copied()) {
        spans.drain(..shared);
        spans[0].0 = from_us;
    }
    let mut text = format!("{:>VERB$}", "waited");
    for class in &some {
        text.push_str(&format!("  {:<width$}", class.name(), width = BAR_MAX + 10));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    for line_of in &spans {
        let mut line = format!("{:>VERB$}", range(line_of.0, line_of.1));
        for class in &some {
            line.push_str(&cell(latency.of(*class), *line_of, &spans));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// One bar with its count; every count above 0 is visible.
fn cell(row: &LatencyRow, span: (u64, u64), spans: &[(u64, u64)]) -> String {
    let within = |(from_us, until_us): (u64, u64)| {
        let inside = |bar: &&Bar| (from_us..until_us).contains(&bar.from_us);
        row.bars.iter().filter(inside).map(|bar| bar.count).sum()
    };
    let some: u64 = within(span);
    if some == 0 {
        return format!("  {:BAR_MAX$}{:>10}", "", "");
    }
    let most = spans.iter().map(|span| within(*span)).max().unwrap_or(some);
    let length = (some as usize * BAR_MAX).div_ceil(most as usize);
    format!("  {:<BAR_MAX$}{:>10}", "█".repeat(length), count(some))
}

/// The verdict in a sentence: what failed or is missing, and whether that was expected.
pub(crate) fn verdict(run: &Run) -> String {
    let names: Vec<&str> = run.violated().map(|rule| rule.name.as_str()).collect();
    let missed: Vec<&str> = run.missed().collect();
    let what = match run.verdict {
        RunVerdict::Pass => String::from("PASS: no rule is violated"),
        RunVerdict::Fail => format!("FAIL: {} violated", names.join(", ")),
        RunVerdict::Inconclusive if !missed.is_empty() => format!(
            "INCONCLUSIVE: no rule is violated, but the scenario requires {}, which the run never met",
            missed.join(", ")
        ),
        RunVerdict::Inconclusive => format!(
            "INCONCLUSIVE: no rule is violated, but {}",
            undecided(&run.rules)
        ),
    };
    match run.is_recorded() {
        true => what,
        false => format!("{what}; {}", expectation(run)),
    }
}

/// Why the verdict is inconclusive: the undecided rules, each with its reason if there is one.
pub(crate) fn undecided(rules: &[RuleRow]) -> String {
    let open = |rule: &&RuleRow| is_loud(rule) && rule.verdict != RuleOutcome::Violated;
    let reason = |rule: &RuleRow| match &rule.note {
        Some(note) if rule.verdict == RuleOutcome::Vacuous => {
            format!("nothing was proved: {note}")
        }
        Some(note) => format!("{} is {} ({note})", rule.name, rule.verdict.words()),
        None => format!("{} is {}", rule.name, rule.verdict.words()),
    };
    let reasons: Vec<String> = rules.iter().filter(open).map(reason).collect();
    reasons.join(", ")
}

fn expectation(run: &Run) -> String {
    let expectation = &run.expectation;
    match expectation.met {
        Met::Yes => format!("as the scenario expects of {}", run.strategy),
        Met::NothingExpected => format!("the scenario expects nothing of {}", run.strategy),
        Met::Unknown | Met::No => format!(
            "the scenario expects {} {}, but {}",
            run.strategy,
            expectation.expects,
            expectation.differences.join(" and ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::Histograms;

    /// The two sides of a printed sum, and what is between them.
    fn sides(text: &str) -> (i64, &str, i64) {
        let relation = if text.contains('=') { "=" } else { "≠" };
        let (had, has) = text.split_once(relation).expect("a relation");
        let figure = |part: &str| -> i64 {
            let digits = part.trim().split(' ').next().expect("a figure");
            digits.replace(',', "").parse().expect("a number")
        };
        (figure(had), relation, has.split('+').map(figure).sum())
    }

    #[test]
    fn the_printed_stock_adds_up_when_orders_are_pending_and_says_so_when_it_does_not() {
        let counts = |on_hand, reserved, sold, pending| Counts {
            stock_initial: 2_000,
            stock_on_hand: on_hand,
            stock_reserved: reserved,
            units_sold: sold,
            units_pending: pending,
            ..Counts::default()
        };
        for (counts, relation) in [
            (counts(1_500, 0, 500, 0), "="),
            // A pending order has reserved its units, or taken them without reserving.
            (counts(1_500, 3, 500, 3), "="),
            (counts(1_500, 0, 500, 3), "="),
            (counts(1_499, 3, 500, 3), "≠"),
            (counts(1_499, 0, 500, 0), "≠"),
            (counts(1_490, 0, 500, 3), "≠"),
        ] {
            let text = stock(&counts);
            let (had, printed, has) = sides(&text);
            assert_eq!((printed, had == has), (relation, relation == "="), "{text}");
        }
    }

    #[test]
    fn however_many_bars_there_are_their_lines_add_up_to_all_requests() {
        let mut histograms = Histograms::default();
        for decade in 0..7 {
            for digit in [1, 2, 5] {
                for _ in 0..=decade {
                    histograms.record(OutcomeClass::Created, digit * 10_u64.pow(decade));
                }
            }
        }
        let latency = histograms.summary();
        assert!(latency.created.bars.len() > BARS_MAX);
        let text = bars(&latency);
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(lines.len(), BARS_MAX, "{text}");
        let last = |line: &&str| line.split_whitespace().last().expect("a count").to_owned();
        let shown: u64 = lines
            .iter()
            .map(|line| last(line).parse::<u64>().expect("a number"))
            .sum();
        assert_eq!(shown, latency.created.count, "{text}");
        assert!(lines[0].trim_start().starts_with("1us-2ms"), "{text}");
    }
}
