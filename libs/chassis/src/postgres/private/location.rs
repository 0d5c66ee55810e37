//! Where the server lives: in the data folder, or elsewhere where its account cannot enter that.

use std::fs::{DirBuilder, File, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::PrivateError;
use super::account::Account;
use super::layout::CLUSTER;

/// A file in the data folder that names the folder elsewhere.
const POINTER: &str = "postgres.location";
/// A file in the folder elsewhere that names the data folder, for people.
const BACK_POINTER: &str = "data-folder";

/// The folder with everything that the server's account must reach, and that account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) folder: PathBuf,
    pub(super) account: Option<Account>,
}

impl Location {
    /// The location of the data of `data_dir`, which is locked: where it was before, else
    /// `data_dir`, else a new folder in one of `elsewhere`.
    pub(super) fn find(
        data_dir: &Path,
        account: Option<Account>,
        elsewhere: &[PathBuf],
    ) -> Result<Self, PrivateError> {
        if let Some(folder) = named(data_dir)? {
            let account = account.map(|account| account.or_owner_of(&folder));
            if let Some(account) = &account {
                account.can_reach(&folder)?;
            }
            move_cluster(data_dir, &folder)?;
            return Ok(Self { folder, account });
        }
        let here = |account| Self { folder: data_dir.to_owned(), account };
        let Some(account) = account else { return Ok(here(None)) };
        let account = account.or_owner_of(&data_dir.join(CLUSTER));
        match account.can_reach(data_dir) {
            Ok(()) => Ok(here(Some(account))),
            Err(PrivateError::Unreachable { account: name, folder }) => {
                match create(data_dir, &account, elsewhere)? {
                    Some(folder) => Ok(Self { folder, account: Some(account) }),
                    None => Err(PrivateError::Unreachable { account: name, folder }),
                }
            }
            Err(error) => Err(error),
        }
    }
}

/// The first of `folders` that exists or can be made, that only root can change, and that
/// `account` can enter.
pub(super) fn base<'a>(folders: &'a [PathBuf], account: &Account) -> Option<&'a Path> {
    let is_fit = |folder: &&PathBuf| {
        if DirBuilder::new().create(folder).is_ok() {
            // Where this fails, the checks below see what there is.
            let _ = std::fs::set_permissions(folder, Permissions::from_mode(0o755));
        }
        let is_roots = folder.symlink_metadata().is_ok_and(|metadata| {
            metadata.is_dir() && metadata.uid() == 0 && metadata.permissions().mode() & 0o022 == 0
        });
        is_roots && account.can_reach(folder).is_ok()
    };
    folders.iter().find(is_fit).map(PathBuf::as_path)
}

/// The folder that `data_dir` points at.
pub(super) fn named(data_dir: &Path) -> Result<Option<PathBuf>, PrivateError> {
    let pointer = data_dir.join(POINTER);
    let text = match std::fs::read_to_string(&pointer) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(PrivateError::io(format!("read {}", pointer.display()))(error));
        }
    };
    let folder = PathBuf::from(text.trim_end_matches('\n'));
    match folder.canonicalize() {
        Ok(folder) if folder.is_dir() => Ok(Some(folder)),
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(PrivateError::io(format!("look at {}", folder.display()))(error))
        }
        Ok(_) | Err(_) => Err(PrivateError::Gone { pointer, folder }),
    }
}

/// A new folder elsewhere for the data of `data_dir`; `None` where there is no place for it, or
/// where data that `data_dir` holds cannot be moved there.
fn create(
    data_dir: &Path,
    account: &Account,
    elsewhere: &[PathBuf],
) -> Result<Option<PathBuf>, PrivateError> {
    // A name that was never used: new data must not meet old.
    let fits = |base: &Path| try_create(data_dir, account, &base.join(Uuid::now_v7().to_string()));
    let mut folders = elsewhere;
    while let Some(base) = base(folders, account) {
        if let Some(folder) = fits(base)? {
            tracing::info!(
                data_dir = %data_dir.display(),
                folder = %folder.display(),
                "account {} cannot enter the data folder, so PostgreSQL keeps its data elsewhere",
                account.name
            );
            return Ok(Some(folder));
        }
        let tried = folders.iter().position(|folder| folder == base).unwrap_or_default();
        folders = &folders[tried + 1..];
    }
    Ok(None)
}

