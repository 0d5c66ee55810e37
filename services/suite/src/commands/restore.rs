//! `chengping restore`: brings everything back from the folder that `backup` wrote.

use std::path::PathBuf;

use chengping_chassis::shutdown;
use clap::Args;
use serde_json::json;

use crate::args::Common;
use crate::backup;
use crate::backup::manifest::{self, Checked};
use crate::backup::target::{self, Backup};
use crate::failure::{Failure, Outcome};
use crate::output::{Output, say};
use crate::up::database;

/// Flags of `restore`.
///
/// The data folder must be new or empty. Where DATABASE_URL is set, that database is filled, which
/// must not have the schemas of the services, and the data folder gets the keys alone.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Folder that `backup` wrote
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
    /// Check the backup, every byte of it, and change nothing
    #[arg(long, visible_alias = "check")]
    validate_only: bool,
}

/// Checks everything, and restores then; on failure everything is as it was.
pub async fn run(
    common: &Common,
    args: &RestoreArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let stop = shutdown::on_signals().map_err(anyhow::Error::from)?;
    let from = args.from.clone();
    let checking = tokio::task::spawn_blocking(move || manifest::check(&from));
    let checked = tokio::select! {
        checked = checking => checked.map_err(anyhow::Error::from)?,
        () = stop.cancelled() => return Err(Failure::other("stopped before it was checked")),
    };
    let from = args.from.display();
    let Checked { manifest, notes } = checked.map_err(|mistakes| {
        Failure::other(format!("{from} cannot be restored:\n{}", mistakes.join("\n")))
    })?;
    for note in &notes {
        say(format_args!("note: {note}"));
    }
    if args.validate_only {
        backup::report(&manifest, &[("restored", json!(false))], out)?;
        say(format_args!("{from} is whole; nothing was restored"));
        return Ok(Outcome::Done);
    }
    let (data, backup) = (common.data_dir(), Backup { folder: &args.from, manifest: &manifest });
    match database::named() {
        Some(url) => target::to_database(&backup, &url, data, &stop).await?,
        None => target::to_folder(&backup, data, &stop).await?,
    }
    backup::report(&manifest, &[("restored", json!(true))], out)?;
    say(format_args!("restored; start it with `chengping up --data {}`", data.display()));
    Ok(Outcome::Done)
}
