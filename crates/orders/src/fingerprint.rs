//! Whether two requests ask for the same thing: SHA-256 over a canonical form.
//!
//! The form is length-delimited, so no two contents share one, and compact (LEB128 numbers), so that a usual order is a
//! single SHA-256 block. What a retry may change without meaning to does not matter: the order of lines, a line split in
//! two, the spelling of numbers (parsed before we see them), the Unicode form of texts (NFC here). Everything else does:
//! tenant, customer, cart and its version, SKUs, quantities, prices, note, coupon. The key itself is not part of it.

use std::borrow::Cow;
use std::fmt;

use protocol::{Customer, Line, OrderRequest, UserId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// SHA-256 of the canonical form of a request. Written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// The version of the canonical form: its first byte, so that a change of the form is a change of every fingerprint.
const FORM: u8 = 1;

/// The most lines that are sorted on the stack; more go to the heap.
const LINES_ON_STACK: usize = 16;

/// The fingerprint of what a request asks for.
pub fn fingerprint(request: &OrderRequest) -> Fingerprint {
    let mut form = Form::new();
    form.byte(FORM);
    form.number(u64::from(request.tenant.0));
    match request.customer {
        Customer::Guest => form.byte(0),
        Customer::User(UserId(id)) => {
            form.byte(1);
            form.number(id);
        }
    }
    form.number(request.cart.id);
    form.number(u64::from(request.cart.version));
    let lines = &request.content.lines;
    if lines.len() <= LINES_ON_STACK && lines.iter().all(|line| line.sku.0.is_ascii()) {
        few_ascii_lines(&mut form, lines);
    } else {
        any_lines(&mut form, lines);
    }
    form.text(&nfc(&request.content.note));
    // At the end, and only if there is one: the form of an order without a coupon is what it was before there were any.
    if let Some(coupon) = &request.content.coupon {
        form.text(&nfc(&coupon.code));
        form.number(coupon.off.0.cast_unsigned());
    }
    form.finish()
}

/// The usual case: nothing is allocated, ASCII is its own NFC.
fn few_ascii_lines(form: &mut Form, lines: &[Line]) {
    let mut sorted: [&Line; LINES_ON_STACK] = match lines.first() {
        Some(first) => [first; LINES_ON_STACK],
        None => return form.number(0),
    };
    let sorted = &mut sorted[..lines.len()];
    for (place, line) in sorted.iter_mut().zip(lines) {
        *place = line;
    }
    sorted.sort_unstable_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    merged(form, sorted.len(), |i| {
        (
            sorted[i].sku.0.as_str(),
            sorted[i].unit_price.0,
            sorted[i].quantity,
        )
    });
}

fn sort_key(line: &Line) -> (&str, i64) {
    (&line.sku.0, line.unit_price.0)
}

/// Many lines, or SKUs beyond ASCII. Sorted by their normal form, or two spellings of one SKU would stand in two places.
fn any_lines(form: &mut Form, lines: &[Line]) {
    let mut sorted: Vec<_> = lines
        .iter()
        .map(|line| (nfc(&line.sku.0), line.unit_price.0, line.quantity))
        .collect();
    sorted.sort_unstable();
    merged(form, sorted.len(), |i| {
        (&sorted[i].0, sorted[i].1, sorted[i].2)
    });
}

/// Writes sorted lines; neighbours with the same SKU and price become one line. A sum of `u32` cannot overflow `u64`.
/// The end of the list is a marker that no line begins with, because the number of merged lines is not known before.
fn merged<'a>(form: &mut Form, count: usize, line: impl Fn(usize) -> (&'a str, i64, u32)) {
    let mut i = 0;
    while i < count {
        let (sku, price, mut quantity) = {
            let (s, p, q) = line(i);
            (s, p, u64::from(q))
        };
        i += 1;
        while i < count && (line(i).0, line(i).1) == (sku, price) {
            quantity += u64::from(line(i).2);
            i += 1;
        }
        form.byte(1);
        form.text(sku);
        form.number(quantity);
        form.number(price.cast_unsigned());
    }
    form.byte(0);
}

fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// The canonical form on its way into the hash: gathered on the stack, so that a usual order is hashed in one call.
struct Form {
    hash: Option<Sha256>,
    bytes: [u8; FORM_BYTES],
    filled: usize,
}

/// Three SHA-256 blocks.
const FORM_BYTES: usize = 192;
/// The longest LEB128 form of a `u64`.
const NUMBER_BYTES: usize = 10;

impl Form {
    fn new() -> Form {
        Form {
            hash: None,
            bytes: [0; FORM_BYTES],
            filled: 0,
        }
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        self.make_room(1);
        self.bytes[self.filled] = byte;
        self.filled += 1;
    }

    /// Unsigned LEB128: seven bits a byte, lowest first, the high bit says that more follow. Shortest form only.
    #[inline]
    fn number(&mut self, mut number: u64) {
        self.make_room(NUMBER_BYTES);
        while number >= 0x80 {
            self.bytes[self.filled] = number as u8 | 0x80;
            self.filled += 1;
            number >>= 7;
        }
        self.bytes[self.filled] = number as u8;
        self.filled += 1;
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        if text.len() > FORM_BYTES {
            self.spill();
            self.hash.get_or_insert_default().update(text);
        } else {
            self.make_room(text.len());
            self.bytes[self.filled..self.filled + text.len()].copy_from_slice(text.as_bytes());
            self.filled += text.len();
        }
    }

    #[inline]
    fn make_room(&mut self, bytes: usize) {
        if self.filled + bytes > FORM_BYTES {
            self.spill();
        }
    }

    #[cold]
    fn spill(&mut self) {
        self.hash
            .get_or_insert_default()
            .update(&self.bytes[..self.filled]);
        self.filled = 0;
    }

    fn finish(self) -> Fingerprint {
        let rest = &self.bytes[..self.filled];
        let digest = match self.hash {
            None => Sha256::digest(rest),
            Some(hash) => hash.chain_update(rest).finalize(),
        };
        Fingerprint(digest.into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    /// The first four bytes: enough to tell two apart in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "Fingerprint({a:02x}{b:02x}{c:02x}{d:02x}..)")
    }
}

/// The text is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 64 hexadecimal digits")]
pub struct FingerprintError;

impl std::str::FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Fingerprint, FingerprintError> {
        let digits: &[u8; 64] = text.as_bytes().try_into().map_err(|_| FingerprintError)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Fingerprint(bytes))
    }
}

fn digit(byte: u8) -> Result<u8, FingerprintError> {
    let value = char::from(byte).to_digit(16).ok_or(FingerprintError)?;
    Ok(value as u8)
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fingerprint, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
