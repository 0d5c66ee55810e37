//! `chengping archive`: writes the records of a month to a Parquet file and puts its events away.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chengping_proto::cases::v1::archive::State;
use chengping_proto::cases::v1::{
    Archive, ArchiveSum, ListArchivesRequest, PutAwayMonthRequest, StreamArchiveRequest,
};
use chengping_types::Month;
use chengping_types::name::ArchiveName;
use clap::Args;
use serde_json::{Value, json};

use crate::archive::{About, ArchiveError, Reader, Writer};
use crate::args::Common;
use crate::clients::{Clients, all_pages};
use crate::convert::archive::from_pb;
use crate::convert::{enum_text, last_part, second_text, time_text};
use crate::failure::{Doing as _, Failure, Outcome, transport_lost};
use crate::output::{Align, Output, Table, say};

/// Flags of `archive`.
#[derive(Debug, Args)]
pub struct ArchiveArgs {
    /// File to write; one that is there already is not written again: what it holds is put away
    #[arg(long, value_name = "FILE.parquet")]
    to: PathBuf,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", required_unless_present = "only_write")]
    reason: Option<String>,
    /// Write titles and notes as well
    #[arg(long)]
    with_texts: bool,
    /// Write the file and leave the events where they are
    #[arg(long)]
    only_write: bool,
    /// Put the month away before its time (retention.min_months); the reason must say why
    #[arg(long)]
    early: bool,
    /// Write the file and check that the month could be put away
    #[arg(long, conflicts_with = "only_write")]
    validate_only: bool,
}

/// The resource name of the archive of a month.
pub(super) fn archive_name(clients: &Clients, month: Month) -> String {
    ArchiveName { jurisdiction: clients.jurisdiction().clone(), archive: month }.to_string()
}

/// Says which file is wrong.
pub(super) fn of_file(path: &Path) -> impl Fn(ArchiveError) -> Failure + '_ {
    move |error| Failure::other(format!("{}: {error}", path.display()))
}

/// Reads a file to its end, and makes sure that it is whole; gives what it says of itself.
pub(super) async fn check(path: &Path) -> Result<About, Failure> {
    let owned = path.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        let reader = Reader::open(&owned)?;
        reader.read(|_| Ok::<_, ArchiveError>(()))?;
        Ok::<_, ArchiveError>(reader.about().clone())
    });
    // A file that nobody wrote like this may break the reader itself.
    let read = reading.await;
    let read = read.map_err(|_| Failure::other(format!("{}: is damaged", path.display())))?;
    read.map_err(of_file(path))
}

/// Writes, reads back, and puts away.
pub async fn run(
    common: &Common,
    args: &ArchiveArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let month = common.required_month()?;
    let clients = Clients::connect(common).await?;
    if args.to.exists() {
        say(format_args!("{} is there already; its records are taken", args.to.display()));
    } else {
        write(&clients, month, args).await?;
    }
    let about = check(&args.to).await?;
    if (&about.jurisdiction, about.month) != (clients.jurisdiction(), month) {
        let (path, jurisdiction) = (args.to.display(), &about.jurisdiction);
        let what = format!("{path} is the archive of {} of {jurisdiction}", about.month);
        return Err(Failure::other(what));
    }
    let state = if args.only_write {
        "written".to_owned()
    } else {
        let request = PutAwayMonthRequest {
            name: archive_name(&clients, month),
            digest: about.sum.digest.to_string(),
            text_digest: about.text_digest().map(|digest| digest.to_string()).unwrap_or_default(),
            reason: args.reason.clone().unwrap_or_default(),
            early: args.early,
            validate_only: args.validate_only,
        };
        let archive = clients.archives().put_away_month(request).await;
        let archive = archive.doing(format!("put {month} away"))?.into_inner();
        if args.validate_only { "could_be_put_away".to_owned() } else { state_text(&archive) }
    };
    report(&args.to, &about, &state, out)?;
    Ok(Outcome::Done)
}

/// Writes the file beside its place, and moves it there when it is whole and lasts.
async fn write(clients: &Clients, month: Month, args: &ArchiveArgs) -> Result<(), Failure> {
    let mut part = args.to.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    // What an earlier call left is of no use.
    if part.exists() {
        fs::remove_file(&part).context("cannot remove the rest of an earlier call")?;
    }
    let about = fill(clients, month, args, &part).await?;
    let read = check(&part).await?;
    if read != about {
        let what = format!("{} does not read as it was written; try again", part.display());
        return Err(Failure::other(what));
    }
    fs::rename(&part, &args.to).context("cannot put the file in its place")?;
    let folder = args.to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new("."))).context("cannot open its folder")?;
    folder.sync_all().context("cannot make the file last")?;
    Ok(())
}

