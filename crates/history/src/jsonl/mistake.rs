//! Mistakes in a history: each with its place, all of them at once.

use std::fmt;

/// At most this many mistakes are reported; reading stops there.
pub const MISTAKES_MAX: usize = 20;

/// What is wrong with a line, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The byte in the line, from 1, where that is known.
    pub column: Option<usize>,
    /// What is wrong, in lower case. A field is named in it.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Why a text is not a history: at least one mistake, at most [`MISTAKES_MAX`], in the order of lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    /// The mistakes.
    pub list: Vec<Mistake>,
    /// Whether reading stopped before the end, because there were too many.
    pub is_cut: bool,
}

impl Mistakes {
    /// The first of them.
    ///
    /// # Panics
    /// Never: there is at least one.
    pub fn first(&self) -> &Mistake {
        &self.list[0]
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, mistake) in self.list.iter().enumerate() {
            if place > 0 {
                writeln!(f)?;
            }
            write!(f, "{mistake}")?;
        }
        if self.is_cut {
            write!(
                f,
                "\nand perhaps more: reading stopped after {MISTAKES_MAX} mistakes"
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// What is wrong with a value of the line at hand: the way to it, and why. The place is looked up when it is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    /// The field.
    pub(super) field: &'static str,
    /// What is wrong with it.
    pub(super) message: String,
}

/// A complaint about a field.
pub(super) fn complain(field: &'static str, message: impl Into<String>) -> Complaint {
    Complaint {
        field,
        message: message.into(),
    }
}
