use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use nix::unistd::{Uid, User, geteuid};
use tokio::process::Command;

use super::PrivateError;

/// Accounts that exist for such purposes, best first.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// The account that the server runs as, where it is not our own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// `None` if the server can run as we do; PostgreSQL refuses to run as root.
    pub(super) fn for_server() -> Result<Option<Self>, PrivateError> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let known = CANDIDATES.iter().find_map(|name| User::from_name(name).ok().flatten());
        let user = known.ok_or(PrivateError::NoAccount)?;
        Ok(Some(Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
    }

    /// Makes `command` run as this account, without any other rights.
    pub(super) fn apply(&self, command: &mut Command) {
        // Supplementary groups are dropped along with the user ID.
        command.uid(self.uid).gid(self.gid);
    }

    /// Gives `path` to this account.
    pub(super) fn own(&self, path: &Path) -> Result<(), PrivateError> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(PrivateError::io(format!(
            "give {} to {}",
            path.display(),
            self.name
        )))
    }

    /// The account that owns `path`, if it exists and root does not own it; else this one. Data
    /// stays with its account, whichever accounts the machine gains or loses later.
    pub(super) fn or_owner_of(self, path: &Path) -> Self {
        let Ok(metadata) = path.metadata() else { return self };
        let uid = metadata.uid();
        if uid == 0 || uid == self.uid {
            return self;
        }
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
        let name = user.map_or_else(|| uid.to_string(), |user| user.name);
        Self { name, uid, gid: metadata.gid() }
    }

    /// Gives `cluster` and all in it to this account, as it is not after a restore by root.
    pub(super) fn adopt(&self, cluster: &Path) -> Result<(), PrivateError> {
        match cluster.metadata() {
            Ok(metadata) if metadata.uid() == 0 => {}
            Ok(_) | Err(_) => return Ok(()),
        }
        let adopted = self
            .own_all(cluster)
            .and_then(|()| std::fs::set_permissions(cluster, Permissions::from_mode(0o700)));
        adopted.map_err(PrivateError::io(format!("give {} to {}", cluster.display(), self.name)))
    }

    /// The folder itself comes last, so that an interrupted change is begun again.
    fn own_all(&self, folder: &Path) -> io::Result<()> {
        for entry in folder.read_dir()? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                self.own_all(&entry.path())?;
            } else {
                lchown(entry.path(), Some(self.uid), Some(self.gid))?;
            }
        }
        chown(folder, Some(self.uid), Some(self.gid))
    }

    /// Whether this account can run `program`.
    pub(super) fn can_run(&self, program: &Path) -> bool {
        let mut command = std::process::Command::new(program);
        command.uid(self.uid).gid(self.gid).current_dir("/").arg("--version");
        command.output().is_ok_and(|output| output.status.success())
    }

    /// Checks that this account can enter every folder down to `folder`.
    pub(super) fn can_reach(&self, folder: &Path) -> Result<(), PrivateError> {
        for part in folder.ancestors() {
            let metadata =
                part.metadata().map_err(PrivateError::io(format!("look at {}", part.display())))?;
            let mode = metadata.permissions().mode();
            let may_enter = match () {
                () if metadata.uid() == self.uid => mode & 0o100 != 0,
                () if metadata.gid() == self.gid => mode & 0o010 != 0,
                () => mode & 0o001 != 0,
            };
            if !may_enter {
                let (account, folder) = (self.name.clone(), part.to_owned());
                return Err(PrivateError::Unreachable { account, folder });
            }
        }
        Ok(())
    }
}

/// The user ID that the server has.
pub(super) fn server_uid(account: Option<&Account>) -> u32 {
    account.map_or_else(|| geteuid().as_raw(), |account| account.uid)
}

/// Whether `uid` is ours or the server's.
pub(super) fn is_ours(uid: u32, account: Option<&Account>) -> bool {
    Uid::from_raw(uid) == geteuid() || uid == server_uid(account)
}
