//! What each word for a fault means.

use std::ops::Range;

use super::super::Lowering;
use super::super::load::{outside, spoken};
use super::super::names::nearest;
use super::super::value::positive;
use super::{Around, Strike};
use crate::file::At;
use crate::file::fault::{Cell, Cut, FaultWord, Loss, Pause, PointWord, Rolling};
use crate::mistake::Mistake;
use crate::plan::{CrashPoint, FaultKind, Host, Standstill};

impl<'f> Strike<'f> {
    pub(super) fn of(said: &'f FaultWord) -> Strike<'f> {
        /// The three fields that every body but a partition's has, and which replica it strikes.
        macro_rules! fields {
            ($body:expr) => {
                fields!($body, None)
            };
            ($body:expr, $replica:expr) => {
                Strike {
                    chance: Some(&$body.chance),
                    client: $body.client.as_ref(),
                    window: $body.window.as_ref(),
                    replica: $replica,
                }
            };
        }
        use FaultWord as F;
        match said {
            F::LoseConnection(f)
            | F::LoseCommit(f)
            | F::LoseCommitAck(f)
            | F::SerializationFailure(f)
            | F::FlushCache(f)
            | F::EvictKey(f)
            | F::CacheUnavailable(f)
            | F::LoseCacheAnswer(f)
            | F::DeclineCharge(f)
            | F::GatewayUnavailable(f)
            | F::GatewayTimeoutBefore(f)
            | F::GatewayTimeoutAfter(f) => fields!(f),
            F::LoseRequest(f) | F::LoseResponse(f) => fields!(f),
            F::BadCell(f) => fields!(f),
            F::DelayRequest(f) | F::DelayResponse(f) | F::SlowGateway(f) => fields!(f),
            F::DuplicateRequest(f) | F::DuplicateWebhook(f) | F::DuplicateMessage(f) => {
                fields!(f)
            }
            F::CrashRelay(f) => fields!(f),
            F::FailOverCache(f) => fields!(f),
            F::CrashReplica(f) => fields!(f, f.replica.as_ref()),
            F::PauseReplica(f) => fields!(f, f.replica.as_ref()),
            F::ClockStep(f) => fields!(f, f.replica.as_ref()),
            F::Partition(cut) => Strike {
                chance: cut.chance.as_ref(),
                client: None,
                window: cut.window.as_ref(),
                replica: None,
            },
            F::RollingRestart(_) => Strike {
                chance: None,
                client: None,
                window: None,
                replica: None,
            },
        }
    }
}

impl Lowering<'_> {
    pub(super) fn kind(&self, said: &FaultWord, around: &Around<'_>) -> Result<FaultKind, Mistake> {
        use FaultKind as K;
        use FaultWord as F;
        Ok(match said {
            F::LoseRequest(f) => K::LoseRequest {
                reset: self.reset(f)?,
            },
            F::LoseResponse(f) => K::LoseResponse {
                reset: self.reset(f)?,
            },
            F::BadCell(f) => self.bad_cell(f)?,
            F::DelayRequest(f) => K::DelayRequest {
                by: self.delay(&f.by)?,
            },
            F::DelayResponse(f) => K::DelayResponse {
                by: self.delay(&f.by)?,
            },
            F::DuplicateRequest(f) => K::DuplicateRequest {
                after: self.delay(&f.after)?,
            },
            F::Partition(cut) => partition(cut, around)?,
            F::CrashReplica(f) => K::CrashReplica {
                point: point(f.point),
                down_for: self.delay(&f.down_for)?,
            },
            F::PauseReplica(f) => K::PauseReplica {
                point: point(f.point),
                span: self.standstill(f)?,
            },
            F::RollingRestart(f) => self.rolling_restart(f, around)?,
            F::ClockStep(f) => K::ClockStep {
                by: self.delay(&f.by)?,
                back: f.back.as_ref().map_or(Ok(0.0), |back| self.chance(back))?,
            },
            F::LoseConnection(_) => K::LoseConnection,
            F::LoseCommit(_) => K::LoseCommit,
            F::LoseCommitAck(_) => K::LoseCommitAck,
            F::SerializationFailure(_) => K::SerializationFailure,
            F::FlushCache(_) => K::FlushCache,
            F::EvictKey(_) => K::EvictKey,
            F::CacheUnavailable(_) => K::CacheUnavailable,
            F::LoseCacheAnswer(_) => K::LoseCacheAnswer,
            F::FailOverCache(f) => K::FailOverCache {
                down_for: self.delay(&f.down_for)?,
                loses_us: self.some_length(&f.loses)?,
            },
            F::DeclineCharge(_) => K::DeclineCharge,
            F::GatewayUnavailable(_) => K::GatewayUnavailable,
            F::GatewayTimeoutBefore(_) => K::GatewayTimeoutBefore,
            F::GatewayTimeoutAfter(_) => K::GatewayTimeoutAfter,
            F::SlowGateway(f) => K::SlowGateway {
                by: self.delay(&f.by)?,
            },
            F::DuplicateWebhook(f) => K::DuplicateWebhook {
                after: self.delay(&f.after)?,
            },
            F::DuplicateMessage(f) => K::DuplicateMessage {
                after: self.delay(&f.after)?,
            },
            F::CrashRelay(f) => K::CrashRelay {
                down_for: self.delay(&f.down_for)?,
            },
        })
    }
}

