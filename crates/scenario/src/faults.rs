//! Whether a fault strikes: the plan's faults, sorted by the opportunity at which each is drawn. A simulated and a live world ask the
//! same odds under the same identities.

use std::borrow::Cow;

use explore::{Chooser, Kind, Lineage, Odds, Site};

use crate::delay::DelayTable;
use crate::plan::{CrashPoint, Delay, Fault, FaultKind, Host, Standstill, Window};

/// A moment at which a fault may strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opportunity {
    /// A request leaves its client.
    LoseRequest,
    /// An answer leaves its replica.
    LoseResponse,
    /// A client's radio is asked for.
    BadCell,
    /// A request leaves its client, and may be late.
    DelayRequest,
    /// An answer leaves its replica, and may be late.
    DelayResponse,
    /// A request leaves its client, and may arrive twice.
    DuplicateRequest,
    /// Something is said between two hosts.
    Partition,
    /// A handler awaits something.
    Crash,
    /// A handler awaits something, and its replica may stand still.
    Pause,
    /// A handler awaits something, and the replicas may be restarted one after another.
    RollingRestart,
    /// A replica's clock is read.
    ClockStep,
    /// A statement is sent.
    LoseConnection,
    /// A COMMIT reaches the database.
    LoseCommit,
    /// A COMMIT was done.
    LoseCommitAck,
    /// A COMMIT reaches the database, which may refuse it.
    SerializationFailure,
    /// A command reaches the cache, which may have lost everything.
    FlushCache,
    /// A command reaches the cache, which may have lost its key.
    EvictKey,
    /// A command is sent to the cache.
    CacheUnavailable,
    /// A command was done by the cache.
    LoseCacheAnswer,
    /// A command reaches the cache, and a copy of it may take over.
    FailOverCache,
    /// A capture begins.
    DeclineCharge,
    /// A call is sent to the gateway.
    GatewayUnavailable,
    /// A call is sent to the gateway, and may not reach it.
    GatewayTimeoutBefore,
    /// A call was done by the gateway.
    GatewayTimeoutAfter,
    /// A call reaches the gateway, which may be slow.
    SlowGateway,
    /// A webhook is sent, and may be sent twice.
    DuplicateWebhook,
    /// A message leaves the outbox, and may be sent twice.
    DuplicateMessage,
    /// The relay has sent a message, and may die before it notes that.
    CrashRelay,
}

/// How many opportunities there are.
const OPPORTUNITIES: usize = Opportunity::CrashRelay as usize + 1;

/// A fault of the plan, ready to be drawn.
#[derive(Debug)]
pub struct Armed {
    /// How likely it strikes.
    pub odds: Odds,
    /// Whether it is bound to no client, replica or window.
    strikes_all: bool,
    window: Option<Window>,
    client: Option<usize>,
    replica: Option<u32>,
    index: u32,
    /// A hash of its name.
    identity: u64,
    /// What it does.
    pub kind: FaultKind,
    /// How long it lasts, or by how much it delays.
    pub delay: Option<DelayTable>,
    /// Of a bad cell: how long the radio is good after it.
    pub between: Option<DelayTable>,
}

/// Who meets an opportunity.
#[derive(Clone, Copy, Debug)]
pub struct Who {
    /// Its identity, by which chance is drawn.
    pub lineage: Lineage,
    /// Which of its opportunities of this kind it is.
    pub ordinal: u64,
    /// The client's kind, by its index; none for the service's own work.
    pub client: Option<usize>,
    /// The replica whose process or whose way it strikes, or [`Who::NOWHERE`].
    pub replica: u32,
    /// The attempt that is served or under way, by its process in the history, or [`Who::NO_ATTEMPT`].
    pub process: u32,
}

impl Who {
    /// On no replica's way.
    pub const NOWHERE: u32 = u32::MAX;
    /// No attempt is served or under way.
    pub const NO_ATTEMPT: u32 = u32::MAX;
}

/// Every fault of a plan.
#[derive(Debug)]
pub struct Faults {
    by_opportunity: [Vec<Armed>; OPPORTUNITIES],
    /// Whether any fault may strike a handler's process or its way to the database: most worlds need not ask at every step.
    pub strike_processes: bool,
    /// The same of the statements.
    pub strike_statements: bool,
}

const STRIKE: Kind = Kind::new("fault.strike");
const DELAY: Kind = Kind::new("fault.delay");

