//! Requests that may be at work once more: the network made a copy of them, or it is not known what became of them.

use super::{OPERATIONS_MAX, Op, Problem};
use crate::facts::Refusal;
use crate::keyed::End;

impl Problem {
    /// The same, with a copy of every request that was refused as in flight or not answered, whose client was not told: where the
    /// network duplicates requests, a request may be refused because its own copy is at work, and one that came to nothing may be at
    /// work again. `None` if that is more than is searched.
    pub(crate) fn with_copies(self) -> Option<Problem> {
        self.with_copies_of(|end| match end {
            End::Fail(refusal) => !refusal.is_definite(),
            End::Unknown => true,
            End::Ok => false,
        })
    }

    /// The same, with a copy of every request of which it is not known whether it was refused as in flight: what it came to is not known
    /// either. `None` if there is none, or if that is more than is searched.
    pub(crate) fn with_unclear_at_work(self) -> Option<Problem> {
        let is_unclear = |end: End| end == End::Fail(Refusal::Unclear);
        let has_any = self.ops.iter().any(|op| is_unclear(op.end));
        self.with_copies_of(is_unclear).filter(|_| has_any)
    }

    fn with_copies_of(mut self, may_return: impl Fn(End) -> bool) -> Option<Problem> {
        let copy = |op: &Op| Op {
            returned: u64::MAX,
            end: End::Unknown,
            order: None,
            status: None,
            stored: Some(false),
            ..*op
        };
        let again = self.ops.iter().filter(|op| may_return(op.end));
        let copies: Vec<Op> = again.map(copy).collect();
        self.ops.extend(copies);
        (self.ops.len() <= OPERATIONS_MAX).then_some(self)
    }
}