impl Lowering<'_> {
    fn reset(&self, lost: &Loss) -> Result<f64, Mistake> {
        let reset = lost.reset.as_ref();
        reset.map_or(Ok(0.0), |reset| self.chance(reset))
    }

    fn standstill(&self, pause: &Pause) -> Result<Standstill, Mistake> {
        match (&pause.span, &pause.leases) {
            (Some(span), None) => Ok(Standstill::For(self.delay(span)?)),
            (None, Some(leases)) => Ok(Standstill::Leases(positive(
                leases,
                "the number of leases",
            )?)),
            (Some(_), Some(leases)) => Err(Mistake::at(
                &leases.span,
                "`for` and `leases` both say how long the pause lasts",
                "stands beside `for`",
            )
            .help("leave one of them out")),
            (None, None) => Err(Mistake::at(
                &pause.chance.span,
                "the length of the pause is missing",
                "has neither `for` nor `leases`",
            )
            .help(
                "write `for = \"1min\"` beside it, or `leases = 2` for twice the contract's lease",
            )),
        }
    }

    fn rolling_restart(
        &self,
        rolling: &Rolling,
        around: &Around<'_>,
    ) -> Result<FaultKind, Mistake> {
        let from_us = self.length(&rolling.from)?;
        let down_for_us = self.some_length(&rolling.down_for)?;
        let apart = rolling.apart.as_ref();
        let apart_us = apart.map_or(Ok(0), |apart| self.length(apart))?;
        if from_us >= around.over_us {
            return Err(outside(&rolling.from.span, "the restart", around.over_us));
        }
        let replicas = u64::from(around.replicas);
        let takes_us = down_for_us * replicas + apart_us * (replicas - 1);
        let every_us = match &rolling.every {
            None => None,
            Some(every) => match self.length(every)? {
                every_us if every_us < takes_us => {
                    return Err(Mistake::at(
                        &every.span,
                        "the restart recurs before it has ended",
                        "shorter than it takes",
                    )
                    .help(format!(
                        "{replicas} replicas one after another take {}",
                        spoken(takes_us)
                    )));
                }
                every_us => Some(every_us),
            },
        };
        Ok(FaultKind::RollingRestart {
            from_us,
            down_for_us,
            apart_us,
            every_us,
        })
    }

    fn bad_cell(&self, cell: &Cell) -> Result<FaultKind, Mistake> {
        let share = |written: &Option<At<_>>, absent| match written {
            Some(written) => self.chance(written),
            None => Ok(absent),
        };
        let between = cell.between.as_ref();
        Ok(FaultKind::BadCell {
            lasts: self.delay(&cell.lasts)?,
            between: between.map(|between| self.delay(between)).transpose()?,
            inside: share(&cell.inside, 1.0)?,
            first: share(&cell.first, self.chance(&cell.chance)?)?,
            reset: share(&cell.reset, 0.0)?,
        })
    }
}

fn point(word: Option<PointWord>) -> CrashPoint {
    match word {
        None | Some(PointWord::Anywhere) => CrashPoint::Anywhere,
        Some(PointWord::AfterCharge) => CrashPoint::AfterCharge,
        Some(PointWord::DuringCommit) => CrashPoint::DuringCommit,
        Some(PointWord::AfterCommit) => CrashPoint::AfterCommit,
    }
}

fn partition(cut: &Cut, around: &Around<'_>) -> Result<FaultKind, Mistake> {
    let from = host(&cut.from, around)?;
    let to = host(&cut.to, around)?;
    if from == to {
        return Err(Mistake::at(
            &cut.to.span,
            "a partition needs two sides",
            "the same side",
        ));
    }
    let is_replica = |host: Host| matches!(host, Host::Replicas | Host::Replica(_));
    let (says, points) = match (is_replica(from), is_replica(to)) {
        (true, true) => ("replicas do not talk to each other", "a replica too"),
        (false, false) => ("one side of a partition is a replica", "not a replica"),
        _ => return Ok(FaultKind::Partition { from, to }),
    };
    Err(Mistake::at(&cut.to.span, says, points).help(
        "one side is `replicas` or a replica such as `replica-0`, the other `clients`, `database`, `cache` or `gateway`",
    ))
}

/// The only replica that a fault strikes.
pub(super) fn struck(name: &At<String>, around: &Around<'_>) -> Result<u32, Mistake> {
    match name.value.strip_prefix("replica-") {
        Some(number) => replica(number, &name.span, around),
        None => Err(Mistake::at(
            &name.span,
            format!("`{}` is not a replica", name.value),
            "only replicas die, stand still, or have clocks",
        )
        .help("write one, such as `replica-0`; if it is absent, any replica is struck")),
    }
}

fn host(name: &At<String>, around: &Around<'_>) -> Result<Host, Mistake> {
    if let Some(number) = name.value.strip_prefix("replica-") {
        return replica(number, &name.span, around).map(Host::Replica);
    }
    const HOSTS: [(&str, Host); 5] = [
        ("clients", Host::Clients),
        ("replicas", Host::Replicas),
        ("database", Host::Database),
        ("cache", Host::Cache),
        ("gateway", Host::Gateway),
    ];
    if let Some((_, host)) = HOSTS.iter().find(|(word, _)| *word == name.value) {
        return Ok(*host);
    }
    let known: Vec<String> = HOSTS.iter().map(|(word, _)| (*word).to_owned()).collect();
    Err(Mistake::at(
        &name.span,
        format!("unknown host `{}`", name.value),
        "not a host",
    )
    .help(nearest(&name.value, &known)))
}

fn replica(number: &str, span: &Range<usize>, around: &Around<'_>) -> Result<u32, Mistake> {
    match number.parse() {
        Ok(number) if number < around.replicas => Ok(number),
        _ => Err(
            Mistake::at(span, "there is no such replica", "counted from 0")
                .help(format!("the last one is `replica-{}`", around.replicas - 1)),
        ),
    }
}
