//! `chengping verify`: checks a published version or the receipt of a body, without a server once it
//! is there; with `--log`, everything that the server stores of publications.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chengping_ledger::note::VerifierKey;
use chengping_proto::publication::v1::{
    DownloadBulletinVersionRequest, GetBulletinRequest, GetResultReceiptRequest, VerifyLogRequest,
};
use chengping_types::{BodyId, Month};
use chengping_verify::{Trust, Verdict, check, check_with_records, files, receipt, without_key};
use clap::Args;
use serde_json::json;

use crate::args::{Common, Format};
use crate::clients::Clients;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table, say};
use crate::selection::bulletin_name;

/// Flags of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Bundle or receipt, or folder of them (*.json)
    #[arg(value_name = "FILE|DIR", required_unless_present_any = ["out", "log"])]
    path: Option<PathBuf>,
    /// Key to believe, as NAME+HASH+BASE64; may be repeated
    #[arg(long = "key", value_name = "VKEY")]
    keys: Vec<VerifierKey>,
    /// File with keys to believe: one a line, or what `chengping keys list --format json` prints
    #[arg(long = "keys", value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Download the bundle of --month to this file first; with --line, the receipt
    #[arg(long, value_name = "FILE", conflicts_with = "path")]
    out: Option<PathBuf>,
    /// Version to download; the published one unless given
    #[arg(long, value_name = "N", requires = "out")]
    version_number: Option<i32>,
    /// The line of this body alone, with its proof: out of the bundle, or downloaded
    #[arg(long, value_name = "BODY")]
    line: Option<BodyId>,
    /// Where to write the line of a bundle
    #[arg(long, value_name = "FILE", requires_all = ["line", "path"])]
    receipt: Option<PathBuf>,
    /// Case records that the bundle was counted from (`export-records`): counts them again
    #[arg(long, value_name = "FILE", conflicts_with_all = ["line", "log"])]
    facts: Option<PathBuf>,
    /// Have the server read all that it stores of publications, and compare
    #[arg(long, conflicts_with_all = ["path", "out", "line"])]
    log: bool,
    /// Checkpoint that was kept elsewhere, which the log must continue
    #[arg(long, value_name = "FILE", requires = "log")]
    checkpoint: Option<PathBuf>,
}

/// Prints every check of every file; anything wrong is a failure.
pub async fn run(common: &Common, args: &VerifyArgs, out: &mut Output) -> Result<Outcome, Failure> {
    if args.log {
        return verify_log(common, args.checkpoint.as_deref(), out).await;
    }
    let trust = trust(args)?;
    let verdicts = match (&args.out, &args.path, &args.line, &args.receipt) {
        (Some(file), ..) => {
            download(common, args, file).await?;
            vec![checked(file.clone(), args, &trust)?]
        }
        (None, Some(path), Some(body), Some(to)) => vec![extract(path, body, to, &trust)?],
        (None, Some(_), Some(_), None) => {
            return Err(Failure::usage("say with --receipt where to write it"));
        }
        (None, Some(path), None, _) => {
            let files = files(path)?;
            if args.facts.is_some() && files.len() != 1 {
                return Err(Failure::usage("--facts takes one bundle"));
            }
            let checked = |file| checked(file, args, &trust);
            files.into_iter().map(checked).collect::<Result<_, _>>()?
        }
        (None, None, ..) => return Err(Failure::usage("name a file, or --month and --out")),
    };
    if let Some(note) = without_key(&trust, verdicts.iter().map(|(_, verdict)| verdict)) {
        say(format_args!("note: {note}"));
    }
    print(&verdicts, out)?;
    let verified = verdicts.iter().all(|(_, verdict)| verdict.verified());
    Ok(if verified { Outcome::Done } else { Outcome::FoundWanting })
}

