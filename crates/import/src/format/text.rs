//! One line of text, one request: logs that a format string describes.

use std::borrow::Cow;
use std::io::{self, BufRead};

use crate::format::dialect::{Dialect, Role};
use crate::format::template::{Further, Template, further, unescaped};
use crate::format::{Format, Raw, Take, lines};
use crate::select::Selector;
use crate::span::Unit;

/// A text log.
#[derive(Clone, Debug)]
pub struct Text {
    dialect: Dialect,
    template: Template,
    roles: Vec<Role>,
    slots: Vec<Place>,
    lasted: Lasted,
    whole: Option<Unit>,
    /// How many further fields the first line has, and what they are, for messages.
    first_tail: Option<(usize, String)>,
}

/// The place of a value in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// A variable of the format, by its number.
    Variable(usize),
    /// A further field, by its number from 0.
    Further(usize),
    /// The last of the further fields.
    Last,
    /// A further field with a name before it: `rt=0.045`.
    Named(String),
}

/// The place of a duration that the format itself does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Lasted {
    /// The first line decides.
    Undecided,
    /// Nowhere, and why, if a line has what may be one.
    Nowhere(Option<String>),
    /// There.
    At(Place),
}

impl Text {
    /// A log in the usual format of a server, which further fields may follow.
    ///
    /// A whole number among the further fields is a duration only if a unit is known for it: it may as well be a size.
    pub fn usual(dialect: Dialect, whole: Option<Unit>) -> Text {
        let text = Text::compiled(dialect, dialect.usual(), true);
        Text {
            whole,
            ..text.expect("the usual formats can be split")
        }
    }

    /// A log in a format of its own.
    ///
    /// # Errors
    ///
    /// If the format string has no time or no request, or cannot be split.
    pub fn with_format(dialect: Dialect, format: &str) -> Result<Text, String> {
        let text = Text::compiled(dialect, format, false)?;
        let has = |wanted: &dyn Fn(&Role) -> bool| text.roles.iter().any(wanted);
        if !has(&|role| matches!(role, Role::Time(_))) {
            return Err(String::from("the format has no time"));
        }
        let parts = [Role::Method, Role::Target];
        let in_parts = parts.iter().all(|part| has(&|role| role == part));
        if !has(&|role| *role == Role::Request) && !in_parts {
            return Err(String::from(
                "the format has no request: neither the request line, nor both method and path",
            ));
        }
        Ok(text)
    }

    fn compiled(dialect: Dialect, format: &str, open: bool) -> Result<Text, String> {
        let template = Template::new(dialect.pieces(format)?, open)?;
        let roles: Vec<Role> = template
            .names
            .iter()
            .map(|name| dialect.role(name))
            .collect();
        // Two times, begin and end, say how long it took; further fields are then no matter.
        let known = |role: &Role| matches!(role, Role::Duration(_));
        let times = roles
            .iter()
            .filter(|role| matches!(role, Role::Time(_)))
            .count();
        let lasted = match !open || times > 1 || roles.iter().any(known) {
            true => Lasted::Nowhere(None),
            false => Lasted::Undecided,
        };
        Ok(Text {
            dialect,
            template,
            roles,
            slots: Vec::new(),
            lasted,
            whole: None,
            first_tail: None,
        })
    }

    fn line<'l>(&mut self, line: &'l str, values: &mut Vec<&'l str>) -> Result<Raw<'l>, String> {
        let tail = self
            .template
            .split(line, values)
            .map_err(|(column, expected)| {
                format!(
                    "column {column}: expected {expected}, as the {} format has it",
                    self.dialect.name()
                )
            })?;
        let tail = self.own(tail);
        let mut raw = Raw::default();
        for (role, value) in self.roles.iter().zip(values.iter()) {
            put(role, value, &mut raw);
        }
        if self.lasted == Lasted::Undecided {
            self.decide(&tail);
        }
        if let Lasted::At(place) = &self.lasted {
            raw.duration = found(place, values, &tail).map(|text| (text.into(), None));
        }
        let slots = self.slots.iter();
        raw.values = slots
            .map(|place| found(place, values, &tail).map(unescaped))
            .collect();
        raw.doubt = self.doubt(tail.len());
        Ok(raw)
    }

