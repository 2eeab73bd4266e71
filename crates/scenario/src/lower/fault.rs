//! The faults: what goes wrong, whom it strikes and when; what the backend cannot do is refused here.

use std::ops::Range;

use super::load::outside;
use super::names::{list, nearest};
use super::{Lowering, plan};
use crate::file::fault::{Cut, FAULTS, FaultWord, PointWord, Window};
use crate::file::{At, Chance, Fault};
use crate::mistake::Mistake;
use crate::plan::{ClientPlan, CrashPoint, FaultKind, Host};

/// What the faults of a file refer to.
struct Around<'a> {
    clients: &'a [ClientPlan],
    over_us: u64,
    replicas: u32,
}

/// What can be said about every fault.
struct Strike<'a> {
    chance: Option<&'a At<Chance>>,
    client: Option<&'a At<String>>,
    window: Option<&'a At<Window>>,
}

impl Lowering<'_> {
    pub(super) fn faults(
        &self,
        written: &[At<Fault>],
        clients: &[ClientPlan],
        load: &plan::Load,
        world: &plan::World,
    ) -> Result<Vec<plan::Fault>, Mistake> {
        let around = Around {
            clients,
            over_us: load.over_us,
            replicas: world.replicas,
        };
        let mut faults: Vec<plan::Fault> = Vec::new();
        let mut words: Vec<&str> = Vec::new();
        for entry in written {
            let (word, said) = self.word(entry)?;
            words.push(word);
            let (kind, strike) = self.kind(said, &around)?;
            faults.push(plan::Fault {
                name: numbered(word, &words),
                kind,
                chance: strike
                    .chance
                    .map_or(Ok(1.0), |chance| self.chance(chance))?,
                window: strike
                    .window
                    .map(|window| self.window(window, &around))
                    .transpose()?,
                client: strike
                    .client
                    .map(|name| client(name, &around))
                    .transpose()?,
            });
        }
        Ok(faults)
    }

    /// The one word of a fault's table, which the language knows and the backend can do.
    fn word<'f>(&self, entry: &'f At<Fault>) -> Result<(&'f str, &'f FaultWord), Mistake> {
        let fault = &entry.value;
        let Some((named, said)) = &fault.kind else {
            return Err(unknown(entry));
        };
        let word = &fault.words[*named];
        if let Some((_, second)) = fault.words.iter().enumerate().find(|(i, _)| i != named) {
            let message = format!("`{}` stands beside `{}`", second.value, word.value);
            return Err(Mistake::at(&second.span, message, "one table names one fault").help(
                format!("what belongs to the fault goes into its own table: `{} = {{ chance = 0.01 }}`; a second fault begins with `[[fault]]`", word.value),
            ));
        }
        if !self.known.faults.contains(&word.value) {
            let backend = &self.known.backend;
            return Err(Mistake::at(
                &word.span,
                format!("`{backend}` cannot do `{}`", word.value),
                "not a fault of this backend",
            )
            .help(match self.known.faults.is_empty() {
                true => format!("`{backend}` can do no faults"),
                false => format!("`{backend}` can do {}", list(&self.known.faults)),
            }));
        }
        Ok((&word.value, said))
    }

    fn kind<'f>(
        &self,
        said: &'f FaultWord,
        around: &Around<'_>,
    ) -> Result<(FaultKind, Strike<'f>), Mistake> {
        /// The three fields that every body has.
        macro_rules! strike {
            ($body:expr) => {
                Strike {
                    chance: Some(&$body.chance),
                    client: $body.client.as_ref(),
                    window: $body.window.as_ref(),
                }
            };
        }
        Ok(match said {
            FaultWord::LoseRequest(f) => (FaultKind::LoseRequest, strike!(f)),
            FaultWord::LoseResponse(f) => {
                let reset = f.reset.as_ref();
                let reset = reset.map_or(Ok(0.0), |reset| self.chance(reset))?;
                (FaultKind::LoseResponse { reset }, strike!(f))
            }
            FaultWord::DelayRequest(f) => (
                FaultKind::DelayRequest {
                    by: self.delay(&f.by)?,
                },
                strike!(f),
            ),
            FaultWord::DelayResponse(f) => (
                FaultKind::DelayResponse {
                    by: self.delay(&f.by)?,
                },
                strike!(f),
            ),
            FaultWord::DuplicateRequest(f) => (
                FaultKind::DuplicateRequest {
                    after: self.delay(&f.after)?,
                },
                strike!(f),
            ),
            FaultWord::Partition(cut) => (
                partition(cut, around)?,
                Strike {
                    chance: cut.chance.as_ref(),
                    client: None,
                    window: cut.window.as_ref(),
                },
            ),
            FaultWord::CrashReplica(f) => {
                let point = point(f.point);
                let down_for = self.delay(&f.down_for)?;
                (FaultKind::CrashReplica { point, down_for }, strike!(f))
            }
            FaultWord::PauseReplica(f) => (
                FaultKind::PauseReplica {
                    span: self.delay(&f.span)?,
                },
                strike!(f),
            ),
            FaultWord::LoseConnection(f) => (FaultKind::LoseConnection, strike!(f)),
            FaultWord::LoseCommit(f) => (FaultKind::LoseCommit, strike!(f)),
            FaultWord::LoseCommitAck(f) => (FaultKind::LoseCommitAck, strike!(f)),
            FaultWord::SerializationFailure(f) => (FaultKind::SerializationFailure, strike!(f)),
            FaultWord::FlushCache(f) => (FaultKind::FlushCache, strike!(f)),
            FaultWord::EvictKey(f) => (FaultKind::EvictKey, strike!(f)),
            FaultWord::CacheUnavailable(f) => (FaultKind::CacheUnavailable, strike!(f)),
            FaultWord::DeclineCharge(f) => (FaultKind::DeclineCharge, strike!(f)),
            FaultWord::GatewayUnavailable(f) => (FaultKind::GatewayUnavailable, strike!(f)),
            FaultWord::GatewayTimeoutBefore(f) => (FaultKind::GatewayTimeoutBefore, strike!(f)),
            FaultWord::GatewayTimeoutAfter(f) => (FaultKind::GatewayTimeoutAfter, strike!(f)),
            FaultWord::SlowGateway(f) => (
                FaultKind::SlowGateway {
                    by: self.delay(&f.by)?,
                },
                strike!(f),
            ),
            FaultWord::DuplicateWebhook(f) => (
                FaultKind::DuplicateWebhook {
                    after: self.delay(&f.after)?,
                },
                strike!(f),
            ),
        })
    }

    fn window(&self, written: &At<Window>, around: &Around<'_>) -> Result<plan::Window, Mistake> {
        let Window { from, until } = &written.value;
        let (from_us, until_us) = (self.length(from)?, self.length(until)?);
        if until_us <= from_us {
            return Err(Mistake::at(
                &until.span,
                "the window ends before it begins",
                "not after `from`",
            ));
        }
        if until_us > around.over_us {
            let place = if from_us >= around.over_us {
                from
            } else {
                until
            };
            return Err(outside(&place.span, "the window", around.over_us));
        }
        Ok(plan::Window { from_us, until_us })
    }
}

