//! Stdout and stderr that may be closed at any time: `onceproof ... | head` ends quietly, and loses no verdict.

use std::io::{self, ErrorKind, Write};

use crate::exit::Exit;

/// Standard output. Data goes there; what is for people only goes to stderr.
#[derive(Debug, Default)]
pub struct Output {
    closed: bool,
    failed: bool,
}

impl Output {
    /// Standard output without a reader: for tests.
    #[cfg(test)]
    pub fn closed() -> Output {
        Output {
            closed: true,
            failed: false,
        }
    }

    /// Prints a text. Once the reader has gone, nothing happens.
    pub fn print(&mut self, text: &str) {
        self.write(|stdout| stdout.write_all(text.as_bytes()));
    }

    /// Lets a writer have standard output, with a buffer.
    pub fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        if self.closed {
            return;
        }
        let mut stdout = io::BufWriter::new(io::stdout().lock());
        let written = write(&mut stdout).and_then(|()| stdout.flush());
        if let Err(error) = written {
            // What is left in the buffer has nowhere to go.
            let (_stdout, _rest) = stdout.into_parts();
            self.closed = true;
            if error.kind() != ErrorKind::BrokenPipe {
                self.failed = true;
                say(&format!(
                    "error: cannot write to standard output: {error}\n"
                ));
            }
        }
    }

    /// Whether there still is a reader.
    pub fn is_open(&self) -> bool {
        !self.closed
    }

    /// How the program ends: a closed pipe is not a failure, a full disk is.
    pub fn exit(&self, exit: Exit) -> Exit {
        if self.failed {
            exit.worst(Exit::Harness)
        } else {
            exit
        }
    }
}

/// Writes to stderr, which may be closed.
pub fn say(text: &str) {
    // Nothing can be done about a closed stderr, and it is no reason to end otherwise.
    let _: io::Result<()> = io::stderr().lock().write_all(text.as_bytes());
}