    /// Further fields are counted, so a line with more or fewer of them has something else in their places: a format that was
    /// changed in the middle of a log would turn durations into keys.
    fn doubt(&self, further: usize) -> Option<String> {
        let first = self
            .first_tail
            .as_ref()
            .map_or(further, |(count, _)| *count);
        let counts = |place: &Place| matches!(place, Place::Further(_) | Place::Last);
        let is_used = self.slots.iter().any(counts)
            || matches!(&self.lasted, Lasted::At(place) if counts(place));
        (is_used && further != first).then(|| {
            format!("{} further fields, and {first} in the first line, so that it is unknown which is which; give the format with --log-format", further)
        })
    }

    /// The further fields. Referer and user agent, with which Apache's `combined` continues `common`, are none.
    fn own<'l>(&mut self, tail: &'l str) -> Vec<Further<'l>> {
        let mut fields = if tail.is_empty() {
            Vec::new()
        } else {
            further(tail)
        };
        let combined = |fields: &[Further<'_>]| {
            fields.iter().take(2).filter(|field| field.quoted).count() == 2
        };
        if self.dialect == Dialect::Apache && self.template.open && combined(&fields) {
            fields.drain(..2);
        }
        if self.first_tail.is_none() {
            let shown = fields
                .iter()
                .enumerate()
                .map(|(at, field)| format!("field:{} = {}", at + 1, field.text));
            self.first_tail = Some((fields.len(), shown.collect::<Vec<_>>().join(", ")));
        }
        fields
    }

    /// Looks for the duration among the further fields of the first line: the one number with a decimal point, or whole one.
    fn decide(&mut self, tail: &[Further<'_>]) {
        let named = tail.iter().filter_map(|field| field.name);
        let mut named = named.filter(|name| matches!(*name, "rt" | "request_time" | "duration"));
        if let Some(name) = named.next() {
            self.lasted = Lasted::At(Place::Named(name.to_owned()));
            return;
        }
        let bare = tail
            .iter()
            .enumerate()
            .filter(|(_, field)| !field.quoted && field.name.is_none());
        let (mut decimal, mut whole) = (Vec::new(), Vec::new());
        for (at, field) in bare {
            if field.is_decimal() {
                decimal.push(at);
            } else if field.is_whole() {
                whole.push(at);
            }
        }
        self.lasted = match (decimal.as_slice(), whole.as_slice()) {
            ([at], _) => Lasted::At(Place::Further(*at)),
            ([], []) => Lasted::Nowhere(None),
            ([], [at]) if self.whole.is_some() => Lasted::At(Place::Further(*at)),
            ([], [at]) => Lasted::Nowhere(Some(format!(
                "field {} may be a duration: if so, say --map 'requests:duration=field:{}' with its --duration-unit",
                at + 1,
                at + 1
            ))),
            (several, _) => Lasted::Nowhere(Some(format!(
                "{} further fields may be the duration: say which with --map 'requests:duration=field:N'",
                several.len().max(whole.len())
            ))),
        };
    }

    fn place(&self, field: &str) -> Place {
        let bare = field.trim_start_matches(['$', '%']);
        let named = self
            .template
            .names
            .iter()
            .position(|name| name == bare || name == field);
        match (named, field, field.parse::<usize>()) {
            (Some(at), ..) => Place::Variable(at),
            (None, "last", _) => Place::Last,
            (None, _, Ok(number)) => Place::Further(number.saturating_sub(1)),
            (None, name, Err(_)) => Place::Named(name.to_owned()),
        }
    }

    fn variable(&self, wanted: impl Fn(&Role) -> bool) -> Option<Place> {
        self.roles.iter().position(wanted).map(Place::Variable)
    }
}

/// Gives a request what a variable says of it.
fn put<'l>(role: &Role, value: &'l str, raw: &mut Raw<'l>) {
    match role {
        Role::Time(anchor) => raw.times.push((*anchor, value.into())),
        Role::Duration(unit) => raw.duration = Some((value.into(), Some(*unit))),
        Role::Request => (raw.method, raw.target) = request_line(value),
        Role::Method => raw.method = value.into(),
        Role::Target => raw.target = value.into(),
        Role::Status => raw.status = value.into(),
        Role::Header(_) | Role::ResponseHeader(_) | Role::Other => {}
    }
}

