//! Logs of one JSON object a line: anybody's, by the usual names or by paths; and Caddy's.

pub mod paths;

use std::borrow::Cow;
use std::io::{self, BufRead};

use crate::format::json::paths::{Found, Paths};
use crate::format::text::request_line;
use crate::format::{Format, Raw, Take, is_there, lines};
use crate::select::Selector;
use crate::span::{Anchor, Unit};

/// A JSON log.
#[derive(Clone, Debug)]
pub struct Json {
    about: &'static str,
    paths: Paths,
    /// Slots of the paths that each field is looked for under, in the order of preference.
    times: Vec<(usize, Anchor)>,
    durations: Vec<(usize, Option<Unit>)>,
    methods: Vec<usize>,
    targets: Vec<usize>,
    statuses: Vec<usize>,
    /// Whole request lines, for logs that have them.
    requests: Vec<usize>,
    values: Vec<Value>,
    bodies: bool,
}

/// A value that was asked for: the first that is there of some paths, and then a place in its JSON.
#[derive(Clone, Debug)]
struct Value {
    slots: Vec<usize>,
    pointer: Option<String>,
}

/// A name that logs use, and what a number there is.
type Usual<T> = (&'static str, T);

const TIMES: [Usual<Anchor>; 12] = [
    // nginx's own names: the end, as in its text logs.
    ("time_iso8601", Anchor::End),
    ("time_local", Anchor::End),
    ("msec", Anchor::End),
    ("start_time", Anchor::Begin),
    ("startTime", Anchor::Begin),
    ("started_at", Anchor::Begin),
    ("t", Anchor::Unknown),
    ("ts", Anchor::Unknown),
    ("time", Anchor::Unknown),
    ("timestamp", Anchor::Unknown),
    ("@timestamp", Anchor::Unknown),
    ("datetime", Anchor::Unknown),
];

const DURATIONS: [Usual<Option<Unit>>; 14] = [
    ("request_time", Some(Unit::S)),
    ("duration_s", Some(Unit::S)),
    ("duration_ms", Some(Unit::Ms)),
    ("durationMs", Some(Unit::Ms)),
    ("latency_ms", Some(Unit::Ms)),
    ("elapsed_ms", Some(Unit::Ms)),
    ("duration_us", Some(Unit::Us)),
    ("duration_ns", Some(Unit::Ns)),
    ("duration", None),
    ("latency", None),
    ("elapsed", None),
    ("took", None),
    ("response_time", None),
    ("responseTime", None),
];

const METHODS: [&str; 7] = [
    "method",
    "request_method",
    "http_method",
    "httpMethod",
    "request.method",
    "req.method",
    "http.request.method",
];

const TARGETS: [&str; 10] = [
    "request_uri",
    "path",
    "uri",
    "url",
    "request.uri",
    "request.url",
    "request.path",
    "req.url",
    "url.path",
    "target",
];

const STATUSES: [&str; 8] = [
    "status",
    "status_code",
    "statusCode",
    "http_status",
    "response.status",
    "response.statusCode",
    "res.statusCode",
    "http.response.status_code",
];

/// The objects that hold headers; their names are compared without regard to case, hyphens and underscores.
const HEADERS: [&str; 4] = [
    "request.headers",
    "headers",
    "req.headers",
    "request_headers",
];
const RESPONSE_HEADERS: [&str; 4] = [
    "resp_headers",
    "response.headers",
    "res.headers",
    "response_headers",
];
const BODIES: [&str; 4] = ["request.body", "body", "req.body", "request_body"];
const RESPONSES: [&str; 4] = ["response.body", "response_body", "res.body", "resp_body"];

impl Json {
    /// A log whose fields have one of the usual names, or the paths of the command line.
    pub fn usual() -> Json {
        let mut json = Json::empty(
            "a time of a JSON line may be the begin or the end of its request, but for nginx's own names",
        );
        json.times = TIMES
            .iter()
            .map(|(path, anchor)| (json.paths.add(path), *anchor))
            .collect();
        json.durations = DURATIONS
            .iter()
            .map(|(path, unit)| (json.paths.add(path), *unit))
            .collect();
        json.methods = json.all(&METHODS);
        json.targets = json.all(&TARGETS);
        json.statuses = json.all(&STATUSES);
        json.requests = json.all(&["request"]);
        json
    }

    /// Caddy's access log (<https://caddyserver.com/docs/logging>): `ts` is written when the answer is done, `duration` is in seconds.
    pub fn caddy() -> Json {
        let mut json = Json::empty("the time of a Caddy line (ts) is the end of its request");
        json.times = vec![(json.paths.add("ts"), Anchor::End)];
        json.durations = vec![(json.paths.add("duration"), Some(Unit::S))];
        json.methods = json.all(&["request.method"]);
        json.targets = json.all(&["request.uri"]);
        json.statuses = json.all(&["status"]);
        json
    }

    fn empty(about: &'static str) -> Json {
        Json {
            about,
            paths: Paths::default(),
            times: Vec::new(),
            durations: Vec::new(),
            methods: Vec::new(),
            targets: Vec::new(),
            statuses: Vec::new(),
            requests: Vec::new(),
            values: Vec::new(),
            bodies: false,
        }
    }

    fn all(&mut self, paths: &[&str]) -> Vec<usize> {
        paths.iter().map(|path| self.paths.add(path)).collect()
    }

    fn line<'l>(&self, line: &'l str) -> Result<Raw<'l>, String> {
        let found = self.paths.read(line)?;
        let first = |slots: &[usize]| {
            slots
                .iter()
                .find_map(|slot| found.text(*slot))
                .unwrap_or_default()
        };
        let mut raw = Raw {
            method: first(&self.methods),
            target: first(&self.targets),
            status: first(&self.statuses),
            ..Raw::default()
        };
        if let (true, Some(request)) = (
            raw.method.is_empty(),
            self.requests.iter().find_map(|slot| found.text(*slot)),
        ) {
            let (method, target) = request_line(&request);
            (raw.method, raw.target) = (method.into_owned().into(), target.into_owned().into());
        }
        let times = self
            .times
            .iter()
            .filter_map(|(slot, anchor)| Some((*anchor, found.text(*slot)?)));
        raw.times.extend(times.take(1));
        let mut durations = self.durations.iter();
        raw.duration = durations.find_map(|(slot, unit)| Some((found.text(*slot)?, *unit)));
        raw.values = self.values.iter().map(|value| value.of(&found)).collect();
        Ok(raw)
    }
}

