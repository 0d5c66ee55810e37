//! Where a backup is restored to: a data folder without data, or a database without our schemas.
//! On failure both are as they were.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use chengping_chassis::CancellationToken;
use chengping_chassis::postgres::drop_schemas;
use chengping_chassis::postgres::private::{Options, PrivatePostgres, move_data, remove_data};

use super::{KEYS, Manifest, keys, load, lock, sync};
use crate::up::database::{DATABASE, private_folder};
use crate::up::schemas;

/// Where the data of a restore grow until they are whole.
const PART: &str = "restore.part";
/// What may be in a folder that holds no data: file systems have it in their roots.
const HARMLESS: &str = "lost+found";

/// A backup that was checked.
pub struct Backup<'a> {
    /// Its folder.
    pub folder: &'a Path,
    /// What it says of itself.
    pub manifest: &'a Manifest,
}

impl Backup<'_> {
    fn keys(&self) -> PathBuf {
        self.folder.join(KEYS)
    }

    fn key_names(&self) -> Vec<&str> {
        self.manifest.keys().collect()
    }

    fn refuse_other_keys(&self, data: &Path) -> anyhow::Result<()> {
        let others = keys::hindrances(&self.keys(), &self.key_names(), &data.join(KEYS))?;
        ensure!(others.is_empty(), "{}", others.join("\n"));
        Ok(())
    }

    fn place_keys(&self, data: &Path) -> anyhow::Result<keys::Placed> {
        keys::place(&self.keys(), &self.key_names(), &data.join(KEYS))
    }
}

/// Restores to the database at `admin_url`, and the keys to `data`.
///
/// # Errors
///
/// When something is there already, or the server refuses. The roles that were made stay.
pub async fn to_database(
    backup: &Backup<'_>,
    admin_url: &str,
    data: &Path,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    backup.refuse_other_keys(data)?;
    fs::create_dir_all(data).with_context(|| format!("cannot create {}", data.display()))?;
    // Before the database: with data and without its keys, a suite would begin another log.
    let placed = backup.place_keys(data)?;
    let mut is_loaded = false;
    let work = async {
        load::load(admin_url, backup.manifest, backup.folder).await?;
        is_loaded = true;
        load::finish(admin_url, backup.manifest).await
    };
    let outcome = tokio::select! {
        outcome = work => outcome,
        () = stop.cancelled() => Err(anyhow::anyhow!("stopped before everything was restored")),
    };
    let Err(error) = outcome else { return Ok(()) };
    placed.undo();
    if is_loaded {
        // They were not there before, so they are ours.
        drop_schemas(admin_url, &schemas::names()).await.with_context(|| {
            format!("what was restored cannot be removed again, after: {error:#}")
        })?;
    }
    Err(error)
}

/// Restores to a data folder with a private server.
///
/// # Errors
///
/// When it holds data, there is no PostgreSQL, or the server refuses.
pub async fn to_folder(
    backup: &Backup<'_>,
    data: &Path,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    refuse_data(data)?;
    backup.refuse_other_keys(data)?;
    let is_new = !data.exists();
    fs::create_dir_all(data).with_context(|| format!("cannot create {}", data.display()))?;
    let data = data.canonicalize().with_context(|| format!("cannot enter {}", data.display()))?;
    let part = data.join(PART);
    let lock = begin(&part).await?;
    let placed = fill(backup, &data, &part, stop).await;
    // The data is what a suite looks for, so it comes last.
    let outcome = placed.and_then(|placed| {
        let moved = move_data(&private_folder(&part), &private_folder(&data));
        moved.map_err(|error| {
            placed.undo();
            anyhow::Error::from(error)
        })
    });
    if outcome.is_err() {
        remove_data(&private_folder(&part)).await.context("cannot remove what was restored")?;
    }
    fs::remove_dir_all(&part).with_context(|| format!("cannot remove {}", part.display()))?;
    drop(lock);
    if outcome.is_err() && is_new {
        // Somebody may have put something there, which stays.
        let _ = fs::remove_dir(&data);
    }
    outcome?;
    sync(&data).with_context(|| format!("cannot write {}", data.display()))
}

/// A server on new data with everything in it, stopped again, and the keys in their place.
async fn fill(
    backup: &Backup<'_>,
    data: &Path,
    part: &Path,
    stop: &CancellationToken,
) -> anyhow::Result<keys::Placed> {
    let private = PrivatePostgres::start(&Options::new(private_folder(part))).await?;
    let work = async {
        let admin_url = private.create_database(DATABASE).await?;
        load::load(&admin_url, backup.manifest, backup.folder).await?;
        load::finish(&admin_url, backup.manifest).await
    };
    let outcome = tokio::select! {
        outcome = work => outcome,
        () = stop.cancelled() => Err(anyhow::anyhow!("stopped before everything was restored")),
    };
    private.stop().await;
    outcome?;
    backup.place_keys(data)
}

/// Refuses a folder with anything in it that a suite keeps, but for keys.
fn refuse_data(data: &Path) -> anyhow::Result<()> {
    if !data.exists() {
        return Ok(());
    }
    let context = || format!("cannot look into {}", data.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(data).with_context(context)? {
        let name = entry.with_context(context)?.file_name().to_string_lossy().into_owned();
        if ![KEYS, PART, HARMLESS].contains(&name.as_str()) {
            found.push(name);
        }
    }
    found.sort();
    ensure!(
        found.is_empty(),
        "{} is not empty ({}); restore to a new folder",
        data.display(),
        found.join(", ")
    );
    Ok(())
}

/// A new folder for what grows, locked against others; what a killed restore left is removed.
async fn begin(part: &Path) -> anyhow::Result<File> {
    let context = || format!("cannot create {}", part.display());
    if part.exists() {
        let _lock = lock(part, "restore")?;
        remove_data(&private_folder(part)).await.context("cannot remove an earlier restore")?;
        fs::remove_dir_all(part).with_context(context)?;
    }
    // The account of a private server must be able to enter it.
    DirBuilder::new().mode(0o755).create(part).with_context(context)?;
    lock(part, "restore")
}
