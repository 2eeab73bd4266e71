//! Strings that are borrowed from the line where they can be, and objects as lists of pairs in the order of the file.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

/// A string. A whole number in its place is its digits: people write `"order": 1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

struct TextVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for TextVisitor<'a> {
    type Value = Text<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<'a>, D::Error> {
        deserializer.deserialize_any(TextVisitor(PhantomData))
    }
}

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

/// An object as pairs, in the order of the file.
#[derive(Clone, Debug)]
pub(super) struct Pairs<'a, V>(pub(super) Vec<(Text<'a>, V)>);

struct PairsVisitor<'a, V>(PhantomData<(&'a (), V)>);

impl<'de: 'a, 'a, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<'a, V> {
    type Value = Pairs<'a, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Pairs<'a, V>, M::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

impl<'de: 'a, 'a, V: Deserialize<'de>> Deserialize<'de> for Pairs<'a, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs<'a, V>, D::Error> {
        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}
