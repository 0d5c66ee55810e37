//! `chengping district-report`: what districts report of their own jurisdictions (6.4).

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chengping_proto::publication::v1::{
    AcceptDistrictReportRequest, CreateDistrictReportRequest, DistrictReport,
    GetDistrictReportRequest, ListDistrictReportsRequest, ReportAttachment, ReportedLine,
    ReturnDistrictReportRequest,
};
use chengping_types::name::{BulletinVersionName, DistrictReportName};
use chengping_types::{BodyId, RecordId};
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::args::Common;
use crate::attached::AttachedFile;
use crate::clients::{Clients, all_pages};
use crate::convert::{enum_text, last_part, second_text, time_text};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// How large an attachment is at most.
const ATTACHMENT_BYTES_MAX: usize = 3 << 20;

/// What to do with district reports.
#[derive(Debug, Subcommand)]
pub enum DistrictReportCommand {
    /// Hand in the results of a district for --month
    Submit(SubmitArgs),
    /// List reports, newest first; those of --month if it is given
    List,
    /// Show a report with its lines
    Show(NameArgs),
    /// Take a report over
    Accept(NameArgs),
    /// Send a report back
    Return(ReturnArgs),
}

/// Flags of `district-report submit`.
#[derive(Debug, Args)]
pub struct SubmitArgs {
    /// The district, as a body ID
    #[arg(long, value_name = "BODY")]
    district: BodyId,
    /// Version that its own jurisdiction published here
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present = "lines",
        conflicts_with_all = ["lines", "attachments"]
    )]
    bulletin_version: Option<BulletinVersionName>,
    /// Lines computed elsewhere: CSV with the columns body_id, score and rank
    #[arg(long, value_name = "FILE.csv")]
    lines: Option<PathBuf>,
    /// File that shows how they were computed; may be repeated
    #[arg(long = "attach", value_name = "FILE")]
    attachments: Vec<PathBuf>,
    /// Check the report, and hand nothing in
    #[arg(long)]
    validate_only: bool,
}

/// Names a report.
#[derive(Debug, Args)]
pub struct NameArgs {
    /// Its identifier, as `district-report list` prints it
    #[arg(value_name = "ID")]
    id: RecordId,
}

