//! Idempotency keys: their header syntax (draft-ietf-httpapi-idempotency-key-header-07) and the scope in which a key is unique.

use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::party::Tenant;

/// The longest key that is accepted, in characters.
pub const KEY_CHARS_MAX: usize = 255;

/// A client's name for one purchase: 1 to 255 visible ASCII characters, compared byte by byte.
///
/// Case matters and nothing is trimmed: two spellings are two keys, because a key that is silently folded merges two purchases.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "CompactString", into = "CompactString")]
pub struct IdempotencyKey(CompactString);

/// Why a text is not an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing there, or `""`.
    #[error("the idempotency key is empty")]
    Empty,
    /// More than [`KEY_CHARS_MAX`] characters.
    #[error("the idempotency key has {chars} characters; at most 255 are accepted")]
    TooLong {
        /// How many it has.
        chars: usize,
    },
    /// A character that is not visible ASCII, at this byte offset.
    #[error("the idempotency key has a character that is not visible ASCII, at byte {at}")]
    NotVisible {
        /// Byte offset in the text given.
        at: usize,
    },
    /// A quoted string that does not end, or that goes on after its end.
    #[error("the quoted idempotency key does not end where its quote does, at byte {at}")]
    BadQuote {
        /// Byte offset in the text given.
        at: usize,
    },
}

impl IdempotencyKey {
    /// A key from its bare value.
    ///
    /// # Errors
    /// [`KeyError`] if it is empty, too long, or has a character that is not visible ASCII.
    pub fn new(text: impl Into<CompactString>) -> Result<IdempotencyKey, KeyError> {
        let text: CompactString = text.into();
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        if let Some(at) = text.bytes().position(|b| !b.is_ascii_graphic()) {
            return Err(KeyError::NotVisible { at });
        }
        if text.len() > KEY_CHARS_MAX {
            return Err(KeyError::TooLong { chars: text.len() });
        }
        Ok(IdempotencyKey(text))
    }

    /// A key that a harness made up: a prefix and a number, `k17`. Run by the million, so it is not parsed again.
    ///
    /// # Panics
    /// If the prefix is not a key itself.
    #[inline]
    pub fn numbered(prefix: &'static str, number: u64) -> IdempotencyKey {
        assert!(
            prefix.bytes().all(|byte| byte.is_ascii_graphic()),
            "a prefix of a key is visible ASCII"
        );
        let mut text = CompactString::const_new(prefix);
        text.push_str(itoa::Buffer::new().format(number));
        IdempotencyKey(text)
    }

    /// A key from the value of the `Idempotency-Key` header: a quoted string (RFC 8941 section 3.3.3) or a bare token.
    ///
    /// # Errors
    /// [`KeyError`], with the byte where the header goes wrong.
    pub fn from_header(value: &str) -> Result<IdempotencyKey, KeyError> {
        let trimmed = value.trim_matches([' ', '\t']);
        let lead = value.len() - value.trim_start_matches([' ', '\t']).len();
        match trimmed.strip_prefix('"') {
            Some(quoted) => IdempotencyKey::new(unquote(quoted, lead + 1)?),
            None => IdempotencyKey::new(trimmed).map_err(|e| e.moved_by(lead)),
        }
    }

    /// The key as the client wrote it.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key as a header value: a quoted string.
    pub fn to_header(&self) -> String {
        let escaped = self.0.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{escaped}\"")
    }
}

impl KeyError {
    fn moved_by(self, lead: usize) -> KeyError {
        match self {
            KeyError::NotVisible { at } => KeyError::NotVisible { at: at + lead },
            other => other,
        }
    }
}

/// The value of a quoted string whose opening quote was consumed; `offset` is where `text` begins in the header.
fn unquote(text: &str, offset: usize) -> Result<CompactString, KeyError> {
    let mut value = CompactString::default();
    let mut chars = text.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '"' if chars.as_str().is_empty() => return Ok(value),
            '"' => return Err(KeyError::BadQuote { at: offset + i + 1 }),
            '\\' => match chars.next() {
                Some((_, escaped @ ('"' | '\\'))) => value.push(escaped),
                _ => return Err(KeyError::BadQuote { at: offset + i }),
            },
            c if c.is_ascii_graphic() => value.push(c),
            _ => return Err(KeyError::NotVisible { at: offset + i }),
        }
    }
    Err(KeyError::BadQuote {
        at: offset + text.len(),
    })
}

impl TryFrom<CompactString> for IdempotencyKey {
    type Error = KeyError;
    fn try_from(text: CompactString) -> Result<Self, KeyError> {
        IdempotencyKey::new(text)
    }
}

