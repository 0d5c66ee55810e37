//! Filling an empty database from a backup.

use std::env;
use std::path::Path;

use anyhow::{Context as _, ensure};
use chengping_chassis::postgres::{DumpTools, Snapshot, analyze};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Child;
use tokio::task::JoinHandle;

use super::{DUMP, Manifest, standings};
use crate::up::schemas;

/// How much of a dump is sent at once.
const PART: usize = 1 << 18;
/// How much of what a program says is told.
const LINES_MAX: usize = 20;

/// Takes the dump of the backup in `folder` into a database without our schemas, all of it or
/// nothing. Roles that are missing are made and stay.
///
/// # Errors
///
/// When the server is too old, has such schemas already, or refuses.
pub async fn load(admin_url: &str, manifest: &Manifest, folder: &Path) -> anyhow::Result<()> {
    let mut now = Snapshot::take(admin_url).await?;
    let (major, version) = (now.major(), now.version().to_owned());
    let found = now.schemas_among(&schemas::names()).await?;
    now.close().await;
    ensure!(
        found.is_empty(),
        "the database has data already (schema {}); restore to an empty one",
        found.join(", ")
    );
    let of = &manifest.postgres;
    ensure!(
        major >= of.server_major,
        "the backup is of PostgreSQL {}, and the server is {version}; take PostgreSQL {} or later",
        of.server,
        of.server_major
    );
    let tools = DumpTools::find(major.max(of.dump_major))?;
    for schema in &schemas::ALL {
        schema.prepare_roles(admin_url).await?;
    }
    let mut child = tools.restore(admin_url)?.spawn().context("cannot run pg_restore")?;
    let said = listen(&mut child);
    let sent = send(&folder.join(DUMP), &mut child).await;
    let status = child.wait().await.context("cannot wait for pg_restore")?;
    let said = said.await.unwrap_or_default();
    ensure!(status.success(), "pg_restore failed ({status}):\n{said}");
    // It ended well, so it took everything.
    sent.context("cannot read the dump")
}

/// Brings what was loaded up to date, and compares it with what the backup says.
///
/// # Errors
///
/// When a migration fails, or something is missing.
pub async fn finish(admin_url: &str, manifest: &Manifest) -> anyhow::Result<()> {
    for schema in &schemas::ALL {
        let password = env::var(schema.password_variable()).ok();
        schema.prepare(admin_url, password.as_deref()).await?;
    }
    let mut now = Snapshot::take(admin_url).await?;
    let found = standings(&mut now).await?;
    now.close().await;
    for told in &manifest.jurisdictions {
        let is_there = found.contains(told);
        ensure!(is_there, "{} was not restored as it was backed up", told.jurisdiction);
    }
    ensure!(found.len() == manifest.jurisdictions.len(), "more was restored than was backed up");
    Ok(analyze(admin_url).await?)
}

/// The last lines that a program says on its standard error, once it has ended.
pub(super) fn listen(child: &mut Child) -> JoinHandle<String> {
    let stderr = child.stderr.take();
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        if let Some(mut stderr) = stderr {
            // What cannot be read is not told; how the program ended says enough.
            let _ = stderr.read_to_end(&mut bytes).await;
        }
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES_MAX)..].join("\n")
    })
}

/// Sends a dump through this process: should it be killed, the program sees no end and takes
/// everything back.
async fn send(dump: &Path, child: &mut Child) -> std::io::Result<()> {
    let Some(mut input) = child.stdin.take() else { return Ok(()) };
    let mut file = File::open(dump).await?;
    let mut part = vec![0; PART];
    loop {
        match file.read(&mut part).await? {
            0 => return input.shutdown().await,
            count => {
                if input.write_all(&part[..count]).await.is_err() {
                    // It gave up, and says itself why.
                    return Ok(());
                }
            }
        }
    }
}
