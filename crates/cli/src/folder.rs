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

/// Writes the report of a run into a folder: `run.json`, `report.md`, and its latencies. First all of it under other names,
/// then it is renamed, so that files of two runs are not mixed.
///
/// # Errors
/// The first file that could not be written. Then the folder is as it was.
pub fn report(folder: &Path, finished: &Finished) -> Result<(), NotWritten> {
    fs::create_dir_all(folder).map_err(|error| NotWritten {
        path: folder.to_owned(),
        error,
    })?;
    let partials: Result<Vec<Partial>, NotWritten> = files(finished)
        .into_iter()
        .map(|(name, text)| {
            Partial::write(&folder.join(name), |file| file.write_all(text.as_bytes()))
        })
        .collect();
    let partials = partials?;
    // All that can be known before is asked before: a rename fails where a folder has the name.
    partials.iter().try_for_each(Partial::may_take_its_name)?;
    partials.into_iter().try_for_each(Partial::take_its_name)
}

/// The files of a report: name and content.
fn files(finished: &Finished) -> Vec<(String, String)> {
    let run = &finished.run;
    let mut files = vec![
        (String::from("run.json"), report::run_json(run)),
        (String::from("report.md"), report::markdown(run)),
        (
            String::from("latency.hlog"),
            report::hlog(&finished.histograms, run.virtual_us),
        ),
    ];
    files.extend(OutcomeClass::ALL.map(|class| {
        let name = format!("latency-{}.hgrm", class.name());
        (name, report::hgrm(finished.histograms.of(class)))
    }));
    files
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
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return fill(path, content).map_err(|error| NotWritten {
            path: path.to_owned(),
            error,
        });
    }
    Partial::write(path, content)?.take_its_name()
}

/// A file that is written and does not have its name yet. Dropped before, it is removed.
struct Partial {
    path: PathBuf,
    /// Beside the file, because a rename does not cross disks. `None` once it has its name.
    at: Option<PathBuf>,
}

impl Partial {
    fn write(
        path: &Path,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Partial, NotWritten> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = Partial {
            path: path.to_owned(),
            at: Some(path.with_file_name(name)),
        };
        let written = partial.at.as_deref().map_or(Ok(()), |at| fill(at, content));
        written.map_err(|error| partial.not_written(error))?;
        Ok(partial)
    }

    fn may_take_its_name(&self) -> Result<(), NotWritten> {
        match fs::symlink_metadata(&self.path) {
            Ok(found) if found.is_dir() => {
                Err(self.not_written(io::Error::from(io::ErrorKind::IsADirectory)))
            }
            _ => Ok(()),
        }
    }

    fn take_its_name(mut self) -> Result<(), NotWritten> {
        if let Some(at) = self.at.as_deref() {
            fs::rename(at, &self.path).map_err(|error| self.not_written(error))?;
            self.at = None;
        }
        Ok(())
    }

    fn not_written(&self, error: io::Error) -> NotWritten {
        NotWritten {
            path: self.path.clone(),
            error,
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Some(at) = &self.at {
            // Whatever the disk still took is of no use; if it cannot be removed either, the first error says more.
            let _: io::Result<()> = fs::remove_file(at);
        }
    }
}

fn fill(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    content(&mut file)?;
    file.flush()
}
