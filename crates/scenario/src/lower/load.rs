//! The load: how many come, when, and in which windows.

use super::value::{positive, time_of_day, whole};
use super::{Lowering, plan};
use crate::file::{At, Load, Peak, Rush};
use crate::mistake::Mistake;

impl Lowering<'_> {
    pub(super) fn load(&self, written: &At<Load>) -> Result<plan::Load, Mistake> {
        let load = &written.value;
        let intents = whole(&load.intents, "the number of intents", 1..=1_000_000_000)?;
        let over_us = self.some_length(&load.over)?;
        let peak = load.peak.as_ref();
        let repeat = load.repeat.as_ref();
        let starts_at = load.starts_at.as_ref();
        Ok(plan::Load {
            // Half an intent is none or one; none would try nothing.
            intents: ((intents as f64 * self.scale).round() as u64).max(1),
            over_us,
            starts_at_us: starts_at.map_or(Ok(0), |time| time_of_day(time, self.source))?,
            peak: peak.map(|peak| self.peak(peak, over_us)).transpose()?,
            repeat: repeat.map(|rush| self.rush(rush)).transpose()?,
        })
    }

    fn peak(&self, written: &At<Peak>, over_us: u64) -> Result<plan::Peak, Mistake> {
        let peak = &written.value;
        let from_us = self.length(&peak.from)?;
        let until_us = from_us + self.some_length(&peak.length)?;
        if until_us > over_us {
            let place = if from_us >= over_us {
                &peak.from
            } else {
                &peak.length
            };
            return Err(outside(&place.span, "the peak", over_us));
        }
        Ok(plan::Peak {
            factor: positive(&peak.factor, "the factor")?,
            window: plan::Window { from_us, until_us },
        })
    }

    pub(super) fn rush(&self, written: &At<Rush>) -> Result<plan::Rush, Mistake> {
        Ok(plan::Rush {
            chance: self.chance(&written.value.chance)?,
            after: self.delay(&written.value.after)?,
        })
    }
}

/// Something that would happen when nobody is there any more.
pub(super) fn outside(span: &std::ops::Range<usize>, what: &str, over_us: u64) -> Mistake {
    Mistake::at(
        span,
        format!("{what} lies outside the load"),
        "the load has ended by then",
    )
    .help(format!(
        "times count from the beginning of the run; the load lasts {}",
        spoken(over_us)
    ))
}

/// A length as a file would write it.
fn spoken(us: u64) -> String {
    let units = [
        (86_400_000_000, "d"),
        (3_600_000_000, "h"),
        (60_000_000, "min"),
        (1_000_000, "s"),
        (1_000, "ms"),
    ];
    match units
        .iter()
        .find(|(unit, _)| us > 0 && us.is_multiple_of(*unit))
    {
        // A day is better known as 24 hours.
        Some((_, "d")) => format!("{}h", us / 3_600_000_000),
        Some((unit, name)) => format!("{}{name}", us / unit),
        None => format!("{us}us"),
    }
}
