use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Where temporary folders are when the usual place is closed to others.
const OPEN_TO_ALL: [&str; 2] = ["/tmp", "/var/tmp"];

/// A temporary folder that everybody can enter, as the account of a PostgreSQL must that root has
/// started, wherever `TMPDIR` points.
///
/// # Errors
///
/// If it cannot be created.
pub fn reachable_folder() -> io::Result<TempDir> {
    let usual = std::env::temp_dir();
    let open = OPEN_TO_ALL.map(PathBuf::from);
    let parent = [&usual].into_iter().chain(&open).find(|parent| is_open(parent));
    tempfile::Builder::new()
        .prefix("chengping-test-")
        .permissions(Permissions::from_mode(0o755))
        .tempdir_in(parent.unwrap_or(&usual))
        .and_then(|folder| {
            // The mask of this process may have closed it again.
            std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
            Ok(folder)
        })
}

/// Whether everybody can enter every folder down to `folder`.
fn is_open(folder: &Path) -> bool {
    let may_enter = |part: &Path| {
        part.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
    };
    folder.canonicalize().is_ok_and(|folder| folder.ancestors().all(may_enter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_below_a_closed_one_is_not_open() {
        let outer = reachable_folder().unwrap();
        assert!(is_open(outer.path()));
        let inner = outer.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        assert!(is_open(&inner));
        std::fs::set_permissions(outer.path(), Permissions::from_mode(0o700)).unwrap();
        assert!(!is_open(&inner));
    }
}
