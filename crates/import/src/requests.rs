//! Reads access logs and writes a `request` line for every request that asked for an order.

pub mod kinds;
pub mod pick;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::dump::rows::Rows;
use crate::format::{Format, Raw};
use crate::line::{Line, Out};
use crate::mistake::{Mistake, Mistakes, Tell, counted, grouped, quoted, tell};
use crate::plan::{Log, Plan};
use crate::requests::kinds::Kinds;
use crate::requests::pick::Picks;
use crate::span::Unit;
use crate::target;
use crate::value;

/// The requests of all logs.
#[derive(Debug)]
pub struct Requests<'p> {
    plan: &'p Plan,
    picks: Picks,
    kinds: Kinds,
    unit: Unit,
    /// The keys of the orders in the dumps.
    order_keys: &'p Rows,
    seen: Seen,
    mistakes: Mistakes,
    lines: u64,
}

/// The time that requests cover, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    /// When the first began.
    pub first: i64,
    /// When the first ended that did.
    pub first_end: i64,
    /// When the last ended.
    pub last: i64,
    /// How long the longest took, or may have taken.
    pub longest: i64,
}

/// What the requests were like.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The time that the requests cover; `None` without any.
    pub covered: Option<Covered>,
    /// How many were answered with which status; 0 is no status.
    statuses: BTreeMap<u16, u64>,
    /// Requests without a duration.
    without_duration: u64,
    /// Requests whose time may be the begin or the end.
    of_either_end: u64,
    /// Requests that were answered with a 2xx and had no `order`, or no `response`.
    ok_without: BTreeMap<&'static str, u64>,
    /// Broken lines that were left out.
    skipped: u64,
    /// Requests whose key is that of an order.
    of_known_key: u64,
    /// The orders' keys, by their numbers: when the first request with that one began, in nanoseconds since 1970; `None` if there
    /// was none.
    pub keys: Vec<Option<i64>>,
    /// Whether any request had a key.
    pub has_keys: bool,
}

/// What a format was asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    picks: Picks,
    kinds: Kinds,
}

impl Asked {
    /// Asks a format for everything that the plan wants of it.
    ///
    /// # Errors
    ///
    /// If logs of that format cannot have it.
    pub fn new(plan: &Plan, format: &mut dyn Format) -> Result<Asked, Mistake> {
        Ok(Asked {
            picks: Picks::new(plan, format)?,
            kinds: Kinds::new(&plan.methods, &plan.paths)?,
        })
    }
}

impl<'p> Requests<'p> {
    /// Prepares to read logs.
    pub fn new(plan: &'p Plan, unit: Unit, asked: Asked, order_keys: &'p Rows) -> Requests<'p> {
        Requests {
            plan,
            picks: asked.picks,
            kinds: asked.kinds,
            unit,
            order_keys,
            seen: Seen {
                keys: vec![None; order_keys.len()],
                ..Seen::default()
            },
            mistakes: Mistakes::default(),
            lines: 0,
        }
    }

    /// Reads a log.
    pub fn read(&mut self, log: Log, format: &mut dyn Format, out: &mut Out<'_>) {
        let read = format.read(log.text.0, &mut |number, raw| {
            if out.has_failed() {
                return;
            }
            self.lines += 1;
            if let Err(why) = raw.and_then(|raw| self.request(raw, out)) {
                self.broken(Mistake::at(&log.name, number, why));
            }
        });
        if let Err(error) = read {
            // Not one of the lines that may be skipped: the rest of the file is missing.
            self.mistakes.push(Mistake::new(
                log.name,
                format!("cannot be read further: {error}"),
            ));
        }
    }

    fn broken(&mut self, mistake: Mistake) {
        match self.plan.skip_broken {
            true => self.seen.skipped += 1,
            false => self.mistakes.push(mistake),
        }
    }

    /// Writes a line for a request, if it is one of those that are wanted.
    fn request(&mut self, raw: &Raw<'_>, out: &mut Out<'_>) -> Result<(), String> {
        let decided;
        let raw = match self.picks.of_line.is_empty() {
            true => raw,
            false => {
                decided = self.decided(raw);
                &decided
            }
        };
        let (path, query) = target::split(&raw.target);
        if !self.kinds.takes(&raw.method, path) {
            return Ok(());
        }
        if let Some(doubt) = &raw.doubt {
            return Err(doubt.clone());
        }
        let times = raw.read_times(&self.plan.reading)?;
        let (begin, end) = times
            .widened(self.plan.longest)
            .ok_or("the line has no time")?;
        let status = status(&raw.status)?;
        let begin_of_line = out.buffer.len();
        let mut line = Line::new("request", &mut out.buffer);
        line.time("t", begin, self.unit);
        line.number("duration", whole_units(begin, end, self.unit));
        if status > 0 {
            line.number("status", i64::from(status));
        }
        if let Err(why) = self.fields(raw, query, begin, status, &mut line) {
            out.buffer.truncate(begin_of_line);
            return Err(why);
        }
        line.end();
        out.spill();
        self.seen.count(begin, end, status);
        self.seen.without_duration +=
            u64::from(times.duration.is_none() && (times.begin.is_none() || times.end.is_none()));
        self.seen.of_either_end += u64::from(times.either.is_some());
        Ok(())
    }

    /// The request with what the command line says about method, path, time, duration and status.
    fn decided<'l>(&self, raw: &'l Raw<'_>) -> Raw<'l> {
        let borrowed = |text: &'l Cow<'_, str>| Cow::Borrowed(text.as_ref());
        let mut decided = Raw {
            method: borrowed(&raw.method),
            target: borrowed(&raw.target),
            status: borrowed(&raw.status),
            times: raw
                .times
                .iter()
                .map(|(anchor, text)| (*anchor, borrowed(text)))
                .collect(),
            duration: raw
                .duration
                .as_ref()
                .map(|(text, unit)| (borrowed(text), *unit)),
            doubt: raw.doubt.clone(),
            values: raw
                .values
                .iter()
                .map(|value| value.as_ref().map(borrowed))
                .collect(),
        };
        for pick in &self.picks.of_line {
            let value = pick.of(raw, "").map(|value| Cow::Owned(value.into_owned()));
            match (pick.field, value) {
                ("t", value) => {
                    decided.times.clear();
                    decided
                        .times
                        .extend(value.map(|text| (crate::span::Anchor::Unknown, text)));
                }
                ("duration", value) => decided.duration = value.map(|text| (text, None)),
                ("method", value) => decided.method = value.unwrap_or_default(),
                ("path", value) => decided.target = value.unwrap_or_default(),
                (_, value) => decided.status = value.unwrap_or_default(),
            }
        }
        decided
    }

    /// Writes the fields that the log, the command line or the format name.
    fn fields(
        &mut self,
        raw: &Raw<'_>,
        query: &str,
        begin: i64,
        status: u16,
        line: &mut Line<'_>,
    ) -> Result<(), String> {
        let key_in_body = self
            .picks
            .field("key")
            .and_then(|key| key.body_pointer())
            .map(str::to_owned);
        for pick in &mut self.picks.fields {
            let Some(text) = pick
                .of(raw, query)
                .filter(|text| !text.is_empty())
                .map(Cow::into_owned)
            else {
                if (200..300).contains(&status) && matches!(pick.field, "order" | "response") {
                    *self.seen.ok_without.entry(pick.field).or_default() += 1;
                }
                continue;
            };
            let text = match self
                .plan
                .maps
                .value(crate::map::Part::Requests, pick.field, &text)
            {
                Some(meaning) => meaning.to_owned(),
                None => text,
            };
            field(
                pick.field,
                &text,
                pick.body_pointer(),
                key_in_body.as_deref(),
                self.plan.decimal,
                line,
            )
            .map_err(|why| format!("{}: {why}", pick.field))?;
            pick.found += 1;
            if let Some(at) = self.order_keys.find(&text).filter(|_| pick.field == "key") {
                self.seen.of_known_key += 1;
                let first = &mut self.seen.keys[at as usize];
                *first = Some(first.map_or(begin, |first| first.min(begin)));
            }
        }
        Ok(())
    }
}

