//! The texts of keys, in ten bytes: those that a harness makes up are short, and stand there themselves.

use std::num::NonZeroU8;

use protocol::IdempotencyKey;

/// How long a text may be that stands in its slot.
const SHORT_MAX: usize = 9;

/// In place of a length: the text is a long one, and its number stands before.
const LONG: NonZeroU8 = NonZeroU8::MAX;

/// The text of a key, or where it is: nine bytes and their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    bytes: [u8; SHORT_MAX],
    /// No key is empty.
    length: NonZeroU8,
}

/// The long texts of a table.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    long: Vec<Option<IdempotencyKey>>,
    free: Vec<u32>,
}

impl Text {
    /// A text that stands for itself, if it is short.
    #[inline]
    pub(crate) fn short(text: &str) -> Option<Text> {
        let mut bytes = [0; SHORT_MAX];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        let length = NonZeroU8::new(text.len() as u8)?;
        Some(Text { bytes, length })
    }

    /// Which of the long texts it is, if it is one.
    #[inline]
    fn place(self) -> Option<usize> {
        let [a, b, c, d, ..] = self.bytes;
        (self.length == LONG).then_some(u32::from_le_bytes([a, b, c, d]) as usize)
    }
}

impl Texts {
    /// Forgets every text, keeping the memory.
    pub(crate) fn forget(&mut self) {
        self.long.clear();
        self.free.clear();
    }

    /// Keeps the text of a key.
    pub(crate) fn keep(&mut self, key: &IdempotencyKey) -> Text {
        Text::short(key.as_str()).unwrap_or_else(|| self.keep_long(key))
    }

    #[cold]
    fn keep_long(&mut self, key: &IdempotencyKey) -> Text {
        let place = self.free.pop().unwrap_or_else(|| {
            self.long.push(None);
            self.long.len() as u32 - 1
        });
        self.long[place as usize] = Some(key.clone());
        let mut bytes = [0; SHORT_MAX];
        bytes[..4].copy_from_slice(&place.to_le_bytes());
        Text {
            bytes,
            length: LONG,
        }
    }

    /// A text that was kept is not looked at any more.
    pub(crate) fn give_up(&mut self, text: Text) {
        if let Some(place) = text.place() {
            self.long[place] = None;
            self.free.push(place as u32);
        }
    }

    /// What a text says.
    #[inline]
    pub(crate) fn read<'a>(&'a self, text: &'a Text) -> &'a str {
        match text.place() {
            Some(place) => self.long_one(place).as_str(),
            None => {
                let length = usize::from(text.length.get());
                std::str::from_utf8(&text.bytes[..length]).expect("a key is visible ASCII")
            }
        }
    }

    /// The key that a text is of.
    pub(crate) fn key(&self, text: Text) -> IdempotencyKey {
        match text.place() {
            Some(place) => self.long_one(place).clone(),
            None => IdempotencyKey::new(self.read(&text)).expect("it was a key before"),
        }
    }

    fn long_one(&self, place: usize) -> &IdempotencyKey {
        let kept = self.long[place].as_ref();
        kept.expect("a text is read before it is given up")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_come_back_as_they_were() {
        let mut texts = Texts::default();
        let keys: Vec<IdempotencyKey> = [1, 8, 9, 10, 11, 40, 255]
            .map(|length| IdempotencyKey::new("k".repeat(length)).unwrap())
            .into();
        let kept: Vec<Text> = keys.iter().map(|key| texts.keep(key)).collect();
        for (key, text) in keys.iter().zip(&kept) {
            assert_eq!(texts.read(text), key.as_str());
            assert_eq!(texts.key(*text), *key);
            let is_short = key.as_str().len() <= SHORT_MAX;
            assert_eq!(Text::short(key.as_str()), is_short.then_some(*text));
        }
        assert_eq!(texts.long.len(), 4);
    }

    #[test]
    fn the_place_of_a_text_that_was_given_up_is_given_again() {
        let mut texts = Texts::default();
        let long = |letter: &str| IdempotencyKey::new(letter.repeat(30)).unwrap();
        let (a, b) = (texts.keep(&long("a")), texts.keep(&long("b")));
        texts.give_up(a);
        let c = texts.keep(&long("c"));
        assert_eq!((texts.key(b), texts.key(c)), (long("b"), long("c")));
        assert_eq!(texts.long.len(), 2);
    }
}
