//! Lines to events. Whether they can have happened is for the judge; the line of each is kept for it.

use std::collections::BTreeMap;
use std::io::BufRead;

use compact_str::CompactString;
use hashbrown::HashTable;

use super::explain::{column_of, explain, syntax};
use super::finish::Unresolved;
use super::mistake::{Complaint, MISTAKES_MAX, Mistake, Mistakes, complain};
use super::nearest::nearest;
use super::raw;
use super::raw_rows;
use super::rows::Rows;
use super::scalar::{KeyState, Name, Op, Text, Time, Unknown};
use super::shape::{Record, Shape, Shaped};
use crate::contract::TimeUnit;
use crate::event::{Completion, Event, Invoke, RecordState, RefundRequest, Transition, What};
use crate::names::{BasketRef, Item, KeyRef, OrderRef, ProcessRef};
use crate::{Contract, History, InFlight};

/// A history, with what a person should know of how it was read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The history.
    pub history: History,
    /// Fields that were ignored, and rows that were left out; one line of text each, without a line end.
    pub notes: Vec<String>,
}

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

/// A history that grows by lines.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) history: History,
    is_strict: bool,
    mistakes: Vec<Mistake>,
    /// Fields that the form does not have, by kind and name, with the number of lines and the last of them.
    ignored: BTreeMap<(&'static str, String), (u64, usize)>,
    has_contract: bool,
    pub(super) rows: Rows,
    pub(super) unresolved: Unresolved,
    /// The line at hand.
    pub(super) number: usize,
    /// The line of each event.
    pub(super) lines: Vec<u32>,
    pub(super) is_dated: bool,
    /// Baskets by their content, so that equal lists are one.
    pub(super) baskets: HashTable<BasketRef>,
    /// Scratch: a list of items.
    pub(super) items: Vec<Item>,
    /// Scratch: a tenant with its key.
    pub(super) scoped: String,
}

