//! Files that are written whole or not at all: under another name first, then renamed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use report::OutcomeClass;
use runner::Finished;
use tempfile::NamedTempFile;

/// Why a file is not there.
#[derive(Debug)]
pub struct NotWritten {
    path: PathBuf,
    error: io::Error,
}

impl NotWritten {
    /// The error in one line.
    pub fn text(&self) -> String {
        let error = self.error.to_string();
        // The temporary name would mean nothing to the reader.
        let error = error.split(" at path ").next().unwrap_or(&error);
        format!("cannot write `{}`: {error}", self.path.display())
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
        error: match error.kind() {
            io::ErrorKind::AlreadyExists => io::ErrorKind::NotADirectory.into(),
            _ => error,
        },
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
        let filled = File::create(path).and_then(|mut file| fill(&mut file, content));
        return filled.map_err(|error| NotWritten {
            path: path.to_owned(),
            error,
        });
    }
    Partial::write(path, content)?.take_its_name()
}

/// A file that is written and does not have its name yet. Dropped before, it is removed.
struct Partial {
    path: PathBuf,
    file: NamedTempFile,
}

impl Partial {
    fn write(
        path: &Path,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Partial, NotWritten> {
        // Beside the file, because a rename does not cross disks; under a name of its own, because two may write at once.
        let beside = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let written = new_file(beside).and_then(|mut file| {
            fill(file.as_file_mut(), content)?;
            Ok(file)
        });
        match written {
            Ok(file) => Ok(Partial {
                path: path.to_owned(),
                file,
            }),
            Err(error) => Err(NotWritten {
                path: path.to_owned(),
                error,
            }),
        }
    }

    fn may_take_its_name(&self) -> Result<(), NotWritten> {
        match fs::symlink_metadata(&self.path) {
            Ok(found) if found.is_dir() => Err(NotWritten {
                path: self.path.clone(),
                error: io::Error::from(io::ErrorKind::IsADirectory),
            }),
            _ => Ok(()),
        }
    }

    fn take_its_name(self) -> Result<(), NotWritten> {
        let Partial { path, file } = self;
        match file.persist(&path) {
            Ok(_) => Ok(()),
            Err(failed) => Err(NotWritten {
                path,
                error: failed.error,
            }),
        }
    }
}

/// A temporary file that others may read once it has its name, as any other that this user writes: by default none may.
fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.suffix(".partial").tempfile_in(folder)
}

fn fill(file: &mut File, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, file);
    content(&mut file)?;
    file.flush()
}
