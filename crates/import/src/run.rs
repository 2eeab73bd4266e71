//! The whole import: dumps first, because the first line says how exact their times are; then the logs, as a stream; then the
//! rows, and the audit.

mod ending;
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
use crate::line::Out;
use crate::map::Part;
use crate::mistake::{Mistake, Mistakes, Stop, Tell};
use crate::plan::{Dump, Inputs, Log, LogFormat, Plan};
use crate::requests::{Asked, Requests};
use crate::run::ending::{audit, rows};
use crate::run::window::Window;
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

#[cfg(test)]
mod tests;