impl Faults {
    /// The faults of a plan; leases last `lease_us`.
    pub fn new(faults: &[Fault], lease_us: u64) -> Faults {
        let mut by_opportunity: [Vec<Armed>; OPPORTUNITIES] = Default::default();
        for (index, fault) in faults.iter().enumerate() {
            let (opportunity, delay) = sort(&fault.kind, lease_us);
            by_opportunity[opportunity as usize].push(Armed {
                odds: Odds::of(fault.chance),
                strikes_all: fault.window.is_none()
                    && fault.client.is_none()
                    && fault.replica.is_none(),
                window: fault.window,
                client: fault.client,
                replica: fault.replica,
                index: index as u32,
                identity: identity(&fault.name),
                kind: fault.kind.clone(),
                delay: delay.as_deref().map(DelayTable::new),
                between: between(&fault.kind).map(DelayTable::new),
            });
        }
        let any = |which: &[Opportunity]| {
            which
                .iter()
                .any(|here| !by_opportunity[*here as usize].is_empty())
        };
        Faults {
            strike_processes: any(&[
                Opportunity::Crash,
                Opportunity::Pause,
                Opportunity::RollingRestart,
            ]),
            strike_statements: any(&[
                Opportunity::LoseConnection,
                Opportunity::LoseCommit,
                Opportunity::Partition,
            ]),
            by_opportunity,
        }
    }

    /// Whether any fault of the plan waits for this opportunity.
    #[inline]
    pub fn any(&self, opportunity: Opportunity) -> bool {
        !self.by_opportunity[opportunity as usize].is_empty()
    }

    /// The faults that wait for this opportunity.
    #[inline]
    pub fn of(&self, opportunity: Opportunity) -> &[Armed] {
        &self.by_opportunity[opportunity as usize]
    }

    /// The fault that strikes, if one does. Each is drawn by itself; the first that strikes counts.
    #[inline]
    pub fn draw(
        &self,
        opportunity: Opportunity,
        who: Who,
        now_us: u64,
        chooser: &mut Chooser,
        fits: impl Fn(&FaultKind) -> bool,
    ) -> Option<&Armed> {
        let armed = &self.by_opportunity[opportunity as usize];
        armed
            .iter()
            .find(|fault| fits(&fault.kind) && fault.strikes(who, now_us, chooser))
    }
}

impl Armed {
    #[inline(always)]
    fn strikes(&self, who: Who, now_us: u64, chooser: &mut Chooser) -> bool {
        (self.strikes_all || self.is_about(who, now_us)) && self.befalls(who, self.odds, chooser)
    }

    /// Whether it can strike these, now.
    #[inline]
    pub fn is_about(&self, who: Who, now_us: u64) -> bool {
        let mine = self.client.is_none_or(|client| who.client == Some(client))
            && self.replica.is_none_or(|replica| who.replica == replica);
        mine && self.window.is_none_or(|window| window.contains(now_us))
    }

    /// Whether it strikes, by these odds.
    #[inline]
    pub fn befalls(&self, who: Who, odds: Odds, chooser: &mut Chooser) -> bool {
        chooser.chance(&Site::new(STRIKE, who.lineage, self.ordinal(who)), odds)
    }

    /// The fault's delay, in microseconds; zero if it has none.
    pub fn delay(&self, who: Who, chooser: &mut Chooser) -> u64 {
        self.delay.as_ref().map_or(0, |table| {
            table.draw(chooser, DELAY, who.lineage, self.ordinal(who))
        })
    }

