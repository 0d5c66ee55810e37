use std::fs::{DirBuilder, File, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::account::{Account, is_ours};
use super::location::Location;
use super::{Options, PrivateError};

/// The cluster itself, in the folder where the server lives.
pub(super) const CLUSTER: &str = "pgdata";

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

/// Where a socket may be if the server's own folder has no fit path.
const SOCKET_FOLDERS: [&str; 3] = ["/tmp", "/run", "/var/tmp"];

/// The folders and files of a private server. Holds the locks that keep others out.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    data_dir: PathBuf,
    location: Location,
    socket_dir: PathBuf,
    _locks: Arc<[File]>,
}

impl Layout {
    /// Creates the folders, and takes the locks.
    pub(super) fn prepare(
        options: &Options,
        account: Option<Account>,
    ) -> Result<Self, PrivateError> {
        let data_dir = &options.data_dir;
        std::fs::create_dir_all(data_dir)
            .map_err(PrivateError::io(format!("create {}", data_dir.display())))?;
        let data_dir = data_dir
            .canonicalize()
            .map_err(PrivateError::io(format!("look at {}", data_dir.display())))?;
        let mut locks = vec![take_lock(&data_dir)?];
        let location = Location::find(&data_dir, account, &options.elsewhere)?;
        if location.folder != data_dir {
            // A copy of the data folder leads there as well.
            locks.push(take_lock(&location.folder)?);
        }
        let account = location.account.as_ref();
        if let Some(account) = account {
            account.adopt(&location.folder.join(CLUSTER))?;
        }
        let runtime_dir = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let socket_dir = socket_dir(&location.folder, runtime_dir, account);
        create_private(&socket_dir, account)?;
        Ok(Self { data_dir, location, socket_dir, _locks: locks.into() })
    }

    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The account that the server runs as, where it is not our own.
    pub(super) fn account(&self) -> Option<&Account> {
        self.location.account.as_ref()
    }

    /// The folder elsewhere that holds the data, where that is not in the data folder.
    pub(super) fn elsewhere(&self) -> Option<&Path> {
        Some(self.home()).filter(|home| *home != self.data_dir)
    }

    /// A folder that the server's account can enter.
    pub(super) fn home(&self) -> &Path {
        &self.location.folder
    }

    /// The cluster itself.
    pub(super) fn cluster(&self) -> PathBuf {
        self.location.folder.join(CLUSTER)
    }

    /// A cluster that is being initialised. If there is one, it never was finished.
    pub(super) fn unfinished(&self) -> PathBuf {
        self.location.folder.join("pgdata.new")
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
pub(super) fn take_lock(data_dir: &Path) -> Result<File, PrivateError> {
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

/// A folder for the socket: inside `folder` if the path is short and plain enough for both the
/// system and PostgreSQL, else a folder named after it elsewhere.
fn socket_dir(folder: &Path, runtime_dir: Option<PathBuf>, account: Option<&Account>) -> PathBuf {
    let digest = Sha256::digest(folder.as_os_str().as_bytes());
    let name = format!("chengping-{}", hex::encode(&digest[..8]));
    let elsewhere = runtime_dir.into_iter().chain(SOCKET_FOLDERS.map(PathBuf::from));
    [folder.join("run")]
        .into_iter()
        .chain(elsewhere.map(|folder| folder.join(&name)))
        .find(|folder| is_fit(folder, account))
        .unwrap_or_else(|| Path::new(SOCKET_FOLDERS[0]).join(&name))
}

fn is_fit(folder: &Path, account: Option<&Account>) -> bool {
    let bytes = folder.as_os_str().as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    let is_short = bytes.len() + 1 + SOCKET_NAME.len() <= SOCKET_PATH_MAX;
    let can_reach = |parent: &Path| account.is_none_or(|account| account.can_reach(parent).is_ok());
    is_short
        && folder.is_absolute()
        && bytes.iter().all(is_plain)
        && folder.parent().is_some_and(|parent| parent.is_dir() && can_reach(parent))
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
        assert_eq!(socket_dir(root.path(), None, None), root.path().join("run"));

        for name in ["x".repeat(90), "数据 folder".to_owned(), "a,b".to_owned()] {
            let odd = root.path().join(&name);
            std::fs::create_dir(&odd).unwrap();
            assert!(socket_dir(&odd, None, None).starts_with("/tmp/"), "{name}");
            let runtime = Some(root.path().to_owned());
            assert!(socket_dir(&odd, runtime, None).starts_with(root.path()), "{name}");
        }
    }

    #[test]
    fn a_runtime_folder_that_the_servers_account_cannot_enter_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let account = Account { name: "other".to_owned(), uid: 54_321, gid: 54_321 };
        let runtime = Some(root.path().to_owned());
        let odd = Path::new("/数据");
        assert!(socket_dir(odd, runtime, Some(&account)).starts_with("/tmp/"));
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
