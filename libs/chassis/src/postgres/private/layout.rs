use std::fs::{DirBuilder, File, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::PrivateError;
use super::account::{Account, is_ours};

/// The port names the socket; nothing listens on it.
pub(super) const PORT: u16 = 5432;

/// `sun_path` holds 108 bytes with the closing zero on Linux, 104 on others.
const SOCKET_PATH_MAX: usize = 103;
const SOCKET_NAME: &str = ".s.PGSQL.5432";

/// A log beyond this size makes room for a new one at the next start.
const LOG_BYTES_MAX: u64 = 16 << 20;
/// How much of the log an error carries.
const LOG_TAIL_BYTES: u64 = 4096;
const LOG_TAIL_LINES: usize = 20;

/// The folders and files of a private server. Holds the lock that keeps others out.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    data_dir: PathBuf,
    socket_dir: PathBuf,
    _lock: Arc<File>,
}

impl Layout {
    /// Creates the folders, and takes the lock.
    pub(super) fn prepare(
        data_dir: &Path,
        account: Option<&Account>,
    ) -> Result<Self, PrivateError> {
        std::fs::create_dir_all(data_dir)
            .map_err(PrivateError::io(format!("create {}", data_dir.display())))?;
        let data_dir = data_dir
            .canonicalize()
            .map_err(PrivateError::io(format!("look at {}", data_dir.display())))?;
        let lock = take_lock(&data_dir)?;
        if let Some(account) = account {
            account.can_reach(&data_dir)?;
        }
        let socket_dir = socket_dir(&data_dir, std::env::var_os("XDG_RUNTIME_DIR").map(Into::into));
        create_private(&socket_dir, account)?;
        Ok(Self { data_dir, socket_dir, _lock: Arc::new(lock) })
    }

    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The cluster itself.
    pub(super) fn cluster(&self) -> PathBuf {
        self.data_dir.join("pgdata")
    }

    /// A cluster that is being initialised. If there is one, it never was finished.
    pub(super) fn unfinished(&self) -> PathBuf {
        self.data_dir.join("pgdata.new")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.data_dir.join("server.log")
    }

    pub(super) fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// The PID file beside the socket.
    pub(super) fn socket_lock(&self) -> PathBuf {
        self.socket_dir.join(format!("{SOCKET_NAME}.lock"))
    }

    /// The major version that wrote the cluster, if there is one.
    pub(super) fn written_by(&self) -> Result<Option<u32>, PrivateError> {
        let path = self.cluster().join("PG_VERSION");
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().parse().ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(PrivateError::io(format!("read {}", path.display()))(error)),
        }
    }

    /// The log, opened for appending; an overlong one is put aside first.
    pub(super) fn open_log(&self) -> Result<File, PrivateError> {
        let path = self.log();
        if path.metadata().is_ok_and(|metadata| metadata.len() > LOG_BYTES_MAX) {
            let aside = self.data_dir.join("server.log.1");
            std::fs::rename(&path, aside)
                .map_err(PrivateError::io(format!("put {} aside", path.display())))?;
        }
        File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(PrivateError::io(format!("open {}", path.display())))
    }

    /// The last lines of the log, for people.
    pub(super) fn log_tail(&self) -> String {
        let mut bytes = Vec::new();
        if let Ok(mut file) = File::open(self.log()) {
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            let start = length.saturating_sub(LOG_TAIL_BYTES);
            // What cannot be read is not shown; the error that asks for it matters more.
            let _ = file.seek(SeekFrom::Start(start)).and_then(|_| file.read_to_end(&mut bytes));
        }
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }
}

/// Two servers on one cluster would destroy it. The lock goes when the process goes, however.
fn take_lock(data_dir: &Path) -> Result<File, PrivateError> {
    let path = data_dir.join("lock");
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(PrivateError::io(format!("open {}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(PrivateError::InUse { data_dir: data_dir.to_owned() }),
        Err(TryLockError::Error(error)) => {
            Err(PrivateError::io(format!("lock {}", path.display()))(error))
        }
    }
}

/// A folder for the socket: inside `data_dir` if the path is short and plain enough for both the
/// system and PostgreSQL, else a folder named after it elsewhere.
fn socket_dir(data_dir: &Path, runtime_dir: Option<PathBuf>) -> PathBuf {
    let digest = Sha256::digest(data_dir.as_os_str().as_bytes());
    let name = format!("chengping-{}", hex::encode(&digest[..8]));
    let candidates = [Some(data_dir.join("run")), runtime_dir.map(|folder| folder.join(&name))];
    candidates
        .into_iter()
        .flatten()
        .find(|folder| is_fit(folder))
        .unwrap_or_else(|| Path::new("/tmp").join(&name))
}

fn is_fit(folder: &Path) -> bool {
    let bytes = folder.as_os_str().as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    let is_short = bytes.len() + 1 + SOCKET_NAME.len() <= SOCKET_PATH_MAX;
    is_short
        && folder.is_absolute()
        && bytes.iter().all(is_plain)
        && folder.parent().is_some_and(Path::is_dir)
}

/// Creates `folder` for the server alone. In a shared place somebody may have been there first.
fn create_private(folder: &Path, account: Option<&Account>) -> Result<(), PrivateError> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let metadata = folder
                .symlink_metadata()
                .map_err(PrivateError::io(format!("look at {}", folder.display())))?;
            let is_private = metadata.permissions().mode() & 0o077 == 0;
            if !metadata.is_dir() || !is_private || !is_ours(metadata.uid(), account) {
                return Err(PrivateError::SocketFolder { folder: folder.to_owned() });
            }
        }
        Err(error) => {
            return Err(PrivateError::io(format!("create {}", folder.display()))(error));
        }
    }
    account.map_or(Ok(()), |account| account.own(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_or_odd_path_gets_a_short_socket_folder() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(socket_dir(root.path(), None), root.path().join("run"));

        for name in ["x".repeat(90), "数据 folder".to_owned(), "a,b".to_owned()] {
            let odd = root.path().join(&name);
            std::fs::create_dir(&odd).unwrap();
            assert!(socket_dir(&odd, None).starts_with("/tmp/"), "{name}");
            let runtime = Some(root.path().to_owned());
            assert!(socket_dir(&odd, runtime).starts_with(root.path()), "{name}");
        }
    }

    #[test]
    fn a_socket_folder_that_others_can_enter_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("run");
        create_private(&folder, None).unwrap();
        create_private(&folder, None).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        let error = create_private(&folder, None).unwrap_err();
        assert!(matches!(error, PrivateError::SocketFolder { .. }), "{error}");
    }

    #[test]
    fn a_folder_has_one_user_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let first = take_lock(root.path()).unwrap();
        assert!(matches!(take_lock(root.path()), Err(PrivateError::InUse { .. })));
        drop(first);
        assert!(take_lock(root.path()).is_ok());
    }
}
