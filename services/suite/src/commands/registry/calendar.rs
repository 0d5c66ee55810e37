//! `chengping registry calendar`: the working calendar, shown and replaced.

use std::path::{Path, PathBuf};

use chengping_interchange::{Encoding, FileKind, Reader, Record, damage};
use chengping_proto::rules::v1::{
    GetWorkCalendarRequest, UpdateWorkCalendarRequest, WorkCalendar, registry_row::Content,
};
use clap::Subcommand;
use prost_types::FieldMask;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::args::Common;
use crate::clients::Clients;
use crate::convert::reject::reject;
use crate::convert::{deadline_rules, enum_text};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::files;
use crate::output::{Align, Output, Table, say};
use crate::rejecting;

/// Subcommands of `registry calendar`.
#[derive(Debug, Subcommand)]
pub enum CalendarCommand {
    /// Show working hours, holidays and swapped workdays
    Show,
    /// Make files the whole calendar: calendar.csv its days, working_hours.csv its working hours
    Set {
        /// Why; kept in the audit log
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Refuse if the calendar is another one than that with this etag
        #[arg(long, value_name = "ETAG", default_value = "")]
        etag: String,
        /// Check and answer, but change nothing
        #[arg(long)]
        validate_only: bool,
        /// Files of the days, the working hours, or both
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// Does what the subcommand says.
pub(super) async fn run(
    common: &Common,
    command: &CalendarCommand,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    match command {
        CalendarCommand::Show => {
            let clients = Clients::connect(common).await?;
            let request = GetWorkCalendarRequest { name: name(&clients) };
            let calendar = clients.registry().get_work_calendar(request).await;
            report(&calendar.doing("read the calendar")?.into_inner(), out)?;
            Ok(Outcome::Done)
        }
        CalendarCommand::Set { reason, etag, validate_only, files } => {
            // A bad file is told of before anybody waits for a server.
            let Some((mut calendar, paths)) = read(files)? else {
                return Ok(Outcome::FoundWanting);
            };
            let clients = Clients::connect(common).await?;
            calendar.name = name(&clients);
            calendar.etag.clone_from(etag);
            let request = UpdateWorkCalendarRequest {
                work_calendar: Some(calendar),
                update_mask: Some(FieldMask { paths }),
                reason: reason.clone(),
                validate_only: *validate_only,
                request_id: Uuid::new_v4().to_string(),
            };
            let calendar = clients.registry().update_work_calendar(request).await;
            report(&calendar.doing("change the calendar")?.into_inner(), out)?;
            Ok(Outcome::Done)
        }
    }
}

/// The resource name of the calendar.
pub(super) fn name(clients: &Clients) -> String {
    format!("{}/workCalendars/default", clients.parent())
}

/// The rows of the files, and the lists that they are; none when anything is wrong with them, which
/// is said. What takes the place of a whole list must be whole itself.
fn read(paths: &[PathBuf]) -> Result<Option<(WorkCalendar, Vec<String>)>, Failure> {
    let found = files::find(paths, Encoding::Utf8);
    let mut problems = found.problems;
    let mut rejects = found.rejects;
    let mut calendar = WorkCalendar::default();
    let mut lists = Vec::new();
    for file in &found.files {
        let list = match file.kind {
            FileKind::WorkingHours => "working_hours",
            FileKind::Calendar => "calendar_days",
            kind => {
                let path = file.path.display();
                problems.push(format!("{path} is a {kind} file; use `chengping registry import`"));
                continue;
            }
        };
        rejects.extend(read_file(&file.path, &mut calendar)?);
        lists.push(list.to_owned());
    }
    for problem in &problems {
        say(format_args!("error: {problem}"));
    }
    rejecting::show(&rejects);
    let is_whole = problems.is_empty() && rejects.is_empty();
    Ok(is_whole.then_some((calendar, lists)))
}

/// Adds the good rows of a file; gives the others.
fn read_file(
    path: &Path,
    calendar: &mut WorkCalendar,
) -> Result<Vec<chengping_proto::cases::v1::Reject>, Failure> {
    if let Some(damaged) = damage(path).map_err(anyhow::Error::from)? {
        return Ok(vec![reject(damaged)]);
    }
    let reader = Reader::open(path).map_err(anyhow::Error::from)?;
    files::say_unknown_columns(path, reader.unknown_columns());
    let mut rejects = Vec::new();
    for entry in reader {
        let record = match entry {
            Ok(entry) => entry.record,
            Err(refused) => {
                rejects.push(reject(refused));
                continue;
            }
        };
        let content = match &record {
            Record::WorkingHours(row) => deadline_rules::working_hours(row),
            Record::CalendarDay(row) => deadline_rules::calendar_day(row),
            _ => return Err(Failure::other("a calendar has no such rows")),
        };
        match content {
            Content::WorkingHours(row) => calendar.working_hours.push(row),
            Content::CalendarDay(row) => calendar.calendar_days.push(row),
            _ => return Err(Failure::other("a calendar has no such rows")),
        }
    }
    Ok(rejects)
}

fn report(calendar: &WorkCalendar, out: &mut Output) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("date", Align::Left),
        ("kind", Align::Left),
        ("periods", Align::Left),
        ("days_off", Align::Left),
        ("name", Align::Left),
    ]);
    let (mut hours, mut days) = (Vec::new(), Vec::new());
    for row in &calendar.working_hours {
        table.row([
            row.effective_date.clone(),
            "working_hours".to_owned(),
            row.periods.clone(),
            row.days_off.clone(),
            row.display_name.clone(),
        ]);
        hours.push(json!({
            "effective_date": row.effective_date,
            "periods": row.periods,
            "days_off": row.days_off,
            "name": row.display_name,
        }));
    }
    for row in &calendar.calendar_days {
        let kind = enum_text(row.kind().as_str_name(), "KIND_");
        table.row([
            row.date.clone(),
            kind.clone(),
            String::new(),
            String::new(),
            row.display_name.clone(),
        ]);
        days.push(json!({"date": row.date, "kind": kind, "name": row.display_name}));
    }
    out.report(
        &table,
        &json!({
            "name": calendar.name,
            "etag": calendar.etag,
            "time_zone": calendar.time_zone,
            "periods": calendar.periods,
            "working_hours": Value::from(hours),
            "calendar": Value::from(days),
        }),
    )?;
    out.remark(summary(calendar))
}

/// What holds now, on one line.
fn summary(calendar: &WorkCalendar) -> String {
    let zone = match calendar.time_zone.as_str() {
        "" => "no time zone, since no rule pack was activated yet",
        zone => zone,
    };
    let periods = match calendar.periods.join(" ") {
        none if none.is_empty() => "no calendar: only urgent limits can be computed".to_owned(),
        periods => format!("now {periods}"),
    };
    format!("{periods} ({zone}); etag {}", calendar.etag)
}
