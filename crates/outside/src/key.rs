//! Keys as clients spell them: long, alike but for a letter's case, padded; or headers that name no key at all.

use explore::{Kind, Lineage, Site};
use history::{KeyRef, TenantRef};
use protocol::{IdempotencyKey, KeyError};
use scenario::{KeyForm, Plan};

use crate::desk::Desk;

const HEADER: Kind = Kind::new("client.header");
const PADDINGS: u32 = 4;
const MALFORMED: u32 = 7;

/// Whether a plan's keys have other texts than those that count them.
pub(crate) fn respells(plan: &Plan) -> bool {
    let respells = |client: &scenario::ClientPlan| {
        client.key_form != KeyForm::Plain || !client.key_reuse.is_empty()
    };
    plan.clients.iter().any(respells)
}

/// A key as a request carries it: its header if that is not just the key, and the key, or why the header names none.
pub(crate) type Sent = (Option<Box<str>>, Result<IdempotencyKey, KeyError>);

impl Desk<'_> {
    /// A new key of a client that spells its keys so, by its name in the history.
    #[inline]
    pub(crate) fn new_key(&mut self, form: KeyForm, tenant: u32) -> KeyRef {
        let text = match form {
            KeyForm::Plain | KeyForm::Padded | KeyForm::Malformed => return self.recorder.key(),
            KeyForm::Long => long(self.devices.spelt_keys),
            KeyForm::Cased => cased(self.devices.spelt_keys),
        };
        self.devices.spelt_keys += 1;
        self.recorder.spelt_key(TenantRef::new(tenant), &text)
    }

    /// The key of the same text that is another tenant's.
    pub(crate) fn namesake(&mut self, key: KeyRef, tenant: u32) -> KeyRef {
        let text = self.recorder.history().names.key_text(key).into_owned();
        self.recorder.key_of(TenantRef::new(tenant), &text)
    }

    /// A key as a request of a client that spells its keys so carries it.
    pub(crate) fn spelt(&mut self, form: KeyForm, key: KeyRef, attempt: Lineage) -> Sent {
        let header = self.header(form, key, attempt);
        let sent = IdempotencyKey::from_header(&header);
        (Some(header.into_boxed_str()), sent)
    }

    fn header(&mut self, form: KeyForm, key: KeyRef, attempt: Lineage) -> String {
        let text = self.recorder.history().names.key_text(key).into_owned();
        let mut pick = |ways| self.chooser.choose(&Site::new(HEADER, attempt, 0), ways);
        match form {
            KeyForm::Plain | KeyForm::Long | KeyForm::Cased => text,
            KeyForm::Padded => padded(&text, pick(PADDINGS)),
            KeyForm::Malformed => malformed(&text, pick(MALFORMED)),
        }
    }
}

/// 255 characters, of which the last 15 tell two of them apart.
fn long(number: u64) -> String {
    format!("{:x<240}{number:015}", "long-")
}

/// Two after each other differ in a letter's case.
fn cased(number: u64) -> String {
    let letter = if number.is_multiple_of(2) { 'a' } else { 'A' };
    format!("key-{}-{letter}", number / 2)
}

fn padded(text: &str, way: u32) -> String {
    match way {
        0 => text.to_owned(),
        1 => format!("  {text}\t"),
        2 => format!("\"{text}\""),
        _ => format!("\t\"{text}\" "),
    }
}

fn malformed(text: &str, way: u32) -> String {
    match way {
        0 => String::new(),
        1 => format!("{text} {text}"),
        2 => format!("\"{text}"),
        // One word in two Unicode forms.
        3 => format!("caf\u{e9}-{text}"),
        4 => format!("cafe\u{301}-{text}"),
        5 => format!("{text}\u{0}"),
        _ => format!("{text:x<256}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_changes_no_key_and_no_malformed_header_is_one() {
        let key = IdempotencyKey::new("k17").unwrap();
        for way in 0..PADDINGS {
            assert_eq!(
                IdempotencyKey::from_header(&padded("k17", way)).as_ref(),
                Ok(&key)
            );
        }
        let mut errors = Vec::new();
        for way in 0..MALFORMED {
            let header = malformed("k17", way);
            errors.push(IdempotencyKey::from_header(&header).expect_err(&header));
        }
        assert!(
            errors.contains(&KeyError::TooLong { chars: 256 }),
            "{errors:?}"
        );
        assert!(errors.contains(&KeyError::Empty), "{errors:?}");
    }

    #[test]
    fn long_keys_share_their_first_240_characters_and_cased_ones_all_but_a_case() {
        let pair = [long(6), long(7)];
        assert!(
            pair.iter()
                .all(|key| key.len() == 255 && IdempotencyKey::new(key.as_str()).is_ok())
        );
        assert!(pair[0] != pair[1] && pair[0][..240] == pair[1][..240]);
        assert_ne!(cased(6), cased(7));
        assert!(cased(6).eq_ignore_ascii_case(&cased(7)));
        assert!(!cased(7).eq_ignore_ascii_case(&cased(8)));
    }
}
