//! A file to a history, line by line. Whether it can have happened is for the judge; the line of each event is kept for it.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::explain::{column_of, explain, syntax};
use super::kinds::KINDS;
use super::mistake::{Complaint, MISTAKES_MAX, Mistakes, complain};
use super::nearest::nearest;
use super::raw;
use super::reader::{Reader, Reading};
use super::shape::{Field, Record, Shape, Shaped};
use crate::History;
use crate::event::What;

/// Reads a history. Fields that the form does not have are ignored.
///
/// # Errors
/// [`Mistakes`] with their places, if the text is not a history in the JSONL form, or cannot be read.
pub fn read(input: impl BufRead) -> Result<History, Mistakes> {
    read_with_notes(input).map(|reading| reading.history)
}

/// Reads a history, and says which fields were ignored.
///
/// # Errors
/// As [`read`].
pub fn read_with_notes(input: impl BufRead) -> Result<Reading, Mistakes> {
    Reader::default().read(input)
}

/// Reads a history. A field that the form does not have is a mistake.
///
/// # Errors
/// As [`read`].
pub fn read_strictly(input: impl BufRead) -> Result<Reading, Mistakes> {
    let reader = Reader {
        is_strict: true,
        ..Reader::default()
    };
    reader.read(input)
}

/// Why a line was not taken.
enum Refused {
    /// Its JSON does not have the shape of its kind.
    Shape(serde_json::Error, &'static Record),
    /// A value of it makes no sense.
    Complaint(Complaint),
}

impl From<Complaint> for Refused {
    fn from(complaint: Complaint) -> Refused {
        Refused::Complaint(complaint)
    }
}

/// A line of JSON of a kind.
fn parse<'a, T: serde::Deserialize<'a> + Shaped>(line: &'a str) -> Result<T, Refused> {
    let Shape::Record(record) = T::SHAPE else {
        unreachable!("every kind of line is an object")
    };
    serde_json::from_str(line).map_err(|error| Refused::Shape(error, record))
}

impl Reader {
    fn read(mut self, mut input: impl BufRead) -> Result<Reading, Mistakes> {
        let mut bytes = Vec::new();
        while self.mistakes.len() < MISTAKES_MAX {
            bytes.clear();
            self.number += 1;
            match input.read_until(b'\n', &mut bytes) {
                Ok(0) => break,
                Ok(_) => self.bytes(&bytes),
                Err(error) => {
                    self.mistake(None, error.to_string());
                    break;
                }
            }
        }
        if self.mistakes.len() >= MISTAKES_MAX {
            return Err(self.give_up(true));
        }
        if !self.has_contract && self.mistakes.is_empty() {
            self.number = 1;
            self.mistake(
                None,
                "a history begins with its contract; this one is empty",
            );
        }
        let notes = self.notes();
        if self.mistakes.is_empty() {
            self.finish(notes)
        } else {
            Err(self.give_up(false))
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let bytes = match (self.number, bytes) {
            (1, [0xef, 0xbb, 0xbf, rest @ ..]) => rest,
            _ => bytes,
        };
        match std::str::from_utf8(bytes) {
            Ok(line) if line.trim_ascii().is_empty() => {}
            Ok(line) => self.line(line),
            Err(error) => self.mistake(Some(error.valid_up_to() + 1), "this is not UTF-8"),
        }
    }

    fn line(&mut self, line: &str) {
        if !line.trim_ascii_start().starts_with('{') {
            let column = line.len() - line.trim_ascii_start().len() + 1;
            return self.mistake(Some(column), "a line is a JSON object");
        }
        let parsed;
        let kind = match kind_at_begin(line) {
            Some(kind) => kind,
            None => match serde_json::from_str::<raw::Kind<'_>>(line) {
                Ok(raw::Kind { kind: Some(kind) }) => {
                    parsed = kind;
                    &parsed.0
                }
                Ok(_) => {
                    return self.mistake(Some(1), "`kind` is missing: it says what the line is");
                }
                Err(error) => return self.mistakes.push(syntax(line, self.number, &error)),
            },
        };
        if let Err(refused) = self.take(kind, line) {
            self.refuse(line, refused);
        } else if self.is_strict && self.ignored.values().any(|(_, last)| *last == self.number) {
            let record = KINDS.iter().find(|(known, _)| *known == kind);
            if let Some((_, Shape::Record(record))) = record {
                self.mistakes
                    .extend(explain(line, self.number, record, true));
            }
        }
    }