/// `POST /orders HTTP/1.1`: method and target. Anything else, such as the bytes of a TLS handshake, is no request.
pub fn request_line(text: &str) -> (Cow<'_, str>, Cow<'_, str>) {
    let mut words = text.splitn(2, ' ');
    let (method, rest) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let target = rest
        .rsplit_once(" HTTP/")
        .map_or(rest, |(target, _)| target);
    match !method.is_empty()
        && method.bytes().all(|byte| byte.is_ascii_uppercase())
        && !target.is_empty()
    {
        true => (method.into(), target.into()),
        false => ("".into(), "".into()),
    }
}

fn found<'l>(place: &Place, values: &[&'l str], tail: &[Further<'l>]) -> Option<&'l str> {
    let text = match place {
        Place::Variable(at) => values.get(*at).copied(),
        Place::Further(at) => tail.get(*at).map(|field| field.text),
        Place::Last => tail.last().map(|field| field.text),
        Place::Named(name) => tail
            .iter()
            .find(|field| field.name == Some(name))
            .map(|field| field.text),
    };
    text.filter(|text| crate::format::is_there(text))
}

/// Whether two spellings name one header: `Idempotency-Key`, `http_idempotency_key`.
pub fn same_header(one: &str, other: &str) -> bool {
    let plain = |byte: u8| {
        if byte == b'_' {
            b'-'
        } else {
            byte.to_ascii_lowercase()
        }
    };
    one.len() == other.len() && one.bytes().map(plain).eq(other.bytes().map(plain))
}

impl Format for Text {
    fn slot(&mut self, selector: &Selector) -> Result<usize, String> {
        let (name, about) = (self.dialect.name(), self.dialect.about_keys());
        let absent = |what: &str| format!("a log of {name} has {what}; {about}");
        let place = match selector {
            Selector::Field(field) => Some(self.place(field)),
            Selector::Header(wanted) => self.variable(
                |role| matches!(role, Role::Header(header) if same_header(header, wanted)),
            ),
            Selector::ResponseHeader(wanted) => self.variable(
                |role| matches!(role, Role::ResponseHeader(header) if same_header(header, wanted)),
            ),
            Selector::Body(_) | Selector::Response(_) => return Err(absent("no bodies")),
            Selector::Query(_) | Selector::Value(_) => None,
        };
        let place = place.ok_or_else(|| absent("no headers but those that its format names"))?;
        if !self.template.open && !matches!(place, Place::Variable(_)) {
            return Err(format!(
                "the format has no such field; its fields are {}",
                self.template.names.join(", ")
            ));
        }
        self.slots.push(place);
        Ok(self.slots.len() - 1)
    }

    fn mapped(&mut self, field: &str) {
        if field == "duration" {
            self.lasted = Lasted::Nowhere(None);
        }
    }

    fn read(&mut self, input: Box<dyn BufRead>, take: Take<'_>) -> io::Result<()> {
        lines(input, |number, line| {
            match self.line(line, &mut Vec::new()) {
                Ok(raw) => take(number, Ok(&raw)),
                Err(why) => take(number, Err(why)),
            }
        })
    }

    fn said(&self) -> Vec<String> {
        let mut said = vec![self.dialect.about_times().to_owned()];
        if let Some((_, tail)) = self.first_tail.as_ref().filter(|(count, _)| *count > 0) {
            said.push(format!("further fields of the first line: {tail}"));
        }
        match &self.lasted {
            Lasted::At(Place::Further(at)) => said.push(format!("duration <- field:{}", at + 1)),
            Lasted::At(Place::Named(name)) => said.push(format!("duration <- field:{name}")),
            Lasted::Nowhere(Some(why)) => said.push(why.clone()),
            _ => {}
        }
        said
    }

    fn usual_key(&self) -> Option<Selector> {
        let called_so = |role: &Role| matches!(role, Role::Header(header) if same_header(header, "Idempotency-Key"));
        self.roles
            .iter()
            .any(called_so)
            .then(|| Selector::Header(String::from("Idempotency-Key")))
    }
}

#[cfg(test)]
mod tests;
