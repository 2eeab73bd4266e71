//! The port `orders::Store`: a round trip for every statement, and a connection that may break at each.
//!
//! - [`statements`]: the port `orders::Transaction`

mod statements;

use std::cell::Cell;

use explore::TaskId;
use history::Label;
use orders::{CommitTag, Isolation, Store, StoreError};
use protocol::Time;
use scenario::faults::Opportunity;
use scenario::{CrashPoint, Host};

use crate::database::changes::Committer;
use crate::database::{Database, Stop, Tx};
use crate::event::Event;
use crate::ports::ReplicaPorts;
use crate::state::State;

/// An open transaction of a handler. Dropping it rolls back.
#[derive(Debug)]
pub struct SimTransaction<'a> {
    ports: &'a ReplicaPorts<'a>,
    /// In autocommit mode there is none, or that of the statement that waits.
    tx: Cell<Tx>,
    connection: Cell<Connection>,
    /// When it began, by the right time: the database's clock is right. In autocommit mode there is no such time.
    began: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connection {
    Open,
    /// In autocommit mode, with no statement under way.
    Between,
    /// In autocommit mode, with a statement that waits.
    Within,
    /// It broke: the database has rolled back, and nothing more can be said over it.
    Lost,
    /// The transaction ended.
    Done,
}

impl Store for ReplicaPorts<'_> {
    type Transaction<'a>
        = SimTransaction<'a>
    where
        Self: 'a;

    async fn begin(&self, isolation: Isolation) -> Result<SimTransaction<'_>, StoreError> {
        assert!(
            isolation == Isolation::ReadCommitted,
            "the simulated database has READ COMMITTED and no other level"
        );
        let begin = |state: &mut State, _: TaskId| {
            let lost = self.breaks(state, Opportunity::LoseConnection);
            Some(if lost {
                Err(StoreError::Unavailable)
            } else {
                let began = self.world.instant(state.kernel.now_us());
                Ok(Guard::new(self, state.database.begin(), began))
            })
        };
        self.statement_trip(false, begin)
            .await
            .map(Guard::into_transaction)
    }

    fn autocommit(&self) -> SimTransaction<'_> {
        SimTransaction {
            ports: self,
            tx: Cell::new(NO_ATTEMPTS),
            connection: Cell::new(Connection::Between),
            began: Time::ZERO,
        }
    }
}

/// Between two statements in autocommit mode there is no transaction.
const NO_ATTEMPTS: Tx = Tx::NEVER;

/// A transaction whose BEGIN is not yet answered: if the handler dies before it is, the database rolls back.
struct Guard<'a>(Option<SimTransaction<'a>>);

impl<'a> Guard<'a> {
    fn new(ports: &'a ReplicaPorts<'a>, tx: Tx, began: Time) -> Guard<'a> {
        Guard(Some(SimTransaction {
            ports,
            tx: Cell::new(tx),
            connection: Cell::new(Connection::Open),
            began,
        }))
    }

    fn into_transaction(mut self) -> SimTransaction<'a> {
        self.0.take().expect("a guard gives its transaction once")
    }
}

impl ReplicaPorts<'_> {
    /// Whether the connection breaks here.
    #[inline]
    fn breaks(&self, state: &mut State, here: Opportunity) -> bool {
        self.world.setting.faults.strike_statements && self.breaks_among_faults(state, here)
    }

    fn committer(&self) -> Committer {
        Committer {
            owner: self.owner,
            for_holder: self.hears,
        }
    }

    fn breaks_among_faults(&self, state: &mut State, here: Opportunity) -> bool {
        let who = state.who(self.slot);
        state
            .strike(&self.world.setting.faults, here, who)
            .is_some()
            || state.cut_off(&self.world.setting, self.slot, Host::Database)
    }
}

