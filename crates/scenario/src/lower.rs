//! From what was written to what it means: a [`File`] becomes a [`Plan`], or a [`Mistake`] that points at the character.

use history::Label;
use protocol::Problem;

use crate::file::{
    At, Contract, Expect, File, InFlightWord, Latency, OverlayFile, StoredError, SwitchWord, World,
};
use crate::mistake::Mistake;
use crate::overlay::Overlay;
use crate::plan::{self, Plan, Required, RuleId};

mod client;
mod coupon;
mod delay;
mod fault;
mod load;
mod names;
mod section;
mod shop;
mod syntax;
pub mod value;

use fault::Around;
pub use names::Known;
pub(crate) use names::{list, nearest};

/// What else decides what a file means.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How much of the file's load.
    pub scale: Scale,
    /// What goes wrong besides. The expectations of a file do not apply under an overlay.
    pub overlay: Option<Overlay>,
    /// The names that others define.
    pub known: Known,
}

/// How much of a file's load is to be run; the stock goes with the intents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// This fraction, 1 being all of it.
    Of(f64),
    /// The fraction that the file states for the gate of CI; all of it if it states none.
    Gate,
}

impl Scale {
    /// All of it.
    pub const FULL: Scale = Scale::Of(1.0);
}

/// The plan of a scenario's text. `source_name` is how messages call it; without its folder and `.toml` it names the plan.
///
/// # Errors
/// The first mistake in the text, with its place.
pub fn parse(source_name: &str, text: &str, options: &Options) -> Result<Plan, Mistake> {
    if let Scale::Of(scale) = options.scale
        && !(scale > 0.0 && scale <= SCALE_MAX)
    {
        let message = match scale.abs() < 1e9 {
            true => format!("the scale is {scale}"),
            false => format!("the scale is {scale:e}"),
        };
        return Err(Mistake::nowhere(message)
            .help(format!("a scale lies above 0 and is at most {SCALE_MAX}")));
    }
    let lower = |file: File| {
        let lowering = Lowering {
            source: text,
            known: &options.known,
            scale: realised_scale(options.scale, &file, text)?,
        };
        lowering.plan(stem(source_name), &file)
    };
    let plan = toml::from_str(text)
        .map_err(|error| syntax::explain(&error, text))
        .and_then(lower)
        .map_err(|mistake| mistake.within(source_name, text))?;
    match &options.overlay {
        None => Ok(plan),
        Some(overlay) => overlaid(plan, overlay, &options.known)
            .map_err(|mistake| mistake.within(&overlay.source_name, &overlay.text)),
    }
}

/// The same plan with an overlay's faults after its own. The file's expectations and its success floor are about the story without the
/// overlay, so they are dropped.
fn overlaid(plan: Plan, overlay: &Overlay, known: &Known) -> Result<Plan, Mistake> {
    let file: OverlayFile =
        toml::from_str(&overlay.text).map_err(|error| syntax::explain(&error, &overlay.text))?;
    if file.fault.is_empty() {
        return Err(Mistake::at(
            &file.story.span,
            "nothing goes wrong in this overlay",
            "has no `[[fault]]` below",
        ));
    }
    let lowering = Lowering {
        source: &overlay.text,
        known,
        scale: plan.scale,
    };
    let around = Around::any_story(&plan);
    let faults = lowering.faults(&file.fault, &around, &plan.faults)?;
    Ok(Plan {
        contract: plan::Contract {
            success_floor_ppm: None,
            ..plan.contract
        },
        faults: [&plan.faults[..], &faults].concat(),
        expect: Vec::new(),
        overlay: Some(overlay.called.clone()),
        ..plan
    })
}

