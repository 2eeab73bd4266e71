//! Opens what a command reads: a file or standard input, compressed or not, without its byte order mark.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::errors::ReadFrameHeaderError::SkipFrame;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Bytes that are read from a file, or decompressed, at a time.
const BUFFER_BYTES: usize = 1 << 18;

/// What a file begins with if it is compressed, by the formats' own definitions (RFC 1952, RFC 8878).
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Compressed forms that are not read, each with a command that turns it into text.
const FOREIGN: [(&[u8], &str, &str); 2] = [
    (&[0xfd, b'7', b'z', b'X', b'Z'], "xz", "xz -dc"),
    (b"BZh", "bzip2", "bzip2 -dc"),
];

/// Opens a file, or standard input for `-`. Gzip and zstd are known by their first bytes and decompressed while they are read; a
/// UTF-8 byte order mark is left out.
///
/// # Errors
///
/// A sentence that names the file and why it cannot be read.
pub fn open(path: &Path) -> Result<Box<dyn BufRead>, String> {
    let unreadable =
        |why: &dyn std::fmt::Display| format!("cannot read `{}`: {why}", path.display());
    let raw: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(path).map_err(|error| unreadable(&error))?;
        if file
            .metadata()
            .map_err(|error| unreadable(&error))?
            .is_dir()
        {
            return Err(unreadable(&"it is a folder"));
        }
        Box::new(BufReader::with_capacity(BUFFER_BYTES, file))
    };
    plain(raw, &path.display().to_string()).map_err(|error| unreadable(&error))
}

/// Decompresses, if the first bytes say so.
fn plain(raw: Box<dyn BufRead>, called: &str) -> io::Result<Box<dyn BufRead>> {
    let (first, raw) = peek(raw)?;
    if let Some((_, form, command)) = FOREIGN.iter().find(|(magic, ..)| first.starts_with(magic)) {
        let why = format!("it is compressed with {form}; try `{command} {called} |` and `-`");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    if first.starts_with(GZIP) {
        // A rotated log is often several gzip members, one after another.
        let text = BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(raw));
        without_mark(Box::new(text))
    } else if first.starts_with(ZSTD) {
        let text = BufReader::with_capacity(BUFFER_BYTES, Zstd::new(raw));
        without_mark(Box::new(text))
    } else {
        without_mark(raw)
    }
}

/// The first bytes of a stream, at most five, and the whole stream. A pipe may give fewer bytes at a time than asked for.
fn peek(mut raw: Box<dyn BufRead>) -> io::Result<(Vec<u8>, Box<dyn BufRead>)> {
    let mut first = Vec::with_capacity(5);
    raw.by_ref().take(5).read_to_end(&mut first)?;
    let whole = Box::new(Cursor::new(first.clone()).chain(raw));
    Ok((first, whole))
}

/// Leaves out the byte order mark of UTF-8 and refuses UTF-16, which spreadsheets and PowerShell write.
fn without_mark(text: Box<dyn BufRead>) -> io::Result<Box<dyn BufRead>> {
    let (first, mut text) = peek(text)?;
    if first.starts_with(&[0xef, 0xbb, 0xbf]) {
        text.read_exact(&mut [0; 3])?;
    } else if first.starts_with(&[0xff, 0xfe]) || first.starts_with(&[0xfe, 0xff]) {
        let why = "it is UTF-16; convert it with `iconv -f UTF-16 -t UTF-8`";
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok(text)
}

/// A zstd stream: frames one after another, as parallel compressors and appended logs write them.
struct Zstd {
    decoder: FrameDecoder,
    raw: Box<dyn BufRead>,
    in_frame: bool,
}

/// The largest window that a frame may ask for: that of `zstd --long`.
const WINDOW_BYTES_MAX: u64 = 1 << 27;

impl Zstd {
    fn new(raw: Box<dyn BufRead>) -> Zstd {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW_BYTES_MAX);
        Zstd {
            decoder,
            raw,
            in_frame: false,
        }
    }

    /// Begins the next frame, past those that hold no text. `false`: the stream is at its end.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.raw.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.raw) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(SkipFrame { length, .. })) => {
                    let skipped = &mut self.raw.by_ref().take(u64::from(length));
                    io::copy(skipped, &mut io::sink())?;
                }
                Err(error) => return Err(invalid(&error)),
            }
        }
        Ok(false)
    }
}

impl Read for Zstd {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.decoder.read(into)?;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            if self.in_frame && !self.decoder.is_finished() {
                let one_block = BlockDecodingStrategy::UptoBlocks(1);
                let decoded = self.decoder.decode_blocks(&mut self.raw, one_block);
                decoded.map_err(|error| invalid(&error))?;
            } else {
                self.in_frame = self.next_frame()?;
                if !self.in_frame {
                    return Ok(0);
                }
            }
        }
    }
}

fn invalid(error: &FrameDecoderError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::io::Write;

    const TEXT: &str = "one\ntwo\n";

    fn read(bytes: &[u8]) -> Result<String, String> {
        let raw = Box::new(Cursor::new(bytes.to_vec()));
        let mut text = String::new();
        let mut plain = plain(raw, "f").map_err(|error| error.to_string())?;
        plain
            .read_to_string(&mut text)
            .map_err(|error| error.to_string())?;
        Ok(text)
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    fn zstd(text: &str) -> Vec<u8> {
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        ruzstd::encoding::compress_to_vec(text.as_bytes(), level)
    }

    #[test]
    fn text_is_text_and_loses_its_byte_order_mark() {
        assert_eq!(read(b""), Ok(String::new()));
        assert_eq!(read(b"x"), Ok("x".to_owned()));
        assert_eq!(read(TEXT.as_bytes()), Ok(TEXT.to_owned()));
        assert_eq!(
            read(format!("\u{feff}{TEXT}").as_bytes()),
            Ok(TEXT.to_owned())
        );
    }

    #[test]
    fn compressed_text_is_read_to_its_last_member() {
        let twice = Ok(format!("{TEXT}{TEXT}"));
        assert_eq!(read(&[gzip(TEXT), gzip(TEXT)].concat()), twice);
        // A frame that holds no text: magic number, length 3, three bytes (RFC 8878, 3.1.2).
        let skipped = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9].to_vec();
        assert_eq!(read(&[zstd(TEXT), skipped, zstd(TEXT)].concat()), twice);
        assert_eq!(read(&gzip(&format!("\u{feff}{TEXT}"))), Ok(TEXT.to_owned()));
    }

    #[test]
    fn what_is_cut_off_is_a_mistake_and_not_a_shorter_file() {
        for whole in [gzip(TEXT), zstd(TEXT)] {
            assert!(read(&whole[..whole.len() - 4]).is_err());
        }
    }

    #[test]
    fn other_forms_are_refused_with_the_command_that_converts_them() {
        for (bytes, part) in [
            (&b"\xfd7zXZ\0..."[..], "xz -dc"),
            (b"BZh91AY&SY", "bzip2 -dc"),
            (b"\xff\xfeo\0", "iconv -f UTF-16"),
        ] {
            let said = read(bytes).expect_err("not read");
            assert!(said.contains(part), "{said}");
        }
    }
}
