//! What is wrong with the input, and where; and notes for the user.

use std::fmt;

/// Mistakes that are shown one by one; the rest are counted.
pub const SHOWN_MAX: usize = 20;

/// One thing that is wrong, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// A file with its line, or an option of the command line.
    pub place: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Mistake {
    /// A mistake at a place.
    pub fn new(place: impl Into<String>, message: impl Into<String>) -> Mistake {
        Mistake {
            place: place.into(),
            message: message.into(),
        }
    }

    /// A mistake in a line of a file.
    pub fn at(file: &str, line: u64, message: impl Into<String>) -> Mistake {
        Mistake::new(format!("{file}:{line}"), message)
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// The mistakes of a run, counted beyond the first twenty.
#[derive(Clone, Debug, Default)]
pub struct Mistakes {
    /// The first twenty.
    pub shown: Vec<Mistake>,
    /// How many there are.
    pub count: u64,
}

impl Mistakes {
    /// One more.
    pub fn push(&mut self, mistake: Mistake) {
        self.count += 1;
        if self.shown.len() < SHOWN_MAX {
            self.shown.push(mistake);
        }
    }

    /// Those of something else besides.
    pub fn extend(&mut self, more: Mistakes) {
        let room = SHOWN_MAX.saturating_sub(self.shown.len());
        self.shown.extend(more.shown.into_iter().take(room));
        self.count += more.count;
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl From<Mistake> for Mistakes {
    fn from(mistake: Mistake) -> Mistakes {
        Mistakes {
            shown: vec![mistake],
            count: 1,
        }
    }
}

/// Why there is no history, or only a part of one.
#[derive(Debug)]
pub enum Stop {
    /// The input or the command line is wrong.
    Mistakes(Mistakes),
    /// The history could not be written.
    Write(std::io::Error),
}

impl From<Mistake> for Stop {
    fn from(mistake: Mistake) -> Stop {
        Stop::Mistakes(mistake.into())
    }
}

impl From<Mistakes> for Stop {
    fn from(mistakes: Mistakes) -> Stop {
        Stop::Mistakes(mistakes)
    }
}

/// A note for the user: a verb or noun, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// `Read`, `Left out`, `Assumed` and so on.
    pub verb: &'static str,
    /// One line.
    pub text: String,
}

/// The receiver of notes.
pub type Tell<'a> = &'a mut dyn FnMut(Note);

/// Tells it.
pub fn tell(to: &mut dyn FnMut(Note), verb: &'static str, text: impl Into<String>) {
    to(Note {
        verb,
        text: text.into(),
    });
}

/// The known name nearest to one that is unknown, as a question.
pub fn did_you_mean<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let scored = known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(unknown, name), name));
    match scored.min() {
        Some((distance, name)) if distance <= 2.max(unknown.len() / 3) => {
            format!("; did you mean `{name}`?")
        }
        _ => String::new(),
    }
}

/// A number with commas, as reports print it.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 row`, `2 rows`.
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// A value in a message: quoted, and cut off where it is long.
pub fn quoted(value: &str) -> String {
    const CHARS_MAX: usize = 60;
    let cut: String = value.chars().take(CHARS_MAX).collect();
    match cut.len() == value.len() {
        true => format!("{cut:?}"),
        false => format!("{:?}", format!("{cut}...")),
    }
}