async fn fill(
    clients: &Clients,
    month: Month,
    args: &ArchiveArgs,
    part: &Path,
) -> Result<About, Failure> {
    let name = archive_name(clients, month);
    let request = StreamArchiveRequest { name, with_texts: args.with_texts };
    let doing = || format!("read the records of {month}");
    let stream = clients.archives().stream_archive(request).await;
    let mut stream = stream.doing(doing())?.into_inner();
    let mut writer = Writer::create(part).map_err(of_file(part))?;
    let mut sum = None;
    while let Some(message) = stream.message().await.map_err(transport_lost).doing(doing())? {
        for record in message.records {
            writer.write(from_pb(record)?).map_err(of_file(part))?;
        }
        sum = message.sum;
    }
    let sum: ArchiveSum = sum.context("the records broke off; try again")?;
    let jurisdiction = clients.jurisdiction().clone();
    let about = writer.finish(jurisdiction, month, args.with_texts).map_err(of_file(part))?;
    if about.sum.digest.to_string() != sum.digest
        || about.sum.text_digest.to_string() != sum.text_digest
    {
        return Err(Failure::other(
            "the records that came are not those that were sent; try again",
        ));
    }
    Ok(about)
}

pub(super) fn state_text(archive: &Archive) -> String {
    enum_text(archive.state().as_str_name(), "STATE_")
}

fn report(path: &Path, about: &About, state: &str, out: &mut Output) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("file", Align::Left),
        ("month", Align::Left),
        ("cases", Align::Right),
        ("events", Align::Right),
        ("deadlines", Align::Right),
        ("texts", Align::Left),
        ("state", Align::Left),
        ("digest", Align::Left),
    ]);
    let counts = about.sum.counts;
    let path = path.display().to_string();
    table.row([
        path.clone(),
        about.month.to_string(),
        counts.cases.to_string(),
        counts.events.to_string(),
        counts.deadlines.to_string(),
        if about.with_texts { "yes" } else { "no" }.to_owned(),
        state.to_owned(),
        about.sum.digest.to_string(),
    ]);
    let value = json!({
        "file": path,
        "month": about.month,
        "cases": counts.cases,
        "events": counts.events,
        "deadlines": counts.deadlines,
        "with_texts": about.with_texts,
        "state": state,
        "digest": about.sum.digest,
        "text_digest": about.text_digest(),
    });
    out.report(&table, &value)
}

/// Lists what was put away.
pub async fn list(common: &Common, out: &mut Output) -> Result<Outcome, Failure> {
    let clients = Clients::connect(common).await?;
    let request =
        ListArchivesRequest { parent: clients.parent(), ..ListArchivesRequest::default() };
    let archives = all_pages!(clients.archives(), list_archives, request, archives);
    let archives = archives.doing("list the archives")?;
    let mut table = Table::new(&[
        ("month", Align::Left),
        ("state", Align::Left),
        ("cases", Align::Right),
        ("events", Align::Right),
        ("put_away", Align::Left),
        ("restored", Align::Left),
        ("digest", Align::Left),
    ]);
    for archive in &archives {
        table.row([
            last_part(&archive.name).to_owned(),
            state_text(archive),
            archive.case_count.to_string(),
            archive.event_count.to_string(),
            second_text(archive.put_away_time.as_ref()),
            second_text(archive.restore_time.as_ref()),
            archive.digest.clone(),
        ]);
    }
    out.report(&table, &archives.iter().map(archive_json).collect::<Vec<_>>())?;
    let away = archives.iter().filter(|archive| archive.state() == State::PutAway).count();
    out.remark(format_args!("{away} of {} months are put away", archives.len()))?;
    Ok(Outcome::Done)
}

pub(super) fn archive_json(archive: &Archive) -> Value {
    json!({
        "month": last_part(&archive.name),
        "state": state_text(archive),
        "cases": archive.case_count,
        "events": archive.event_count,
        "deadlines": archive.deadline_count,
        "with_texts": !archive.text_digest.is_empty(),
        "put_away": time_text(archive.put_away_time.as_ref()),
        "restored": archive.restore_time.as_ref().map(|time| time_text(Some(time))),
        "digest": archive.digest,
    })
}
