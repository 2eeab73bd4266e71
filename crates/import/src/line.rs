//! Writes one line of a history: an object whose values are texts, numbers, times and JSON.

use std::io::{self, Write};

use crate::instant;
use crate::span::Unit;

/// Bytes that are written away before one collects a line.
const BUFFER_BYTES: usize = 1 << 16;

/// Lines on their way out.
pub struct Out<'a> {
    to: &'a mut dyn Write,
    /// The end of what was written: lines are appended here.
    pub buffer: Vec<u8>,
    failed: Option<io::Error>,
}

impl std::fmt::Debug for Out<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Out")
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

impl<'a> Out<'a> {
    /// Lines that go to a writer.
    pub fn new(to: &'a mut dyn Write) -> Out<'a> {
        Out {
            to,
            buffer: Vec::with_capacity(2 * BUFFER_BYTES),
            failed: None,
        }
    }

    /// Writes the buffer if it is large. After a failure nothing more is written; [`Out::end`] reports it.
    pub fn spill(&mut self) {
        if self.buffer.len() >= BUFFER_BYTES {
            self.write();
        }
    }

    fn write(&mut self) {
        if self.failed.is_none() {
            self.failed = self.to.write_all(&self.buffer).err();
        }
        self.buffer.clear();
    }

    /// Writes the rest.
    ///
    /// # Errors
    ///
    /// The first that occurred.
    pub fn end(mut self) -> io::Result<()> {
        self.write();
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.to.flush(),
        }
    }

    /// Whether writing failed, so that the rest of the input need not be read.
    pub fn has_failed(&self) -> bool {
        self.failed.is_some()
    }
}

/// A line that is being written. Its `kind` comes first.
#[derive(Debug)]
pub struct Line<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Line<'a> {
    /// Begins a line of a kind.
    pub fn new(kind: &str, out: &'a mut Vec<u8>) -> Line<'a> {
        out.extend_from_slice(b"{\"kind\":");
        quote(kind, out);
        Line { out }
    }

    /// A line that was begun before, and is not ended.
    pub fn of(out: &'a mut Vec<u8>) -> Line<'a> {
        Line { out }
    }

    fn name(&mut self, name: &str) -> &mut Vec<u8> {
        self.out.push(b',');
        quote(name, self.out);
        self.out.push(b':');
        self.out
    }

    /// A field that is a text.
    pub fn text(&mut self, name: &str, value: &str) {
        quote(value, self.name(name));
    }

    /// A field that is a whole number.
    pub fn number(&mut self, name: &str, value: i64) {
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(value).as_bytes();
        self.name(name).extend_from_slice(digits);
    }

    /// A field that is JSON already.
    pub fn json(&mut self, name: &str, value: &str) {
        self.name(name).extend_from_slice(value.as_bytes());
    }

    /// A field that is a time, cut off to a unit.
    pub fn time(&mut self, name: &str, ns: i64, unit: Unit) {
        let out = self.name(name);
        out.push(b'"');
        instant::write(ns, unit.digits(), out);
        out.push(b'"');
    }

    /// Ends it.
    pub fn end(self) {
        self.out.extend_from_slice(b"}\n");
    }
}

/// Writes a JSON string (RFC 8259, section 7).
pub fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => b"\\\"".as_slice(),
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..0x20 => &[],
            _ => continue,
        };
        out.extend_from_slice(&text.as_bytes()[plain..at]);
        match escape {
            [] => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.extend_from_slice(escape),
        }
        plain = at + 1;
    }
    out.extend_from_slice(&text.as_bytes()[plain..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn a_line_is_an_object_whose_fields_stand_in_the_order_of_writing() {
        let mut out = Vec::new();
        let mut line = Line::new("request", &mut out);
        line.time("t", 1_795_846_562_250_999_999, Unit::Ms);
        line.number("duration", -7);
        line.text("key", "a\"b");
        line.json("items", "[]");
        line.end();
        assert_eq!(
            String::from_utf8(out).expect("text"),
            "{\"kind\":\"request\",\"t\":\"2026-11-28T06:16:02.250Z\",\"duration\":-7,\"key\":\"a\\\"b\",\"items\":[]}\n"
        );
    }

    proptest! {
        #[test]
        fn a_quoted_text_is_read_again(text in any::<String>()) {
            let mut out = Vec::new();
            quote(&text, &mut out);
            let read: String = serde_json::from_slice(&out).expect("a JSON string");
            prop_assert_eq!(read, text);
        }
    }
}
