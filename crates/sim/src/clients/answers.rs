//! Answers under way. Each is written once and then passed on by its number: a handler fills it field by field, and
//! a copy of the whole right afterwards would make the processor wait until the fields are put together.

use protocol::Response;

/// An answer, by its slot. Its holder gives it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AnswerId(u32);

impl AnswerId {
    #[inline]
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// The answer of a number that was asked for before.
    #[inline]
    pub(crate) fn of(number: u32) -> AnswerId {
        AnswerId(number)
    }
}

/// The answers that handlers have given and clients have not yet read.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    slots: Vec<Response>,
    free: Vec<u32>,
}

impl Answers {
    #[inline(always)]
    pub(crate) fn keep(&mut self, answer: Response) -> AnswerId {
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = answer;
                AnswerId(slot)
            }
            None => {
                self.slots.push(answer);
                AnswerId(self.slots.len() as u32 - 1)
            }
        }
    }

    #[inline]
    pub(crate) fn get(&self, id: AnswerId) -> &Response {
        &self.slots[id.0 as usize]
    }

    #[inline]
    pub(crate) fn give_back(&mut self, id: AnswerId) {
        self.free.push(id.0);
    }

    /// Forgets every answer, keeping the memory.
    pub(crate) fn forget(&mut self) {
        self.slots.clear();
        self.free.clear();
    }
}
