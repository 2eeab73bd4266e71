//! What the search need not look at: where it goes on only if it would go on from somewhere else as well.

use super::{Problem, Record, State};
use crate::facts::Refusal;
use crate::keyed::End;

impl Problem {
    /// Whether something that is known to have happened no longer can, because its time is over.
    pub(super) fn is_too_late(&self, state: &State) -> bool {
        let mut ops = self.ops.iter().enumerate();
        ops.any(|(i, op)| op.returned < state.now && state.phase(i) != 2)
    }

    /// With all that happens without changing anything: requests that are refused, or told what is known, when they are out. Each has
    /// nothing better to wait for, and what comes after it can come as well.
    pub(super) fn settled(&self, state: State) -> State {
        let is_out = |i: usize| {
            let op = &self.ops[i];
            (op.invoked..=op.returned).contains(&state.now)
        };
        let ends = |i: usize| match self.ops[i].end {
            // It never had the claim and never will.
            End::Fail(refusal @ (Refusal::InFlight | Refusal::Mismatch | Refusal::Shed)) => {
                state.phase(i) == 0 && self.is_refused(&state, i, refusal)
            }
            // Its order was made, and is made once.
            End::Ok => state.phase(i) != 2 && self.is_replayed(&state, i),
            _ => false,
        };
        let ended = (0..self.ops.len()).filter(|i| is_out(*i) && ends(*i));
        ended.fold(state, |settled, i| {
            settled.with(i, 2, state.now, state.record)
        })
    }

    /// Whether it can still end when another took its place: what failed for certain held the claim until it did, or never.
    pub(super) fn may_be_overtaken(&self, holder: usize) -> bool {
        !matches!(self.ops[holder].end, End::Fail(_))
    }

    /// Before the claim passes to another: a holder whose outcome is unknown does nothing more.
    pub(super) fn overtaken(&self, state: &State) -> State {
        match state.record {
            Record::InFlight(holder) if self.ops[usize::from(holder)].end == End::Unknown => {
                state.with(usize::from(holder), 2, state.now, state.record)
            }
            _ => *state,
        }
    }

    /// Two unresolved attempts with the same payload are interchangeable, so only the earlier one is tried.
    pub(super) fn is_later_of_two(&self, state: &State, i: usize) -> bool {
        let own = &self.ops[i];
        self.ops.iter().enumerate().any(|(j, other)| {
            other.end == End::Unknown
                && state.phase(j) == 0
                && other.payload == own.payload
                && (other.invoked, j) < (own.invoked, i)
        })
    }
}
