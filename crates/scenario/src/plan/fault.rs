//! What goes wrong, in numbers: each fault with the opportunity at which it is drawn.

use super::{Delay, Window};

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What reports and histories call it: the file's word, numbered if it occurs twice.
    pub name: String,
    /// What.
    pub kind: FaultKind,
    /// The probability at each opportunity.
    pub chance: f64,
    /// When it can strike; `None` is all the time while there is load.
    pub window: Option<Window>,
    /// The client whose requests it strikes, by index; `None` is all.
    pub client: Option<usize>,
    /// Which replica it strikes; `None` is any.
    pub replica: Option<u32>,
}

/// A host, or all of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// Every client.
    Clients,
    /// Every replica.
    Replicas,
    /// One replica, from 0.
    Replica(u32),
    /// The database.
    Database,
    /// The cache.
    Cache,
    /// The gateway.
    Gateway,
}

/// What can go wrong. Each description says in brackets at which opportunity the chance is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// A request does not arrive (per request); with this probability the client sees a reset when it would have arrived,
    /// otherwise silence.
    LoseRequest {
        /// The probability of a reset.
        reset: f64,
    },
    /// A response does not arrive (per response); with this probability the client sees a reset when it would have come,
    /// otherwise silence.
    LoseResponse {
        /// The probability of a reset.
        reset: f64,
    },
    /// A radio alternates between good and bad, independently for each purchase, from its first response on; while it is bad, a
    /// response does not arrive (per response).
    BadCell {
        /// How long a bad cell lasts.
        lasts: Delay,
        /// How long the radio is good between two bad cells; `None` is for ever.
        between: Option<Delay>,
        /// The probability that the first response meets a bad cell.
        inside: f64,
        /// The probability that the first response is lost, if it meets one.
        first: f64,
        /// The probability of a reset.
        reset: f64,
    },
    /// A request takes longer (per request).
    DelayRequest {
        /// By so much.
        by: Delay,
    },
    /// A response takes longer (per response).
    DelayResponse {
        /// By so much.
        by: Delay,
    },
    /// A request is delivered twice (per request).
    DuplicateRequest {
        /// The second time so much later.
        after: Delay,
    },
    /// Nothing passes between replicas and another kind of host, not even a reset (in the window; the chance is drawn per
    /// message).
    Partition {
        /// One side: replicas, or not.
        from: Host,
        /// The other, which is what the first is not.
        to: Host,
    },
    /// A replica dies (per await of a request, of its upkeep, or of a webhook that it hears; at a point, per message that gets
    /// there).
    CrashReplica {
        /// Only at this point.
        point: CrashPoint,
        /// How long until it is back.
        down_for: Delay,
    },
    /// A replica stands still (per await of a request, of its upkeep, or of a webhook that it hears; at a point, per message
    /// that gets there: a COMMIT that is sent, a capture).
    PauseReplica {
        /// Only at this point.
        point: CrashPoint,
        /// For how long.
        span: Standstill,
    },
    /// Every replica in turn dies and is back (at its time, as long as the load lasts).
    RollingRestart {
        /// When the first one goes.
        from_us: u64,
        /// How long each is down.
        down_for_us: u64,
        /// The time between one replica's return and the next one's stop.
        apart_us: u64,
        /// The period after which it recurs; `None` is once.
        every_us: Option<u64>,
    },
    /// A replica's clock jumps, and goes on from there; jumps add up (per request that it receives, per round of its upkeep,
    /// per webhook that it hears).
    ClockStep {
        /// By so much.
        by: Delay,
        /// The probability that it jumps back; otherwise it jumps forward.
        back: f64,
    },
    /// The connection to the database breaks before the statement takes effect (per statement).
    LoseConnection,
    /// The connection breaks before COMMIT takes effect (per commit).
    LoseCommit,
    /// The connection breaks after COMMIT took effect (per commit).
    LoseCommitAck,
    /// The database refuses the transaction at COMMIT (per commit).
    SerializationFailure,
    /// The cache forgets everything (per cache command).
    FlushCache,
    /// The cache forgets the key that is asked for (per cache command).
    EvictKey,
    /// The cache does nothing, and does not answer (per cache command).
    CacheUnavailable,
    /// The cache does what it is asked, and does not answer (per cache command).
    LoseCacheAnswer,
    /// The cache dies, and a copy takes over that lacks the latest writes (per cache command, while it is not down).
    FailOverCache {
        /// How long it does not answer.
        down_for: Delay,
        /// How far the copy is behind.
        loses_us: u64,
    },
    /// The bank refuses (per capture).
    DeclineCharge,
    /// The gateway answers 5xx and does nothing (per request to it: charge, refund).
    GatewayUnavailable,
    /// The gateway does nothing, and its answer does not come (per request to it).
    GatewayTimeoutBefore,
    /// The gateway does what it is asked, and its answer does not come (per request to it).
    GatewayTimeoutAfter,
    /// The gateway takes longer (per request to it); a replica waits for it no longer than it always does.
    SlowGateway {
        /// By so much.
        by: Delay,
    },
    /// A webhook is sent twice (per webhook).
    DuplicateWebhook {
        /// The second time so much later.
        after: Delay,
    },
    /// A message reaches the kitchen twice (per message).
    DuplicateMessage {
        /// The second time so much later.
        after: Delay,
    },
    /// The relay of the outbox dies when it has sent a message and not yet marked it as sent: it sends it again when it is back,
    /// and nothing meanwhile (per message sent).
    CrashRelay {
        /// How long until it is back.
        down_for: Delay,
    },
}

/// For how long a replica stands still.
#[derive(Clone, Debug, PartialEq)]
pub enum Standstill {
    /// For this long.
    For(Delay),
    /// For a number of leases of the contract that is in force.
    Leases(f64),
}

/// Where a replica may die, or stand still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// At any await.
    Anywhere,
    /// After the gateway captured, before the service knows.
    AfterCharge,
    /// When COMMIT is on its way.
    DuringCommit,
    /// After the commit took effect, before the service knows.
    AfterCommit,
}
