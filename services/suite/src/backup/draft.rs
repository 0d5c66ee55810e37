//! A backup that is being written: under another name, until it is whole and lasts.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Context as _, bail, ensure};
use chengping_types::Instant;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::manifest::{self, BackedFile};
use super::{DUMP, KEYS, MANIFEST, keys, load, lock, sync};

/// How much of a dump is read at once.
const PART: usize = 1 << 18;

/// A backup under its other name.
#[derive(Debug)]
pub struct Draft {
    part: PathBuf,
    place: PathBuf,
    files: Vec<BackedFile>,
    /// Keeps another backup from the same name. It goes when the process goes, however.
    _lock: File,
}

impl Draft {
    /// Begins a backup that will be at `place`, where nothing is. The rest of an earlier one that
    /// did not come to its end is removed.
    ///
    /// # Errors
    ///
    /// When something is there, its parent is not, or another process writes it.
    pub fn begin(place: &Path) -> anyhow::Result<Self> {
        refuse_existing(place)?;
        require_parent(place)?;
        let mut part = place.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let create = || DirBuilder::new().mode(0o700).create(&part);
        let created = match create() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                remove_rest(&part)?;
                create()
            }
            created => created,
        };
        created.with_context(|| format!("cannot create {}", part.display()))?;
        let lock = lock(&part, "backup")?;
        Ok(Self { part, place: place.to_owned(), files: Vec::new(), _lock: lock })
    }

    /// Takes a copy of the keys in `folder`.
    ///
    /// # Errors
    ///
    /// When one cannot be read or written.
    pub fn add_keys(&mut self, folder: &Path) -> anyhow::Result<()> {
        let to = self.part.join(KEYS);
        let context = || format!("cannot write {}", to.display());
        DirBuilder::new().mode(0o700).create(&to).with_context(context)?;
        for key in keys::inside(folder)? {
            let name = key.file_name().unwrap_or_default();
            let bytes = keys::read(&key)?;
            keys::write(&to.join(name), &bytes)?;
            let sha256 = hex::encode(Sha256::digest(&bytes));
            let file = format!("{KEYS}/{}", name.to_string_lossy());
            self.files.push(BackedFile { file, bytes: bytes.len() as u64, sha256 });
        }
        sync(&to).with_context(context)
    }

    /// Takes what `dump` writes to its standard output. What it writes goes through here, so it
    /// cannot outlive this process, and its digest is that of the bytes that it wrote.
    ///
    /// # Errors
    ///
    /// When it fails, or the bytes cannot be written.
    pub async fn add_dump(&mut self, mut dump: Command) -> anyhow::Result<()> {
        let path = self.part.join(DUMP);
        let context = || format!("cannot write {}", path.display());
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let mut file = tokio::fs::File::from_std(file.with_context(context)?);
        let mut child = dump.spawn().context("cannot run pg_dump")?;
        let mut output = child.stdout.take().context("pg_dump has no output")?;
        let said = load::listen(&mut child);
        let (mut digest, mut bytes, mut part) = (Sha256::new(), 0, vec![0; PART]);
        loop {
            let count = output.read(&mut part).await.context("cannot read from pg_dump")?;
            if count == 0 {
                break;
            }
            digest.update(&part[..count]);
            file.write_all(&part[..count]).await.with_context(context)?;
            bytes += count as u64;
        }
        let status: ExitStatus = child.wait().await.context("cannot wait for pg_dump")?;
        let said = said.await.unwrap_or_default();
        ensure!(status.success(), "pg_dump failed ({status}):\n{said}");
        file.sync_all().await.with_context(context)?;
        let sha256 = hex::encode(digest.finalize());
        self.files.push(BackedFile { file: DUMP.to_owned(), bytes, sha256 });
        Ok(())
    }

    /// Writes the manifest, makes everything last, and gives it its name.
    ///
    /// # Errors
    ///
    /// When that cannot be done; nothing is under that name then.
    pub fn finish(
        &mut self,
        time: Instant,
        postgres: manifest::Postgres,
        migrations: manifest::Migrations,
        jurisdictions: Vec<manifest::Standing>,
    ) -> anyhow::Result<manifest::Manifest> {
        let files = std::mem::take(&mut self.files);
        let manifest = manifest::Manifest::new(time, postgres, migrations, jurisdictions, files);
        let context = || format!("cannot write {}", self.part.display());
        keys::write(&self.part.join(MANIFEST), &manifest.to_bytes()?)?;
        sync(&self.part).with_context(context)?;
        refuse_existing(&self.place)?;
        fs::rename(&self.part, &self.place).with_context(context)?;
        sync(self.place.parent().unwrap_or(Path::new(""))).with_context(context)?;
        Ok(manifest)
    }

    /// Removes what was written.
    pub fn discard(self) {
        // What stays behind is removed by the next backup of that name.
        let _ = fs::remove_dir_all(&self.part);
    }
}

fn refuse_existing(place: &Path) -> anyhow::Result<()> {
    let is_there = place.symlink_metadata().is_ok();
    ensure!(!is_there, "{} is there already; a backup is written to a new folder", place.display());
    Ok(())
}

/// A parent that is missing may be a disk that is not mounted: it is not made.
fn require_parent(place: &Path) -> anyhow::Result<()> {
    let parent = place.parent().filter(|parent| !parent.as_os_str().is_empty());
    let Some(missing) = parent.filter(|parent| !parent.is_dir()) else { return Ok(()) };
    bail!("{} is no folder: make it, or mount what belongs there", missing.display())
}

/// Removes what an earlier backup left, if it is that and nobody writes it.
fn remove_rest(part: &Path) -> anyhow::Result<()> {
    let _lock = lock(part, "backup")?;
    let context = || format!("cannot look into {}", part.display());
    for entry in fs::read_dir(part).with_context(context)? {
        let name = entry.with_context(context)?.file_name();
        let is_ours = [DUMP, KEYS, MANIFEST].iter().any(|ours| name == *ours);
        ensure!(is_ours, "{} is no rest of an earlier backup; move it away", part.display());
    }
    fs::remove_dir_all(part).with_context(|| format!("cannot remove {}", part.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_backup_at_a_time_and_the_rest_of_a_former_one_goes() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("b");
        let first = Draft::begin(&place).unwrap();
        assert!(Draft::begin(&place).unwrap_err().to_string().contains("another backup"));
        drop(first);
        fs::write(folder.path().join("b.part").join(DUMP), "half").unwrap();
        Draft::begin(&place).unwrap().discard();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_somebody_elses_stays() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b.part")).unwrap();
        fs::write(folder.path().join("b.part/thesis.txt"), "x").unwrap();
        Draft::begin(&folder.path().join("b")).unwrap_err();
        Draft::begin(folder.path()).unwrap_err();
        assert!(folder.path().join("b.part/thesis.txt").exists());
    }

    #[test]
    fn where_a_disk_is_missing_no_folder_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("disk");
        let refused = Draft::begin(&missing.join("b")).unwrap_err().to_string();
        assert!(refused.contains("disk is no folder: make it"), "{refused}");
        assert!(!missing.exists());
    }
}
