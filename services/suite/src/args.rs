//! What can be typed: the common flags and the commands.

use std::path::{Path, PathBuf};

use chengping_types::{Instant, JurisdictionId, Month};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::actor::Actor;
use crate::commands::{
    annual, archive, district_report, doctor, erase, evaluate, explain, freeze, generate, import,
    keys, migrate, publish, registry, rejects, restore_month, results, rules, token, verify, watch,
    webhook,
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
    /// Only decisions (exemptions, withdrawn orders) before this instant are seen
    #[arg(long, global = true, value_name = "RFC3339")]
    pub decided: Option<Instant>,
    /// Form of what goes to standard output
    #[arg(long, global = true, value_enum)]
    pub format: Option<Format>,
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
    /// Seal and publish the results of a month
    Publish(publish::PublishArgs),
    /// Publish a corrected version of a published month
    Correct(publish::CorrectArgs),
    /// Check a published version: signature, log, digests, and all scores computed again
    Verify(verify::VerifyArgs),
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
    /// Create the roles, schemas and tables of the four services in a database
    Migrate(migrate::MigrateArgs),
    /// Print a token that says who calls, signed with the key of a data folder
    Token(token::TokenArgs),
    /// Look at this machine and the server, and say what is missing
    Doctor(doctor::DoctorArgs),
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

    /// The form of the output; a table unless asked otherwise.
    pub fn format_or(&self, default: Format) -> Format {
        self.format.unwrap_or(default)
    }
}