fn unknown(entry: &At<Fault>) -> Mistake {
    let known: Vec<String> = FAULTS.iter().map(|word| (*word).to_owned()).collect();
    match entry.value.words.first() {
        Some(word) => {
            let message = format!("unknown fault `{}`", word.value);
            Mistake::at(&word.span, message, "not a fault of the language")
                .help(nearest(&word.value, &known))
        }
        None => Mistake::at(&entry.span, "which fault?", "names none")
            .help("write one, as in `lose-response = { chance = \"1/50\" }`"),
    }
}

fn client(name: &At<String>, around: &Around<'_>) -> Result<usize, Mistake> {
    let names: Vec<String> = around
        .clients
        .iter()
        .map(|client| client.name.clone())
        .collect();
    let name = super::names::among(name, &names, "client")?;
    // `among` has found it, so the index is there.
    Ok(names.iter().position(|other| *other == name).unwrap_or(0))
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
    Ok(FaultKind::Partition { from, to })
}

fn host(name: &At<String>, around: &Around<'_>) -> Result<Host, Mistake> {
    if let Some(number) = name.value.strip_prefix("replica-") {
        return replica(number, &name.span, around);
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

fn replica(number: &str, span: &Range<usize>, around: &Around<'_>) -> Result<Host, Mistake> {
    match number.parse() {
        Ok(number) if number < around.replicas => Ok(Host::Replica(number)),
        _ => Err(
            Mistake::at(span, "there is no such replica", "counted from 0")
                .help(format!("the last one is `replica-{}`", around.replicas - 1)),
        ),
    }
}

/// The word itself the first time, numbered from the second on.
fn numbered(word: &str, words: &[&str]) -> String {
    match words.iter().filter(|other| **other == word).count() {
        0 | 1 => word.to_owned(),
        nth => format!("{word}-{nth}"),
    }
}
