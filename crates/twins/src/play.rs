//! How a body speaks: who calls what, whether it is done or waits, and what must come of it.

use std::fmt::Debug;

use orders::{CommitTag, Isolation, StoreError};
use protocol::{OrderId, Span, Time};

use crate::audit::Audit;
use crate::call::{Answer, Call, Failure, Told};
use crate::twin::{Seat, Step, Trouble, Twin};

/// A body that is played on a twin. What is not as claimed panics, with the name of the body.
pub struct Play<'t> {
    twin: &'t mut dyn Twin,
    claim: &'static str,
}

impl Debug for Play<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Play").field(&self.claim).finish()
    }
}

impl<'t> Play<'t> {
    /// Plays a claim.
    pub fn new(twin: &'t mut dyn Twin, claim: &'static str) -> Play<'t> {
        Play { twin, claim }
    }

    /// A connection.
    pub fn open(&mut self) -> Seat {
        self.twin.open(None)
    }

    /// A connection that a trouble can befall.
    pub fn open_for(&mut self, trouble: Trouble) -> Seat {
        self.twin.open(Some(trouble))
    }

    /// From now on its trouble befalls it.
    pub fn strike(&mut self, seat: Seat) {
        self.twin.strike(seat);
    }

    /// An open transaction on a connection of its own.
    pub fn begin(&mut self) -> Seat {
        let seat = self.open();
        self.begin_on(seat);
        seat
    }

    /// Opens a transaction.
    pub fn begin_on(&mut self, seat: Seat) {
        self.ok(seat, Call::Begin(Isolation::ReadCommitted), Answer::Nothing);
    }

    /// A connection in autocommit mode.
    pub fn autocommit(&mut self) -> Seat {
        let seat = self.open();
        self.ok(seat, Call::Autocommit, Answer::Nothing);
        seat
    }

    /// Makes a call, which does not wait.
    #[track_caller]
    pub fn call(&mut self, seat: Seat, call: impl Into<Call>) -> Told {
        let call = call.into();
        match self.twin.call(seat, call.clone()) {
            Step::Done(told) => told,
            Step::Blocked => panic!("{}: {call:?} must not wait", self.claim),
        }
    }

    /// Makes a call, which succeeds with this answer and does not wait.
    #[track_caller]
    pub fn ok(&mut self, seat: Seat, call: impl Into<Call>, answer: impl Into<Answer>) {
        let call = call.into();
        let told = self.call(seat, call.clone());
        assert_eq!(told, Ok(answer.into()), "{}: {call:?}", self.claim);
    }

    /// Makes calls that have nothing to say, and do not wait.
    #[track_caller]
    pub fn done(&mut self, seat: Seat, call: impl Into<Call>) {
        self.ok(seat, call, Answer::Nothing);
    }

    /// Makes a call, which fails with this and does not wait.
    #[track_caller]
    pub fn fails(&mut self, seat: Seat, call: impl Into<Call>, failure: impl Into<Failure>) {
        let call = call.into();
        let told = self.call(seat, call.clone());
        assert_eq!(told, Err(failure.into()), "{}: {call:?}", self.claim);
    }

    /// Makes a call, which waits for another transaction.
    #[track_caller]
    pub fn blocks(&mut self, seat: Seat, call: impl Into<Call>) {
        let call = call.into();
        let step = self.twin.call(seat, call.clone());
        assert_eq!(step, Step::Blocked, "{}: {call:?} must wait", self.claim);
    }

    /// The call that waited still does.
    #[track_caller]
    pub fn still_blocked(&mut self, seat: Seat) {
        let step = self.twin.wait(seat);
        assert_eq!(step, Step::Blocked, "{}: it must still wait", self.claim);
    }

    /// Makes a call, and does not wait for what comes of it.
    pub fn start(&mut self, seat: Seat, call: impl Into<Call>) {
        self.twin.start(seat, call.into());
    }

    /// What has come of a call that waited, or was started.
    #[track_caller]
    pub fn heard(&mut self, seat: Seat) -> Told {
        match self.twin.wait(seat) {
            Step::Done(told) => told,
            Step::Blocked => panic!("{}: it must not wait any more", self.claim),
        }
    }

    /// The same, if it does not wait any more.
    pub fn heard_by_now(&mut self, seat: Seat) -> Option<Told> {
        match self.twin.wait(seat) {
            Step::Done(told) => Some(told),
            Step::Blocked => None,
        }
    }

    /// The call that waited has gone on, and succeeded.
    #[track_caller]
    pub fn goes_on(&mut self, seat: Seat, answer: impl Into<Answer>) {
        let told = self.heard(seat);
        assert_eq!(told, Ok(answer.into()), "{}: it goes on", self.claim);
    }

    /// The call that waited has gone on, and failed.
    #[track_caller]
    pub fn goes_on_to_fail(&mut self, seat: Seat, failure: impl Into<Failure>) {
        let told = self.heard(seat);
        assert_eq!(told, Err(failure.into()), "{}: it goes on", self.claim);
    }

    /// `INSERT INTO orders`, which does not wait: the new order's number.
    #[track_caller]
    pub fn id(&mut self, seat: Seat, call: impl Into<Call>) -> OrderId {
        match self.call(seat, call) {
            Ok(Answer::Id(id)) => id,
            other => panic!("{}: an order is inserted, not {other:?}", self.claim),
        }
    }

    /// The transaction's time.
    #[track_caller]
    pub fn now(&mut self, seat: Seat) -> Time {
        match self.call(seat, Call::Now) {
            Ok(Answer::Time(now)) => now,
            other => panic!("{}: a time is told, not {other:?}", self.claim),
        }
    }

    /// `COMMIT`, which commits.
    #[track_caller]
    pub fn commit(&mut self, seat: Seat) {
        self.ok(seat, Call::Commit, CommitTag::Committed);
    }

    /// `ROLLBACK`.
    #[track_caller]
    pub fn roll_back(&mut self, seat: Seat) {
        self.done(seat, Call::Rollback);
    }

    /// Commits or rolls back.
    #[track_caller]
    pub fn end(&mut self, seat: Seat, commits: bool) {
        match commits {
            true => self.commit(seat),
            false => self.roll_back(seat),
        }
    }

    /// `COMMIT`, whose outcome is unknown.
    #[track_caller]
    pub fn commit_unknown(&mut self, seat: Seat) {
        self.fails(seat, Call::Commit, StoreError::Unknown);
    }

    /// The process of a connection dies.
    pub fn close(&mut self, seat: Seat) {
        self.twin.close(seat);
    }

    /// Time passes.
    pub fn pass(&mut self, span: Span) {
        self.twin.pass(span);
    }

    /// The rows that are committed.
    pub fn audit(&mut self) -> Audit {
        self.twin.audit()
    }
}