impl SimTransaction<'_> {
    /// One statement.
    #[inline]
    async fn statement<T>(
        &self,
        reads: bool,
        mut effect: impl FnMut(&mut Database, Tx) -> Result<T, Stop>,
    ) -> Result<T, StoreError> {
        match self.connection.get() {
            Connection::Open => {}
            Connection::Between | Connection::Within => {
                // Boxed, so that it does not make the future of every statement larger.
                return Box::pin(self.alone(reads, effect)).await;
            }
            Connection::Lost | Connection::Done => return Err(StoreError::Unavailable),
        }
        let run = |state: &mut State, task: TaskId| {
            if self.ports.breaks(state, Opportunity::LoseConnection) {
                state.database.abort(self.tx.get());
                self.connection.set(Connection::Lost);
                return Some(Err(StoreError::Unavailable));
            }
            self.run(state, task, &mut effect)
        };
        self.ports.statement_trip(reads, run).await
    }

    /// The database runs the statement at hand.
    #[inline]
    fn run<T>(
        &self,
        state: &mut State,
        task: TaskId,
        effect: &mut impl FnMut(&mut Database, Tx) -> Result<T, Stop>,
    ) -> Option<Result<T, StoreError>> {
        state.database.at_hand.now_us = state.kernel.now_us();
        let waits = state.database.counts.waits;
        let outcome = state.database.run(self.tx.get(), task, effect);
        if state.database.counts.waits != waits {
            state.note_wait();
        }
        outcome
    }

    /// A statement that is a transaction of its own: it begins and commits where it takes effect, so its handler cannot go ahead
    /// of what others see.
    async fn alone<T>(
        &self,
        reads: bool,
        mut effect: impl FnMut(&mut Database, Tx) -> Result<T, Stop>,
    ) -> Result<T, StoreError> {
        let run = |state: &mut State, task: TaskId| {
            if self.ports.breaks(state, Opportunity::LoseConnection) {
                self.hang_up_alone(state);
                return Some(Err(StoreError::Unavailable));
            }
            if self.connection.replace(Connection::Within) == Connection::Between {
                self.tx.set(state.database.open());
            }
            Some(match self.run(state, task, &mut effect)? {
                Ok(value) => self.end_alone(state, reads).map(|()| value),
                Err(error) => {
                    self.hang_up_alone(state);
                    Err(error)
                }
            })
        };
        let here = if reads {
            CrashPoint::Anywhere
        } else {
            CrashPoint::AfterCommit
        };
        self.ports.round_trip(here, reads, run).await
    }

    /// Takes back the statement at hand, if there is one.
    fn hang_up_alone(&self, state: &mut State) {
        if self.connection.replace(Connection::Between) == Connection::Within {
            state.database.hang_up(self.tx.replace(NO_ATTEMPTS));
        }
    }

    /// Commits the statement at hand.
    fn end_alone(&self, state: &mut State, reads: bool) -> Result<(), StoreError> {
        if !reads && self.ports.breaks(state, Opportunity::LoseCommit) {
            self.hang_up_alone(state);
            state.cover(Label::CommitUnknown);
            return Err(StoreError::Unknown);
        }
        self.connection.set(Connection::Between);
        state.database.at_hand.committer = self.ports.committer();
        state.database.make_durable(self.tx.replace(NO_ATTEMPTS));
        if reads {
            return Ok(());
        }
        self.committed(state)
    }

    /// A commit took effect: what it left in the outbox is on its way, and its answer may get lost.
    #[inline]
    fn committed(&self, state: &mut State) -> Result<(), StoreError> {
        let (who, faults) = (state.who(self.ports.slot), &self.ports.world.setting.faults);
        state.note_commit(self.ports.slot);
        state.relay(&self.ports.world.setting);
        if state
            .strike(faults, Opportunity::LoseCommitAck, who)
            .is_some()
        {
            state.cover(Label::CommitUnknown);
            return Err(StoreError::Unknown);
        }
        Ok(())
    }

    /// What the database does with a COMMIT that reached it.
    fn end(&self, state: &mut State) -> Result<CommitTag, StoreError> {
        self.connection.set(Connection::Done);
        if state.database.is_aborted(self.tx.get()) {
            return self.end_aborted(state);
        }
        let who = state.who(self.ports.slot);
        let faults = &self.ports.world.setting.faults;
        if self.ports.breaks(state, Opportunity::LoseCommit) {
            state.database.hang_up(self.tx.get());
            state.cover(Label::CommitUnknown);
            return Err(StoreError::Unknown);
        }
        if state
            .strike(faults, Opportunity::SerializationFailure, who)
            .is_some()
        {
            state.database.refuse_commit(self.tx.get());
            return Err(StoreError::Conflict);
        }
        state.database.at_hand.now_us = state.kernel.now_us();
        state.database.at_hand.committer = self.ports.committer();
        let takeovers = state.database.counts.takeovers;
        let tag = state.database.commit(self.tx.get());
        if state.database.counts.takeovers != takeovers {
            state.cover(Label::Takeover);
        }
        self.committed(state).map(|()| tag)
    }

    /// The COMMIT of an aborted transaction: there is nothing that could be committed, lost or refused.
    fn end_aborted(&self, state: &mut State) -> Result<CommitTag, StoreError> {
        if self.ports.breaks(state, Opportunity::LoseConnection) {
            state.database.hang_up(self.tx.get());
            return Err(StoreError::Unavailable);
        }
        Ok(state.database.commit(self.tx.get()))
    }
}

impl Drop for SimTransaction<'_> {
    fn drop(&mut self) {
        match self.connection.get() {
            Connection::Done | Connection::Between => {}
            Connection::Open | Connection::Lost | Connection::Within => self.let_go(),
        }
    }
}

impl SimTransaction<'_> {
    fn let_go(&self) {
        let state = &mut *self.ports.world.state.borrow_mut();
        let tx = self.tx.get();
        match state.replicas.calls[self.ports.slot].ahead_us {
            0 => state.roll_back(tx),
            _ if state.ended => state.roll_back(tx),
            // Its time to let go has not come yet.
            ahead_us => {
                state.database.abandon(tx);
                state.kernel.after(ahead_us, Event::Abandon(tx.into()))
            }
        }
    }
}
