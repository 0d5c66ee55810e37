//! Copies of an installation that the server's account cannot reach.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::PrivateError;
use super::binaries::Binaries;

/// What PostgreSQL finds beside its programs.
const PARTS: [&str; 4] = ["bin", "lib", "lib64", "share"];

/// The same programs in `base`, copied there by the first who asks.
pub(super) fn copied(binaries: &Binaries, base: &Path) -> Result<Binaries, PrivateError> {
    let failed =
        |action: &str, path: &Path| PrivateError::io(format!("{action} {}", path.display()));
    let source = binaries.folder.canonicalize().map_err(failed("look at", &binaries.folder))?;
    let inside = Path::new(source.file_name().unwrap_or_default());
    let root = source.parent().unwrap_or(&source);
    let copy = base.join(name(binaries, &source).map_err(failed("look at", &source))?);
    if !copy.exists() {
        tracing::info!(
            from = %root.display(), to = %copy.display(),
            "copying PostgreSQL to where the account that it runs as can reach it"
        );
        let unfinished = base.join(format!("copying-{}", Uuid::now_v7()));
        copy_parts(root, inside, &unfinished).map_err(failed("copy", root))?;
        // The name promises that everything is there, also after a crash of the machine.
        nix::unistd::sync();
        if let Err(error) = std::fs::rename(&unfinished, &copy) {
            // What cannot be removed does no harm.
            let _ = std::fs::remove_dir_all(&unfinished);
            // Somebody else was faster: as good.
            if !copy.exists() {
                return Err(failed("rename", &unfinished)(error));
            }
        }
    }
    Ok(Binaries { folder: copy.join(inside), ..binaries.clone() })
}

/// Another version, another place or another build is another copy.
fn name(binaries: &Binaries, source: &Path) -> io::Result<String> {
    let built = binaries.postgres().metadata()?;
    let mut digest = Sha256::new();
    digest.update(source.as_os_str().as_bytes());
    for number in [built.mtime(), built.mtime_nsec()] {
        digest.update(number.to_le_bytes());
    }
    digest.update(built.len().to_le_bytes());
    let digest = hex::encode(&digest.finalize()[..6]);
    Ok(format!("postgresql-{}.{}-{digest}", binaries.major, binaries.minor))
}

fn copy_parts(root: &Path, inside: &Path, to: &Path) -> io::Result<()> {
    create_open(to)?;
    let others = PARTS.iter().map(Path::new).filter(|part| *part != inside);
    for part in others.chain([inside]) {
        if root.join(part).is_dir() {
            copy_folder(&root.join(part), &to.join(part))?;
        }
    }
    Ok(())
}

/// Copies files, and opens them for reading to everybody.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    create_open(to)?;
    for entry in from.read_dir()? {
        let entry = entry?;
        let (path, copy): (PathBuf, PathBuf) = (entry.path(), to.join(entry.file_name()));
        let is_link = entry.file_type()?.is_symlink();
        // A link to a file is copied as that file, which may be outside.
        match path.metadata() {
            Ok(metadata) if metadata.is_file() => {
                std::fs::copy(&path, &copy)?;
                let executable = metadata.permissions().mode() & 0o111 != 0;
                let mode = if executable { 0o755 } else { 0o644 };
                std::fs::set_permissions(&copy, Permissions::from_mode(mode))?;
            }
            Ok(_) | Err(_) if is_link => symlink(std::fs::read_link(&path)?, &copy)?,
            Ok(metadata) if metadata.is_dir() => copy_folder(&path, &copy)?,
            Ok(_) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Creates a folder that everybody may enter, whatever the mask of this process is.
fn create_open(folder: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o755).create(folder)?;
    std::fs::set_permissions(folder, Permissions::from_mode(0o755))
}
