//! What can be typed: the common flags and the commands.

use std::path::{Path, PathBuf};

use chengping_bulletin::FileFormat;
use chengping_chassis::clock::WallClock;
use chengping_types::{Instant, JurisdictionId, Month};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::actor::Actor;
use crate::commands::{
    access_log, annual, archive, backup, district_report, doctor, erase, evaluate, explain, export,
    export_records, freeze, generate, import, inquiries, keys, migrate, publish, registry, rejects,
    restore, restore_month, results, rules, steps, token, verify, watch, webhook,
};
use crate::failure::Failure;
use crate::up;

/// Turns a city's cases into a monthly evaluation that anybody can check.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done, but rows were set aside.
#[derive(Debug, Parser)]
#[command(name = "chengping", version, max_term_width = 100)]
pub struct Cli {
    /// Flags that every command understands.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command understands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub struct Common {
    /// Server: `HOST:PORT`, or `cases=ADDR,rules=ADDR,scoring=ADDR,publication=ADDR`
    #[arg(long, global = true, env = "CHENGPING_SERVER", value_name = "ADDR")]
    pub server: Option<String>,
    /// Folder of a suite on this machine; clients find its server there [default: chengping-data]
    #[arg(long, global = true, env = "CHENGPING_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Jurisdiction; that of `up` unless given
    #[arg(long, global = true, env = "CHENGPING_JURISDICTION", value_name = "ID")]
    pub jurisdiction: Option<JurisdictionId>,
    /// Who acts, for the audit log and the approval by a second person; a token that was given says
    /// it itself
    #[arg(long, global = true, env = "CHENGPING_ACTOR", value_name = "NAME")]
    pub actor: Option<Actor>,
    /// File with the token that says who calls; the variable CHENGPING_TOKEN may hold it, too
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Month of evaluation
    #[arg(long, global = true, value_name = "YYYY-MM")]
    pub month: Option<Month>,
    /// Only events before this instant are seen
    #[arg(long, global = true, value_name = "RFC3339")]
    pub as_of: Option<Instant>,
    /// Only decisions (exemptions, withdrawn orders) before this instant are seen; `now` for all
    #[arg(long, global = true, value_name = "RFC3339", value_parser = instant_or_now)]
    pub decided: Option<Instant>,
    /// Form of what goes to standard output (table, json, csv), or of the file of `export` (csv,
    /// xlsx, pdf, json, txt)
    #[arg(long, global = true, value_enum)]
    pub format: Option<AnyFormat>,
    /// Seconds to wait for a server that is still starting on this machine
    #[arg(long, global = true, default_value_t = 60, value_name = "SECONDS")]
    pub wait: u64,
}

/// The form of what goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
}

