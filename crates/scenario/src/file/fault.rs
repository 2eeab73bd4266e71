//! What a scenario file says about what goes wrong: one table for each fault, with one key that names it.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::delay::Delay;
use super::value::{At, Chance, Length};

/// Something that goes wrong.
#[derive(Debug)]
pub struct Fault {
    /// The keys of its table: there should be one, and it should name a fault.
    pub words: Vec<At<String>>,
    /// The known fault among them, by its index, and what is said about it.
    pub kind: Option<(usize, FaultWord)>,
}

/// The faults, declared in this one place: what each is, its word, and what can be said about it.
macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident($body:ident) = $word:literal,)*) => {
        /// What goes wrong, by its word.
        #[derive(Debug, JsonSchema)]
        #[expect(
            clippy::large_enum_variant,
            reason = "there are as many of them as a file has faults, and they are read once"
        )]
        pub enum FaultWord { $($(#[$doc])* #[schemars(rename = $word)] $name($body),)* }

        impl FaultWord {
            /// Which fault it is.
            pub const fn name(&self) -> FaultName {
                match self { $(FaultWord::$name(_) => FaultName::$name,)* }
            }
        }

        /// Which fault, without what is said about it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultName { $($(#[$doc])* $name,)* }

        impl FaultName {
            /// Every fault that the language knows.
            pub const ALL: &[FaultName] = &[$(FaultName::$name,)*];

            /// Its word in scenario files.
            pub const fn word(self) -> &'static str {
                match self { $(FaultName::$name => $word,)* }
            }
        }

        /// What is said about the fault of this word; `None` if there is no such fault.
        fn read<'de, A: MapAccess<'de>>(
            word: &str,
            map: &mut A,
        ) -> Result<Option<FaultWord>, A::Error> {
            Ok(Some(match word {
                $($word => FaultWord::$name(map.next_value()?),)*
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    return Ok(None);
                }
            }))
        }
    };
}

faults! {
    /// A request does not arrive.
    LoseRequest(Loss) = "lose-request",
    /// A response does not arrive.
    LoseResponse(Loss) = "lose-response",
    /// Responses are lost while a person's radio is bad.
    BadCell(Cell) = "bad-cell",
    /// A request takes longer.
    DelayRequest(Slow) = "delay-request",
    /// A response takes longer.
    DelayResponse(Slow) = "delay-response",
    /// A request is delivered twice.
    DuplicateRequest(Echo) = "duplicate-request",
    /// Nothing passes between replicas and another kind of host.
    Partition(Cut) = "partition",
    /// A replica dies at an await of a handler.
    CrashReplica(Crash) = "crash-replica",
    /// A replica stands still at an await of a handler.
    PauseReplica(Pause) = "pause-replica",
    /// Each replica in turn is taken down and started again.
    RollingRestart(Rolling) = "rolling-restart",
    /// A replica's clock jumps, and runs on from there.
    ClockStep(Step) = "clock-step",
    /// The connection to the database breaks before a statement takes effect.
    LoseConnection(Strike) = "lose-connection",
    /// The connection breaks before COMMIT takes effect.
    LoseCommit(Strike) = "lose-commit",
    /// The connection breaks after COMMIT took effect.
    LoseCommitAck(Strike) = "lose-commit-ack",
    /// The database refuses a transaction at COMMIT.
    SerializationFailure(Strike) = "serialization-failure",
    /// The cache forgets everything.
    FlushCache(Strike) = "flush-cache",
    /// The cache forgets the key that is asked for.
    EvictKey(Strike) = "evict-key",
    /// The cache does not answer.
    CacheUnavailable(Strike) = "cache-unavailable",
    /// The cache does what it is asked, and its answer does not come.
    LoseCacheAnswer(Strike) = "lose-cache-answer",
    /// The cache dies, and a copy takes over that lacks the latest writes.
    FailOverCache(FailOver) = "fail-over-cache",
    /// The bank declines the charge.
    DeclineCharge(Strike) = "decline-charge",
    /// The gateway answers 5xx and does nothing.
    GatewayUnavailable(Strike) = "gateway-unavailable",
    /// The gateway does nothing, and its answer does not come.
    GatewayTimeoutBefore(Strike) = "gateway-timeout-before",
    /// The gateway does what it is asked, and its answer does not come.
    GatewayTimeoutAfter(Strike) = "gateway-timeout-after",
    /// The gateway takes longer.
    SlowGateway(Slow) = "slow-gateway",
    /// A webhook is sent twice.
    DuplicateWebhook(Echo) = "duplicate-webhook",
    /// A message of the outbox reaches the kitchen twice.
    DuplicateMessage(Echo) = "duplicate-message",
    /// The relay of the outbox dies between sending a message and marking it as sent.
    CrashRelay(Down) = "crash-relay",
}

impl FaultName {
    /// Whether it strikes only a service that uses a cache.
    pub const fn needs_cache(self) -> bool {
        matches!(
            self,
            FaultName::FlushCache
                | FaultName::EvictKey
                | FaultName::CacheUnavailable
                | FaultName::LoseCacheAnswer
                | FaultName::FailOverCache
        )
    }
}