/// Flags of `district-report return`.
#[derive(Debug, Args)]
pub struct ReturnArgs {
    /// Its identifier, as `district-report list` prints it
    #[arg(value_name = "ID")]
    id: RecordId,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Does it.
pub async fn run(
    common: &Common,
    command: &DistrictReportCommand,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let clients = Clients::connect(common).await?;
    let mut reports = clients.reports();
    let found = match command {
        DistrictReportCommand::Submit(args) => {
            let request = submit(common, &clients, args)?;
            let made = reports.create_district_report(request).await;
            vec![made.doing("hand the report in")?.into_inner()]
        }
        DistrictReportCommand::List => {
            let request = ListDistrictReportsRequest {
                parent: clients.parent(),
                month: common.month.map(|month| month.to_string()).unwrap_or_default(),
                ..ListDistrictReportsRequest::default()
            };
            let found = all_pages!(reports, list_district_reports, request, district_reports);
            found.doing("list the reports")?
        }
        DistrictReportCommand::Show(args) => {
            let request = GetDistrictReportRequest { name: name(&clients, &args.id) };
            let found = reports.get_district_report(request).await;
            show(&found.doing("read the report")?.into_inner(), out)?;
            return Ok(Outcome::Done);
        }
        DistrictReportCommand::Accept(args) => {
            let name = name(&clients, &args.id);
            let request =
                AcceptDistrictReportRequest { name, ..AcceptDistrictReportRequest::default() };
            let moved = reports.accept_district_report(request).await;
            vec![moved.doing("accept the report")?.into_inner()]
        }
        DistrictReportCommand::Return(args) => {
            let request = ReturnDistrictReportRequest {
                name: name(&clients, &args.id),
                reason: args.reason.clone(),
                ..ReturnDistrictReportRequest::default()
            };
            let moved = reports.return_district_report(request).await;
            vec![moved.doing("return the report")?.into_inner()]
        }
    };
    report(&found, out)?;
    Ok(Outcome::Done)
}

fn name(clients: &Clients, id: &RecordId) -> String {
    let jurisdiction = clients.jurisdiction().clone();
    DistrictReportName { jurisdiction, district_report: id.clone() }.to_string()
}

fn submit(
    common: &Common,
    clients: &Clients,
    args: &SubmitArgs,
) -> Result<CreateDistrictReportRequest, Failure> {
    let lines = args.lines.as_deref().map(read_lines).transpose()?;
    let attachments = args.attachments.iter().map(|file| attachment(file));
    let report = DistrictReport {
        district: args.district.to_string(),
        month: common.required_month()?.to_string(),
        bulletin_version: args
            .bulletin_version
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        lines: lines.unwrap_or_default(),
        attachments: attachments.collect::<Result<_, _>>()?,
        ..DistrictReport::default()
    };
    Ok(CreateDistrictReportRequest {
        parent: clients.parent(),
        district_report: Some(report),
        request_id: Uuid::new_v4().to_string(),
        validate_only: args.validate_only,
    })
}

/// A row of the file of lines.
#[derive(Deserialize)]
struct LineRow {
    body_id: String,
    score: String,
    #[serde(default)]
    rank: Option<i32>,
}

fn read_lines(file: &Path) -> anyhow::Result<Vec<ReportedLine>> {
    let context = || format!("cannot read {}", file.display());
    let mut reader = csv::Reader::from_path(file).with_context(context)?;
    let mut lines = Vec::new();
    for row in reader.deserialize() {
        let LineRow { body_id, score, rank } = row.with_context(context)?;
        lines.push(ReportedLine { body_id, score, rank: rank.unwrap_or_default() });
    }
    Ok(lines)
}

fn attachment(file: &Path) -> Result<ReportAttachment, Failure> {
    let AttachedFile { file_name, media_type, content: data } =
        AttachedFile::read(file, ATTACHMENT_BYTES_MAX)?;
    Ok(ReportAttachment { file_name, media_type, data, ..ReportAttachment::default() })
}

fn state(report: &DistrictReport) -> String {
    enum_text(report.state().as_str_name(), "STATE_")
}

fn report(reports: &[DistrictReport], out: &mut Output) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("report", Align::Left),
        ("month", Align::Left),
        ("district", Align::Left),
        ("state", Align::Left),
        ("lines", Align::Right),
        ("from", Align::Left),
        ("handed_in", Align::Left),
        ("reason", Align::Left),
    ]);
    for report in reports {
        let from = match report.bulletin_version.as_str() {
            "" => format!("elsewhere, {} files", report.attachments.len()),
            version => version.to_owned(),
        };
        table.row([
            last_part(&report.name).to_owned(),
            report.month.clone(),
            report.district.clone(),
            state(report),
            report.lines.len().to_string(),
            from,
            second_text(report.create_time.as_ref()),
            report.return_reason.clone(),
        ]);
    }
    out.report(&table, &reports.iter().map(json).collect::<Vec<Value>>())
}

fn show(report: &DistrictReport, out: &mut Output) -> Result<(), Failure> {
    let mut table =
        Table::new(&[("body", Align::Left), ("score", Align::Right), ("rank", Align::Right)]);
    for line in &report.lines {
        let rank = if line.rank == 0 { String::new() } else { line.rank.to_string() };
        table.row([line.body_id.clone(), line.score.clone(), rank]);
    }
    out.report(&table, &json(report))
}

fn json(report: &DistrictReport) -> Value {
    let lines = report.lines.iter();
    let files = report.attachments.iter();
    json!({
        "name": report.name,
        "district": report.district,
        "month": report.month,
        "bulletin_version": report.bulletin_version,
        "bulletin_digest": report.bulletin_digest,
        "state": state(report),
        "return_reason": report.return_reason,
        "creator": report.creator,
        "create_time": time_text(report.create_time.as_ref()),
        "decider": report.decider,
        "decide_time": time_text(report.decide_time.as_ref()),
        "lines": lines
            .map(|line| json!({"body": line.body_id, "score": line.score, "rank": line.rank}))
            .collect::<Vec<_>>(),
        "attachments": files
            .map(|file| json!({
                "file_name": file.file_name,
                "media_type": file.media_type,
                "digest": file.digest,
                "size_bytes": file.size_bytes,
            }))
            .collect::<Vec<_>>(),
    })
}
