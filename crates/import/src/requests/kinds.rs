//! Which lines of a log ask for an order, and how many of which kind do not.

use std::collections::BTreeMap;

use crate::mistake::{Mistake, counted, did_you_mean, grouped};
use crate::target::{self, Glob};

/// The maximum number of kinds; a crawler can ask for any number of paths.
const KINDS_MAX: usize = 10_000;

/// Kinds that are named one by one.
const SHOWN_MAX: usize = 8;

/// What is looked for, and what else was there.
#[derive(Clone, Debug)]
pub struct Kinds {
    methods: Vec<String>,
    paths: Vec<(String, Glob)>,
    /// Paths with one of the methods, and how many of each: what is taken and what is not.
    taken: BTreeMap<String, u64>,
    passed: BTreeMap<String, u64>,
    other_methods: BTreeMap<String, u64>,
    /// Lines without a request.
    pub no_request: u64,
}

impl Kinds {
    /// Looks for requests with one of these methods and paths; without paths, for the only path that there is.
    ///
    /// # Errors
    ///
    /// If a path is none.
    pub fn new(methods: &[String], paths: &[String]) -> Result<Kinds, Mistake> {
        let compiled = paths.iter().map(|path| {
            let glob =
                Glob::new(path).map_err(|why| Mistake::new(format!("--path {path}"), why))?;
            Ok((path.clone(), glob))
        });
        Ok(Kinds {
            methods: methods
                .iter()
                .map(|method| method.to_ascii_uppercase())
                .collect(),
            paths: compiled.collect::<Result<_, Mistake>>()?,
            taken: BTreeMap::new(),
            passed: BTreeMap::new(),
            other_methods: BTreeMap::new(),
            no_request: 0,
        })
    }

    /// Counts a request, and says whether it is one of those.
    pub fn takes(&mut self, method: &str, path: &str) -> bool {
        if method.is_empty() {
            self.no_request += 1;
            return false;
        }
        if !self
            .methods
            .iter()
            .any(|known| known.eq_ignore_ascii_case(method))
        {
            count(&mut self.other_methods, method);
            return false;
        }
        let takes = self.paths.is_empty() || self.paths.iter().any(|(_, glob)| glob.matches(path));
        count(
            if takes {
                &mut self.taken
            } else {
                &mut self.passed
            },
            &target::kind(path),
        );
        takes
    }

    /// How many lines were requests that count.
    pub fn count(&self) -> u64 {
        self.taken.values().sum()
    }

    /// What was taken, in words: `POST /orders`.
    pub fn said(&self) -> String {
        let paths: Vec<&str> = match self.paths.is_empty() {
            true => self.taken.keys().map(String::as_str).collect(),
            false => self.paths.iter().map(|(path, _)| path.as_str()).collect(),
        };
        format!("{} {}", self.methods.join("|"), paths.join(" "))
    }

    /// What was left out, in words; `None` if nothing was.
    pub fn left_out(&self) -> Option<String> {
        let mut kinds: Vec<(u64, String)> = Vec::new();
        kinds.extend(
            self.other_methods
                .iter()
                .map(|(method, count)| (*count, method.clone())),
        );
        let passed = self
            .passed
            .iter()
            .map(|(path, count)| (*count, format!("{} {path}", self.methods.join("|"))));
        kinds.extend(passed);
        if self.no_request > 0 {
            kinds.push((self.no_request, String::from("without a request")));
        }
        (!kinds.is_empty()).then(|| listed(kinds))
    }

