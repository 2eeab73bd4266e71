//! Writes one line of a history: an object whose values are texts, numbers, times and JSON.

use crate::instant;
use crate::span::Unit;

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
