//! Access logs: what each format can say of a request, and the one form in which all of them say it.
//!
//! - [`template`]: text logs, split by the format string that wrote them
//! - [`dialect`]: what the names in such a string mean: nginx, Apache, Envoy, the AWS load balancer
//! - [`text`]: one line of text, one request
//! - [`pattern`]: anything else, by a regular expression
//! - [`json`]: one JSON object a line, and Caddy's
//! - [`har`]: what a browser exports
//! - [`otel`]: spans of traces

pub mod dialect;
pub mod har;
pub mod json;
pub mod otel;
pub mod pattern;
pub mod template;
pub mod text;

use std::borrow::Cow;
use std::io::{self, BufRead};

use crate::instant;
use crate::select::Selector;
use crate::span::{Anchor, Span, Times, Unit};

/// One request as a log has it: texts, and nothing decided.
#[derive(Debug, Default)]
pub struct Raw<'l> {
    /// The method; empty if the log has no request there, as for bytes that were no HTTP.
    pub method: Cow<'l, str>,
    /// The path with its query, or a whole URL.
    pub target: Cow<'l, str>,
    /// The status, or the value in its place.
    pub status: Cow<'l, str>,
    /// The times of the line, each with its meaning.
    pub times: Vec<(Anchor, Cow<'l, str>)>,
    /// How long it took, and the unit if the format has one.
    pub duration: Option<(Cow<'l, str>, Option<Unit>)>,
    /// Why the line cannot be relied on, if it is one that counts.
    pub doubt: Option<String>,
    /// What was asked for with [`Format::slot`], by its number.
    pub values: Vec<Option<Cow<'l, str>>>,
}

impl Raw<'_> {
    /// Reads the times. What is `-` or empty is not there.
    ///
    /// # Errors
    ///
    /// Names the text that is no time or no duration.
    pub fn read_times(&self, reading: &Reading) -> Result<Times, String> {
        let mut times = Times::default();
        // A line with two times says of both what they are.
        let anchor_of = |anchor| match self.times.len() {
            1 => reading.time_is.unwrap_or(anchor),
            _ => anchor,
        };
        for (anchor, text) in self.times.iter().filter(|(_, text)| is_there(text)) {
            let stamp = instant::read(text, reading.utc_offset);
            let stamp = stamp.map_err(|why| format!("{} {why}", crate::mistake::quoted(text)))?;
            match anchor_of(*anchor) {
                Anchor::Begin => times.begin = Some(stamp),
                Anchor::End => times.end = Some(stamp),
                Anchor::Unknown => times.either = Some(stamp),
            }
        }
        times.duration = self.read_duration(reading)?;
        Ok(times)
    }

    fn read_duration(&self, reading: &Reading) -> Result<Option<Span>, String> {
        let Some((text, unit)) = self.duration.as_ref().filter(|(text, _)| is_there(text)) else {
            return Ok(None);
        };
        use crate::span::NoSpan;
        match crate::span::read(text, reading.duration_unit.or(*unit)) {
            Ok(span) => Ok(Some(span)),
            Err(NoSpan::Unit) => Err(format!(
                "the duration {} is a whole number of an unknown unit; say --duration-unit ms, us, s or ns",
                crate::mistake::quoted(text)
            )),
            Err(NoSpan::Form) => Err(format!(
                "the duration {} is no number",
                crate::mistake::quoted(text)
            )),
        }
    }
}

/// Whether a log field says anything: logs write `-` for what they do not have.
pub fn is_there(text: &str) -> bool {
    !matches!(text.trim(), "" | "-")
}

/// How times are to be read, where the command line says so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    /// Seconds east of Greenwich, for times that name no offset.
    pub utc_offset: i64,
    /// Which end of a request the times are, whatever the format says.
    pub time_is: Option<Anchor>,
    /// The unit of durations, whatever the format says.
    pub duration_unit: Option<Unit>,
}

/// Takes a request, or what is wrong with its line, and the number of that line.
pub type Take<'t> = &'t mut dyn FnMut(u64, Result<&Raw<'_>, String>);

/// A format of access logs.
pub trait Format {
    /// Reserves a place in [`Raw::values`] for what a selector names.
    ///
    /// # Errors
    ///
    /// Says why logs of this format cannot have it, and what can be done.
    fn slot(&mut self, selector: &Selector) -> Result<usize, String>;

    /// The command line names the place of `duration` (or another field that every format has): the format need not look for it.
    fn mapped(&mut self, _field: &str) {}

    /// Reads a log from its beginning to its end.
    ///
    /// # Errors
    ///
    /// If the file cannot be read further; what is wrong with a line goes to `take`.
    fn read(&mut self, input: Box<dyn BufRead>, take: Take<'_>) -> io::Result<()>;

    /// What its times are and which fields were taken without being asked for: one sentence each, for the person.
    fn said(&self) -> Vec<String>;

    /// The default place of the key in logs of this format: only a field with that name.
    fn usual_key(&self) -> Option<Selector> {
        None
    }

    /// Where another field of a request may stand, if nothing was said, the first that is there: only what is called like the field.
    fn usual_field(&self, _field: &str) -> Vec<Selector> {
        Vec::new()
    }

    /// Whether a log is one document that is in memory anyway, and has whole requests and answers: what it shows of them is only
    /// known when it was read.
    fn is_whole(&self) -> bool {
        false
    }
}

/// Reads lines and hands each to a function, until the end. Bytes that are no UTF-8 are replaced by U+FFFD.
///
/// # Errors
///
/// If the file cannot be read further.
pub fn lines(mut input: Box<dyn BufRead>, mut each: impl FnMut(u64, &str)) -> io::Result<()> {
    let (mut bytes, mut number) = (Vec::new(), 0);
    loop {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(());
        }
        number += 1;
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.trim_ascii().is_empty() {
            each(number, &String::from_utf8_lossy(line));
        }
    }
}
