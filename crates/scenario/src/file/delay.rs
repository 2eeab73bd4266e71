//! Delays as a file writes them: a length, a distribution, or a mixture; and the waits before retries.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::value::{At, Length, ScalarVisitor};

/// A delay: a length, or a distribution.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Delay {
    /// A constant.
    Always(Length),
    /// A distribution.
    Shaped(Shape),
}

/// A distribution of delays: one of these.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct Shape {
    /// Uniform between two lengths.
    pub uniform: Option<At<Vec<At<Length>>>>,
    /// Exponential, by its mean.
    pub exponential: Option<At<Length>>,
    /// Lognormal, by its median and the standard deviation of its natural logarithm.
    pub lognormal: Option<LogNormal>,
    /// One of several, by weight.
    pub mix: Option<At<Vec<At<Part>>>>,
}

/// A lognormal distribution.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LogNormal {
    /// Its median.
    pub median: At<Length>,
    /// The standard deviation of its natural logarithm.
    pub sigma: At<f64>,
}

/// A part of a mixture.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("minProperties" = 2, "maxProperties" = 2))]
pub struct Part {
    /// Its weight among the parts.
    pub weight: At<f64>,
    /// A constant.
    pub constant: Option<At<Length>>,
    /// Uniform between two lengths.
    pub uniform: Option<At<Vec<At<Length>>>>,
    /// Exponential, by its mean.
    pub exponential: Option<At<Length>>,
    /// Lognormal, by its median and the standard deviation of its natural logarithm.
    pub lognormal: Option<LogNormal>,
}

struct DelayVisitor;

impl<'de> Visitor<'de> for DelayVisitor {
    type Value = Delay;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a delay, such as \"5ms\" or { exponential = \"400ms\" }")
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Delay, E> {
        ScalarVisitor.visit_str(text).map(Length).map(Delay::Always)
    }
    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Delay, E> {
        ScalarVisitor
            .visit_i64(number)
            .map(Length)
            .map(Delay::Always)
    }
    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Delay, E> {
        ScalarVisitor
            .visit_f64(number)
            .map(Length)
            .map(Delay::Always)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Delay, A::Error> {
        Shape::deserialize(MapAccessDeserializer::new(map)).map(Delay::Shaped)
    }
}

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Delay, D::Error> {
        deserializer.deserialize_any(DelayVisitor)
    }
}

/// How long a client waits before each retry: one delay for all, or one for each, the last for all further ones.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Waits {
    /// The same for all.
    One(Delay),
    /// One for each.
    Each(Vec<At<Delay>>),
}

struct WaitsVisitor;

impl<'de> Visitor<'de> for WaitsVisitor {
    type Value = Waits;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a delay or a list of delays")
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Waits, E> {
        DelayVisitor.visit_str(text).map(Waits::One)
    }
    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Waits, E> {
        DelayVisitor.visit_i64(number).map(Waits::One)
    }
    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Waits, E> {
        DelayVisitor.visit_f64(number).map(Waits::One)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Waits, A::Error> {
        DelayVisitor.visit_map(map).map(Waits::One)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Waits, A::Error> {
        let mut waits = Vec::new();
        while let Some(wait) = seq.next_element()? {
            waits.push(wait);
        }
        Ok(Waits::Each(waits))
    }
}

impl<'de> Deserialize<'de> for Waits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Waits, D::Error> {
        deserializer.deserialize_any(WaitsVisitor)
    }
}