    /// Says everything that is wrong with a line.
    fn refuse(&mut self, line: &str, refused: Refused) {
        match refused {
            Refused::Shape(error, record) => {
                let found = explain(line, self.number, record, self.is_strict);
                let unexplained = found.is_empty().then(|| syntax(line, self.number, &error));
                self.mistakes.extend(found.into_iter().chain(unexplained));
            }
            Refused::Complaint(complaint) => {
                let column = column_of(line, complaint.field);
                self.mistake(Some(column), complaint.message);
            }
        }
    }

    fn take(&mut self, kind: &str, line: &str) -> Result<(), Refused> {
        match (kind, self.has_contract) {
            ("contract", false) => {
                // A contract with a mistake is still a contract: further mistakes are not about a missing one.
                self.has_contract = true;
                return Ok(self.contract(parse(line)?)?);
            }
            ("contract", true) => return Err(complain("kind", "a second contract").into()),
            (_, false) => {
                self.has_contract = true;
                self.mistake(Some(1), "the first line is the contract");
            }
            _ => {}
        }
        match kind {
            "invoke" => self.invoke(parse(line)?)?,
            "ok" => self.complete(parse(line)?, What::Ok)?,
            "fail" => self.complete(parse(line)?, What::Fail)?,
            "info" => self.complete(parse(line)?, What::Info)?,
            "request" => self.request(parse(line)?)?,
            "fault" => self.fault(&parse(line)?)?,
            "transition" => self.transition(&parse(line)?)?,
            "audit" if self.rows.audit.is_some() => {
                return Err(complain("kind", "a second audit").into());
            }
            "audit" => self.audit(parse(line)?)?,
            "order" => self.order(parse(line)?)?,
            "charge" => self.charge(parse(line)?)?,
            "refund" => self.refund(parse(line)?)?,
            "stock" => self.stock_line(parse(line)?)?,
            "message" => self.message(parse(line)?)?,
            "key" => self.key_row(parse(line)?)?,
            "coupon" => self.coupon_line(parse(line)?)?,
            "cart" => self.cart(parse(line)?)?,
            "sale" => self.sale_line(parse(line)?)?,
            "inventory_log" => self.inventory_move(parse(line)?)?,
            "recorded_charge" => self.recorded_charge(parse(line)?)?,
            other => {
                let hint = nearest(other, KINDS.iter().map(|(known, _)| *known));
                let hint = hint.map_or(String::new(), |hint| format!("; did you mean \"{hint}\"?"));
                return Err(complain("kind", format!("unknown kind {other:?}{hint}")).into());
            }
        }
        Ok(())
    }

    /// What was ignored, for people.
    fn notes(&self) -> Vec<String> {
        let mut by_name: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for ((path, name), (lines, _)) in &self.ignored {
            // All answers are reported as one kind.
            let path = match *path {
                "ok" | "fail" | "info" => "ok",
                path => path,
            };
            *by_name.entry((name, path)).or_default() += lines;
        }
        let note = |((name, path), lines): ((&str, &str), u64)| {
            let fields = KINDS.iter().find_map(|(kind, shape)| match shape {
                Shape::Record(record) if *kind == path => Some(record.fields),
                _ => None,
            });
            let names = fields
                .unwrap_or(FIELDS_WITHIN)
                .iter()
                .map(|field| field.name);
            let hint = nearest(name, names);
            let hint = hint.map_or(String::new(), |hint| format!("; did you mean {hint}?"));
            let lines = match lines {
                1 => "1 line".to_owned(),
                lines => format!("{lines} lines"),
            };
            format!("ignored field {name} ({lines}){hint}")
        };
        by_name.into_iter().map(note).collect()
    }
}

/// The fields of what stands within a line: items.
const FIELDS_WITHIN: &[Field] = match raw::Item::SHAPE {
    Shape::Record(record) => record.fields,
    _ => &[],
};

/// The kind, if the line begins with it, as our own lines do. A kind with an escape is left to the parser.
fn kind_at_begin(line: &str) -> Option<&str> {
    let rest = line.trim_ascii_start().strip_prefix('{')?;
    let rest = rest.trim_ascii_start().strip_prefix("\"kind\"")?;
    let rest = rest.trim_ascii_start().strip_prefix(':')?;
    let rest = rest.trim_ascii_start().strip_prefix('"')?;
    let (kind, _) = rest.split_once('"')?;
    (!kind.contains('\\')).then_some(kind)
}
