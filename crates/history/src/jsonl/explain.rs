//! What is wrong with a line that could not be read, field by field. Only lines with mistakes come here, so that it may take its time.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::mistake::Mistake;
use super::nearest::nearest;
use super::shape::{Record, Shape};

/// The members of an object, each with its value as it is written.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members<'de>, M::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<MemberName<'de>>()? {
            members.push((name.0, map.next_value()?));
        }
        Ok(Members(members))
    }
}

#[derive(Deserialize)]
struct MemberName<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'de>, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

/// A line that is being explained.
struct Explained<'a> {
    line: &'a str,
    number: usize,
    /// Whether a field that the form does not have is a mistake.
    is_strict: bool,
    found: Vec<Mistake>,
}

/// Every mistake in a line: bad syntax, or each field that is missing, unknown or of the wrong type.
pub(super) fn explain(line: &str, number: usize, record: &Record, is_strict: bool) -> Vec<Mistake> {
    let mut explained = Explained {
        line,
        number,
        is_strict,
        found: Vec::new(),
    };
    match serde_json::from_str::<Members<'_>>(line) {
        Ok(members) => explained.object("", 1, &members, record),
        Err(error) => explained.found.push(syntax(line, number, &error)),
    }
    explained.found
}

/// A line that is no JSON.
pub(super) fn syntax(line: &str, number: usize, error: &serde_json::Error) -> Mistake {
    let text = error.to_string();
    let message = text.rfind(" at line ").map_or(&*text, |end| &text[..end]);
    let message = match error.is_eof() {
        true => format!("the line holds no whole object: {message}"),
        false => message.to_owned(),
    };
    // The parser counts the line's end as a line of its own.
    let column = match error.line() {
        1 => error.column(),
        _ => line.trim_end().len(),
    };
    Mistake {
        line: number,
        column: Some(column.max(1)),
        message,
    }
}

/// Where the value of a field stands in a line, from 1; the line's begin if it is not there.
pub(super) fn column_of(line: &str, field: &str) -> usize {
    let members = serde_json::from_str::<Members<'_>>(line);
    let members = members.map_or(Vec::new(), |members| members.0);
    let found = members.iter().find(|(name, _)| name == field);
    found.map_or(1, |(_, value)| column(line, value.get()))
}

/// Where a part of a line stands in it, from 1.
fn column(line: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(line.as_ptr() as usize) + 1
}

/// A path with a field more.
fn joined(path: &str, field: &str) -> String {
    match path {
        "" => field.to_owned(),
        path => format!("{path}.{field}"),
    }
}

impl Explained<'_> {
    fn mistake(&mut self, column: usize, message: String) {
        self.found.push(Mistake {
            line: self.number,
            column: Some(column),
            message,
        });
    }

    /// An object against its fields.
    fn object(&mut self, path: &str, at: usize, members: &Members<'_>, record: &Record) {
        for (place, (name, value)) in members.0.iter().enumerate() {
            let at = column(self.line, value.get());
            if members.0[..place].iter().any(|(other, _)| other == name) {
                self.mistake(at, format!("`{}` is there twice", joined(path, name)));
                continue;
            }
            match record.field(name) {
                Some(field) if value.get() == "null" && !field.is_required => {}
                Some(field) => self.value(&joined(path, name), value, field.shape),
                None if name == "kind" && path.is_empty() => {}
                None if self.is_strict => {
                    let unknown = joined(path, name);
                    let hint = nearest(name, record.fields.iter().map(|field| field.name));
                    let hint =
                        hint.map_or(String::new(), |hint| format!("; did you mean `{hint}`?"));
                    self.mistake(at, format!("unknown field `{unknown}`{hint}"));
                }
                None => {}
            }
        }
        let is_there = |name: &str| members.0.iter().any(|(other, _)| other == name);
        for field in record.fields.iter().filter(|field| field.is_required) {
            if !is_there(field.name) {
                let missing = joined(path, field.name);
                self.mistake(
                    at,
                    format!("`{missing}` is missing: {}", field.shape.wanted()),
                );
            }
        }
    }

    /// A value against its shape.
    fn value(&mut self, path: &str, value: &RawValue, shape: Shape) {
        let text = value.get();
        match shape {
            Shape::Record(record) => match serde_json::from_str::<Members<'_>>(text) {
                Ok(members) => self.object(path, column(self.line, text), &members, record),
                Err(_) => self.wrong(path, text, shape, None),
            },
            Shape::Map(each) => match serde_json::from_str::<Members<'_>>(text) {
                Ok(members) => {
                    for (name, value) in &members.0 {
                        self.value(&joined(path, name), value, *each);
                    }
                }
                Err(_) => self.wrong(path, text, shape, None),
            },
            Shape::List(each) => match serde_json::from_str::<Vec<&RawValue>>(text) {
                Ok(values) => {
                    for (place, value) in values.iter().enumerate() {
                        self.value(&format!("{path}[{place}]"), value, *each);
                    }
                }
                Err(_) => self.wrong(path, text, shape, None),
            },
            scalar if is_right(text, scalar) => {}
            Shape::Words(words) | Shape::StatusOr(words) => {
                let word = serde_json::from_str::<Cow<'_, str>>(text).ok();
                let hint = word.and_then(|word| nearest(&word, words.iter().copied()));
                self.wrong(path, text, shape, hint);
            }
            scalar => self.wrong(path, text, scalar, None),
        }
    }

    fn wrong(&mut self, path: &str, text: &str, shape: Shape, hint: Option<&str>) {
        let hint = hint.map_or(String::new(), |hint| format!("; did you mean \"{hint}\"?"));
        let message = format!(
            "`{path}` is {}; wanted is {}{hint}",
            shown(text),
            shape.wanted()
        );
        self.mistake(column(self.line, text), message);
    }
}

/// A value as a message shows it, with its type, and not all of it if it is long.
fn shown(text: &str) -> String {
    const SHOWN_MAX: usize = 40;
    let kind = match text.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => return "null".to_owned(),
        _ => "a number",
    };
    let short: String = text.chars().take(SHOWN_MAX).collect();
    let dots = if short.len() < text.len() { "..." } else { "" };
    format!("{short}{dots} ({kind})")
}

/// Whether a scalar is what its shape wants.
fn is_right(text: &str, shape: Shape) -> bool {
    fn is<'a, T: Deserialize<'a>>(text: &'a str) -> bool {
        serde_json::from_str::<T>(text).is_ok()
    }
    match shape {
        Shape::Name => is::<super::scalar::Text<'_>>(text),
        Shape::Time => is::<super::scalar::Time<'_>>(text),
        Shape::Amount => is::<super::scalar::Amount<'_>>(text),
        Shape::Status => is::<super::scalar::Status>(text),
        Shape::Count => is::<u64>(text),
        Shape::Small => is::<u32>(text),
        Shape::Integer => is::<i64>(text),
        Shape::Flag => is::<bool>(text),
        Shape::Any => is::<super::body::Body<'_>>(text),
        Shape::StatusOr(_) => is::<super::scalar::InFlightWord>(text),
        Shape::Words(words) => {
            serde_json::from_str::<Cow<'_, str>>(text).is_ok_and(|word| words.contains(&&*word))
        }
        Shape::List(_) | Shape::Map(_) | Shape::Record(_) => true,
    }
}
