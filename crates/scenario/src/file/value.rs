//! The values of a scenario file: each with its place, and read so loosely that its mistakes can be explained.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_spanned::Spanned;

/// A value and where it is written.
#[derive(Clone, Debug)]
pub struct At<T> {
    /// Its first byte, and the one after its last.
    pub span: Range<usize>,
    /// What is written there.
    pub value: T,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<At<T>, D::Error> {
        let spanned = Spanned::<T>::deserialize(deserializer)?;
        Ok(At {
            span: spanned.span(),
            value: spanned.into_inner(),
        })
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// Anything where a length, a probability, a price or a time of day is expected. Nothing is refused here: lowering knows what was
/// meant, and can say how to write it.
#[derive(Clone, Debug)]
pub enum Scalar {
    /// A text.
    Text(String),
    /// A number; its exact digits are in the source.
    Number(f64),
    /// Something else; what it is can be seen in the source.
    Other,
}

pub(super) struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a number")
    }
    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number as f64))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number as f64))
    }
    fn visit_i128<E>(self, number: i128) -> Result<Scalar, E> {
        Ok(Scalar::Number(number as f64))
    }
    fn visit_u128<E>(self, number: u128) -> Result<Scalar, E> {
        Ok(Scalar::Number(number as f64))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Scalar, E> {
        Ok(Scalar::Other)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scalar, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// A scalar of one meaning: the same in the parser, with a name and a schema of its own.
macro_rules! scalars {
    ($($(#[$doc:meta])* $name:ident = $schema:tt,)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, Deserialize)]
            #[serde(transparent)]
            pub struct $name(pub Scalar);

            impl JsonSchema for $name {
                fn schema_name() -> Cow<'static, str> {
                    stringify!($name).into()
                }
                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    json_schema!($schema)
                }
            }
        )*
    };
}

scalars! {
    /// A length of time, such as `250us`, `5ms`, `1.5s`, `2min`, `0.5h`, `1d`.
    Length = {
        "description": "A length of time, such as `250us`, `5ms`, `1.5s`, `2min`, `0.5h`, `1d`.",
        "type": "string",
        "pattern": "^[0-9]+(\\.[0-9]+)?(us|ms|s|min|h|d)$"
    },
    /// A probability: `0.221`, `"22.1%"` or `"1/50"`.
    Chance = {
        "description": "A probability: `0.221`, `\"22.1%\"` or `\"1/50\"`.",
        "anyOf": [
            { "type": "number", "minimum": 0, "maximum": 1 },
            { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?%$" },
            { "type": "string", "pattern": "^[0-9]+/[0-9]+$" }
        ]
    },
    /// An amount of money, such as `"15.00"`.
    Price = {
        "description": "An amount of money with at most two decimals, such as `\"15.00\"`.",
        "anyOf": [
            { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$" },
            { "type": "number", "minimum": 0 }
        ]
    },
    /// A time of day, such as `"19:30:05"`.
    TimeOfDay = {
        "description": "A time of day, such as `\"19:30\"` or `\"19:30:05\"`.",
        "type": "string",
        "pattern": "^[0-9]{2}:[0-9]{2}(:[0-9]{2})?$"
    },
}

/// Names with a value each, in the order of writing, which a table by itself does not keep.
#[derive(Clone, Debug)]
pub struct Pairs<T>(pub Vec<(At<String>, At<T>)>);

struct PairsVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for PairsVisitor<T> {
    type Value = Pairs<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<T>, A::Error> {
        let mut pairs: Vec<(At<String>, At<T>)> = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        pairs.sort_by_key(|(name, _)| name.span.start);
        Ok(Pairs(pairs))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs<T>, D::Error> {
        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Pairs<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Pairs_of_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": value })
    }
}
