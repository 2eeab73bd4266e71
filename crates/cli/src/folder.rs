//! Files that are written whole or not at all: under another name first, then renamed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use report::OutcomeClass;
use runner::Finished;

/// Why a file is not there.
#[derive(Debug)]
pub struct NotWritten {
    path: PathBuf,
    error: io::Error,
}

impl NotWritten {
    /// The error in one line.
    pub fn text(&self) -> String {
        format!("cannot write `{}`: {}", self.path.display(), self.error)
    }
}

/// Writes the report of a run into a folder: `run.json`, `report.md`, and its latencies.
///
/// # Errors
/// The first file that could not be written. Those before it are whole; nothing is left half written.
pub fn report(folder: &Path, finished: &Finished) -> Result<(), NotWritten> {
    fs::create_dir_all(folder).map_err(|error| NotWritten {
        path: folder.to_owned(),
        error,
    })?;
    let run = &finished.run;
    let hlog = report::hlog(&finished.histograms, run.virtual_us);
    write_text(&folder.join("run.json"), &report::run_json(run))?;
    write_text(&folder.join("report.md"), &report::markdown(run))?;
    write_text(&folder.join("latency.hlog"), &hlog)?;
    for class in OutcomeClass::ALL {
        let path = folder.join(format!("latency-{}.hgrm", class.name()));
        write_text(&path, &report::hgrm(finished.histograms.of(class)))?;
    }
    Ok(())
}

fn write_text(path: &Path, text: &str) -> Result<(), NotWritten> {
    write(path, |file| file.write_all(text.as_bytes()))
}

/// Writes a file.
///
/// # Errors
/// If that fails, of which then nothing is left.
pub fn write(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), NotWritten> {
    // A device or a pipe is written as it is: it cannot be replaced by a file.
    let special = fs::metadata(path).is_ok_and(|found| !found.is_file());
    let partial = match special {
        true => path.to_owned(),
        false => partial(path),
    };
    let written = fill(&partial, content).and_then(|()| match special {
        true => Ok(()),
        false => fs::rename(&partial, path),
    });
    written.map_err(|error| {
        if !special {
            // Whatever the disk still took is of no use; if it cannot be removed either, the first error says more.
            let _: io::Result<()> = fs::remove_file(&partial);
        }
        NotWritten {
            path: path.to_owned(),
            error,
        }
    })
}

fn fill(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    content(&mut file)?;
    file.flush()
}

/// The name under which a file is written first: beside it, because a rename does not cross disks.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}
