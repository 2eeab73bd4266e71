//! Bodies of answers: brought into one form, so that equal bodies are equal texts.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use super::scalar::Text;
use super::shape::{Shape, Shaped};

/// The body of an answer: a string, or JSON.
#[derive(Clone, Debug)]
pub(super) enum Body<'a> {
    /// A string.
    Text(Text<'a>),
    /// Anything else.
    Json(Value),
}

struct BodyVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for BodyVisitor<'a> {
    type Value = Body<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or JSON")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Body<'a>, E> {
        Ok(Body::Text(Text(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Body<'a>, E> {
        Ok(Body::Text(Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Body<'a>, E> {
        Ok(Body::Json(Value::from(number)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Body<'a>, E> {
        Ok(Body::Json(Value::from(number)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Body<'a>, E> {
        Ok(Body::Json(Value::from(number)))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Body<'a>, E> {
        Ok(Body::Json(Value::from(value)))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, seq: S) -> Result<Body<'a>, S::Error> {
        Value::deserialize(SeqAccessDeserializer::new(seq)).map(Body::Json)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Body<'a>, M::Error> {
        Value::deserialize(MapAccessDeserializer::new(map)).map(Body::Json)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Body<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Body<'a>, D::Error> {
        deserializer.deserialize_any(BodyVisitor(PhantomData))
    }
}

impl Shaped for Body<'_> {
    const SHAPE: Shape = Shape::Any;
}

impl Body<'_> {
    /// The body less the fields that the contract calls volatile, its fields sorted and its numbers spelt one way, so that equal bodies
    /// are equal texts.
    pub(super) fn canonical(&self, volatile: &[String]) -> Cow<'_, str> {
        match self {
            Body::Json(value) => Cow::Owned(stripped(value.clone(), volatile)),
            Body::Text(Text(text)) if text.starts_with(['{', '[']) => {
                match serde_json::from_str(text) {
                    Ok(value) => Cow::Owned(stripped(value, volatile)),
                    Err(_) => Cow::Borrowed(text),
                }
            }
            Body::Text(Text(text)) => Cow::Borrowed(text),
        }
    }
}

fn stripped(mut value: Value, volatile: &[String]) -> String {
    strip(&mut value, volatile);
    value.to_string()
}

/// The parser bounds the depth, and so this recursion.
fn strip(value: &mut Value, volatile: &[String]) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !volatile.contains(name));
            fields.values_mut().for_each(|field| strip(field, volatile));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| strip(item, volatile)),
        Value::Number(number) => {
            let whole = number.as_f64().filter(|_| number.is_f64());
            // Of these, every whole number is one that a float is exactly.
            if let Some(whole) = whole.filter(|n| n.fract() == 0.0 && n.abs() < 9e15) {
                *number = Number::from(whole as i64);
            }
        }
        _ => {}
    }
}
