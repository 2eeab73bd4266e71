//! A world under test, and what it may lack.

use protocol::Span;

use crate::audit::Audit;
use crate::call::{Call, Told};

/// A connection of a twin: a handler of a replica, with ports of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seat(pub usize);

/// What came of a call so far.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// It is done.
    Done(Told),
    /// It waits for the transaction of another connection.
    Blocked,
}

/// What befalls a connection once [`Twin::strike`] says so, at the first message that can meet it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// A statement does not reach the database, and the connection is gone.
    LoseConnection,
    /// A COMMIT does not reach the database, and the connection is gone.
    LoseCommit,
    /// A COMMIT is done, and its acknowledgement does not come back.
    LoseCommitAck,
    /// The database refuses a COMMIT: a serialization failure.
    RefuseCommit,
    /// The cache is away.
    CacheUnavailable,
    /// The cache does a command, and its answer does not come back.
    LoseCacheAnswer,
    /// The gateway is away.
    GatewayUnavailable,
    /// A request does not reach the gateway, and its caller hears nothing.
    GatewayTimeoutBefore,
    /// The gateway does what was asked, and its answer does not come back.
    GatewayTimeoutAfter,
    /// The customer's bank declines a charge.
    DeclineCharge,
}

/// What a body needs of a twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Two transactions that write at once, and wait for each other's rows and no more. A database with one writer lacks it.
    RowLocks,
    /// A database.
    Database,
    /// A cache.
    Cache,
    /// A payment gateway.
    Gateway,
    /// A charge that lasts for long enough that another call meets it.
    SlowGateway,
    /// Time that passes when a body says so.
    Time,
    /// A deadlock check.
    DeadlockCheck,
    /// A trouble that it can cause.
    Trouble(Trouble),
}

/// A world under test, as [`shop`](crate::shop) says that it begins. The methods return when what they say has happened: one with a
/// runtime blocks on it.
pub trait Twin {
    /// Why it cannot do what a body needs; `None` if it can. A limit is documented here, and not by leaving a body out.
    fn lacks(&self, need: Need) -> Option<&'static str>;

    /// Opens a connection, which is [`connection`](crate::connection()) on the ports of a replica that no other has. The trouble befalls it
    /// when [`Twin::strike`] says so.
    fn open(&mut self, trouble: Option<Trouble>) -> Seat;

    /// From now on the trouble befalls every message of the connection that can meet it.
    fn strike(&mut self, seat: Seat);

    /// Has a connection make a call, and tells what came of it: until it is done, or waits. A simulation knows that a statement waits; of
    /// PostgreSQL a second connection asks `pg_blocking_pids` as long as there is no answer; others have a timeout.
    ///
    /// Connections that were blocked before go on by themselves when the lock is theirs.
    fn call(&mut self, seat: Seat, call: Call) -> Step;

    /// Has a connection make a call, and comes back as soon as it has arrived, while it goes on.
    fn start(&mut self, seat: Seat, call: Call);

    /// What has come of a call that was blocked, or started: now or later, unless it still waits for a transaction.
    fn wait(&mut self, seat: Seat) -> Step;

    /// The process of a connection dies: it says no more, and its transaction is rolled back when the database notices.
    fn close(&mut self, seat: Seat);

    /// Time passes, for everybody.
    fn pass(&mut self, span: Span);

    /// The rows that are committed, and the gateway's ledger, by a connection of its own.
    fn audit(&mut self) -> Audit;
}
