//! The secret keys of a suite, which are files beside its database.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::sync;

const ENDING: &str = ".seed";
/// A key is a line of 64 digits; nothing longer is one.
const BYTES_MAX: u64 = 1 << 10;

/// Whether a file is a key by its name; one that is just being made is none.
pub(super) fn is_key(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(ENDING) && !name.starts_with('.')
}

/// The keys in `folder`, in order; none where there is no such folder.
///
/// # Errors
///
/// When it cannot be listed.
pub fn inside(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("cannot list {}", folder.display()))?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<_> = paths.collect::<Result<_, _>>().context("cannot list the keys")?;
    paths.retain(|path| is_key(path) && path.is_file());
    paths.sort();
    Ok(paths)
}

/// Reads a key.
///
/// # Errors
///
/// When it cannot be read, or is none. What it holds is not told.
pub fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let context = || format!("cannot read {}", path.display());
    let length = fs::metadata(path).with_context(context)?.len();
    anyhow::ensure!(length <= BYTES_MAX, "{} is too long for a key", path.display());
    fs::read(path).with_context(context)
}

/// Writes a key that is not there yet, for its owner alone, so that it lasts.
///
/// # Errors
///
/// When it is there, or cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Keys that were put in place, and can be taken away again.
#[derive(Debug, Default)]
pub struct Placed {
    files: Vec<PathBuf>,
    folder: Option<PathBuf>,
}

impl Placed {
    /// Takes away what was put there.
    pub fn undo(self) {
        // What cannot be removed is the key of the backup, and harms no other attempt.
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        if let Some(folder) = &self.folder {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// What hinders the keys of the backup from being put into `folder`: others of the same name.
///
/// # Errors
///
/// When they cannot be read.
pub fn hindrances(from: &Path, names: &[&str], folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut mistakes = Vec::new();
    for name in names {
        let place = folder.join(name);
        if place.exists() && read(&place)? != read(&from.join(name))? {
            mistakes.push(format!("{} is another key than that of the backup", place.display()));
        }
    }
    Ok(mistakes)
}

/// Puts the keys of the backup into `folder` that are not there yet. On failure none is there that
/// was not before.
///
/// # Errors
///
/// When they cannot be written.
pub fn place(from: &Path, names: &[&str], folder: &Path) -> anyhow::Result<Placed> {
    let mut placed = Placed::default();
    let outcome = fill(from, names, folder, &mut placed);
    match outcome {
        Ok(()) => Ok(placed),
        Err(error) => {
            placed.undo();
            Err(error)
        }
    }
}

fn fill(from: &Path, names: &[&str], folder: &Path, placed: &mut Placed) -> anyhow::Result<()> {
    let context = || format!("cannot write {}", folder.display());
    if !folder.exists() {
        DirBuilder::new().mode(0o700).create(folder).with_context(context)?;
        placed.folder = Some(folder.to_owned());
    }
    for name in names {
        let place = folder.join(name);
        if !place.exists() {
            let bytes = read(&from.join(name))?;
            placed.files.push(place.clone());
            write(&place, &bytes)?;
        }
    }
    sync(folder).with_context(context)
}
