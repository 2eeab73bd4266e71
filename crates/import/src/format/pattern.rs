//! Any other log of lines: a regular expression with named groups.

use std::io::{self, BufRead};

use regex::{Captures, Regex};

use crate::format::text::request_line;
use crate::format::{Format, Raw, Take, is_there, lines};
use crate::select::Selector;
use crate::span::Anchor;

/// A log whose lines match an expression.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    slots: Vec<String>,
}

impl Pattern {
    /// Compiles an expression with the groups `time`, and `method` and `path` or `request`.
    ///
    /// # Errors
    ///
    /// Shows where the expression is malformed, or names the group that is missing.
    pub fn new(pattern: &str) -> Result<Pattern, String> {
        let regex = Regex::new(pattern).map_err(|error| error.to_string())?;
        let has = |name: &str| regex.capture_names().flatten().any(|group| group == name);
        if !has("time") {
            return Err(String::from(
                "no group is called `time`; write (?<time>...)",
            ));
        }
        let is_request = has("request") || (has("method") && has("path"));
        if !is_request {
            return Err(String::from(
                "no group is called `request`, nor are there both `method` and `path`; write (?<method>[A-Z]+) (?<path>\\S+)",
            ));
        }
        Ok(Pattern {
            regex,
            slots: Vec::new(),
        })
    }

    fn line<'l>(&self, line: &'l str) -> Result<Raw<'l>, String> {
        let groups = self
            .regex
            .captures(line)
            .ok_or("the line does not match --pattern")?;
        let group = |name: &str| text(&groups, name);
        let mut raw = Raw {
            method: group("method").unwrap_or_default().into(),
            target: group("path").unwrap_or_default().into(),
            status: group("status").unwrap_or_default().into(),
            duration: group("duration").map(|text| (text.into(), None)),
            ..Raw::default()
        };
        if let Some(request) = group("request") {
            (raw.method, raw.target) = request_line(request);
        }
        raw.times
            .extend(group("time").map(|text| (Anchor::Unknown, text.into())));
        let values = self
            .slots
            .iter()
            .map(|name| group(name).filter(|text| is_there(text)).map(Into::into));
        raw.values = values.collect();
        Ok(raw)
    }
}

fn text<'l>(groups: &Captures<'l>, name: &str) -> Option<&'l str> {
    groups.name(name).map(|found| found.as_str())
}

impl Format for Pattern {
    fn slot(&mut self, selector: &Selector) -> Result<usize, String> {
        let Selector::Field(name) = selector else {
            return Err(format!(
                "{selector} is nothing that --pattern has; give it a group and say field:NAME"
            ));
        };
        let mut groups = self.regex.capture_names().flatten();
        if !groups.any(|group| group == name) {
            return Err(format!(
                "--pattern has no group `{name}`; write (?<{name}>...)"
            ));
        }
        self.slots.push(name.clone());
        Ok(self.slots.len() - 1)
    }

    fn read(&mut self, input: Box<dyn BufRead>, take: Take<'_>) -> io::Result<()> {
        lines(input, |number, line| match self.line(line) {
            Ok(raw) => take(number, Ok(&raw)),
            Err(why) => take(number, Err(why)),
        })
    }

    fn said(&self) -> Vec<String> {
        vec![String::from(
            "a time of --pattern may be the begin or the end of its request",
        )]
    }

    fn usual_key(&self) -> Option<Selector> {
        let mut groups = self.regex.capture_names().flatten();
        groups
            .any(|group| group == "key")
            .then(|| Selector::Field(String::from("key")))
    }

    fn usual_field(&self, field: &str) -> Vec<Selector> {
        let groups = self.regex.capture_names().flatten();
        let mut called_so = groups.filter(|group| *group == field);
        called_so
            .next()
            .map(|group| Selector::Field(group.to_owned()))
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_taken_by_their_names() {
        let mut pattern = Pattern::new(
            r"(?<time>\S+) (?<method>[A-Z]+) (?<path>\S+) (?<status>\d+) (?<duration>\S+) k=(?<key>\S*)",
        );
        let pattern = pattern.as_mut().expect("well formed");
        let key = pattern.usual_key().expect("a group is called so");
        assert_eq!(pattern.slot(&key), Ok(0));
        let line = "2026-11-28T06:16:02Z POST /orders 201 45ms k=k-1";
        let raw = pattern.line(line).expect("it matches");
        assert_eq!(
            (
                raw.method.as_ref(),
                raw.target.as_ref(),
                raw.status.as_ref()
            ),
            ("POST", "/orders", "201")
        );
        assert_eq!(raw.values, [Some("k-1".into())]);
        assert!(pattern.line("else").is_err());
        assert!(pattern.slot(&Selector::Field("nokey".into())).is_err());
    }

    #[test]
    fn an_expression_without_time_or_request_is_refused() {
        for (pattern, part) in [
            ("(?<method>a)(?<path>b)", "(?<time>...)"),
            ("(?<time>a)", "(?<path>"),
            ("(?<time>a", "unclosed group"),
        ] {
            let said = Pattern::new(pattern).expect_err(pattern);
            assert!(said.contains(part), "{said}");
        }
    }
}
