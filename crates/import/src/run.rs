//! The whole import: dumps first, because the first line says how exact their times are; then the logs, as a stream; then the
//! rows, and the audit.

mod window;

use std::io::Write;

use crate::contract::{Contract, Facts};
use crate::dump::part::Store;
use crate::format::Format;
use crate::format::har::Har;
use crate::format::json::Json;
use crate::format::otel::Otel;
use crate::format::pattern::Pattern;
use crate::format::text::Text;
use crate::instant::{self, SECOND};
use crate::line::{Line, Out};
use crate::map::Part;
use crate::mistake::{Mistake, Mistakes, Stop, Tell, counted, tell};
use crate::plan::{Dump, Inputs, Log, LogFormat, Plan};
use crate::requests::{Asked, Requests, Seen};
use crate::run::window::{Place, Window};
use crate::span::Unit;

/// Reads everything and writes a history.
///
/// # Errors
///
/// If the input or the plan is wrong, after all mistakes of one kind were found, or if the history cannot be written. What was
/// written until then is no history: its last line, the audit, is missing.
pub fn run(plan: &Plan, inputs: Inputs, history: &mut dyn Write, to: Tell<'_>) -> Result<(), Stop> {
    let contract = Contract::read(plan.contract.as_ref())?;
    let unit = contract.unit;
    let decimal = plan.decimal || contract.is_decimal();
    let plan = &Plan {
        decimal,
        ..plan.clone()
    };
    let mut format = format(plan)?;
    let asked = Asked::new(plan, &mut *format)?;
    let store = dumps(
        plan,
        unit,
        inputs.orders,
        inputs.charges,
        inputs.refunds,
        to,
    )?;
    let mut requests = Requests::new(plan, unit, asked, &store.keys);

    let facts = |observed| Facts {
        decimal: plan.decimal || store.decimal,
        observed,
        tolerance: plan.skew.saturating_add(store.resolution),
    };
    let tolerance = facts(Vec::new()).tolerance;
    let name = inputs
        .requests
        .iter()
        .map(|log| log.name.clone())
        .collect::<Vec<_>>()
        .join(", ");
    let mut out = Out::new(history);
    if format.is_whole() {
        // What its answers have is known only behind its last entry, and it is in memory anyway.
        let mut lines = Vec::new();
        let mut aside = Out::new(&mut lines);
        logs(&mut requests, inputs.requests, &mut *format, &mut aside);
        aside.end().map_err(Stop::Write)?;
        contract.write(&facts(requests.observed(true)), &mut out.buffer, to)?;
        out.buffer.append(&mut lines);
    } else {
        contract.write(&facts(requests.observed(false)), &mut out.buffer, to)?;
        logs(&mut requests, inputs.requests, &mut *format, &mut out);
    }
    let seen = requests.end(&name, &format.said(), to)?;
    let window = Window::new(seen.covered, seen.has_keys, tolerance);
    let last = rows(plan, &store, &seen, &window, &mut out, to);
    audit(plan, unit, &store, last, &mut out, to)?;
    out.end().map_err(Stop::Write)
}

fn format(plan: &Plan) -> Result<Box<dyn Format>, Mistake> {
    Ok(match &plan.format {
        LogFormat::Text(dialect, None) => {
            Box::new(Text::usual(*dialect, plan.reading.duration_unit))
        }
        LogFormat::Text(dialect, Some(format)) => {
            let text = Text::with_format(*dialect, format);
            Box::new(text.map_err(|why| Mistake::new("--log-format", why))?)
        }
        LogFormat::Pattern(pattern) => {
            Box::new(Pattern::new(pattern).map_err(|why| Mistake::new("--pattern", why))?)
        }
        LogFormat::Jsonl => Box::new(Json::usual()),
        LogFormat::Caddy => Box::new(Json::caddy()),
        LogFormat::Har => Box::new(Har::default()),
        LogFormat::Otel => Box::new(Otel::default()),
    })
}

fn logs(requests: &mut Requests<'_>, logs: Vec<Log>, format: &mut dyn Format, out: &mut Out<'_>) {
    for log in logs {
        requests.read(log, format, out);
    }
}

