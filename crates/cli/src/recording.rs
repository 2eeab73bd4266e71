//! Histories that are read: every mistake with its place, and what was left out.

use std::path::Path;

use history::History;
use history::jsonl::Reading;

use crate::input;
use crate::output::say;

/// Reads a history. Unknown fields are reported on stderr; `strict` refuses them.
///
/// # Errors
///
/// Every mistake of the file, at most twenty, each on a line of its own with file, line and column.
pub fn read(path: &Path, strict: bool) -> Result<History, Vec<String>> {
    let called = path.display().to_string();
    let text = input::open(path).map_err(|problem| vec![problem])?;
    let reading = match strict {
        true => history::jsonl::read_strictly(text),
        false => history::jsonl::read_with_notes(text),
    };
    match reading {
        Ok(Reading { history, notes }) => {
            for note in notes {
                say(&format!("note: {called}: {note}\n"));
            }
            Ok(history)
        }
        Err(mistakes) => {
            let told = mistakes.list.iter().map(|mistake| {
                let place = place(&called, mistake.line, mistake.column);
                format!("{place}: {}", mistake.message)
            });
            let cut = format!("{called}: reading stopped there; there may be more mistakes");
            let more = mistakes.is_cut.then_some(cut);
            Err(told.chain(more).collect())
        }
    }
}

/// A place as compilers write it.
fn place(called: &str, line: usize, column: Option<usize>) -> String {
    let column = column.map_or(String::new(), |column| format!(":{column}"));
    format!("{called}:{line}{column}")
}
