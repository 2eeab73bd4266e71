//! The JSONL form: one JSON object per line, for histories from anywhere. `JSONL.md` beside this crate is its definition.
//!
//! - `shape`: what a line may hold, as data
//! - `record`: declares an object of a line; `raw`, `raw_rows`: the lines as they are written; `kinds`: all of them by name
//! - `scalar`, `body`: their values
//! - `reader`: what was read so far; `parts`: the rows among it
//! - `read`: a file line by line; `promise`: the contract's line; `events`: what happened; `rows`: rows, wherever they stand
//! - `intern`: names to numbers
//! - `finish`: what can be said only when all lines are read: whose a row is; `order`: the order of everything
//! - `mistake`, `explain`, `nearest`: what is wrong with a line, where, and what was meant
//! - `schema`: the JSON Schema of a line
//! - `write`, `write_rows`, `line`: a history to lines

mod body;
mod events;
mod explain;
mod finish;
mod intern;
mod kinds;
mod line;
mod mistake;
mod money;
mod nearest;
mod order;
mod parts;
mod promise;
mod raw;
mod raw_rows;
mod read;
mod reader;
mod record;
mod rows;
mod scalar;
mod schema;
mod shape;
mod write;
mod write_rows;

pub use mistake::{MISTAKES_MAX, Mistake, Mistakes};
pub use read::{read, read_strictly, read_with_notes};
pub use reader::Reading;
pub use schema::schema;
pub use write::write;
