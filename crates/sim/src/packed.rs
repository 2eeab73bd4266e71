//! Small values in one word, so that an event is a tag and a word whatever it carries.
//!
//! Such a pair travels in registers, and is written and read whole. An event of several fields was written one by one and copied
//! whole right after, for which a processor has to wait until the last of them has left its store buffer: a twentieth of the
//! samples of a run.

use std::marker::PhantomData;

use explore::TaskId;

/// A value in a word.
#[derive(Debug)]
pub(crate) struct Packed<T>(u64, PhantomData<T>);

/// What fits in a word.
pub(crate) trait Word {
    fn to_word(self) -> u64;
    fn from_word(word: u64) -> Self;
}

impl<T> Clone for Packed<T> {
    #[inline]
    fn clone(&self) -> Packed<T> {
        *self
    }
}

impl<T> Copy for Packed<T> {}

impl<T: Word> Packed<T> {
    #[inline]
    pub(crate) fn get(self) -> T {
        T::from_word(self.0)
    }
}

impl<T: Word> From<T> for Packed<T> {
    #[inline]
    fn from(value: T) -> Packed<T> {
        Packed(value.to_word(), PhantomData)
    }
}

/// Two halves as one word.
#[inline]
pub(crate) fn join(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// The halves of a word: the high one, the low one.
#[inline]
pub(crate) fn halves(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

impl Word for u32 {
    #[inline]
    fn to_word(self) -> u64 {
        u64::from(self)
    }

    #[inline]
    fn from_word(word: u64) -> u32 {
        word as u32
    }
}

impl Word for TaskId {
    #[inline]
    fn to_word(self) -> u64 {
        join(self.generation, self.slot)
    }

    #[inline]
    fn from_word(word: u64) -> TaskId {
        let (generation, slot) = halves(word);
        TaskId { slot, generation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::flights::{AttemptId, Coming, Held};
    use crate::database::Tx;
    use crate::gateway::Webhook;
    use crate::kitchen::Message;
    use crate::replicas::Turn;

    /// Whether every bit of a word is part of a value, and goes back to where it was.
    fn keeps<T: Word>(word: u64) -> bool {
        T::from_word(word).to_word() == word
    }

    #[test]
    fn what_is_packed_comes_out_again() {
        let task = TaskId {
            slot: 7,
            generation: u32::MAX,
        };
        assert_eq!(Packed::from(task).get(), task);
        assert_eq!(Packed::from(u32::MAX).get(), u32::MAX);
        for bit in 0..64 {
            let word = 1 << bit;
            assert!(keeps::<TaskId>(word) && keeps::<AttemptId>(word));
            assert!(keeps::<(Held, Coming)>(word) && keeps::<Webhook>(word));
            assert_eq!(keeps::<u32>(word) && keeps::<Held>(word), bit < 32);
            assert_eq!(keeps::<Tx>(word), bit < 32);
            assert_eq!(keeps::<Turn>(word), bit % 32 < 16, "two short numbers");
            assert_eq!(keeps::<Message>(word), !(17..32).contains(&bit), "{bit}");
        }
    }
}