fn try_create(
    data_dir: &Path,
    account: &Account,
    folder: &Path,
) -> Result<Option<PathBuf>, PrivateError> {
    if DirBuilder::new().mode(0o700).create(folder).is_err() {
        return Ok(None);
    }
    let folder =
        folder.canonicalize().map_err(PrivateError::io(format!("look at {}", folder.display())))?;
    account.own(&folder)?;
    point_back(&folder, data_dir)?;
    // Before the data: whatever is there already must be found if this process ends here.
    write(data_dir, POINTER, &format!("{}\n", folder.display()))?;
    match move_cluster(data_dir, &folder) {
        Ok(()) => Ok(Some(folder)),
        Err(error) => {
            tracing::debug!(%error, folder = %folder.display(), "this folder will not do");
            let pointer = data_dir.join(POINTER);
            std::fs::remove_file(&pointer)
                .map_err(PrivateError::io(format!("remove {}", pointer.display())))?;
            // What is left is an empty folder.
            let _ = std::fs::remove_dir_all(&folder);
            Ok(None)
        }
    }
}

/// Says in `folder` which data folder it belongs to.
pub(super) fn point_back(folder: &Path, data_dir: &Path) -> Result<(), PrivateError> {
    write(folder, BACK_POINTER, &format!("{}\n", data_dir.display()))
}

/// Moves a cluster that `data_dir` holds to `folder`, unless there is one already.
fn move_cluster(data_dir: &Path, folder: &Path) -> Result<(), PrivateError> {
    let (from, to) = (data_dir.join(CLUSTER), folder.join(CLUSTER));
    if to.exists() || !from.exists() {
        return Ok(());
    }
    std::fs::rename(&from, &to).map_err(PrivateError::io(format!(
        "move {} to {}",
        from.display(),
        to.display()
    )))
}

/// Writes a file that is there whole, even after a crash of the machine, or not at all.
fn write(folder: &Path, name: &str, text: &str) -> Result<(), PrivateError> {
    let (path, unfinished) = (folder.join(name), folder.join(format!("{name}.new")));
    let written = File::create(&unfinished).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&unfinished, &path)?;
        File::open(folder)?.sync_all()
    });
    written.map_err(PrivateError::io(format!("write {}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_account_the_data_stays_where_it_was_put() {
        let root = tempfile::tempdir().unwrap();
        let here = Location { folder: root.path().to_owned(), account: None };
        assert_eq!(Location::find(root.path(), None, &[]).unwrap(), here);
    }

    #[test]
    fn a_pointer_leads_to_its_folder_and_takes_along_what_was_not_moved_yet() {
        let (root, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let target = elsewhere.path().canonicalize().unwrap();
        write(root.path(), POINTER, &format!("{}\n", target.display())).unwrap();
        std::fs::create_dir(root.path().join(CLUSTER)).unwrap();
        let found = Location::find(root.path(), None, &[]).unwrap();
        assert_eq!(found.folder, target);
        assert!(target.join(CLUSTER).is_dir() && !root.path().join(CLUSTER).exists());
    }

    #[test]
    fn a_pointer_to_nothing_is_an_error_that_says_what_to_do() {
        let root = tempfile::tempdir().unwrap();
        for text in ["/nowhere/at/all\n", "", "\n"] {
            write(root.path(), POINTER, text).unwrap();
            let error = Location::find(root.path(), None, &[]).unwrap_err();
            assert!(matches!(error, PrivateError::Gone { .. }), "{error}");
            assert!(error.to_string().contains("backup"), "{error}");
        }
    }
}