/// When a fault can strike, from the beginning of the run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Window {
    /// Its first instant.
    pub from: At<Length>,
    /// The first instant after it.
    pub until: At<Length>,
    /// The period after which it recurs; once if absent.
    pub every: Option<At<Length>>,
}

/// What can be said about every fault, and more: `struct`s with the three fields that all share.
macro_rules! strikes {
    ($($(#[$doc:meta])* $name:ident { $($fields:tt)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Deserialize, JsonSchema)]
            #[serde(deny_unknown_fields, rename_all = "kebab-case")]
            pub struct $name {
                /// The probability at each opportunity.
                pub chance: At<Chance>,
                /// The client whose requests it strikes, by name; all clients' if absent.
                pub client: Option<At<String>>,
                /// When it can strike; all the time if absent.
                pub window: Option<At<Window>>,
                $($fields)*
            }
        )*
    };
}

strikes! {
    /// A fault with no further fields.
    Strike {}
    /// A lost message.
    Loss {
        /// The probability that the client sees a reset instead of silence; 0 if absent.
        pub reset: Option<At<Chance>>,
    }
    /// A radio that alternates between good and bad, independently for each purchase.
    Cell {
        /// How long a bad cell lasts.
        pub lasts: At<Delay>,
        /// How long the radio is good between two bad cells; if absent, there is only one bad cell.
        pub between: Option<At<Delay>>,
        /// The share of purchases whose first response meets a bad cell; all of them if absent.
        pub inside: Option<At<Chance>>,
        /// The probability that the first response is lost, if it meets a bad cell; `chance` if absent.
        pub first: Option<At<Chance>>,
        /// The probability that the client sees a reset instead of silence; 0 if absent.
        pub reset: Option<At<Chance>>,
    }
    /// Something that takes longer.
    Slow {
        /// By how much.
        pub by: At<Delay>,
    }
    /// Something that comes twice.
    Echo {
        /// How much later the second copy comes.
        pub after: At<Delay>,
    }
    /// Something that dies.
    Down {
        /// How long until it is back.
        pub down_for: At<Delay>,
    }
    /// A replica that dies.
    Crash {
        /// Only at this point; anywhere if absent.
        pub point: Option<PointWord>,
        /// How long until it is back.
        pub down_for: At<Delay>,
        /// Only this one, such as `replica-0`; any if absent.
        pub replica: Option<At<String>>,
    }
    /// A replica that stands still.
    Pause {
        /// Only at this point; anywhere if absent.
        pub point: Option<PointWord>,
        /// Only this one, such as `replica-0`; any if absent.
        pub replica: Option<At<String>>,
        /// For how long; either this or `leases`.
        #[serde(rename = "for")]
        pub span: Option<At<Delay>>,
        /// For how long, as a number of the contract's leases.
        pub leases: Option<At<f64>>,
    }
    /// A cache that is replaced by its copy.
    FailOver {
        /// How long the cache is down before the copy takes over.
        pub down_for: At<Delay>,
        /// The copy's replication lag: the writes of this last stretch are lost.
        pub loses: At<Length>,
    }
    /// A clock that jumps.
    Step {
        /// By how much.
        pub by: At<Delay>,
        /// The probability that it jumps back; 0 if absent.
        pub back: Option<At<Chance>>,
        /// Only this replica's, such as `replica-0`; any if absent.
        pub replica: Option<At<String>>,
    }
}

/// A rolling restart.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rolling {
    /// When the first replica goes down.
    pub from: At<Length>,
    /// How long each is down.
    pub down_for: At<Length>,
    /// The time between one replica's return and the next one's stop; none if absent.
    pub apart: Option<At<Length>>,
    /// The period after which it recurs; once if absent.
    pub every: Option<At<Length>>,
}

/// A partition.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cut {
    /// The probability for each message; 1 if absent.
    pub chance: Option<At<Chance>>,
    /// One side: `clients`, `replicas`, `replica-0`, `database`, `cache` or `gateway`.
    pub from: At<String>,
    /// The other.
    pub to: At<String>,
    /// When it lasts; all the time if absent.
    pub window: Option<At<Window>>,
}

/// Where a replica may die, or stand still.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PointWord {
    /// At any await.
    Anywhere,
    /// After the gateway captured, before the service knows.
    AfterCharge,
    /// When COMMIT is on its way.
    DuringCommit,
    /// After the commit took effect, before the service knows.
    AfterCommit,
}

impl JsonSchema for Fault {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Fault".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        FaultWord::json_schema(generator)
    }
}

struct FaultVisitor;

impl<'de> Visitor<'de> for FaultVisitor {
    type Value = Fault;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table with one key that names the fault")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fault, A::Error> {
        let mut words = Vec::new();
        let mut kind = None;
        while let Some(word) = map.next_key::<At<String>>()? {
            if let Some(known) = read(&word.value, &mut map)? {
                kind = Some((words.len(), known));
            }
            words.push(word);
        }
        Ok(Fault { words, kind })
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fault, D::Error> {
        deserializer.deserialize_map(FaultVisitor)
    }
}
