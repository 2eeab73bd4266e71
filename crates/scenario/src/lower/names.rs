//! The names a file may use, and the nearest of them to one that it may not.

use history::Label;
use protocol::Preset;

use crate::file::At;
use crate::file::fault::FaultName;
use crate::mistake::Mistake;
use crate::plan::{Required, RuleId, StrategyId};

/// The names that others define. This crate knows neither strategies nor rules; the caller does, and a plan names them by their
/// places here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The strategies.
    pub strategies: Vec<String>,
    /// The rules of the judge.
    pub rules: Vec<String>,
    /// Those of the rules that are about evidence: no strategy can violate them.
    pub evidence: Vec<RuleId>,
    /// Names that rules once had, and the rules they are now.
    pub renamed: Vec<(String, RuleId)>,
    /// The faults that the backend can do.
    pub faults: Vec<FaultName>,
    /// The backend's name, for messages.
    pub backend: String,
}

impl Known {
    pub(super) fn strategy(&self, name: &At<String>) -> Result<StrategyId, Mistake> {
        among(name, &self.strategies, "strategy").map(StrategyId)
    }

    /// What a strategy of this plan is called.
    pub(super) fn strategy_name(&self, strategy: StrategyId) -> &str {
        &self.strategies[strategy.0]
    }

    /// A rule that a strategy keeps or violates.
    pub(super) fn promise(&self, name: &At<String>) -> Result<RuleId, Mistake> {
        let old = self.renamed.iter().find(|(old, _)| *old == name.value);
        let rule = match old {
            Some((_, now)) => *now,
            None => RuleId(among(name, &self.rules, "rule")?),
        };
        if self.evidence.contains(&rule) {
            let message = format!("no strategy violates `{}`", self.rule_name(rule));
            let renamed = old.map(|(old, _)| format!("`{old}` is its old name; "));
            return Err(Mistake::at(
                &name.span,
                message,
                "is about the evidence, not the service",
            )
            .help(format!(
                "{}leave it out: a run without evidence meets no expectation",
                renamed.unwrap_or_default()
            )));
        }
        Ok(rule)
    }

    /// What a rule of this plan is called.
    pub(super) fn rule_name(&self, rule: RuleId) -> &str {
        &self.rules[rule.0]
    }

    /// What a run must have met: a situation, or a fault that the backend can do.
    pub(super) fn required(&self, name: &At<String>) -> Result<Required, Mistake> {
        let situations = Label::ALL.iter().copied().map(Required::Situation);
        let faults = self.faults.iter().copied().map(Required::Fault);
        let known: Vec<Required> = situations.chain(faults).collect();
        let names: Vec<String> = known.iter().map(|one| one.name().to_owned()).collect();
        among(name, &names, "situation or fault").map(|place| known[place])
    }
}

pub(super) fn preset(name: &At<String>) -> Result<Preset, Mistake> {
    let names: Vec<String> = Preset::ALL.iter().map(ToString::to_string).collect();
    among(name, &names, "preset").map(|place| Preset::ALL[place])
}

/// The place of a name among the known ones.
pub(super) fn among(name: &At<String>, known: &[String], what: &str) -> Result<usize, Mistake> {
    if let Some(place) = known.iter().position(|other| *other == name.value) {
        return Ok(place);
    }
    let label = match known {
        [only] => format!("the only {what} is `{only}`"),
        _ => format!("not one of the {} {}", count(known.len()), plural(what)),
    };
    Err(Mistake::at(
        &name.span,
        format!("unknown {what} `{}`", name.value),
        label,
    )
    .help(nearest(&name.value, known)))
}

/// What may have been meant: the nearest name if one is near, otherwise all of them.
pub(crate) fn nearest(name: &str, known: &[String]) -> String {
    match misspelt(name, known).or_else(|| begun_alike(name, known)) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if known.is_empty() => String::from("there is none to name"),
        None => format!("there is {}", list(known)),
    }
}

/// The name that is a few slips of the pen away; the first of equals, in the order in which they are declared.
fn misspelt<'a>(name: &str, known: &'a [String]) -> Option<&'a String> {
    let slips = |candidate: &&String| strsim::damerau_levenshtein(name, candidate);
    let near = |candidate: &&String| slips(candidate) <= candidate.chars().count().div_ceil(3);
    known.iter().filter(near).min_by_key(slips)
}

/// The name that begins like this one and goes on differently, as `doordash` for `doordash-storm`.
fn begun_alike<'a>(name: &str, known: &'a [String]) -> Option<&'a String> {
    let likeness = |candidate: &&String| strsim::jaro_winkler(name, candidate);
    let near = |candidate: &&String| likeness(candidate) > 0.85;
    known
        .iter()
        .filter(near)
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

/// Names in a row: `a`, `b` and `c`.
pub(crate) fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::from("nothing"),
    }
}

fn plural(what: &str) -> String {
    match what.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{what}s"),
    }
}

fn count(number: usize) -> String {
    const WORDS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    WORDS
        .get(number)
        .map_or_else(|| number.to_string(), |word| (*word).to_owned())
}
