//! The end of a history: the rows, and the audit.

use crate::dump::part::Store;
use crate::instant::{self, SECOND};
use crate::line::{Line, Out};
use crate::mistake::{Mistake, Tell, counted, tell};
use crate::plan::Plan;
use crate::requests::Seen;
use crate::run::window::{Place, Window};
use crate::span::Unit;

/// What is added to an order that may have been asked for outside of the log.
const BASELINE: &str = ",\"baseline\":true";

/// How the orders lie to the requests.
#[derive(Clone, Debug, Default)]
struct Orders {
    /// From before the log, or about its begin.
    early: u64,
    /// From about the end of the log, or after it.
    late: u64,
    /// Without a time.
    timeless: u64,
    /// How long after the first request with their keys they were made, in nanoseconds.
    delays: Vec<i64>,
}

/// Writes the rows, and returns the last time that was seen.
pub(super) fn rows(
    plan: &Plan,
    store: &Store,
    seen: &Seen,
    window: &Window,
    out: &mut Out<'_>,
    to: Tell<'_>,
) -> i64 {
    let mut orders = Orders::default();
    let mut last = seen.covered.map_or(0, |covered| covered.last);
    store.orders.write(out, |row| {
        last = last.max(row.t.unwrap_or(0));
        let asked = row.key.and_then(|key| seen.keys[key as usize]);
        orders
            .delays
            .extend(row.t.zip(asked).map(|(t, asked)| t - asked));
        let (more, count) = match row.t.map(|t| window.place(t, asked.is_some())) {
            None => ("", &mut orders.timeless),
            Some(Place::Inside) => return "",
            Some(Place::Before) => (BASELINE, &mut orders.early),
            Some(Place::After) => (BASELINE, &mut orders.late),
        };
        *count += 1;
        more
    });
    for rows in [&store.charges, &store.refunds] {
        rows.write(out, |row| {
            last = last.max(row.t.unwrap_or(0));
            ""
        });
    }
    orders.tell(plan, to);
    last
}

impl Orders {
    fn tell(self, plan: &Plan, to: Tell<'_>) {
        for (count, when) in [
            (self.early, "before the log begins"),
            (self.late, "about its end or after"),
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
        if self.timeless > 0 {
            let what = "those from before the log count as orders that were never asked for";
            tell(
                to,
                "Note",
                format!("{} without a time: {what}", counted(self.timeless, "order")),
            );
        }
        if let Some(offset) = local_offset(self.delays) {
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
    }
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

/// Writes the audit: when it was taken, and which parts were read as a whole.
///
/// # Errors
///
/// If it is dated before something that the history has.
pub(super) fn audit(
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
