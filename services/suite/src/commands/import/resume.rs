//! How far a file was imported, kept beside it for an import that goes on after a break.
//!
//! Nothing depends on it but time: what is sent twice is a repeat, and before rows are passed over
//! the server is asked whether it has the last of them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::files;
use crate::output::say;

/// Between two writings.
const INTERVAL: Duration = Duration::from_millis(500);

/// Which records of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Its cases.
    Cases,
    /// Its events.
    Events,
}

/// What is in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Of the file and of how it is read.
    key: Key,
    /// The last row of which every case is acknowledged, counted from the first after the header.
    cases: u64,
    /// The same for events.
    events: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Key {
    size: u64,
    modified: u64,
    sha256: String,
    read_as: String,
}

/// The journal of one file.
pub struct Journal {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    kept: Kept,
    written: Option<Instant>,
    /// Writing failed once, and is not tried again.
    failed: bool,
}

impl Journal {
    /// Begins a journal; with `resume` it begins where the last one ended, if that was of the same
    /// bytes, read in the same way.
    pub fn open(file: &Path, read_as: &str, resume: bool) -> Self {
        let path = place(file);
        let shown = file.display();
        // A file that cannot be read says so when it is imported.
        let key = key(file, read_as).unwrap_or_default();
        let before: Option<Kept> =
            fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let fresh = Kept { key, ..Kept::default() };
        let kept = match before {
            _ if !resume => fresh,
            Some(before) if before.key == fresh.key => before,
            Some(_) => {
                say(format_args!(
                    "note: {shown} or how it is read has changed since the import broke off; it is \
                     read from the beginning"
                ));
                fresh
            }
            None => fresh,
        };
        Self { path, state: Mutex::new(State { kept, written: None, failed: false }) }
    }

    /// The last row that is acknowledged; 0 for none.
    pub fn mark(&self, lane: Lane) -> u64 {
        self.state.lock().map_or(0, |state| *state.kept.of(lane))
    }

    /// Forgets what was acknowledged.
    pub fn forget(&self, lane: Lane) {
        if let Ok(mut state) = self.state.lock() {
            *state.kept.of_mut(lane) = 0;
        }
    }

    /// Notes that everything up to a row is acknowledged.
    pub fn acknowledged(&self, lane: Lane, row: u64) {
        let Ok(mut state) = self.state.lock() else { return };
        let mark = state.kept.of_mut(lane);
        *mark = row.max(*mark);
        if state.failed || state.written.is_some_and(|at| at.elapsed() < INTERVAL) {
            return;
        }
        state.written = Some(Instant::now());
        if let Err(error) = self.write(&state.kept) {
            state.failed = true;
            let place = self.path.display();
            say(format_args!("note: --resume will not be possible: cannot write {place}: {error}"));
        }
    }

    /// Ends the journal of a file that is imported.
    pub fn finish(&self) {
        let _ = fs::remove_file(&self.path);
    }

    /// Writes it whole or not at all.
    fn write(&self, kept: &Kept) -> io::Result<()> {
        let new = self.path.with_extension("import-state-new");
        fs::write(&new, serde_json::to_vec(kept)?)?;
        fs::rename(&new, &self.path)
    }
}

impl Kept {
    fn of(&self, lane: Lane) -> &u64 {
        match lane {
            Lane::Cases => &self.cases,
            Lane::Events => &self.events,
        }
    }

    fn of_mut(&mut self, lane: Lane) -> &mut u64 {
        match lane {
            Lane::Cases => &mut self.cases,
            Lane::Events => &mut self.events,
        }
    }
}

/// Hidden, beside the file.
fn place(file: &Path) -> PathBuf {
    file.with_file_name(format!(".{}.import-state", files::name(file)))
}

fn key(file: &Path, read_as: &str) -> io::Result<Key> {
    let metadata = fs::metadata(file)?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    Ok(Key {
        size: metadata.len(),
        modified: u64::try_from(modified).unwrap_or(u64::MAX),
        sha256: digest(file)?,
        read_as: read_as.to_owned(),
    })
}

/// SHA-256 of the bytes of a file, in hexadecimal.
///
/// # Errors
///
/// When it cannot be read.
pub fn digest(file: &Path) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 128 * 1024];
    let mut file = File::open(file)?;
    loop {
        match io::Read::read(&mut file, &mut buffer)? {
            0 => return Ok(hex::encode(digest.finalize())),
            count => digest.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cases.csv");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn it_goes_on_with_the_same_bytes_read_in_the_same_way_only() {
        let (_folder, path) = file("one");
        let journal = Journal::open(&path, "zz", false);
        journal.acknowledged(Lane::Cases, 7);
        let mark = |read_as, resume| Journal::open(&path, read_as, resume).mark(Lane::Cases);
        assert_eq!((mark("zz", true), mark("zz", false), mark("other", true)), (7, 0, 0));
        assert_eq!(Journal::open(&path, "zz", true).mark(Lane::Events), 0);
        // The same size at the same time, and other bytes.
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        fs::write(&path, "two").unwrap();
        File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
        assert_eq!(mark("zz", true), 0);
    }

    #[test]
    fn what_is_no_journal_is_none_and_a_finished_one_is_gone() {
        let (folder, path) = file("one");
        fs::write(place(&path), "{").unwrap();
        let journal = Journal::open(&path, "zz", true);
        assert_eq!(journal.mark(Lane::Cases), 0);
        journal.acknowledged(Lane::Cases, 1);
        journal.finish();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_cannot_be_written_stops_nothing() {
        let journal = Journal::open(Path::new("/nowhere/cases.csv"), "zz", true);
        journal.acknowledged(Lane::Events, 5);
        assert_eq!(journal.mark(Lane::Events), 5);
    }
}
