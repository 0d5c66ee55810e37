//! `DATA/suite.json`: how clients on the same machine find a suite that runs.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chengping_types::JurisdictionId;
use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

const FILE: &str = "suite.json";

/// What a running suite tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuiteFile {
    /// Where it serves all four services.
    pub address: SocketAddr,
    /// Its process.
    pub pid: u32,
    /// The jurisdiction that commands mean when they name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<JurisdictionId>,
    /// Whether it believes the key of its folder; commands of the folder then sign in with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub identity_required: bool,
}

impl SuiteFile {
    /// Reads the file of `data`; `None` when no suite has left one.
    ///
    /// # Errors
    ///
    /// When there is one that cannot be read.
    pub fn read(data: &Path) -> anyhow::Result<Option<Self>> {
        let path = path(data);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let file = serde_json::from_str(&text)
            .with_context(|| format!("{} is not one that `chengping up` wrote", path.display()))?;
        Ok(Some(file))
    }

    /// Writes the file of `data`, whole or not at all.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written.
    pub fn write(&self, data: &Path) -> anyhow::Result<()> {
        let path = path(data);
        let unfinished = data.join(format!(".{FILE}.{}", self.pid));
        let text = serde_json::to_string_pretty(self).context("a suite file is plain JSON")?;
        fs::write(&unfinished, text + "\n")
            .and_then(|()| fs::rename(&unfinished, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Removes the file of `data` if it is that of process `pid`.
    pub fn remove(data: &Path, pid: u32) {
        if let Ok(Some(file)) = Self::read(data)
            && file.pid == pid
            && let Err(error) = fs::remove_file(path(data))
        {
            tracing::warn!(%error, "the suite file stays behind");
        }
    }
}

/// Whether there is a process of that number.
pub fn is_running(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().filter(|pid| *pid > 0).map(Pid::from_raw);
    // Without a signal the call only looks; EPERM means that there is one of somebody else's.
    pid.is_some_and(|pid| !matches!(kill(pid, None), Err(Errno::ESRCH)))
}

fn path(data: &Path) -> PathBuf {
    data.join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(pid: u32) -> SuiteFile {
        SuiteFile {
            address: "127.0.0.1:4000".parse().unwrap(),
            pid,
            jurisdiction: Some("zz".parse().unwrap()),
            identity_required: pid == 7,
        }
    }

    #[test]
    fn what_is_written_is_read_and_removed_by_its_owner_only() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(SuiteFile::read(data.path()).unwrap(), None);
        file(7).write(data.path()).unwrap();
        assert_eq!(SuiteFile::read(data.path()).unwrap(), Some(file(7)));
        SuiteFile::remove(data.path(), 8);
        assert_eq!(SuiteFile::read(data.path()).unwrap(), Some(file(7)));
        SuiteFile::remove(data.path(), 7);
        assert_eq!(SuiteFile::read(data.path()).unwrap(), None);
    }

    #[test]
    fn a_process_that_is_gone_does_not_run() {
        assert!(is_running(std::process::id()));
        assert!(!is_running(i32::MAX.unsigned_abs()));
        assert!(!is_running(0));
    }

    #[test]
    fn a_file_of_something_else_is_an_error_that_names_it() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join(FILE), "{}").unwrap();
        let error = SuiteFile::read(data.path()).unwrap_err();
        assert!(error.to_string().contains("suite.json"), "{error}");
    }
}
