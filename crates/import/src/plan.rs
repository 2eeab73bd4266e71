//! What a person wants imported: the options of the command line, as values.

use std::io::BufRead;
use std::path::PathBuf;

use crate::format::Reading;
use crate::map::Maps;
use crate::select::Selector;
use crate::span::Unit;

/// Everything but the files.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How the log is written.
    pub format: LogFormat,
    /// The place of the idempotency key.
    pub key: Option<Selector>,
    /// The paths of requests that ask for an order; empty: the only one that there is.
    pub paths: Vec<String>,
    /// The methods of such requests.
    pub methods: Vec<String>,
    /// Which columns and values are which.
    pub maps: Maps,
    /// Whether amounts are decimals.
    pub decimal: bool,
    /// The tenant of every request and order.
    pub tenant: Option<String>,
    /// The promises: what they are called, and their JSON.
    pub contract: Option<(String, String)>,
    /// How times are read.
    pub reading: Reading,
    /// The duration of a request for which the log has none, in nanoseconds.
    pub longest: i64,
    /// By how much the clocks of the log and of the dumps may differ, in nanoseconds.
    pub skew: i64,
    /// When the dumps were taken, in nanoseconds since 1970; `None`: at the last time that is seen.
    pub snapshot: Option<i64>,
    /// Whether broken lines are counted, and not mistakes.
    pub skip_broken: bool,
}

/// How a log is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// A text log of a server, in its usual format or one of its own.
    Text(crate::format::dialect::Dialect, Option<String>),
    /// Lines that match an expression.
    Pattern(String),
    /// One JSON object a line.
    Jsonl,
    /// Caddy's log.
    Caddy,
    /// HTTP Archives.
    Har,
    /// Spans.
    Otel,
}

impl Default for Plan {
    /// An nginx log, POST requests, and nothing promised.
    fn default() -> Plan {
        Plan {
            format: LogFormat::Text(crate::format::dialect::Dialect::Nginx, None),
            key: None,
            paths: Vec::new(),
            methods: vec![String::from("POST")],
            maps: Maps::default(),
            decimal: false,
            tenant: None,
            contract: None,
            reading: Reading::default(),
            longest: 60 * Unit::S.ns(),
            skew: Unit::S.ns(),
            snapshot: None,
            skip_broken: false,
        }
    }
}

/// A text, decompressed and without a byte order mark.
pub struct Text(pub Box<dyn BufRead>);

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Text(..)")
    }
}

/// An access log.
#[derive(Debug)]
pub struct Log {
    /// Its name, for messages.
    pub name: String,
    /// Its text.
    pub text: Text,
}

/// A dump.
#[derive(Debug)]
pub struct Dump {
    /// Its name, for messages.
    pub name: String,
    /// Where its rows are.
    pub rows: DumpRows,
}

/// Where the rows of a dump are.
#[derive(Debug)]
pub enum DumpRows {
    /// In a text: CSV with a header, or one JSON object a line.
    Text(Text),
    /// In a SQLite database: a table, or a query.
    Sqlite {
        /// The file.
        path: PathBuf,
        /// The name of a table, or a `SELECT`.
        what: String,
    },
}

/// The files. A part with no file was not looked at.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Access logs.
    pub requests: Vec<Log>,
    /// Dumps of orders.
    pub orders: Vec<Dump>,
    /// Dumps of charges, or of all movements of money.
    pub charges: Vec<Dump>,
    /// Dumps of refunds.
    pub refunds: Vec<Dump>,
}
