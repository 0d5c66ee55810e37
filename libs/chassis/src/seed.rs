//! The seed of a secret key, in a file that nobody else can read.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom as _, SystemRandom};

const FILE_MODE: u32 = 0o600;
const PUBLIC_MODE: u32 = 0o644;
const FOLDER_MODE: u32 = 0o700;
/// What the group and others may do with a file.
const FOREIGN: u32 = 0o077;

/// A seed.
pub type Seed = [u8; 32];

/// Why there is no seed.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A file or folder cannot be used.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// A verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others can read the secret.
    #[error("{} can be read by others (mode {mode:03o})", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file does not hold a seed. What it holds is not told.
    #[error("{} is not a seed of 64 hexadecimal digits", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random bytes for a new key")]
    Random,
}

/// The seed in `file` of `folder`.
///
/// # Errors
///
/// If there is none, others can read it, or it is damaged.
pub fn open(folder: &Path, file: &str) -> Result<Seed, SeedError> {
    let path = folder.join(file);
    let mode = fs::metadata(&path).map_err(failed("read", &path))?.permissions().mode() & 0o777;
    if mode & FOREIGN != 0 {
        return Err(SeedError::Exposed { path, mode });
    }
    let text = fs::read(&path).map_err(failed("read", &path))?;
    let mut seed = [0; 32];
    hex::decode_to_slice(text.trim_ascii(), &mut seed)
        .map_err(|_| SeedError::Malformed { path })?;
    Ok(seed)
}

/// As [`open`], where a seed is made if there is none; whether it was.
///
/// A new one is written under another name and linked, whole, to its place: of several processes
/// that do so at once one wins, and all then read the same.
///
/// # Errors
///
/// As [`open`], or if none can be made.
pub fn open_or_make(folder: &Path, file: &str) -> Result<(Seed, bool), SeedError> {
    let path = folder.join(file);
    let is_new = !path.try_exists().map_err(failed("look for", &path))?;
    if is_new {
        make(folder, &path)?;
    }
    Ok((open(folder, file)?, is_new))
}

fn make(folder: &Path, path: &Path) -> Result<(), SeedError> {
    if !folder.try_exists().map_err(failed("look for", folder))? {
        fs::create_dir_all(folder).map_err(failed("create", folder))?;
        fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE))
            .map_err(failed("close to others", folder))?;
    }
    let seed = fresh()?;
    let draft = draft(path);
    let written = write(&draft, &hex::encode(seed)).map_err(failed("write", &draft));
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked.map_err(failed("create", path)),
    });
    let removed = fs::remove_file(&draft).map_err(failed("remove", &draft));
    linked.and(removed)?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("write", folder))
}

/// A new seed, which is in no file yet.
///
/// # Errors
///
/// If the system gives no random bytes.
pub fn fresh() -> Result<Seed, SeedError> {
    let mut seed: Seed = [0; 32];
    SystemRandom::new().fill(&mut seed).map_err(|_| SeedError::Random)?;
    Ok(seed)
}

/// Puts `seed` in the place of the one in `file` of `folder`, whole or not at all.
///
/// # Errors
///
/// If it cannot be written.
pub fn put(folder: &Path, file: &str, seed: &Seed) -> Result<(), SeedError> {
    let path = folder.join(file);
    replace(&path, &hex::encode(seed)).map_err(failed("write", &path))
}

/// Puts `text` as a line into a file of mode 0600, whole or not at all.
///
/// # Errors
///
/// If it cannot be written.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    replace_as(path, text, FILE_MODE)
}

/// As [`replace`], for what everybody may read.
///
/// # Errors
///
/// If it cannot be written.
pub fn replace_public(path: &Path, text: &str) -> io::Result<()> {
    replace_as(path, text, PUBLIC_MODE)
}

fn replace_as(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let draft = draft(path);
    write(&draft, text)?;
    fs::set_permissions(&draft, Permissions::from_mode(mode))?;
    fs::rename(&draft, path)
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SeedError {
    let path = path.to_owned();
    move |source| SeedError::Io { action, path, source }
}

/// Another name beside `path`, of this process alone.
fn draft(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(path)?;
    file.write_all(text.trim_end().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}
