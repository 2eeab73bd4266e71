//! The trace digest: one number that two runs share only if they did the same things in the same order.

use std::fmt;

use crate::site::mix;

/// A running 128-bit digest of a trace. Order matters. It tells runs apart; it is no defence against forgery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    a: u64,
    b: u64,
}

impl Default for Digest {
    fn default() -> Digest {
        Digest {
            a: 0x9e37_79b9_7f4a_7c15,
            b: 0x2545_f491_4f6c_dd1d,
        }
    }
}

impl Digest {
    /// Adds a word.
    #[inline]
    pub const fn push(&mut self, word: u64) {
        self.a = mix(self.a, word);
        self.b = self.b.rotate_left(23) ^ self.a;
    }

    /// The digest as a number.
    pub const fn value(self) -> u128 {
        ((mix(self.a, self.b) as u128) << 64) | mix(self.b, self.a ^ 1) as u128
    }
}

impl fmt::Display for Digest {
    /// Thirty-two hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[u64]) -> Digest {
        let mut digest = Digest::default();
        words.iter().for_each(|w| digest.push(*w));
        digest
    }

    #[test]
    fn order_count_and_content_matter() {
        let all = [
            of(&[]),
            of(&[0]),
            of(&[0, 0]),
            of(&[1, 2]),
            of(&[2, 1]),
            of(&[1, 2, 3]),
        ];
        for (i, x) in all.iter().enumerate() {
            for y in &all[i + 1..] {
                assert_ne!(x.value(), y.value());
            }
        }
    }

    #[test]
    fn the_digest_is_the_same_on_every_platform() {
        assert_eq!(
            of(&[1, 2, 3]).to_string(),
            "fbdb599ab8eed6fa01ebea83e823c331"
        );
    }
}