/// The fraction that is run. The file's gate is checked even if it is not used.
fn realised_scale(wanted: Scale, file: &File, source: &str) -> Result<f64, Mistake> {
    let gate = match &file.gate {
        None => 1.0,
        Some(written) => match value::chance(written, source)? {
            0.0 => {
                return Err(Mistake::at(
                    &written.span,
                    "the gate is 0",
                    "expected more than 0, and at most 1",
                )
                .help("leave it out to run all of it"));
            }
            gate => gate,
        },
    };
    Ok(match wanted {
        Scale::Of(scale) => scale,
        Scale::Gate => gate,
    })
}

/// The largest scale: beyond it the results no longer tell about the story.
const SCALE_MAX: f64 = 10.0;

/// What every part of a file is lowered with.
struct Lowering<'a> {
    source: &'a str,
    known: &'a Known,
    scale: f64,
}

impl Lowering<'_> {
    fn plan(&self, name: &str, file: &File) -> Result<Plan, Mistake> {
        if file.story.value.trim().is_empty() {
            return Err(Mistake::at(
                &file.story.span,
                "the story is empty",
                "say what happens",
            ));
        }
        let strategy = self.known.strategy(&file.strategy)?;
        let realised = self.realised(&file.load)?;
        let load = self.load(&file.load, realised)?;
        let world = self.world(&file.world)?;
        let shop = self.shop(&file.shop, realised)?;
        let clients = self.clients(&file.client, &file.load, &shop)?;
        Ok(Plan {
            name: name.to_owned(),
            story: paragraph(&file.story.value),
            claims: file.claims.as_ref().map(claims).unwrap_or_default(),
            scale: self.scale,
            strategy,
            expect: self.expectations(&file.expect)?,
            coverage: self.coverage(file)?,
            contract: self.contract(&file.contract)?,
            shop,
            faults: self.faults(&file.fault, &Around::story(&clients, &load, &world), &[])?,
            overlay: None,
            world,
            load,
            clients,
        })
    }

    /// What a run must meet. If the file has faults, a run in which none struck proves nothing.
    fn coverage(&self, file: &File) -> Result<Vec<Required>, Mistake> {
        let required = file.coverage.iter().map(|name| self.known.required(name));
        let mut required: Vec<Required> = required.collect::<Result<_, _>>()?;
        let any = Required::Situation(Label::FaultStruck);
        if !file.fault.is_empty() && !required.contains(&any) {
            required.push(any);
        }
        Ok(required)
    }

    fn expectations(&self, written: &[At<Expect>]) -> Result<Vec<plan::Expect>, Mistake> {
        let mut expectations: Vec<plan::Expect> = Vec::new();
        for entry in written {
            let expect = self.expect(entry)?;
            if expectations
                .iter()
                .any(|other| other.strategy == expect.strategy)
            {
                let place = entry
                    .value
                    .strategy
                    .as_ref()
                    .map_or(&entry.span, |s| &s.span);
                let named = expect.strategy.map(|name| self.known.strategy_name(name));
                let who = named.unwrap_or("every other strategy");
                let message = format!("`{who}` has two expectations");
                return Err(Mistake::at(place, message, "the first is above"));
            }
            expectations.push(expect);
        }
        Ok(expectations)
    }

    fn expect(&self, entry: &At<Expect>) -> Result<plan::Expect, Mistake> {
        let expect = &entry.value;
        let strategy = expect.strategy.as_ref();
        let strategy = strategy.map(|name| self.known.strategy(name)).transpose()?;
        let sometimes = expect.sometimes.as_ref().is_some_and(|s| s.value);
        let violates = match (&expect.holds, &expect.violates) {
            (Some(holds), None) if holds.value && !sometimes => Vec::new(),
            (None, Some(rules)) if !rules.value.is_empty() => {
                let rules = rules.value.iter().map(|rule| self.known.promise(rule));
                rules.collect::<Result<_, _>>()?
            }
            (holds, violates) => {
                let inner = holds.as_ref().map(|holds| &holds.span);
                let place = inner.or(violates.as_ref().map(|rules| &rules.span));
                return Err(Mistake::at(
                    place.unwrap_or(&entry.span),
                    "an expectation needs either `holds = true` or `violates`",
                    "has both, neither, or `sometimes` without `violates`",
                )
                .help(
                    "write `holds = true`, or `violates = [\"duplicate-order\"]`, with `sometimes = true` \
                     if some seeds do not show it",
                ));
            }
        };
        Ok(plan::Expect {
            strategy,
            may_violate: self.may_violate(expect, &violates, sometimes)?,
            violates,
            sometimes,
        })
    }

    /// The rules that only some seeds violate, beside those that every seed violates.
    fn may_violate(
        &self,
        expect: &Expect,
        violates: &[RuleId],
        sometimes: bool,
    ) -> Result<Vec<RuleId>, Mistake> {
        let Some(written) = &expect.may_violate else {
            return Ok(Vec::new());
        };
        if violates.is_empty() || sometimes {
            return Err(Mistake::at(
                &written.span,
                "`may-violate` needs `violates` without `sometimes`",
                "no rule is violated every time",
            )
            .help("write `violates = [...]` with these rules, and `sometimes = true`"));
        }
        let rules = written.value.iter().map(|rule| {
            let named = self.known.promise(rule)?;
            if violates.contains(&named) {
                let name = self.known.rule_name(named);
                let message = format!("`{name}` is violated every time");
                return Err(Mistake::at(&rule.span, message, "stands in `violates` too"));
            }
            Ok(named)
        });
        rules.collect()
    }

    fn contract(&self, contract: &Contract) -> Result<plan::Contract, Mistake> {
        let length = |written: &Option<At<_>>| {
            let written = written.as_ref();
            written.map(|l| self.some_length(l)).transpose()
        };
        let preset = contract.preset.as_ref();
        let floor = contract.success_floor.as_ref();
        let floor = floor.map(|floor| value::chance(floor, self.source));
        let mismatch = contract.mismatch.as_ref();
        let mismatch = mismatch.map(|n| value::whole(n, "the status of a mismatch", 400..=499));
        let stored = contract.stored_errors.as_ref();
        let switch =
            |word: &Option<At<SwitchWord>>| word.as_ref().map(|word| word.value == SwitchWord::On);
        Ok(plan::Contract {
            preset: preset.map(names::preset).transpose()?,
            in_flight: self.in_flight(contract)?,
            mismatch: mismatch.transpose()?.map(|status| status as u16),
            stored_errors: stored.map(|errors| errors.iter().map(problem).collect()),
            natural_key: switch(&contract.natural_key),
            claim_table: switch(&contract.claim_table),
            ttl_us: length(&contract.ttl)?,
            // A lease of 0 is allowed: it expires with the next tick.
            lease_us: contract
                .lease
                .as_ref()
                .map(|l| self.length(l))
                .transpose()?,
            recovery_deadline_us: length(&contract.recovery_deadline)?.unwrap_or(120_000_000),
            success_floor_ppm: floor.transpose()?.map(|share| (share * 1e6).round() as u32),
        })
    }

    fn in_flight(&self, contract: &Contract) -> Result<Option<plan::InFlight>, Mistake> {
        let word = contract.in_flight.as_ref().map(|word| word.value);
        if let (Some(wait), true) = (&contract.wait_at_most, word != Some(InFlightWord::Wait)) {
            return Err(Mistake::at(
                &wait.span,
                "`wait-at-most` needs `in-flight = \"wait\"`",
                "nothing waits",
            )
            .help("write `in-flight = \"wait\"` beside it, or leave it out"));
        }
        Ok(match word {
            None => None,
            Some(InFlightWord::Conflict) => Some(plan::InFlight::Conflict),
            Some(InFlightWord::Accepted) => Some(plan::InFlight::Accepted),
            Some(InFlightWord::Wait) => {
                let written = contract.wait_at_most.as_ref();
                let most = written.map(|written| self.some_length(written));
                Some(plan::InFlight::Wait(most.transpose()?.unwrap_or(WAIT_US)))
            }
        })
    }

    fn world(&self, world: &World) -> Result<plan::World, Mistake> {
        let replicas = world.replicas.as_ref();
        let replicas = replicas.map(|n| value::whole(n, "the number of replicas", 1..=1_000));
        Ok(plan::World {
            replicas: replicas.transpose()?.unwrap_or(8) as u32,
            latencies: self.latencies(&world.latency)?,
            clock_skew_us: match &world.clock_skew {
                Some(skew) => self.length(skew)?,
                None => 250_000,
            },
            gateway_timeout_us: match &world.gateway_timeout {
                Some(timeout) => self.some_length(timeout)?,
                None => 5_000_000,
            },
            gateway_key_ttl_us: match &world.gateway_key_ttl {
                Some(ttl) => self.some_length(ttl)?,
                None => GATEWAY_KEY_TTL_US,
            },
        })
    }

    fn latencies(&self, written: &Latency) -> Result<plan::Latencies, Mistake> {
        let delay = |written: &Option<At<_>>, median, sigma| match written {
            Some(written) => self.delay(written),
            None => Ok(plan::Delay::of(explore::Distribution::LogNormal {
                median,
                sigma,
            })),
        };
        let length = |written: &Option<At<_>>, default| match written {
            Some(written) => self.length(written),
            None => Ok(default),
        };
        let webhook = written.webhook.as_ref();
        let kitchen = written.kitchen.as_ref();
        Ok(plan::Latencies {
            uplink: delay(&written.uplink, 40_000, 0.5)?,
            downlink: delay(&written.downlink, 40_000, 0.5)?,
            handler: delay(&written.handler, 300_000, 0.6)?,
            record_read_us: length(&written.record_read, 5_000)?,
            cache_write_us: length(&written.cache_write, 5_000)?,
            database_us: length(&written.database, 250)?,
            webhook: webhook.map(|after| self.delay(after)).transpose()?,
            kitchen: kitchen.map(|after| self.delay(after)).transpose()?,
        })
    }

    fn length(&self, written: &At<crate::file::Length>) -> Result<u64, Mistake> {
        value::length(written, self.source)
    }

    /// A length above 0.
    fn some_length(&self, written: &At<crate::file::Length>) -> Result<u64, Mistake> {
        match self.length(written)? {
            0 => Err(Mistake::at(
                &written.span,
                "this time is 0",
                "expected more than 0",
            )),
            length => Ok(length),
        }
    }

    fn chance(&self, written: &At<crate::file::Chance>) -> Result<f64, Mistake> {
        value::chance(written, self.source)
    }

    fn delay(&self, written: &At<crate::file::Delay>) -> Result<plan::Delay, Mistake> {
        delay::delay(written, self.source)
    }
}

/// How long the gateway remembers a key if the file does not say: thirty days.
const GATEWAY_KEY_TTL_US: u64 = 30 * 86_400_000_000;

/// How long a request waits for one in progress with the same key, if the file does not say.
const WAIT_US: u64 = 10_000_000;

const fn problem(stored: &StoredError) -> Problem {
    match stored {
        StoredError::PaymentDeclined => Problem::PaymentDeclined,
        StoredError::OutOfStock => Problem::OutOfStock,
        StoredError::CouponUsed => Problem::CouponUsed,
    }
}

fn claims(pairs: &crate::file::Pairs<String>) -> Vec<(String, String)> {
    let pairs = pairs.0.iter();
    pairs
        .map(|(claim, figure)| (claim.value.clone(), figure.value.clone()))
        .collect()
}

/// The text as one paragraph: files break their lines, reports break them elsewhere.
fn paragraph(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name of a scenario: its file's, without the folder and `.toml`.
fn stem(source_name: &str) -> &str {
    let file = source_name
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or(source_name);
    file.strip_suffix(".toml").unwrap_or(file)
}
