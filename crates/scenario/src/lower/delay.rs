//! Delays: from a length, a distribution or a mixture of them to what the plan draws from.

use std::ops::Range;

use explore::Distribution;

use super::value::{length, length_at, positive};
use crate::file::delay::{LogNormal, Part, Shape};
use crate::file::{self, At, Length};
use crate::mistake::Mistake;
use crate::plan;

/// A normal deviate of a table stays below 4, so that a lognormal delay stays below `LONGEST_US` times 10^5.
const SIGMA_MAX: f64 = 3.0;

/// A delay.
pub(super) fn delay(written: &At<file::Delay>, source: &str) -> Result<plan::Delay, Mistake> {
    delay_at(&written.value, &written.span, source)
}

/// A delay whose place is known apart from it.
pub(super) fn delay_at(
    written: &file::Delay,
    span: &Range<usize>,
    source: &str,
) -> Result<plan::Delay, Mistake> {
    match written {
        file::Delay::Always(length) => length_at(length, span, source).map(plan::Delay::constant),
        file::Delay::Shaped(shape) => shaped(shape, span, source),
    }
}

const ONE_SHAPE: &str = "a delay is one of `\"5ms\"`, `{ uniform = [\"80ms\", \"400ms\"] }`, `{ exponential = \"400ms\" }`, \
     `{ lognormal = { median = \"300ms\", sigma = 0.6 } }` or `{ mix = [...] }`";

fn shaped(shape: &Shape, span: &Range<usize>, source: &str) -> Result<plan::Delay, Mistake> {
    if let Some(parts) = &shape.mix {
        if shape.uniform.is_some() || shape.exponential.is_some() || shape.lognormal.is_some() {
            return Err(Mistake::at(span, "a delay has one shape", "more than one").help(ONE_SHAPE));
        }
        return mixture(parts, source);
    }
    let alone = Part {
        weight: At {
            span: span.clone(),
            value: 1.0,
        },
        constant: None,
        uniform: shape.uniform.clone(),
        exponential: shape.exponential.clone(),
        lognormal: shape.lognormal.clone(),
    };
    distribution(&alone, span, source).map(plan::Delay::of)
}

fn mixture(parts: &At<Vec<At<Part>>>, source: &str) -> Result<plan::Delay, Mistake> {
    let mut lowered = Vec::new();
    for part in &parts.value {
        let weight = positive(&part.value.weight, "a weight")?;
        lowered.push((weight, distribution(&part.value, &part.span, source)?));
    }
    let sum: f64 = lowered.iter().map(|(weight, _)| weight).sum();
    if lowered.is_empty() {
        return Err(Mistake::at(&parts.span, "a mixture needs a part", "empty").help(ONE_SHAPE));
    }
    for (weight, _) in &mut lowered {
        *weight /= sum;
    }
    Ok(plan::Delay { parts: lowered })
}

fn distribution(part: &Part, span: &Range<usize>, source: &str) -> Result<Distribution, Mistake> {
    match (
        &part.constant,
        &part.uniform,
        &part.exponential,
        &part.lognormal,
    ) {
        (Some(always), None, None, None) => Ok(Distribution::Constant(length(always, source)?)),
        (None, Some(ends), None, None) => uniform(ends, source),
        (None, None, Some(mean), None) => Ok(Distribution::Exponential {
            mean: length(mean, source)?,
        }),
        (None, None, None, Some(shape)) => lognormal(shape, source),
        (None, None, None, None) => {
            Err(Mistake::at(span, "a delay needs a shape", "has none").help(ONE_SHAPE))
        }
        _ => Err(Mistake::at(span, "a delay has one shape", "more than one").help(ONE_SHAPE)),
    }
}

fn uniform(ends: &At<Vec<At<Length>>>, source: &str) -> Result<Distribution, Mistake> {
    let [low, high] = &ends.value[..] else {
        return Err(Mistake::at(
            &ends.span,
            "`uniform` needs two lengths",
            format!("{} here", ends.value.len()),
        )
        .help("write `uniform = [\"80ms\", \"400ms\"]`"));
    };
    let (from, to) = (length(low, source)?, length(high, source)?);
    if from > to {
        return Err(Mistake::at(
            &ends.span,
            "`uniform` ends before it begins",
            "the shorter length comes first",
        ));
    }
    Ok(Distribution::Uniform(from, to))
}

fn lognormal(shape: &LogNormal, source: &str) -> Result<Distribution, Mistake> {
    let sigma = shape.sigma.value;
    if !(0.0..=SIGMA_MAX).contains(&sigma) {
        return Err(Mistake::at(
            &shape.sigma.span,
            format!("`sigma` is {sigma}"),
            format!("expected a number from 0 to {SIGMA_MAX}"),
        )
        .help("it is the standard deviation of the natural logarithm: 0.6 puts p99 at four times the median"));
    }
    Ok(Distribution::LogNormal {
        median: length(&shape.median, source)?,
        sigma,
    })
}