/// Writes one field.
fn field(
    name: &'static str,
    text: &str,
    body: Option<&str>,
    key_in_body: Option<&str>,
    decimal: bool,
    line: &mut Line<'_>,
) -> Result<(), String> {
    match (name, body) {
        ("payload", Some(_)) => line.text(name, &value::payload(text, key_in_body)),
        ("items", _) => {
            let mut json = Vec::new();
            value::write_items(&value::items(text)?, &mut json);
            line.json(name, &String::from_utf8_lossy(&json));
        }
        ("amount", _) => line.json(name, &value::amount(text, decimal)?.json),
        ("replayed", _) => {
            let flag = value::flag(text)
                .ok_or_else(|| format!("{} is neither true nor false", quoted(text)))?;
            line.json(name, if flag { "true" } else { "false" });
        }
        ("response", _) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => {
            line.json(name, one_line(text).trim())
        }
        ("key", _) if text.contains('\u{fffd}') => {
            return Err(format!("{} is not UTF-8", quoted(text)));
        }
        _ => line.text(name, text),
    }
    Ok(())
}

/// JSON without the line ends between its parts; inside its texts they are escaped.
fn one_line(json: &str) -> Cow<'_, str> {
    match json.contains(['\n', '\r']) {
        true => Cow::Owned(json.replace(['\n', '\r'], " ")),
        false => Cow::Borrowed(json),
    }
}

/// A status as logs write it; 0 if the client was sent none.
fn status(text: &str) -> Result<u16, String> {
    match text.trim() {
        "" | "-" | "0" | "000" => Ok(0),
        text => match text.parse() {
            Ok(status @ 100..=599) => Ok(status),
            _ => Err(format!("{} is no status", quoted(text))),
        },
    }
}

/// How many units lie between two times, the first rounded down as its text is, and the second up.
fn whole_units(begin: i64, end: i64, unit: Unit) -> i64 {
    let (begin, up) = (begin.div_euclid(unit.ns()), end.div_euclid(unit.ns()));
    up + i64::from(end.rem_euclid(unit.ns()) > 0) - begin
}

impl Seen {
    fn count(&mut self, begin: i64, end: i64, status: u16) {
        let one = Covered {
            first: begin,
            first_end: end,
            last: end,
            longest: end - begin,
        };
        let all = self.covered.unwrap_or(one);
        self.covered = Some(Covered {
            first: all.first.min(begin),
            first_end: all.first_end.min(end),
            last: all.last.max(end),
            longest: all.longest.max(end - begin),
        });
        *self.statuses.entry(status).or_default() += 1;
    }

    /// Whether a field is there wherever an answer ought to have it.
    fn is_complete(&self, field: &str) -> bool {
        !self.ok_without.contains_key(field)
    }
}

mod tally;