/// What can be asked for as a form: that of the standard output, or of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnyFormat {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
    /// An Excel workbook.
    Xlsx,
    /// A printable document.
    Pdf,
    /// The text of a bulletin.
    Txt,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run all services in one process on one port, with a PostgreSQL of their own
    Up(up::UpArgs),
    /// Import, export and show who is evaluated, where, and with which coefficients
    #[command(subcommand)]
    Registry(registry::RegistryCommand),
    /// Check, review and put in force the rules of evaluation
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Import cases and events from interchange files or mapped tables
    Import(import::ImportArgs),
    /// List, replay and dismiss rows that were set aside
    Rejects(rejects::RejectsArgs),
    /// Fix what is known of a month
    Freeze(freeze::FreezeArgs),
    /// Score every body for a month
    Evaluate(evaluate::EvaluateArgs),
    /// Show the results of an evaluation
    Results(results::ResultsArgs),
    /// Explain the score of a body down to case numbers
    Explain(explain::ExplainArgs),
    /// Show the results of a month to the bodies, who may object
    Submit(steps::SubmitArgs),
    /// Close the objection window of a month, whose objections are all decided
    Approve(steps::ApproveArgs),
    /// Object to results that are shown and not published yet
    Object(inquiries::FileArgs),
    /// Inquire about a month, at any time
    Inquire(inquiries::FileArgs),
    /// List objections and inquiries, or show one
    Inquiries(inquiries::InquiriesArgs),
    /// Write a piece of evidence to a file
    Evidence(inquiries::EvidenceArgs),
    /// Give the first review of an objection or inquiry
    Review(inquiries::ReviewArgs),
    /// Decide an objection or inquiry, and write what follows into the record of its case
    Decide(inquiries::DecideArgs),
    /// Seal and publish the results of a month
    Publish(publish::PublishArgs),
    /// Publish a corrected version of a published month
    Correct(publish::CorrectArgs),
    /// Take back what is published of a month
    Withdraw(steps::WithdrawArgs),
    /// Check a published version: signature, log, digests, and all scores computed again
    Verify(verify::VerifyArgs),
    /// Write a version as a file for people: table, workbook, printable document or text
    Export(export::ExportArgs),
    /// Write the case records that a version was counted from, to count them again (`verify --facts`)
    ExportRecords(export_records::ExportRecordsArgs),
    /// Follow publications as they come, or the provisional scores of the month that runs
    Watch(watch::WatchArgs),
    /// List who takes publications in, and how far each is
    Consumers,
    /// Have publications sent to an address by HTTP
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Show the year of each body, from the published months
    Annual(annual::AnnualArgs),
    /// Hand in, list and decide on what districts report of their own jurisdictions
    #[command(subcommand)]
    DistrictReport(district_report::DistrictReportCommand),
    /// List the keys that sign the log of publications, or have a new one sign
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Write the records of a month to a Parquet file, and put its events away
    Archive(archive::ArchiveArgs),
    /// List the months that were put away
    Archives,
    /// Take the events of a month back from its archive
    RestoreMonth(restore_month::RestoreMonthArgs),
    /// Erase titles, notes and the payloads of closed rejects for good
    Erase(erase::EraseArgs),
    /// Write a synthetic month as interchange files
    Generate(generate::GenerateArgs),
    /// Write everything that a suite keeps, its database and its keys, to a folder
    Backup(backup::BackupArgs),
    /// Bring everything back from such a folder, where there is nothing yet
    Restore(restore::RestoreArgs),
    /// Create the roles, schemas and tables of the four services in a database
    Migrate(migrate::MigrateArgs),
    /// Print a token that says who calls, signed with the key of a data folder; list and rotate keys
    Token(token::TokenArgs),
    /// List who read what belongs to single bodies
    AccessLog(access_log::AccessLogArgs),
    /// Look at this machine and the server, and say what is missing
    Doctor(doctor::DoctorArgs),
}

/// An instant, or `now`.
fn instant_or_now(text: &str) -> Result<Instant, String> {
    if text == "now" {
        return Ok(Instant::from_micros(WallClock::default().micros()));
    }
    text.parse().map_err(|error| format!("{error}"))
}

impl Common {
    /// The data folder, whether given or not.
    pub fn data_dir(&self) -> &Path {
        let given = self.data.as_deref().filter(|_| self.names_data());
        given.unwrap_or(Path::new("chengping-data"))
    }

    /// Whether a data folder was given; an empty variable gives none.
    pub fn names_data(&self) -> bool {
        self.data.as_ref().is_some_and(|data| !data.as_os_str().is_empty())
    }

    /// The month, which the command cannot do without.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] without one.
    pub fn required_month(&self) -> Result<Month, Failure> {
        self.month.ok_or_else(|| Failure::usage("name the month with --month YYYY-MM"))
    }

    /// The form of the output, `default` unless asked otherwise.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] for the forms of files.
    pub fn format_or(&self, default: Format) -> Result<Format, Failure> {
        match self.format {
            None => Ok(default),
            Some(AnyFormat::Table) => Ok(Format::Table),
            Some(AnyFormat::Json) => Ok(Format::Json),
            Some(AnyFormat::Csv) => Ok(Format::Csv),
            Some(AnyFormat::Xlsx | AnyFormat::Pdf | AnyFormat::Txt) => {
                Err(Failure::usage("xlsx, pdf and txt are for `export`; choose table, json or csv"))
            }
        }
    }

    /// The form of the file that `export` makes.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] without one, and for a table.
    pub fn file_format(&self) -> Result<FileFormat, Failure> {
        match self.format {
            Some(AnyFormat::Csv) => Ok(FileFormat::Csv),
            Some(AnyFormat::Xlsx) => Ok(FileFormat::Xlsx),
            Some(AnyFormat::Pdf) => Ok(FileFormat::Pdf),
            Some(AnyFormat::Json) => Ok(FileFormat::Json),
            Some(AnyFormat::Txt) => Ok(FileFormat::Txt),
            None | Some(AnyFormat::Table) => {
                Err(Failure::usage("name the form of the file with --format csv|xlsx|pdf|json|txt"))
            }
        }
    }
}