fn trust(args: &VerifyArgs) -> Result<Trust, Failure> {
    let trust = args.keys.iter().cloned().fold(Trust::default(), Trust::and);
    let Some(file) = &args.key_file else { return Ok(trust) };
    let context = || format!("cannot read {}", file.display());
    let text = fs::read_to_string(file).with_context(context)?;
    Ok(trust.and_listed(&text).with_context(context)?)
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Checks a file, and with case records what it was counted from.
fn checked(file: PathBuf, args: &VerifyArgs, trust: &Trust) -> Result<(PathBuf, Verdict), Failure> {
    let bytes = read(&file)?;
    let verdict = match &args.facts {
        Some(records) => check_with_records(&bytes, records, trust)?,
        None => check(&bytes, trust),
    };
    Ok((file, verdict))
}

/// Writes the receipt of a body out of a bundle, if that is as it should be.
fn extract(
    bundle: &Path,
    body: &BodyId,
    to: &Path,
    trust: &Trust,
) -> Result<(PathBuf, Verdict), Failure> {
    let (report, receipt) = receipt(&read(bundle)?, body, trust)?;
    if let Some(receipt) = receipt {
        fs::write(to, receipt).with_context(|| format!("cannot write {}", to.display()))?;
    }
    Ok((bundle.to_owned(), Verdict::Bundle(report)))
}

/// The name of a version of a month, of the published one unless a number is given.
pub(super) async fn version_name(
    clients: &Clients,
    month: Month,
    version: Option<i32>,
    doing: &str,
) -> Result<String, Failure> {
    let bulletin = bulletin_name(clients, month);
    let version = match version {
        Some(version) => version,
        None => {
            let request = GetBulletinRequest { name: bulletin.clone() };
            let found = clients.bulletins().get_bulletin(request).await.doing(doing)?;
            found.into_inner().published_version
        }
    };
    if version == 0 {
        return Err(Failure::other(format!("nothing of {month} is published")));
    }
    Ok(format!("{bulletin}/versions/{version}"))
}

async fn download(common: &Common, args: &VerifyArgs, file: &Path) -> Result<(), Failure> {
    let month = common.required_month()?;
    let clients = Clients::connect(common).await?;
    let doing = format!("download the bulletin of {month}");
    let name = version_name(&clients, month, args.version_number, &doing).await?;
    let bytes = match &args.line {
        Some(body) => {
            let request =
                GetResultReceiptRequest { bulletin_version: name, body_id: body.to_string() };
            let receipt = clients.ledger().get_result_receipt(request).await;
            receipt.doing(&doing)?.into_inner().data
        }
        None => bundle(&clients, name, &doing).await?,
    };
    fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(())
}

async fn bundle(clients: &Clients, name: String, doing: &str) -> Result<Vec<u8>, Failure> {
    let request = DownloadBulletinVersionRequest { name };
    let parts = clients.bulletins().download_bulletin_version(request).await;
    let mut parts = parts.doing(doing)?.into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await.doing(doing)? {
        bytes.extend_from_slice(&part.data);
    }
    Ok(bytes)
}

async fn verify_log(
    common: &Common,
    checkpoint: Option<&Path>,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let known_checkpoint = match checkpoint {
        Some(file) => {
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
        }
        None => String::new(),
    };
    let clients = Clients::connect(common).await?;
    let request = VerifyLogRequest { parent: clients.parent(), known_checkpoint };
    let found = clients.ledger().verify_log(request).await.doing("verify the log")?.into_inner();
    let mut table =
        Table::new(&[("table", Align::Left), ("row", Align::Left), ("message", Align::Left)]);
    for finding in &found.findings {
        table.row([finding.table.clone(), finding.row.clone(), finding.message.clone()]);
    }
    let findings: Vec<_> = found
        .findings
        .iter()
        .map(|found| json!({"table": found.table, "row": found.row, "message": found.message}))
        .collect();
    let verified = found.finding_count == 0;
    let json = json!({
        "verified": verified,
        "entry_count": found.entry_count,
        "checkpoint_count": found.checkpoint_count,
        "finding_count": found.finding_count,
        "findings": findings,
        "checkpoint": found.checkpoint,
    });
    if out.format() != Format::Table || !verified {
        out.report(&table, &json)?;
    }
    out.remark(format_args!(
        "{} versions and {} checkpoints read: {}\n\n{}",
        found.entry_count,
        found.checkpoint_count,
        if verified { "verified" } else { "NOT VERIFIED" },
        found.checkpoint
    ))?;
    Ok(if verified { Outcome::Done } else { Outcome::FoundWanting })
}

fn print(verdicts: &[(PathBuf, Verdict)], out: &mut Output) -> Result<(), Failure> {
    match out.format() {
        Format::Table => {
            for (path, verdict) in verdicts {
                out.text(&heading(path, verdict))?;
                out.text(&verdict.text())?;
            }
            Ok(())
        }
        Format::Json => {
            let all = verdicts.iter().map(|(path, verdict)| verdict.json(path));
            out.json(&all.collect::<Vec<_>>())
        }
        Format::Csv => {
            let mut table = Table::new(&[
                ("file", Align::Left),
                ("verified", Align::Left),
                ("digest", Align::Left),
            ]);
            for (path, verdict) in verdicts {
                let verified = verdict.verified().to_string();
                table.row([path.display().to_string(), verified, digest(verdict)]);
            }
            out.raw(&table.to_csv())
        }
    }
}

fn digest(verdict: &Verdict) -> String {
    let Verdict::Bundle(report) = verdict else { return String::new() };
    report.digest.map(|digest| digest.to_string()).unwrap_or_default()
}

fn heading(path: &Path, verdict: &Verdict) -> String {
    let mut parts = vec![path.display().to_string()];
    if let Verdict::Bundle(report) = verdict {
        parts.extend(report.jurisdiction.as_ref().map(ToString::to_string));
        parts.extend(report.month.map(|month| month.to_string()));
        parts.extend(report.version.map(|version| format!("version {version}")));
        parts.extend(report.digest.map(|digest| digest.to_string()));
    }
    parts.join("  ")
}
