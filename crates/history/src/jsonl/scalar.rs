//! The values of a line that are no objects: names, times, amounts, statuses and words. Strings are borrowed from the line.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::shape::{Shape, Shaped};

/// A string. A whole number in its place is its digits: people write `"order": 1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

/// The name of a field. Unlike a [`Text`], it is never a number.
#[derive(Debug)]
pub(super) struct Key<'a>(pub(super) Cow<'a, str>);

/// The name of a process: a number without a detour through its digits, because every event has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name<'a> {
    /// A number.
    Number(u64),
    /// A text.
    Text(Cow<'a, str>),
}

/// An instant as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Time<'a> {
    /// In the contract's unit.
    Number(u64),
    /// RFC 3339.
    Text(Cow<'a, str>),
}

/// An amount of money as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Amount<'a> {
    /// Minor units.
    Number(i64),
    /// A decimal.
    Text(Cow<'a, str>),
}

/// An HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status(pub(super) u16);

/// The fields of an object that the form does not have. Nearly always none.
#[derive(Debug, Default)]
#[expect(
    clippy::box_collection,
    reason = "one word in each of a million rows instead of three"
)]
pub(super) struct Unknown<'a>(Option<Box<Vec<Cow<'a, str>>>>);

impl<'a> Unknown<'a> {
    pub(super) fn push(&mut self, key: Key<'a>) {
        self.0.get_or_insert_default().push(key.0);
    }

    /// Their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let names = self.0.iter().flat_map(|names| names.iter());
        names.map(|name| &**name)
    }
}

/// A visitor of strings and whole numbers.
macro_rules! scalar {
    ($name:ident<$lt:lifetime>, $shape:expr, $wanted:literal,
     text: |$text:ident| $from_text:expr
     $(, number: |$number:ident: $number_type:ty| $from_number:expr)?) => {
        impl<'de: $lt, $lt> Deserialize<'de> for $name<$lt> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Scalar<$lt>(PhantomData<&$lt ()>);

                impl<'de: $lt, $lt> Visitor<'de> for Scalar<$lt> {
                    type Value = $name<$lt>;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($wanted)
                    }

                    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                        let $text = Cow::Borrowed(text);
                        Ok($from_text)
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                        let $text = Cow::Owned(text.to_owned());
                        Ok($from_text)
                    }

                    $(
                        fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                            let $number = <$number_type>::try_from(number)
                                .map_err(|_| E::custom(concat!("the number is too large for ", $wanted)))?;
                            Ok($from_number)
                        }

                        fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                            let $number = <$number_type>::try_from(number)
                                .map_err(|_| E::custom(concat!("a number below 0 is not ", $wanted)))?;
                            Ok($from_number)
                        }
                    )?
                }

                deserializer.deserialize_any(Scalar(PhantomData))
            }
        }

        impl Shaped for $name<'_> {
            const SHAPE: Shape = $shape;
        }
    };
}

scalar!(Key<'a>, Shape::Name, "a field's name", text: |text| Key(text));
scalar!(Text<'a>, Shape::Name, "a string", text: |text| Text(text), number: |n: i128| Text(Cow::Owned(n.to_string())));
scalar!(Name<'a>, Shape::Name, "a name", text: |text| Name::Text(text), number: |n: u64| Name::Number(n));
scalar!(Time<'a>, Shape::Time, "a time", text: |text| Time::Text(text), number: |n: u64| Time::Number(n));
scalar!(Amount<'a>, Shape::Amount, "an amount", text: |text| Amount::Text(text), number: |n: i64| Amount::Number(n));

struct StatusVisitor;

impl Visitor<'_> for StatusVisitor {
    type Value = Status;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a status")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Status, E> {
        let status = u16::try_from(number).ok().filter(|status| *status < 1000);
        status.map(Status).ok_or_else(|| E::custom("not a status"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Status, E> {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        number.map_or_else(
            || Err(E::custom("not a status")),
            |number| self.visit_u64(number),
        )
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Status, D::Error> {
        deserializer.deserialize_any(StatusVisitor)
    }
}

impl Shaped for Status {
    const SHAPE: Shape = Shape::Status;
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

impl<V: Shaped> Shaped for Pairs<'_, V> {
    const SHAPE: Shape = Shape::Map(&V::SHAPE);
}

/// Declares words of the form, each with what it stands for.
macro_rules! words {
    ($(#[doc = $about:literal] $name:ident { $($word:literal => $variant:ident,)* })*) => {$(
        #[doc = $about]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum $name {
            $(#[doc = concat!("`", $word, "`")] $variant,)*
        }

        impl $name {
            const WORDS: &'static [(&'static str, $name)] = &[$(($word, $name::$variant),)*];
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                struct Word;

                impl Visitor<'_> for Word {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("one of the form's words")
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$name, E> {
                        let known = $name::WORDS.iter().find(|(word, _)| *word == text);
                        known.map(|(_, value)| *value).ok_or_else(|| E::custom("not a word of the form"))
                    }
                }

                deserializer.deserialize_str(Word)
            }
        }

        impl Shaped for $name {
            const SHAPE: Shape = Shape::Words(&[$($word,)*]);
        }
    )*};
}

words! {
    /// What a request asks for.
    Op { "create" => Create, "read" => Read, "cancel" => Cancel, "refund" => Refund, }
    /// Where a key record stands.
    KeyState { "absent" => Absent, "in_progress" => InProgress, "completed" => Completed, "failed" => Failed, }
    /// Where an order stands.
    OrderWord { "pending" => Pending, "confirmed" => Confirmed, "cancelled" => Cancelled, }
    /// Where a charge stands.
    ChargeWord {
        "authorized" => Authorized, "captured" => Captured, "refunded" => Refunded, "voided" => Voided, "declined" => Declined,
    }
    /// The unit of every time.
    UnitWord { "ns" => Nanoseconds, "us" => Microseconds, "ms" => Milliseconds, "s" => Seconds, }
    /// What the time to live promises.
    ExpiryWord { "at-least" => AtLeast, "exact" => Exact, }
    /// How amounts are written.
    AmountsWord { "minor" => Minor, "decimal" => Decimal, }
    /// When money is taken.
    CaptureWord { "now" => Now, "later" => Later, }
    /// What of an answer can be seen.
    Part { "status" => Status, "order" => Order, "response" => Response, "replayed" => Replayed, }
    /// The parts of an audit.
    AuditPart {
        "orders" => Orders, "charges" => Charges, "refunds" => Refunds, "stock" => Stock, "notifications" => Notifications,
        "messages" => Messages, "keys" => Keys, "coupons" => Coupons, "carts" => Carts, "sales" => Sales,
        "inventory_log" => InventoryLog, "recorded_charges" => RecordedCharges,
    }
}

/// What a duplicate of a running request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InFlightWord(pub(super) crate::contract::InFlight);

impl<'de> Deserialize<'de> for InFlightWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<InFlightWord, D::Error> {
        use crate::contract::InFlight;
        let text = Text::deserialize(deserializer)?;
        let word = match &*text.0 {
            "202" => Some(InFlight::Accept),
            "wait" => Some(InFlight::Wait),
            "replay" => Some(InFlight::Replay),
            status => status
                .parse()
                .ok()
                .filter(|s| (100..1000).contains(s))
                .map(InFlight::Refuse),
        };
        word.map(InFlightWord)
            .ok_or_else(|| D::Error::custom("not an answer to a duplicate"))
    }
}

impl Shaped for InFlightWord {
    const SHAPE: Shape = Shape::StatusOr(&["wait", "replay"]);
}