impl Value {
    fn of<'l>(&self, found: &Found<'l>) -> Option<Cow<'l, str>> {
        let text = self.slots.iter().find_map(|slot| found.text(*slot))?;
        match self.pointer.as_deref() {
            None => Some(text).filter(|text| is_there(text)),
            Some(pointer) => paths::pointed(&text, pointer).map(Cow::Owned),
        }
    }
}

impl Format for Json {
    fn slot(&mut self, selector: &Selector) -> Result<usize, String> {
        let under = |objects: &[&str], name: &str| -> Vec<String> {
            objects
                .iter()
                .map(|object| format!("{object}.{name}"))
                .collect()
        };
        let (paths, header, pointer) = match selector {
            Selector::Field(path) => (vec![path.clone()], false, None),
            // nginx JSON logs spell a header as the variable that holds it.
            Selector::Header(name) => {
                let flat = [format!("http_{name}"), name.clone()];
                (
                    under(&HEADERS, name).into_iter().chain(flat).collect(),
                    true,
                    None,
                )
            }
            Selector::ResponseHeader(name) => (under(&RESPONSE_HEADERS, name), true, None),
            Selector::Body(pointer) => (
                BODIES.map(String::from).to_vec(),
                false,
                Some(pointer.clone()),
            ),
            Selector::Response(pointer) => (
                RESPONSES.map(String::from).to_vec(),
                false,
                Some(pointer.clone()),
            ),
            Selector::Query(_) | Selector::Value(_) => {
                return Err(format!("{selector} is no field of a log"));
            }
        };
        self.bodies |= matches!(selector, Selector::Response(_));
        let add = |path: &String| {
            if header {
                self.paths.add_header(path)
            } else {
                self.paths.add(path)
            }
        };
        let slots = paths.iter().map(add).collect();
        self.values.push(Value { slots, pointer });
        Ok(self.values.len() - 1)
    }

    fn read(&mut self, input: Box<dyn BufRead>, take: Take<'_>) -> io::Result<()> {
        lines(input, |number, line| match self.line(line) {
            Ok(raw) => take(number, Ok(&raw)),
            Err(why) => take(number, Err(why)),
        })
    }

    fn said(&self) -> Vec<String> {
        vec![self.about.to_owned()]
    }

    fn usual_key(&self) -> Option<Selector> {
        Some(Selector::Header(String::from("Idempotency-Key")))
    }
}

#[cfg(test)]
mod tests;