    /// Whether what was found can be a history.
    ///
    /// # Errors
    ///
    /// If no request was found, or requests to several paths; proposes `--path`.
    pub fn check(&self) -> Result<(), Mistake> {
        let methods = self.methods.join("|");
        let proposal = |paths: &BTreeMap<String, u64>| {
            let paths = paths.iter().map(|(path, count)| (*count, path.clone()));
            listed(paths.collect())
        };
        match (self.paths.is_empty(), self.taken.len()) {
            (true, 0) | (false, 0) if self.passed.is_empty() => {
                let other = self
                    .left_out()
                    .map_or(String::new(), |kinds| format!("; it has {kinds}"));
                Err(Mistake::new(
                    "--method",
                    format!("the log has no {methods} request{other}"),
                ))
            }
            (true, 2..) => Err(Mistake::new(
                "--path",
                format!(
                    "{methods} requests have several paths; say which ask for orders: {}",
                    proposal(&self.taken)
                ),
            )),
            (false, 0) => {
                let asked: Vec<&str> = self.paths.iter().map(|(path, _)| path.as_str()).collect();
                let near = did_you_mean(asked[0], self.passed.keys().map(String::as_str));
                let message = format!(
                    "no {methods} request has it; paths are {}{near}",
                    proposal(&self.passed)
                );
                Err(Mistake::new(format!("--path {}", asked.join(" ")), message))
            }
            _ => Ok(()),
        }
    }
}

fn count(kinds: &mut BTreeMap<String, u64>, kind: &str) {
    if let Some(count) = kinds.get_mut(kind) {
        *count += 1;
    } else if kinds.len() < KINDS_MAX {
        kinds.insert(kind.to_owned(), 1);
    } else {
        *kinds.entry(String::from("(others)")).or_default() += 1;
    }
}

/// `1,204 GET, 17 POST /login and 3 more kinds (5 lines)`, the most frequent first.
fn listed(mut kinds: Vec<(u64, String)>) -> String {
    kinds.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    let rest = kinds.split_off(kinds.len().min(SHOWN_MAX));
    let shown: Vec<String> = kinds
        .iter()
        .map(|(count, kind)| format!("{} {kind}", grouped(*count)))
        .collect();
    let shown = shown.join(", ");
    match rest.len() {
        0 => shown,
        more => {
            let lines: u64 = rest.iter().map(|(count, _)| count).sum();
            format!(
                "{shown} and {} ({})",
                counted(more as u64, "more kind"),
                counted(lines, "line")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(paths: &[&str], log: &[(&str, &str)]) -> Kinds {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let mut kinds = Kinds::new(&["post".to_owned()], &paths).expect("well formed");
        for (method, path) in log {
            kinds.takes(method, path);
        }
        kinds
    }

    const LOG: [(&str, &str); 5] = [
        ("GET", "/"),
        ("POST", "/orders"),
        ("POST", "/orders"),
        ("POST", "/login"),
        ("", ""),
    ];

    #[test]
    fn what_is_not_asked_for_is_counted_by_kind() {
        let kinds = kinds(&["/orders"], &LOG);
        assert_eq!(kinds.check(), Ok(()));
        assert_eq!(
            (kinds.count(), kinds.said()),
            (2, "POST /orders".to_owned())
        );
        assert_eq!(
            kinds.left_out().as_deref(),
            Some("1 GET, 1 POST /login, 1 without a request")
        );
    }

    #[test]
    fn the_only_path_needs_not_be_said_and_several_are_proposed() {
        let only = kinds(&[], &LOG[..3]);
        assert_eq!(
            (only.check(), only.said()),
            (Ok(()), "POST /orders".to_owned())
        );
        let said = kinds(&[], &LOG).check().expect_err("two paths").to_string();
        assert!(
            said.starts_with("--path: ") && said.ends_with("2 /orders, 1 /login"),
            "{said}"
        );
    }

    #[test]
    fn a_path_that_no_request_has_is_answered_with_those_that_there_are() {
        let said = kinds(&["/order"], &LOG)
            .check()
            .expect_err("none")
            .to_string();
        assert!(
            said.contains("2 /orders, 1 /login") && said.contains("did you mean `/orders`?"),
            "{said}"
        );
        let said = kinds(&[], &LOG[..1]).check().expect_err("none").to_string();
        assert!(said.contains("no POST request; it has 1 GET"), "{said}");
    }

    #[test]
    fn many_kinds_are_named_by_their_number() {
        let paths: Vec<String> = (0..30).map(|n| format!("/p{}", "x".repeat(n))).collect();
        let log: Vec<(&str, &str)> = paths.iter().map(|path| ("POST", path.as_str())).collect();
        let left = kinds(&["/orders"], &log).left_out().expect("all of them");
        assert!(left.ends_with("and 22 more kinds (22 lines)"), "{left}");
    }
}
