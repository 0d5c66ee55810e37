//! Backups: everything that a suite keeps, in a folder of files that say what they are.
//!
//! `database.dump` is what `pg_dump` writes (custom format) of all four schemas at one moment;
//! `keys/` holds the secret keys; `backup.json`, the [`Manifest`], is written last and says of each
//! file how long it is and what its digest is.

pub mod draft;
pub mod keys;
pub mod load;
pub mod manifest;
pub mod source;
pub mod target;

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use anyhow::{Context as _, bail};
use chengping_chassis::postgres::Snapshot;
use serde_json::{Value, json};

pub use self::manifest::Manifest;
use self::manifest::Standing;
use crate::failure::Failure;
use crate::output::{Align, Output, Table};
use crate::up::schemas;

/// The dump in a backup.
pub const DUMP: &str = "database.dump";
/// The folder of the keys in a backup.
pub const KEYS: &str = "keys";
/// The manifest of a backup.
pub const MANIFEST: &str = "backup.json";

/// How far each jurisdiction is at the moment of `snapshot`, in order.
///
/// # Errors
///
/// When the database does not answer.
pub async fn standings(snapshot: &mut Snapshot) -> anyhow::Result<Vec<Standing>> {
    let cases = snapshot.within(chengping_case_ingestion::SCHEMA).await?;
    let cases = chengping_case_ingestion::standings(cases).await;
    let cases = cases.context("cannot count the cases")?;
    let logs = snapshot.within(chengping_result_publication::SCHEMA).await?;
    let logs = chengping_result_publication::standings(logs).await;
    let logs = logs.context("cannot read the logs of publications")?;
    Ok(manifest::joined(cases, logs))
}

/// The migrations of each schema at the moment of `snapshot`.
///
/// # Errors
///
/// When a schema is missing, or the database does not answer.
pub async fn migrations(snapshot: &mut Snapshot) -> anyhow::Result<manifest::Migrations> {
    let found = snapshot.schemas_among(&schemas::names()).await?;
    let is_missing = |name: &&str| !found.iter().any(|found| found == name);
    let missing: Vec<_> = schemas::names().into_iter().filter(is_missing).collect();
    anyhow::ensure!(
        missing.is_empty(),
        "the database has no schema {}; start `chengping up`, or run `chengping migrate`, once",
        missing.join(", ")
    );
    let mut migrations = manifest::Migrations::new();
    for schema in schemas::names() {
        migrations.insert(schema.to_owned(), snapshot.migrations(schema).await?);
    }
    Ok(migrations)
}

/// Makes what was done in a folder last.
///
/// # Errors
///
/// If it cannot be opened or written.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    // The folder of a plain name is the one where we are.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Keeps a folder from other processes that work in it, until the lock is dropped or this process
/// ends, however.
///
/// # Errors
///
/// When another `what` works in it, or it cannot be opened.
fn lock(folder: &Path, what: &str) -> anyhow::Result<File> {
    let context = || format!("cannot open {}", folder.display());
    let opened = File::open(folder).with_context(context)?;
    match opened.try_lock() {
        Ok(()) => Ok(opened),
        Err(TryLockError::WouldBlock) => bail!("another {what} works in {}", folder.display()),
        Err(TryLockError::Error(error)) => Err(error).with_context(context),
    }
}

/// Shows a backup: a row a jurisdiction, or as JSON its manifest with what `also` says.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn report(
    manifest: &Manifest,
    also: &[(&str, Value)],
    out: &mut Output,
) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("jurisdiction", Align::Left),
        ("cases", Align::Right),
        ("watermark", Align::Right),
        ("published", Align::Right),
        ("log_key", Align::Left),
    ]);
    for standing in &manifest.jurisdictions {
        table.row([
            standing.jurisdiction.clone(),
            standing.cases.to_string(),
            standing.watermark.to_string(),
            standing.log_size.to_string(),
            standing.verifier_key.clone().unwrap_or_default(),
        ]);
    }
    let mut value = json!(manifest);
    for (name, what) in also {
        value[*name] = what.clone();
    }
    out.report(&table, &value)?;
    let keys = manifest.keys().count();
    out.remark(format_args!("the database and {keys} keys, as they were at {}", manifest.time))
}
