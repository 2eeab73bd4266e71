//! The names a file may use, and the nearest of them to one that it may not.

use crate::file::At;
use crate::mistake::Mistake;

/// The names that others define. This crate knows neither strategies nor rules; the caller does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The strategies: name, and a line about each.
    pub strategies: Vec<(String, String)>,
    /// The rules of the judge.
    pub rules: Vec<String>,
    /// Those of the rules that are about evidence: no strategy can violate them.
    pub evidence: Vec<String>,
    /// Names that rules once had: the old, the new.
    pub renamed: Vec<(String, String)>,
    /// The coverage labels.
    pub labels: Vec<String>,
    /// The contract presets.
    pub presets: Vec<String>,
    /// The faults that the backend can do.
    pub faults: Vec<String>,
    /// The backend's name, for messages.
    pub backend: String,
}

impl Known {
    pub(super) fn strategy(&self, name: &At<String>) -> Result<String, Mistake> {
        let names: Vec<String> = self.strategies.iter().map(|s| s.0.clone()).collect();
        among(name, &names, "strategy")
    }

    /// A rule that a strategy keeps or violates.
    pub(super) fn promise(&self, name: &At<String>) -> Result<String, Mistake> {
        let rule = match self.now_called(name) {
            Some(now) => now.clone(),
            None => among(name, &self.rules, "rule")?,
        };
        if self.evidence.contains(&rule) {
            let message = format!("no strategy violates `{rule}`");
            return Err(Mistake::at(
                &name.span,
                message,
                "is about the evidence, not the service",
            )
            .help(format!(
                "{}leave it out: a run without evidence meets no expectation",
                match self.now_called(name) {
                    Some(_) => format!("`{}` is its old name; ", name.value),
                    None => String::new(),
                }
            )));
        }
        Ok(rule)
    }

    /// What a rule is called now that once had this name.
    fn now_called(&self, name: &At<String>) -> Option<&String> {
        let renamed = self.renamed.iter().find(|(old, _)| *old == name.value);
        renamed.map(|(_, now)| now)
    }

    /// What a run must have met: a situation, or a fault by its word.
    pub(super) fn label(&self, name: &At<String>) -> Result<String, Mistake> {
        let known: Vec<String> = self.labels.iter().chain(&self.faults).cloned().collect();
        among(name, &known, "situation or fault")
    }

    pub(super) fn preset(&self, name: &At<String>) -> Result<String, Mistake> {
        among(name, &self.presets, "preset")
    }
}

/// The name, if it is one of the known ones.
pub(super) fn among(name: &At<String>, known: &[String], what: &str) -> Result<String, Mistake> {
    if known.contains(&name.value) {
        return Ok(name.value.clone());
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