/// The record of each kind of line.
pub(super) const KINDS: [(&str, Shape); 20] = [
    ("contract", raw::Contract::SHAPE),
    ("invoke", raw::Invoke::SHAPE),
    ("ok", raw::Completion::SHAPE),
    ("fail", raw::Completion::SHAPE),
    ("info", raw::Completion::SHAPE),
    ("request", raw::Request::SHAPE),
    ("fault", raw::Fault::SHAPE),
    ("transition", raw::Transition::SHAPE),
    ("audit", raw_rows::Audit::SHAPE),
    ("order", raw_rows::Order::SHAPE),
    ("charge", raw_rows::Charge::SHAPE),
    ("refund", raw_rows::Refund::SHAPE),
    ("stock", raw_rows::Stock::SHAPE),
    ("message", raw_rows::Message::SHAPE),
    ("key", raw_rows::KeyRow::SHAPE),
    ("coupon", raw_rows::Coupon::SHAPE),
    ("cart", raw_rows::Cart::SHAPE),
    ("sale", raw_rows::Sale::SHAPE),
    ("inventory_log", raw_rows::Move::SHAPE),
    ("recorded_charge", raw_rows::RecordedCharge::SHAPE),
];

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

    pub(super) fn give_up(mut self, is_cut: bool) -> Mistakes {
        self.mistakes.truncate(MISTAKES_MAX);
        Mistakes {
            list: self.mistakes,
            is_cut,
        }
    }

    pub(super) fn has_mistakes(&self) -> bool {
        !self.mistakes.is_empty()
    }

    /// Something is wrong with the line at hand.
    pub(super) fn mistake(&mut self, column: Option<usize>, message: impl Into<String>) {
        self.mistakes.push(Mistake {
            line: self.number,
            column,
            message: message.into(),
        });
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
                // Further mistakes are about the other lines, and not about a contract that is there.
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

    /// Notes the fields that the form does not have.
    #[inline]
    pub(super) fn ignore(&mut self, path: &'static str, unknown: &Unknown<'_>) {
        for name in unknown.iter() {
            let number = self.number;
            let found = self.ignored.entry((path, name.to_owned())).or_default();
            *found = (found.0 + u64::from(found.1 != number), number);
        }
    }

    /// What was ignored, for people.
    fn notes(&self) -> Vec<String> {
        let mut by_name: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for ((path, name), (lines, _)) in &self.ignored {
            // What an answer ignores is ignored in every answer.
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

    /// An instant, in the contract's unit.
    #[inline]
    pub(super) fn time(&mut self, field: &'static str, time: &Time<'_>) -> Result<u64, Complaint> {
        match time {
            Time::Number(t) => Ok(*t),
            Time::Text(text) => {
                self.is_dated = true;
                dated(text, self.history.contract.time_unit)
                    .map_err(|why| complain(field, format!("`{field}` is {text:?}: {why}")))
            }
        }
    }

    fn invoke(&mut self, raw: raw::Invoke<'_>) -> Result<(), Complaint> {
        self.ignore("invoke", &raw.unknown);
        let t = self.time("t", &raw.t)?;
        let process = self.process(&raw.process);
        let asked = Asked {
            op: raw.op,
            tenant: raw.tenant,
            key: raw.key,
            intent: raw.intent,
            payload: raw.payload,
            items: raw.items,
            coupon: raw.coupon,
            order: raw.order.as_ref(),
            amount: raw.amount,
        };
        let what = self.asked(asked)?;
        self.sent_to(process, raw.host.as_ref());
        self.push(t, process, what);
        Ok(())
    }

    fn sent_to(&mut self, process: u32, host: Option<&Text<'_>>) {
        let Some(host) = host else { return };
        let host = self.history.names.hosts.intern(&host.0);
        let sent_to = &mut self.history.sent_to;
        if sent_to.len() <= process as usize {
            sent_to.resize(process as usize + 1, None);
        }
        sent_to[process as usize] = Some(host);
    }

    /// What a request asks for.
    fn asked(&mut self, raw: Asked<'_, '_>) -> Result<What, Complaint> {
        let tenant = self.tenant(raw.tenant.as_ref())?;
        let op = raw.op.unwrap_or(Op::Create);
        if op == Op::Create {
            let key = raw.key.as_ref().map(|key| self.key(tenant, key));
            self.note_items(raw.items.as_deref());
            let payload = self.payload(raw.payload.as_ref(), raw.items.as_deref());
            let names = &mut self.history.names;
            return Ok(What::Invoke(Invoke {
                tenant,
                key,
                intent: raw.intent.map(|intent| names.intents.intern(&intent.0)),
                payload,
                coupon: raw.coupon.map(|coupon| names.coupons.intern(&coupon.0)),
            }));
        }
        let Some(order) = raw.order else {
            let word = match op {
                Op::Read => "a read names the order that it reads",
                Op::Cancel => "a cancel names the order that it cancels",
                Op::Refund | Op::Create => "a refund names the order whose money it asks for",
            };
            return Err(complain("op", format!("`order` is missing: {word}")));
        };
        let amount = raw
            .amount
            .map(|amount| self.amount("amount", &amount))
            .transpose()?;
        let names = &mut self.history.names;
        let order: OrderRef = names.orders.intern(&order.0);
        Ok(match op {
            Op::Cancel => What::Cancel { tenant, order },
            Op::Refund => {
                let request = RefundRequest {
                    tenant,
                    order,
                    key: raw.key.map(|key| names.refund_keys.intern(&key.0)),
                    intent: raw.intent.map(|intent| names.intents.intern(&intent.0)),
                    amount,
                };
                self.history.refund_requests.push(request);
                What::Refund(self.history.refund_requests.len() as u32 - 1)
            }
            Op::Read | Op::Create => What::Read { tenant, order },
        })
    }

    fn complete(
        &mut self,
        raw: raw::Completion<'_>,
        end: fn(Completion) -> What,
    ) -> Result<(), Complaint> {
        self.ignore("ok", &raw.unknown);
        let t = self.time("t", &raw.t)?;
        let process = self.process(&raw.process);
        let History {
            names, contract, ..
        } = &mut self.history;
        let code = raw.code.or(raw.error);
        let completion = Completion {
            status: raw.status.map(|status| status.0),
            replayed: raw.replayed,
            order: raw.order.map(|order| names.orders.intern(&order.0)),
            response: raw
                .response
                .map(|body| names.responses.intern(&body.canonical(&contract.volatile))),
            code: code.map(|code| names.codes.intern(&code.0)),
        };
        self.push(t, process, end(completion));
        Ok(())
    }

    /// A whole request is its two events.
    fn request(&mut self, raw: raw::Request<'_>) -> Result<(), Complaint> {
        self.ignore("request", &raw.unknown);
        let t = self.time("t", &raw.t)?;
        let Some(ended) = t.checked_add(raw.duration) else {
            return Err(complain(
                "duration",
                "`duration` ends after the end of time",
            ));
        };
        let own_name = Name::Text(format!("request in line {}", self.number).into());
        let process = self.process(raw.process.as_ref().unwrap_or(&own_name));
        let names_an_answer = matches!(raw.op, None | Some(Op::Create));
        let asked = Asked {
            op: raw.op,
            tenant: raw.tenant,
            key: raw.key,
            intent: raw.intent,
            payload: raw.payload,
            items: raw.items,
            coupon: raw.coupon,
            order: raw.order.as_ref().filter(|_| !names_an_answer),
            amount: raw.amount,
        };
        let what = self.asked(asked)?;
        self.sent_to(process, raw.host.as_ref());
        self.push(t, process, what);
        let History {
            names, contract, ..
        } = &mut self.history;
        let code = raw.code.or(raw.error);
        let status = raw.status.map(|status| status.0);
        let completion = Completion {
            status,
            replayed: raw.replayed,
            order: raw.order.map(|order| names.orders.intern(&order.0)),
            response: raw
                .response
                .map(|body| names.responses.intern(&body.canonical(&contract.volatile))),
            code: code.map(|code| names.codes.intern(&code.0)),
        };
        let end = end_of(status, contract);
        self.push(ended, process, end(completion));
        Ok(())
    }

    fn fault(&mut self, raw: &raw::Fault<'_>) -> Result<(), Complaint> {
        self.ignore("fault", &raw.unknown);
        let t = self.time("t", &raw.t)?;
        let struck = raw.process.as_ref().map(|name| self.process(name));
        let names = &mut self.history.names;
        let fault = names.faults.intern(&raw.fault.0);
        let host = raw.host.as_ref().map(|host| names.hosts.intern(&host.0));
        let struck = struck.map(ProcessRef::new);
        self.push(
            t,
            0,
            What::Fault {
                fault,
                host,
                struck,
            },
        );
        Ok(())
    }

    fn transition(&mut self, raw: &raw::Transition<'_>) -> Result<(), Complaint> {
        self.ignore("transition", &raw.unknown);
        let t = self.time("t", &raw.t)?;
        let key = match &raw.tenant {
            Some(_) => {
                let tenant = self.tenant(raw.tenant.as_ref())?;
                self.key(tenant, &raw.key)
            }
            // Named when all tenants are known.
            None => {
                let place = self.history.transitions.len();
                let text = CompactString::new(&raw.key.0);
                self.rows.keys_of_changes.push((place, text));
                KeyRef::new(0)
            }
        };
        let hosts = &mut self.history.names.hosts;
        let transition = Transition {
            t,
            key,
            from: state(raw.from),
            to: state(raw.to),
            owner: raw.owner.as_ref().map(|owner| hosts.intern(&owner.0)),
            token: raw.token.unwrap_or(0),
        };
        self.history.transitions.push(transition);
        Ok(())
    }

    fn push(&mut self, t: u64, process: u32, what: What) {
        self.history.events.push(Event { t, process, what });
        self.lines
            .push(u32::try_from(self.number).unwrap_or(u32::MAX));
    }
}

/// What a request says of itself, whichever line it stands in.
struct Asked<'a, 'b> {
    op: Option<Op>,
    tenant: Option<Text<'a>>,
    key: Option<Text<'a>>,
    intent: Option<Text<'a>>,
    payload: Option<Text<'a>>,
    items: Option<Vec<raw::Item<'a>>>,
    coupon: Option<Text<'a>>,
    order: Option<&'b Text<'a>>,
    amount: Option<super::scalar::Amount<'a>>,
}

/// The fields of what stands within a line: items.
const FIELDS_WITHIN: &[super::shape::Field] = match raw::Item::SHAPE {
    Shape::Record(record) => record.fields,
    _ => &[],
};

/// How a request ended, by its status.
fn end_of(status: Option<u16>, contract: &Contract) -> fn(Completion) -> What {
    const NOT_EXECUTED: [u16; 8] = [400, 401, 402, 403, 404, 409, 422, 429];
    let Some(status) = status else {
        return What::Info;
    };
    let is_named = contract.in_flight == Some(InFlight::Refuse(status))
        || contract.mismatch == Some(status)
        || contract.stores(status) == Some(true);
    match status {
        200..300 => What::Ok,
        _ if is_named || NOT_EXECUTED.contains(&status) => What::Fail,
        _ => What::Info,
    }
}

/// Where a key record stands.
pub(super) fn state(word: KeyState) -> RecordState {
    match word {
        KeyState::Absent => RecordState::Absent,
        KeyState::InProgress => RecordState::InProgress,
        KeyState::Completed => RecordState::Completed,
        KeyState::Failed => RecordState::Failed,
    }
}

/// An RFC 3339 text as the time since 1970, rounded down to the unit.
fn dated(text: &str, unit: TimeUnit) -> Result<u64, String> {
    let stamp: jiff::Timestamp = text
        .parse()
        .map_err(|_| "it is no RFC 3339 time such as \"2026-11-27T19:30:06.250Z\"".to_owned())?;
    let per_unit: i128 = match unit {
        TimeUnit::Nanoseconds => 1,
        TimeUnit::Microseconds => 1_000,
        TimeUnit::Milliseconds => 1_000_000,
        TimeUnit::Seconds => 1_000_000_000,
    };
    let t = stamp.as_nanosecond().div_euclid(per_unit);
    u64::try_from(t).map_err(|_| "it is before 1970, or later than the unit can count".to_owned())
}

/// The kind, if the line begins with it, as all that we write do. A kind with an escape is left to the parser.
fn kind_at_begin(line: &str) -> Option<&str> {
    let rest = line.trim_ascii_start().strip_prefix('{')?;
    let rest = rest.trim_ascii_start().strip_prefix("\"kind\"")?;
    let rest = rest.trim_ascii_start().strip_prefix(':')?;
    let rest = rest.trim_ascii_start().strip_prefix('"')?;
    let (kind, _) = rest.split_once('"')?;
    (!kind.contains('\\')).then_some(kind)
}
