//! The secret keys of the logs: seeds in files that nobody else can read.
//!
//! One installation has one seed a generation. Every log has keys of its own name
//! (`HOST/JURISDICTION`) that grow from them, so a reader who believes the key of one jurisdiction
//! does not thereby believe that of another. Which generation signs is kept with each log.

use std::io;
use std::path::{Path, PathBuf};

use chengping_chassis::error::Chain;
use chengping_chassis::seed::{self, Seed, SeedError};
use chengping_ledger::checkpoint::origin;
use chengping_ledger::note::{KeyError, Signer};
use chengping_types::JurisdictionId;

use crate::config::KeysConfig;
use crate::store::standing::LogStanding;

const FILE: &str = "log.seed";
/// What the secrets of webhooks are encrypted with.
const WEBHOOK_FILE: &str = "webhook.seed";

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
    Random,
    /// The name of the log is not fit for a key.
    #[error("keys.host is not fit for the name of a key")]
    Name(#[from] KeyError),
}

impl From<SeedError> for KeysError {
    fn from(error: SeedError) -> Self {
        match error {
            SeedError::Io { action, path, source } => Self::Io { action, path, source },
            SeedError::Exposed { path, mode } => Self::Exposed { path, mode },
            SeedError::Malformed { path } => Self::Malformed { path },
            SeedError::Random => Self::Random,
        }
    }
}

/// The keys of all logs of the installation.
#[derive(Clone)]
pub(crate) struct Keys {
    host: String,
    folder: PathBuf,
    /// That of generation 0.
    seed: Seed,
    webhooks: Seed,
}

impl Keys {
    /// The keys as configured; on the first start they are made.
    pub(crate) fn open(config: &KeysConfig) -> Result<Self, KeysError> {
        let (seed, is_new) = seed::open_or_make(&config.folder, FILE)?;
        if is_new {
            let path = config.folder.join(FILE);
            tracing::info!(path = %path.display(), "made the secret key of the logs; back it up");
        }
        let (webhooks, _) = seed::open_or_make(&config.folder, WEBHOOK_FILE)?;
        let (host, folder) = (config.host.clone(), config.folder.clone());
        let keys = Self { host, folder, seed, webhooks };
        Signer::new(&keys.host, keys.seed)?;
        Ok(keys)
    }

    /// The key of a generation for the log of `jurisdiction`.
    ///
    /// # Errors
    ///
    /// If the file of its seed cannot be used.
    pub(crate) fn signer(
        &self,
        jurisdiction: &JurisdictionId,
        generation: u64,
    ) -> Result<Signer, KeysError> {
        let seed = match generation {
            0 => self.seed,
            _ => seed::open(&self.folder, &file_of(generation))?,
        };
        Ok(self.grown(jurisdiction, seed))
    }

    /// The same, where the seed is made if there is none.
    ///
    /// # Errors
    ///
    /// As [`signer`](Self::signer), or if none can be made.
    pub(crate) fn signer_or_new(
        &self,
        jurisdiction: &JurisdictionId,
        generation: u64,
    ) -> Result<Signer, KeysError> {
        if generation == 0 {
            return Ok(self.grown(jurisdiction, self.seed));
        }
        let (seed, is_new) = seed::open_or_make(&self.folder, &file_of(generation))?;
        if is_new {
            let path = self.folder.join(file_of(generation));
            tracing::info!(path = %path.display(), "made another secret key of logs; back it up");
        }
        Ok(self.grown(jurisdiction, seed))
    }

    fn grown(&self, jurisdiction: &JurisdictionId, seed: Seed) -> Signer {
        Signer::new(&self.origin(jurisdiction), seed).expect("the host was tried when opened")
    }

    /// What the secrets of webhooks are encrypted with.
    pub(crate) const fn webhooks(&self) -> &Seed {
        &self.webhooks
    }

    /// Where the secrets are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name of the log of `jurisdiction`.
    pub(crate) fn origin(&self, jurisdiction: &JurisdictionId) -> String {
        origin(&self.host, jurisdiction)
    }
}

