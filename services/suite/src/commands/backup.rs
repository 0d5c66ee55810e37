//! `chengping backup`: writes everything that a suite keeps to a folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;
use chengping_chassis::clock::WallClock;
use chengping_chassis::postgres::{DumpTools, Snapshot};
use chengping_chassis::shutdown;
use chengping_result_publication::{LogStanding, check_keys};
use chengping_types::Instant;
use clap::Args;
use serde_json::json;

use crate::args::Common;
use crate::backup::draft::Draft;
use crate::backup::manifest::{Manifest, Postgres, Standing};
use crate::backup::source::Source;
use crate::backup::{self, KEYS};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::up::{database, schemas};

/// Flags of `backup`.
///
/// The suite of the data folder may run, and goes on meanwhile. Else its PostgreSQL is started for
/// the time; or, where DATABASE_URL is set, that database is taken.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Folder to write, which is not there yet; it will hold secret keys
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Folder of the secret keys, where it is not that of the data folder
    #[arg(long, value_name = "FOLDER")]
    keys: Option<PathBuf>,
}

/// Writes the backup under another name, and gives it its own when it is whole.
pub async fn run(common: &Common, args: &BackupArgs, out: &mut Output) -> Result<Outcome, Failure> {
    let stop = shutdown::on_signals().map_err(anyhow::Error::from)?;
    let mut draft = Draft::begin(&args.to)?;
    let data = common.data_dir();
    let keys = args.keys.clone().unwrap_or_else(|| data.join(KEYS));
    let patience = Duration::from_secs(common.wait);
    let source = match Source::open(data, database::named(), patience).await {
        Ok(source) => source,
        Err(error) => {
            draft.discard();
            return Err(error.into());
        }
    };
    let outcome = tokio::select! {
        outcome = fill(&mut draft, &source, &keys) => outcome,
        () = stop.cancelled() => Err(anyhow::anyhow!("stopped before the backup was whole")),
    };
    source.close().await;
    let manifest = match outcome {
        Ok(manifest) => manifest,
        Err(error) => {
            draft.discard();
            return Err(error.into());
        }
    };
    backup::report(&manifest, &[("folder", json!(args.to.display().to_string()))], out)?;
    Ok(Outcome::Done)
}

/// Everything as it is at one moment. The keys come after that moment, so that those are there that
/// it knows of.
async fn fill(draft: &mut Draft, source: &Source, keys: &Path) -> anyhow::Result<Manifest> {
    let time = Instant::from_micros(WallClock::default().micros());
    let mut snapshot = Snapshot::take(source.admin_url()).await?;
    let tools = DumpTools::find(snapshot.major())?;
    let migrations = backup::migrations(&mut snapshot).await?;
    let standings = backup::standings(&mut snapshot).await?;
    refuse_foreign_keys(keys, &standings)?;
    draft.add_keys(keys)?;
    let dump = tools.dump(source.admin_url(), &schemas::names(), snapshot.id())?;
    draft.add_dump(dump).await?;
    let postgres = Postgres {
        server: snapshot.version().to_owned(),
        server_major: snapshot.major(),
        dump: tools.version(),
        dump_major: tools.major(),
    };
    snapshot.close().await;
    draft.finish(time, postgres, migrations, standings)
}

/// A backup without the keys of its logs would be found out when it is needed.
fn refuse_foreign_keys(keys: &Path, standings: &[Standing]) -> anyhow::Result<()> {
    let logs: Vec<_> = standings.iter().map(log).collect();
    if let Err(mistakes) = check_keys(keys, &logs) {
        bail!("{}\nname the folder of the keys with --keys", mistakes.join("\n"));
    }
    Ok(())
}

fn log(standing: &Standing) -> LogStanding {
    LogStanding {
        jurisdiction: standing.jurisdiction.clone(),
        size: standing.log_size,
        checkpoint: standing.checkpoint.clone(),
        generation: standing.key_generation,
        verifier_key: standing.verifier_key.clone(),
    }
}
