//! The faults: what goes wrong, what it strikes and when. A fault that the backend cannot do is refused here.

mod kind;

use super::load::outside;
use super::names::{list, nearest};
use super::{Lowering, plan};
use crate::file::fault::{FaultName, FaultWord, Window};
use crate::file::{At, Chance, Fault};
use crate::mistake::Mistake;
use crate::plan::ClientPlan;

/// What the faults of a file refer to.
pub(super) struct Around<'a> {
    clients: &'a [ClientPlan],
    over_us: u64,
    replicas: u32,
}

/// What can be said about every fault.
pub(super) struct Strike<'a> {
    chance: Option<&'a At<Chance>>,
    client: Option<&'a At<String>>,
    window: Option<&'a At<Window>>,
    replica: Option<&'a At<String>>,
}

impl<'a> Around<'a> {
    /// The faults of a story know how long it lasts.
    pub(super) fn story(
        clients: &'a [ClientPlan],
        load: &plan::Load,
        world: &plan::World,
    ) -> Around<'a> {
        Around {
            clients,
            over_us: load.over_us,
            replicas: world.replicas,
        }
    }

    /// Those of an overlay are for stories of any length.
    pub(super) fn any_story(plan: &'a plan::Plan) -> Around<'a> {
        Around {
            clients: &plan.clients,
            over_us: u64::MAX,
            replicas: plan.world.replicas,
        }
    }
}

impl Lowering<'_> {
    /// The faults that are written, to come after those that are there.
    pub(super) fn faults(
        &self,
        written: &[At<Fault>],
        around: &Around<'_>,
        before: &[plan::Fault],
    ) -> Result<Vec<plan::Fault>, Mistake> {
        let mut faults: Vec<plan::Fault> = Vec::new();
        for entry in written {
            let (word, said) = self.word(entry)?;
            let strike = Strike::of(said);
            faults.push(plan::Fault {
                name: numbered(word, before.iter().chain(&faults)),
                kind: self.kind(said, around)?,
                chance: strike
                    .chance
                    .map_or(Ok(1.0), |chance| self.chance(chance))?,
                window: strike
                    .window
                    .map(|window| self.window(window, around))
                    .transpose()?,
                client: strike.client.map(|name| client(name, around)).transpose()?,
                replica: strike
                    .replica
                    .map(|name| kind::struck(name, around))
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
            return Err(Mistake::at(&second.span, message, "a table names one fault").help(
                format!(
                    "its fields go into its own table: `{} = {{ chance = 0.01 }}`; a second fault begins with `[[fault]]`",
                    word.value
                ),
            ));
        }
        if !self.known.faults.contains(&said.name()) {
            let backend = &self.known.backend;
            let words = words(&self.known.faults);
            return Err(Mistake::at(
                &word.span,
                format!("`{backend}` cannot do `{}`", word.value),
                "not a fault of this backend",
            )
            .help(match words.is_empty() {
                true => format!("`{backend}` can do no faults"),
                false => format!("`{backend}` can do {}", list(&words)),
            }));
        }
        Ok((&word.value, said))
    }

    fn window(&self, written: &At<Window>, around: &Around<'_>) -> Result<plan::Window, Mistake> {
        let Window { from, until, every } = &written.value;
        let (from_us, until_us) = (self.length(from)?, self.length(until)?);
        if until_us <= from_us {
            return Err(Mistake::at(
                &until.span,
                "the window ends before it begins",
                "not after `from`",
            ));
        }
        let every = every.as_ref();
        let every_us = every.map(|every| Ok((self.length(every)?, every)));
        let every_us = match every_us.transpose()? {
            Some((every_us, every)) if every_us < until_us - from_us => {
                return Err(Mistake::at(
                    &every.span,
                    "the window recurs before it has ended",
                    "shorter than the window",
                ));
            }
            every => every.map(|(every_us, _)| every_us),
        };
        if until_us > around.over_us {
            let place = if from_us >= around.over_us {
                from
            } else {
                until
            };
            return Err(outside(&place.span, "the window", around.over_us));
        }
        Ok(plan::Window {
            from_us,
            until_us,
            every_us,
        })
    }
}

fn words(faults: &[FaultName]) -> Vec<String> {
    faults.iter().map(|fault| fault.word().to_owned()).collect()
}

fn unknown(entry: &At<Fault>) -> Mistake {
    let known = words(FaultName::ALL);
    match entry.value.words.first() {
        Some(word) => {
            let message = format!("unknown fault `{}`", word.value);
            Mistake::at(&word.span, message, "not a fault of the language")
                .help(nearest(&word.value, &known))
        }
        None => Mistake::at(&entry.span, "this `[[fault]]` names no fault", "is empty")
            .help("write one, as in `lose-response = { chance = \"1/50\" }`"),
    }
}

fn client(name: &At<String>, around: &Around<'_>) -> Result<usize, Mistake> {
    let names: Vec<String> = around
        .clients
        .iter()
        .map(|client| client.name.clone())
        .collect();
    super::names::among(name, &names, "client")
}

/// The word itself the first time, numbered from the second on.
fn numbered<'f>(word: &str, before: impl Iterator<Item = &'f plan::Fault>) -> String {
    let same = |fault: &&plan::Fault| match fault.name.strip_prefix(word) {
        Some("") => true,
        Some(rest) => rest
            .strip_prefix('-')
            .is_some_and(|n| n.parse::<u32>().is_ok()),
        None => false,
    };
    match before.filter(same).count() {
        0 => word.to_owned(),
        others => format!("{word}-{}", others + 1),
    }
}