/// Whether `folder` holds the keys that go on with these logs.
///
/// # Errors
///
/// All mistakes, a line each. No key is told.
pub fn check(folder: &Path, logs: &[LogStanding]) -> Result<(), Vec<String>> {
    let mut mistakes = Vec::new();
    for log in logs {
        let Some(verifier_key) = &log.verifier_key else { continue };
        let generation = u64::try_from(log.generation).unwrap_or_default();
        let file = if generation == 0 { FILE.to_owned() } else { file_of(generation) };
        let signs = seed::open(folder, &file).map_err(KeysError::from).and_then(|seed| {
            let name = verifier_key.split('+').next().unwrap_or_default();
            Ok(Signer::new(name, seed)?.verifier_key().to_string() == *verifier_key)
        });
        let of = format!("the log of {}", log.jurisdiction);
        match signs {
            Ok(true) => {}
            Ok(false) => {
                let path = folder.join(&file);
                mistakes.push(format!("{of} is signed by another key than {}", path.display()));
            }
            Err(error) => mistakes.push(format!("{of}: {}", Chain(&error))),
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
}

/// The file with the seed of a generation after 0.
fn file_of(generation: u64) -> String {
    format!("log-{generation}.seed")
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::*;

    fn config(folder: &Path) -> KeysConfig {
        KeysConfig { folder: folder.to_owned(), host: "pingjia.example".to_owned() }
    }

    fn key(keys: &Keys) -> String {
        keys.signer(&"zz".parse().unwrap(), 0).unwrap().verifier_key().to_string()
    }

    #[test]
    fn a_key_is_made_once_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder.path().join("keys"));
        let first = Keys::open(&config).unwrap();
        let path = config.folder.join(FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&config.folder).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(&config.folder).unwrap().count(), 2);
        assert_eq!(key(&Keys::open(&config).unwrap()), key(&first));
        assert!(key(&first).starts_with("pingjia.example/zz+"));
    }

    #[test]
    fn a_generation_has_a_key_of_its_own_that_stays() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(&config(folder.path())).unwrap();
        let zz = "zz".parse().unwrap();
        assert!(keys.signer(&zz, 1).is_err(), "nobody made it");
        let made = keys.signer_or_new(&zz, 1).unwrap().verifier_key();
        assert_ne!(made.to_string(), key(&keys));
        assert_eq!(keys.signer(&zz, 1).unwrap().verifier_key(), made);
        assert_eq!(keys.signer_or_new(&zz, 1).unwrap().verifier_key(), made);
    }

    #[test]
    fn a_folder_without_the_keys_of_the_logs_is_told_of_log_by_log() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(&config(folder.path())).unwrap();
        let log = |jurisdiction: &str, generation, key: Option<String>| LogStanding {
            jurisdiction: jurisdiction.to_owned(),
            size: 1,
            checkpoint: None,
            generation,
            verifier_key: key,
        };
        let of = |name: &str| {
            let signer = keys.signer(&name.parse().unwrap(), 0).unwrap();
            Some(signer.verifier_key().to_string())
        };
        check(folder.path(), &[log("a", 0, of("a")), log("b", 0, of("b"))]).unwrap();
        check(folder.path(), &[log("never-signed", 3, None)]).unwrap();
        let told = check(folder.path(), &[log("a", 1, of("a")), log("b", 0, of("b"))]).unwrap_err();
        assert!(told.len() == 1 && told[0].contains("log-1.seed"), "{told:?}");
        seed::put(folder.path(), FILE, &[9; 32]).unwrap();
        let told = check(folder.path(), &[log("a", 0, of("a")), log("b", 0, of("b"))]).unwrap_err();
        assert!(told.len() == 2 && told[1].contains("log of b is signed by another key"));
        assert!(!told.concat().contains("0909"), "{told:?}");
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
        let path = config.folder.join(FILE);
        seed::replace(&path, &"07".repeat(32)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, &text[..60]).unwrap();
        let error = Keys::open(&config).err().unwrap();
        assert!(matches!(error, KeysError::Malformed { .. }));
        assert!(!format!("{error} {error:?}").contains("0707"));
    }
}
