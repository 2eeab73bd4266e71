//! What a request is answered, and whether the database repeats it.

use protocol::{Problem, Response, Time};

/// An answer, and until when the database repeats it, if it does: by our own clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) stored_until: Option<Time>,
}

impl Answer {
    pub(super) fn passing(response: Response) -> Answer {
        Answer {
            response,
            stored_until: None,
        }
    }
}

/// What is answered when the outcome is not known. Never stored.
pub(super) const UNKNOWN: Answer = Answer {
    response: Response::refused(500, Problem::OutcomeUnknown),
    stored_until: None,
};

/// What is answered when nothing happened and nothing will.
pub(super) const UNAVAILABLE: Answer = Answer {
    response: Response::refused(503, Problem::Unavailable),
    stored_until: None,
};
