//! What was picked in a run, by the identity of what was asked and not by its place in a list: a trace still fits a run in which some
//! questions are not asked any more, and says 0, the dull pick, to those that it does not know.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::site::{Kind, Site};

/// What was asked: the hash of its kind, who asked, and which time it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    kind: u64,
    lineage: u64,
    ordinal: u64,
    /// A site may be asked more than once: which time it was, from 0.
    time: u32,
}

/// Counts how often each site was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times(BTreeMap<(u64, u64, u64), u32>);

impl Times {
    /// The site is asked once more.
    pub(crate) fn ask(&mut self, site: &Site) -> Asked {
        let (kind, lineage, ordinal) = (site.kind.hash(), site.lineage.0, site.ordinal);
        let times = self.0.entry((kind, lineage, ordinal)).or_default();
        *times += 1;
        Asked {
            kind,
            lineage,
            ordinal,
            time: *times - 1,
        }
    }
}

/// A pick that was not the dull one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    /// The name of the kind, if this program asked: one that was read from a text knows only the hash.
    name: Option<&'static str>,
    asked: Asked,
    pick: u32,
}

/// The picks of a run that were not dull, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    picks: Vec<Pick>,
}

impl Trace {
    /// How many picks were not dull.
    pub fn len(&self) -> usize {
        self.picks.len()
    }

    /// Whether all picks were dull.
    pub fn is_empty(&self) -> bool {
        self.picks.is_empty()
    }

    /// The trace without the pick in a place.
    ///
    /// # Panics
    /// If there is no such place.
    #[must_use]
    pub fn without(&self, place: usize) -> Trace {
        let mut picks = self.picks.clone();
        picks.remove(place);
        Trace { picks }
    }

    pub(crate) fn keep(&mut self, kind: Kind, asked: Asked, pick: u32) {
        if pick > 0 {
            let name = Some(kind.name());
            self.picks.push(Pick { name, asked, pick });
        }
    }

    /// The picks by what was asked.
    pub(crate) fn by_asked(&self) -> BTreeMap<Asked, u32> {
        let picks = self.picks.iter();
        picks.map(|pick| (pick.asked, pick.pick)).collect()
    }
}

/// One pick a line: kind, lineage, ordinal, time, pick.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Pick { name, asked, pick } in &self.picks {
            match name {
                Some(name) => write!(f, "{name}")?,
                None => write!(f, "#{:016x}", asked.kind)?,
            }
            let Asked {
                lineage,
                ordinal,
                time,
                ..
            } = asked;
            writeln!(f, " {lineage:016x} {ordinal} {time} {pick}")?;
        }
        Ok(())
    }
}

/// A line is no pick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAPick {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: &'static str,
}

impl fmt::Display for NotAPick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for NotAPick {}

impl FromStr for Trace {
    type Err = NotAPick;

    fn from_str(text: &str) -> Result<Trace, NotAPick> {
        let lines = text.lines().enumerate();
        let picks =
            lines.map(|(at, line)| pick(line).map_err(|why| NotAPick { line: at + 1, why }));
        Ok(Trace {
            picks: picks.collect::<Result<_, _>>()?,
        })
    }
}

fn pick(line: &str) -> Result<Pick, &'static str> {
    let words: Vec<&str> = line.split(' ').collect();
    let [kind, lineage, ordinal, time, pick] = words[..] else {
        return Err("a pick has five words: kind, lineage, ordinal, time, pick");
    };
    let hex = |word: &str| u64::from_str_radix(word, 16);
    let kind = match kind.strip_prefix('#') {
        Some(hash) => hex(hash).map_err(|_| "after `#` the kind is 16 hexadecimal digits")?,
        None => Kind::hash_of(kind),
    };
    Ok(Pick {
        name: None,
        asked: Asked {
            kind,
            lineage: hex(lineage).map_err(|_| "the lineage is 16 hexadecimal digits")?,
            ordinal: ordinal.parse().map_err(|_| "the ordinal is a number")?,
            time: time.parse().map_err(|_| "the time is a number")?,
        },
        pick: pick.parse().map_err(|_| "the pick is a number")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::Lineage;

    const DIE: Kind = Kind::new("test.die");

    fn trace() -> Trace {
        let (mut trace, mut times) = (Trace::default(), Times::default());
        for (ordinal, pick) in [(0, 3), (1, 0), (0, 5), (7, 1)] {
            let asked = times.ask(&Site::new(DIE, Lineage::ROOT, ordinal));
            trace.keep(DIE, asked, pick);
        }
        trace
    }

    #[test]
    fn a_site_that_is_asked_twice_has_two_picks_and_dull_ones_are_left_out() {
        let trace = trace();
        assert_eq!(trace.len(), 3);
        let times: Vec<u32> = trace.picks.iter().map(|pick| pick.asked.time).collect();
        assert_eq!(times, [0, 1, 0]);
    }

    #[test]
    fn a_trace_is_read_back_from_its_text() {
        let text = trace().to_string();
        assert!(
            text.starts_with("test.die 6f6e636570726f6f 0 0 3\n"),
            "{text}"
        );
        let read: Trace = text.parse().expect("it is a trace");
        assert_eq!(read.by_asked(), trace().by_asked());
        // Without the name of the kind, its hash is written, and means the same.
        let again: Trace = read.to_string().parse().expect("it is a trace");
        assert_eq!(again, read);
    }

    #[test]
    fn a_line_that_is_no_pick_is_told_with_its_number() {
        let error = "test.die 6f 0 0 3\ntest.die xx 0 0 3"
            .parse::<Trace>()
            .expect_err("no lineage");
        assert_eq!(
            error.to_string(),
            "line 2: the lineage is 16 hexadecimal digits"
        );
        assert!("test.die".parse::<Trace>().is_err() && "#x 0 0 0 1".parse::<Trace>().is_err());
    }
}
