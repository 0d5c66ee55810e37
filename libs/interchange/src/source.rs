//! Bytes of a file, decompressed on the way, with the position for a progress bar.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

const BUFFER: usize = 128 * 1024;

/// How much of a file, as it lies on the disk, has been read. Cheap to clone, readable while the
/// reader works on another thread.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    read: Arc<AtomicU64>,
    total: u64,
}

impl Progress {
    /// Bytes read so far, compressed where the file is.
    #[must_use]
    pub fn read(&self) -> u64 {
        let read = self.read.load(Ordering::Relaxed);
        // A workbook is read in parts, some of them twice.
        if self.total > 0 { read.min(self.total) } else { read }
    }

    /// Size of the file in bytes; 0 when it is not known.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }
}

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// Takes the suffix of the compression off a file name.
    pub(crate) fn strip(name: &str) -> (&str, Self) {
        if let Some(stem) = name.strip_suffix(".gz") {
            (stem, Self::Gzip)
        } else if let Some(stem) = name.strip_suffix(".zst") {
            (stem, Self::Zstd)
        } else {
            (name, Self::None)
        }
    }
}

/// A decompressed stream of bytes.
pub(crate) type Bytes = Box<dyn BufRead + Send>;

/// Opens a file for reading.
pub(crate) fn open(path: &Path, compression: Compression) -> io::Result<(Bytes, Progress)> {
    let (file, progress) = counted(path)?;
    Ok((decompress(file, compression)?, progress))
}

/// Whether the compressed data of a file are damaged: what is wrong with them, if anything. A file
/// that merely ends too early is not; what comes before its end is good.
///
/// A checksum is known only at the end of a stream, so that without this look ahead the rows
/// behind a flipped bit would be taken for good.
///
/// # Errors
///
/// When the file cannot be read.
pub(crate) fn damage(path: &Path, compression: Compression) -> io::Result<Option<io::Error>> {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};

    if compression == Compression::None {
        return Ok(None);
    }
    let (mut bytes, _) = open(path, compression)?;
    match io::copy(&mut bytes, &mut io::sink()) {
        Ok(_) => Ok(None),
        Err(error) if error.kind() == UnexpectedEof => Ok(None),
        Err(error) if matches!(error.kind(), InvalidData | InvalidInput | Other) => Ok(Some(error)),
        Err(error) => Err(error),
    }
}

/// Puts the right decoder on top of raw bytes.
pub(crate) fn decompress(
    raw: impl Read + Send + 'static,
    compression: Compression,
) -> io::Result<Bytes> {
    let buffered = BufReader::with_capacity(BUFFER, raw);
    Ok(match compression {
        Compression::None => Box::new(buffered),
        Compression::Gzip => {
            Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(buffered)))
        }
        Compression::Zstd => {
            let decoder = zstd::stream::read::Decoder::with_buffer(buffered)?;
            Box::new(BufReader::with_capacity(BUFFER, decoder))
        }
    })
}

/// A file that counts what is read of it, for a reader that goes to and fro.
pub(crate) fn counted(path: &Path) -> io::Result<(Counted<File>, Progress)> {
    let file = File::open(path)?;
    let total = file.metadata()?.len();
    let progress = Progress { read: Arc::default(), total };
    Ok((Counted { inner: file, read: Arc::clone(&progress.read) }, progress))
}

/// Counts the bytes that are read.
pub(crate) struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R> Counted<R> {
    /// Counts from the beginning again whenever the result is called.
    pub(crate) fn restart(&self) -> impl Fn() + use<R> {
        let read = Arc::clone(&self.read);
        move || read.store(0, Ordering::Relaxed)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl<R: Seek> Seek for Counted<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}