    /// The opportunity as this fault counts it. The fault's name is part of it, not its place: taking one fault out of a file
    /// leaves the fate of the others, unless their names are numbered after it.
    #[inline]
    fn ordinal(&self, who: Who) -> u64 {
        self.identity
            .wrapping_add(who.ordinal.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The attempt that it strikes, by its process, if it strikes one alone: what befalls a whole replica or the cache befalls all that is
    /// there.
    pub fn strikes_alone(&self, who: Who) -> Option<u32> {
        use FaultKind as K;
        let befalls_all = matches!(
            self.kind,
            K::CrashReplica { .. }
                | K::PauseReplica { .. }
                | K::RollingRestart { .. }
                | K::ClockStep { .. }
                | K::FlushCache
                | K::FailOverCache { .. }
        );
        let is_one = !befalls_all && who.process != Who::NO_ATTEMPT;
        is_one.then_some(who.process)
    }

    /// Its place among the faults of the plan.
    pub const fn index(&self) -> u32 {
        self.index
    }
}

/// A number for a name, the same on every machine.
fn identity(name: &str) -> u64 {
    let mut digest = explore::Digest::default();
    name.bytes().for_each(|byte| digest.push(u64::from(byte)));
    digest.value() as u64
}

fn between(kind: &FaultKind) -> Option<&Delay> {
    match kind {
        FaultKind::BadCell { between, .. } => between.as_ref(),
        _ => None,
    }
}

/// At which opportunity a fault is drawn, and the delay that it needs.
fn sort(kind: &FaultKind, lease_us: u64) -> (Opportunity, Option<Cow<'_, Delay>>) {
    use FaultKind as K;
    use Opportunity as O;
    let (opportunity, delay) = match kind {
        K::LoseRequest { .. } => (O::LoseRequest, None),
        K::LoseResponse { .. } => (O::LoseResponse, None),
        K::BadCell { lasts, .. } => (O::BadCell, Some(lasts)),
        K::DelayRequest { by } => (O::DelayRequest, Some(by)),
        K::DelayResponse { by } => (O::DelayResponse, Some(by)),
        K::DuplicateRequest { after } => (O::DuplicateRequest, Some(after)),
        K::Partition { .. } => (O::Partition, None),
        K::CrashReplica { down_for, .. } => (O::Crash, Some(down_for)),
        K::PauseReplica { span, .. } => return (O::Pause, Some(standstill(span, lease_us))),
        K::RollingRestart { .. } => (O::RollingRestart, None),
        K::ClockStep { by, .. } => (O::ClockStep, Some(by)),
        K::LoseConnection => (O::LoseConnection, None),
        K::LoseCommit => (O::LoseCommit, None),
        K::LoseCommitAck => (O::LoseCommitAck, None),
        K::SerializationFailure => (O::SerializationFailure, None),
        K::FlushCache => (O::FlushCache, None),
        K::EvictKey => (O::EvictKey, None),
        K::CacheUnavailable => (O::CacheUnavailable, None),
        K::LoseCacheAnswer => (O::LoseCacheAnswer, None),
        K::FailOverCache { down_for, .. } => (O::FailOverCache, Some(down_for)),
        K::DeclineCharge => (O::DeclineCharge, None),
        K::GatewayUnavailable => (O::GatewayUnavailable, None),
        K::GatewayTimeoutBefore => (O::GatewayTimeoutBefore, None),
        K::GatewayTimeoutAfter => (O::GatewayTimeoutAfter, None),
        K::SlowGateway { by } => (O::SlowGateway, Some(by)),
        K::DuplicateWebhook { after } => (O::DuplicateWebhook, Some(after)),
        K::DuplicateMessage { after } => (O::DuplicateMessage, Some(after)),
        K::CrashRelay { down_for } => (O::CrashRelay, Some(down_for)),
    };
    (opportunity, delay.map(Cow::Borrowed))
}

/// How long a replica stands still; leases last `lease_us`.
fn standstill(span: &Standstill, lease_us: u64) -> Cow<'_, Delay> {
    match span {
        Standstill::For(delay) => Cow::Borrowed(delay),
        Standstill::Leases(leases) => {
            Cow::Owned(Delay::constant((leases * lease_us as f64).round() as u64))
        }
    }
}

/// Whether a partition cuts the way between a replica and what stands on the other side, in either direction.
pub fn cuts(kind: &FaultKind, replica: u32, other: Host) -> bool {
    let is_replica = |host: Host| host == Host::Replicas || host == Host::Replica(replica);
    match kind {
        FaultKind::Partition { from, to } => {
            (is_replica(*from) && *to == other) || (is_replica(*to) && *from == other)
        }
        _ => false,
    }
}

/// Whether a crash strikes at an await of this kind.
pub fn crashes_at(kind: &FaultKind, here: CrashPoint) -> bool {
    match kind {
        // A commit is one await: the process dies while it is under way, or after it.
        FaultKind::CrashReplica {
            point: CrashPoint::DuringCommit,
            ..
        } => here == CrashPoint::AfterCommit,
        FaultKind::CrashReplica { point, .. } => *point == CrashPoint::Anywhere || *point == here,
        _ => false,
    }
}

/// Whether a replica comes to a standstill at an await of this kind. The answer of a COMMIT is what it does not hear any more.
pub fn pauses_at(kind: &FaultKind, here: CrashPoint) -> bool {
    match kind {
        FaultKind::PauseReplica { point, .. } => match point {
            // A capture is no await: the one for the gateway's answer has begun long before.
            CrashPoint::Anywhere => here != CrashPoint::AfterCharge,
            CrashPoint::DuringCommit | CrashPoint::AfterCommit => here == CrashPoint::AfterCommit,
            CrashPoint::AfterCharge => here == CrashPoint::AfterCharge,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(name: &str, kind: FaultKind) -> Fault {
        Fault {
            name: name.to_owned(),
            kind,
            chance: 0.5,
            window: None,
            client: None,
            replica: None,
        }
    }

    #[test]
    fn taking_one_fault_out_of_a_file_leaves_the_fate_of_the_others() {
        let first = fault("lose-request", FaultKind::LoseRequest { reset: 0.0 });
        let other = fault("lose-commit", FaultKind::LoseCommit);
        let both = Faults::new(&[first, other.clone()], 0);
        let alone = Faults::new(&[other], 0);
        let mut chooser = Chooser::random(1);
        let mut strikes = |faults: &Faults, ordinal: u64| {
            let who = Who {
                lineage: Lineage::ROOT,
                ordinal,
                client: None,
                replica: Who::NOWHERE,
                process: Who::NO_ATTEMPT,
            };
            let here = Opportunity::LoseCommit;
            faults.draw(here, who, 0, &mut chooser, |_| true).is_some()
        };
        let fates = (0..200).map(|n| (strikes(&both, n), strikes(&alone, n)));
        let fates: Vec<(bool, bool)> = fates.collect();
        assert!(fates.iter().all(|(a, b)| a == b));
        assert!((50..150).contains(&fates.iter().filter(|(a, _)| *a).count()));
    }
}
