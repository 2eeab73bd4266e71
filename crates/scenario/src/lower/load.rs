//! The load: the number of purchases, when they arrive, and the peak.

use super::value::{positive, time_of_day, whole};
use super::{Lowering, plan};
use crate::file::{At, Load, Peak, Rush};
use crate::mistake::Mistake;

/// The part of the load that a scale leaves, in whole intents: a story of one intent is whole at every scale below 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Realised {
    /// Intents that are run.
    intents: u64,
    /// Intents of the full load, at least 1.
    full: u64,
}

impl Realised {
    /// The same part of a stock, rounded up.
    pub(super) fn of(self, stock: u64) -> u32 {
        let part = (u128::from(stock) * u128::from(self.intents)).div_ceil(u128::from(self.full));
        u32::try_from(part).unwrap_or(u32::MAX)
    }
}

impl Lowering<'_> {
    /// How many intents the scale leaves, of how many.
    pub(super) fn realised(&self, written: &At<Load>) -> Result<Realised, Mistake> {
        let intents = &written.value.intents;
        let full = whole(intents, "the number of intents", 1..=1_000_000_000)?;
        Ok(Realised {
            // Half an intent is none or one; none would try nothing.
            intents: ((full as f64 * self.scale).round() as u64).max(1),
            full,
        })
    }

    pub(super) fn load(
        &self,
        written: &At<Load>,
        realised: Realised,
    ) -> Result<plan::Load, Mistake> {
        let load = &written.value;
        let over_us = self.some_length(&load.over)?;
        let peak = load.peak.as_ref();
        let repeat = load.repeat.as_ref();
        let starts_at = load.starts_at.as_ref();
        Ok(plan::Load {
            intents: realised.intents,
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
            window: plan::Window {
                from_us,
                until_us,
                every_us: None,
            },
        })
    }

    pub(super) fn rush(&self, written: &At<Rush>) -> Result<plan::Rush, Mistake> {
        Ok(plan::Rush {
            chance: self.chance(&written.value.chance)?,
            after: self.delay(&written.value.after)?,
        })
    }
}

/// Something that would happen after the load has ended.
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
pub(super) fn spoken(us: u64) -> String {
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
