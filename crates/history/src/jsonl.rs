//! The JSONL form: one JSON object per line, for histories from anywhere. `JSONL.md` beside this crate is its definition.
//!
//! - `raw`: the lines as they are written
//! - `text`: strings that are borrowed from the line where they can be, and lists of pairs
//! - `read`: lines to events
//! - `rows`: the audit line to rows
//! - `intern`, `processes`: names and processes to numbers
//! - `write`: a history to lines
//! - `write_rows`: the audit to a line
//! - `line`: fields, lists and names as JSON

mod intern;
mod line;
mod processes;
mod raw;
mod read;
mod rows;
mod text;
mod write;
mod write_rows;

pub use read::read;
pub use write::write;

/// Why a text is not a history, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}: {message}", column.map_or(String::new(), |column| format!(", column {column}")))]
pub struct ReadError {
    /// The line, from 1.
    pub line: usize,
    /// The byte in the line, from 1, where that is known.
    pub column: Option<usize>,
    /// What is wrong, in lower case.
    pub message: String,
}