impl From<IdempotencyKey> for CompactString {
    fn from(key: IdempotencyKey) -> CompactString {
        key.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        IdempotencyKey::new(text)
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a key is a key of. The same text in two scopes is two keys.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// A client's key on `POST /orders`.
    #[default]
    CreateOrder,
    /// The natural key of a purchase: one version of one cart can be bought once.
    Cart,
    /// The table `order_tokens`: its primary key is the token alone, so its rows belong to no tenant.
    OrderTokens,
    /// The table `order_idempotencies`: unique by user and key, written `user:key`.
    OrderIdempotencies,
    /// The table `idempotency_keys` of a service that keys it by the text alone, so that its rows belong to no tenant.
    Snapshots,
}

impl Scope {
    /// The part of a record's text that a client sent.
    pub fn sent(self, text: &str) -> Option<&str> {
        match self {
            Scope::CreateOrder | Scope::OrderTokens | Scope::Snapshots => Some(text),
            Scope::OrderIdempotencies => text.split_once(':').map(|(_, key)| key),
            Scope::Cart => None,
        }
    }
}

/// A key where it is unique: by tenant, scope and text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ScopedKey {
    /// The text.
    pub key: IdempotencyKey,
    /// Whose key it is.
    pub tenant: Tenant,
    /// What it is a key of.
    pub scope: Scope,
}

impl fmt::Display for ScopedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = match self.scope {
            Scope::CreateOrder => "orders#create",
            Scope::Cart => "cart",
            Scope::OrderTokens => "order_tokens",
            Scope::OrderIdempotencies => "order_idempotencies",
            Scope::Snapshots => "idempotency_keys",
        };
        write!(f, "{}/{scope}/{}", self.tenant, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_quoted_string_and_a_bare_token_name_the_same_key() {
        let bare = IdempotencyKey::from_header("8e03978e-40d5").unwrap();
        let quoted = IdempotencyKey::from_header(" \"8e03978e-40d5\"\t").unwrap();
        assert_eq!(bare, quoted);
        assert_eq!(
            IdempotencyKey::from_header(r#""a\"b\\c""#)
                .unwrap()
                .as_str(),
            r#"a"b\c"#
        );
    }

    #[test]
    fn hostile_headers_are_error_values_that_name_the_place() {
        for (header, error) in [
            ("", KeyError::Empty),
            ("  ", KeyError::Empty),
            ("\"\"", KeyError::Empty),
            ("a b", KeyError::NotVisible { at: 1 }),
            (" a\u{0}", KeyError::NotVisible { at: 2 }),
            ("clé", KeyError::NotVisible { at: 2 }),
            ("\"open", KeyError::BadQuote { at: 5 }),
            ("\"a\"b", KeyError::BadQuote { at: 3 }),
            ("\"a\\", KeyError::BadQuote { at: 2 }),
            ("\"a\\n\"", KeyError::BadQuote { at: 2 }),
            ("\"é\"", KeyError::NotVisible { at: 1 }),
        ] {
            assert_eq!(
                IdempotencyKey::from_header(header),
                Err(error),
                "{header:?}"
            );
        }
    }

    #[test]
    fn the_length_limit_is_255_not_254_or_256() {
        assert!(IdempotencyKey::from_header(&"k".repeat(255)).is_ok());
        assert_eq!(
            IdempotencyKey::from_header(&"k".repeat(256)),
            Err(KeyError::TooLong { chars: 256 })
        );
        assert!(IdempotencyKey::new("k").is_ok());
    }

    #[test]
    fn a_numbered_key_is_what_its_text_parses_to() {
        for number in [0, 7, 10, 1_234_567, u64::MAX] {
            let text = format!("k{number}");
            assert_eq!(
                IdempotencyKey::numbered("k", number),
                IdempotencyKey::new(text).unwrap()
            );
        }
    }

    #[test]
    fn case_is_part_of_a_key() {
        assert_ne!(IdempotencyKey::new("Key"), IdempotencyKey::new("key"));
    }

    proptest! {
        #[test]
        fn every_key_survives_its_header(text in "[!-~]{1,255}") {
            let key = IdempotencyKey::new(text.as_str()).unwrap();
            prop_assert_eq!(IdempotencyKey::from_header(&key.to_header()), Ok(key));
        }

        #[test]
        fn no_header_makes_the_parser_panic(text in any::<String>()) {
            let _outcome = IdempotencyKey::from_header(&text);
        }
    }
}