/// Reads all dumps. Orders go first and charges second, so that it is known what a charge and a refund belong to.
fn dumps(
    plan: &Plan,
    unit: Unit,
    orders: Vec<Dump>,
    charges: Vec<Dump>,
    refunds: Vec<Dump>,
    to: Tell<'_>,
) -> Result<Store, Stop> {
    let mut store = Store::default();
    let mut mistakes = Mistakes::default();
    let dumps = [
        (Part::Orders, orders),
        (Part::Charges, charges),
        (Part::Refunds, refunds),
    ];
    for (part, dumps) in dumps {
        for dump in dumps {
            if let Err(more) = store.read(part, dump, plan, unit, to) {
                mistakes.extend(more);
            }
        }
    }
    match mistakes.is_empty() {
        true => Ok(store),
        false => Err(mistakes.into()),
    }
}

/// Writes the rows, and returns the last time that was seen.
fn rows(
    plan: &Plan,
    store: &Store,
    seen: &Seen,
    window: &Window,
    out: &mut Out<'_>,
    to: Tell<'_>,
) -> i64 {
    let (mut early, mut late, mut timeless) = (0, 0, 0);
    let mut delays = Vec::new();
    let mut last = seen.covered.map_or(0, |covered| covered.last);
    store.orders.write(out, |row| {
        last = last.max(row.t.unwrap_or(0));
        let asked = row.key.and_then(|key| seen.keys[key as usize]);
        delays.extend(row.t.zip(asked).map(|(t, asked)| t - asked));
        let (place, count) = match row.t.map(|t| window.place(t, asked.is_some())) {
            None => ("", &mut timeless),
            Some(Place::Inside) => return "",
            Some(Place::Before) => (BASELINE, &mut early),
            Some(Place::After) => (BASELINE, &mut late),
        };
        *count += 1;
        place
    });
    for rows in [&store.charges, &store.refunds] {
        rows.write(out, |row| {
            last = last.max(row.t.unwrap_or(0));
            ""
        });
    }
    for (count, when) in [
        (early, "before the log begins"),
        (late, "about its end or after"),
    ] {
        if count > 0 {
            let orders = counted(count, "order");
            tell(
                to,
                "Baseline",
                format!("{orders} from {when}: their requests need not be in it"),
            );
        }
    }
    if timeless > 0 {
        let what = "those from before the log count as orders that were never asked for";
        tell(
            to,
            "Note",
            format!("{} without a time: {what}", counted(timeless, "order")),
        );
    }
    if let Some(offset) = local_offset(delays) {
        let hint = format!(
            "if the times of the dump are local, say --utc-offset {}",
            instant::show_offset(plan.reading.utc_offset + offset)
        );
        tell(
            to,
            "Note",
            format!("orders were not made at about the time of their requests; {hint}"),
        );
    }
    last
}

/// The offset in seconds by which the times of orders are off, if half of them are further from the first request with their key
/// than a clock can be. `delays` are in nanoseconds.
fn local_offset(mut delays: Vec<i64>) -> Option<i64> {
    /// Offsets of the world are multiples of this many seconds.
    const STEP: i64 = 900;
    let middle = delays.len() / 2;
    if delays.is_empty() {
        return None;
    }
    let (_, median, _) = delays.select_nth_unstable(middle);
    let steps = (*median as f64 / (STEP * SECOND) as f64).round() as i64;
    (steps != 0).then_some(steps * STEP)
}

/// What is added to an order that may have been asked for outside of the log.
const BASELINE: &str = ",\"baseline\":true";

fn audit(
    plan: &Plan,
    unit: Unit,
    store: &Store,
    last: i64,
    out: &mut Out<'_>,
    to: Tell<'_>,
) -> Result<(), Mistake> {
    let behind = last
        .div_euclid(unit.ns())
        .saturating_add(1)
        .saturating_mul(unit.ns());
    let at = plan.snapshot.unwrap_or(behind);
    if at < last {
        let message = format!("something happened after it, at {}", instant::show(last));
        return Err(Mistake::new(
            format!("--snapshot {}", instant::show(at)),
            message,
        ));
    }
    let parts: Vec<&str> = store.parts.iter().map(|part| part.name()).collect();
    let when = match plan.snapshot {
        Some(_) => "as --snapshot says",
        None => "just after the last time that was seen (--snapshot)",
    };
    let complete = if parts.is_empty() {
        String::from("no dump")
    } else {
        parts.join(", ")
    };
    tell(
        to,
        "Audit",
        format!("at {}, {when}; complete: {complete}", instant::show(at)),
    );
    let mut line = Line::new("audit", &mut out.buffer);
    line.time("t", at, unit);
    line.json("complete", &serde_json::json!(parts).to_string());
    line.end();
    Ok(())
}

#[cfg(test)]
mod tests;
