//! A data folder seen from outside: whether it holds data, whether a server runs on it; and how a
//! stopped one is moved or removed with everything that belongs to it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::account::Account;
use super::cluster::url_for;
use super::layout::{CLUSTER, Layout, take_lock};
use super::{ADMIN, Options, PrivateError, leftover, location};

/// The line of a PID file that names the folder of the socket, and that which says how it stands.
const SOCKET_LINE: usize = 4;
const STATUS_LINE: usize = 7;
const READY: &str = "ready";

/// Whether `data_dir` holds the data of a server, here or elsewhere.
///
/// # Errors
///
/// If it names a folder that is gone, or cannot be read.
pub fn holds_data(data_dir: &Path) -> Result<bool, PrivateError> {
    let version = cluster(data_dir)?.join("PG_VERSION");
    version.try_exists().map_err(PrivateError::io(format!("look at {}", version.display())))
}

/// Whether a process uses the server of `data_dir`, which exists.
///
/// # Errors
///
/// If that cannot be found out.
pub fn is_in_use(data_dir: &Path) -> Result<bool, PrivateError> {
    match take_lock(data_dir) {
        Ok(_) => Ok(false),
        Err(PrivateError::InUse { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

/// The URL of the superuser in `database` of the server that another process runs on `data_dir`;
/// `None` while it takes no connections.
///
/// # Errors
///
/// If what it says of itself cannot be read: it may belong to another account.
pub fn url_of_running(data_dir: &Path, database: &str) -> Result<Option<String>, PrivateError> {
    // The server itself says where it listens: that depends on the settings of who started it.
    let path = cluster(data_dir)?.join("postmaster.pid");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(PrivateError::io(format!("read {}", path.display()))(error)),
    };
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let is_ready = lines.get(STATUS_LINE) == Some(&READY);
    let socket = lines.get(SOCKET_LINE).filter(|folder| is_ready && !folder.is_empty());
    Ok(socket.map(|folder| url_for(folder, ADMIN, database)))
}

/// Gives the data of `from`, whose server is stopped, the name `to` in the same file system, where
/// nothing is yet.
///
/// # Errors
///
/// If a process uses it, or it cannot be moved.
pub fn move_data(from: &Path, to: &Path) -> Result<(), PrivateError> {
    let layout = Layout::prepare(&Options::new(from), Account::for_server()?)?;
    fs::rename(from, to).map_err(PrivateError::io(format!(
        "move {} to {}",
        from.display(),
        to.display()
    )))?;
    if let Some(folder) = layout.elsewhere() {
        location::point_back(folder, to)?;
    }
    remove_folder(layout.socket_dir())?;
    let parent = to.parent().unwrap_or(to);
    File::open(parent)
        .and_then(|parent| parent.sync_all())
        .map_err(PrivateError::io(format!("write {}", parent.display())))
}

/// Removes `data_dir` with all that is elsewhere of it, if it is there. A server that a killed
/// process left running on it is stopped.
///
/// # Errors
///
/// If a process uses it, or it cannot be removed.
pub async fn remove_data(data_dir: &Path) -> Result<(), PrivateError> {
    if !data_dir.exists() {
        return Ok(());
    }
    match Layout::prepare(&Options::new(data_dir), Account::for_server()?) {
        Ok(layout) => {
            leftover::stop(&layout).await?;
            remove_folder(layout.socket_dir())?;
            layout.elsewhere().map_or(Ok(()), remove_folder)?;
        }
        // What it names is removed already.
        Err(PrivateError::Gone { .. }) => {}
        Err(error) => return Err(error),
    }
    remove_folder(data_dir)
}

fn cluster(data_dir: &Path) -> Result<PathBuf, PrivateError> {
    let elsewhere = location::named(data_dir)?;
    Ok(elsewhere.unwrap_or_else(|| data_dir.to_owned()).join(CLUSTER))
}

fn remove_folder(folder: &Path) -> Result<(), PrivateError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(PrivateError::io(format!("remove {}", folder.display()))(error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
