//! The secret key of the logs: a seed in a file that nobody else can read.
//!
//! One installation has one seed. Every log has a key of its own name (`HOST/JURISDICTION`) that
//! grows from it, so a reader who believes the key of one jurisdiction does not thereby believe
//! that of another.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use chengping_ledger::checkpoint::origin;
use chengping_ledger::note::{KeyError, Signer};
use chengping_types::JurisdictionId;

use crate::config::KeysConfig;

const FILE: &str = "log.seed";
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;
/// What the group and others may do with a file.
const FOREIGN: u32 = 0o077;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    /// A file or folder cannot be used.
    #[error("cannot {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    /// Others can read the secret.
    #[error(
        "{} can be read by others (mode {mode:03o}); make it yours alone (chmod 600), and if \
         anybody may have read it, tell the readers and begin a new key",
        path.display()
    )]
    Exposed { path: PathBuf, mode: u32 },
    /// The file does not hold a seed. What it holds is not told.
    #[error(
        "{} is not a seed of 64 hexadecimal digits; restore it from the backup",
        path.display()
    )]
    Malformed { path: PathBuf },
    /// The system gave no random bytes.
    #[error("the system gives no random bytes for a new key")]
    Random(#[source] getrandom::Error),
    /// The name of the log is not fit for a key.
    #[error("keys.host is not fit for the name of a key")]
    Name(#[from] KeyError),
}

/// The keys of all logs of the installation.
#[derive(Clone)]
pub(crate) struct Keys {
    host: String,
    seed: [u8; 32],
}

impl Keys {
    /// The keys as configured; on the first start they are made.
    pub(crate) fn open(config: &KeysConfig) -> Result<Self, KeysError> {
        let path = config.folder.join(FILE);
        if !path.try_exists().map_err(failed("look for", &path))? {
            create(&config.folder, &path)?;
        }
        let keys = Self { host: config.host.clone(), seed: read(&path)? };
        Signer::new(&keys.host, keys.seed)?;
        Ok(keys)
    }

    /// The key that signs for the log of `jurisdiction`.
    pub(crate) fn signer(&self, jurisdiction: &JurisdictionId) -> Signer {
        Signer::new(&self.origin(jurisdiction), self.seed).expect("the host was tried when opened")
    }

    /// The name of the log of `jurisdiction`.
    pub(crate) fn origin(&self, jurisdiction: &JurisdictionId) -> String {
        origin(&self.host, jurisdiction)
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeysError {
    let path = path.to_owned();
    move |source| KeysError::Io { action, path, source }
}

fn read(path: &Path) -> Result<[u8; 32], KeysError> {
    let mode = fs::metadata(path).map_err(failed("read", path))?.permissions().mode() & 0o777;
    if mode & FOREIGN != 0 {
        return Err(KeysError::Exposed { path: path.to_owned(), mode });
    }
    let text = fs::read(path).map_err(failed("read", path))?;
    let mut seed = [0; 32];
    hex::decode_to_slice(text.trim_ascii(), &mut seed)
        .map_err(|_| KeysError::Malformed { path: path.to_owned() })?;
    Ok(seed)
}

/// Makes a seed under another name and links it, whole, to its place; of several processes that do
/// so at once one wins, and all then read the same.
fn create(folder: &Path, path: &Path) -> Result<(), KeysError> {
    if !folder.try_exists().map_err(failed("look for", folder))? {
        fs::create_dir_all(folder).map_err(failed("create", folder))?;
        fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE))
            .map_err(failed("close to others", folder))?;
    }
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(KeysError::Random)?;
    let draft = folder.join(format!(".{FILE}.{}", std::process::id()));
    let written = write(&draft, &seed).map_err(failed("write", &draft));
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked.map_err(failed("create", path)),
    });
    let removed = fs::remove_file(&draft).map_err(failed("remove", &draft));
    linked.and(removed)?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("write", folder))?;
    tracing::info!(path = %path.display(), "made the secret key of the logs; back it up");
    Ok(())
}

fn write(path: &Path, seed: &[u8; 32]) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(path)?;
    file.write_all(hex::encode(seed).as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(folder: &Path) -> KeysConfig {
        KeysConfig { folder: folder.to_owned(), host: "pingjia.example".to_owned() }
    }

    fn key(keys: &Keys) -> String {
        keys.signer(&"zz".parse().unwrap()).verifier_key().to_string()
    }

    #[test]
    fn a_key_is_made_once_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder.path().join("keys"));
        let first = Keys::open(&config).unwrap();
        let path = config.folder.join(FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, FILE_MODE);
        assert_eq!(fs::metadata(&config.folder).unwrap().permissions().mode() & 0o777, FOLDER_MODE);
        assert_eq!(fs::read_dir(&config.folder).unwrap().count(), 1);
        assert_eq!(key(&Keys::open(&config).unwrap()), key(&first));
        assert!(key(&first).starts_with("pingjia.example/zz+"));
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        Keys::open(&config).unwrap();
        let path = config.folder.join(FILE);
        for mode in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = Keys::open(&config).err().unwrap();
            assert!(matches!(error, KeysError::Exposed { mode: found, .. } if found == mode));
        }
        fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
        assert!(Keys::open(&config).is_ok());
    }

    #[test]
    fn a_damaged_key_is_refused_and_not_told() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        write(&config.folder.join(FILE), &[7; 32]).unwrap();
        let path = config.folder.join(FILE);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, &text[..60]).unwrap();
        let error = Keys::open(&config).err().unwrap();
        assert!(matches!(error, KeysError::Malformed { .. }));
        assert!(!format!("{error} {error:?}").contains("0707"));
    }
}
