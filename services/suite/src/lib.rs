//! The `chengping` command: every service in one process, and the command line.
//!
//! The commands are clients of the four APIs and never touch a database; only [`up`], `migrate`,
//! `backup` and `restore` see one.

pub mod actor;
pub mod archive;
pub mod args;
pub mod attached;
pub mod backup;
pub mod clients;
pub mod commands;
pub mod convert;
pub mod credentials;
pub mod discovery;
pub mod failure;
pub mod files;
pub mod output;
pub mod rejecting;
pub mod selection;
pub mod suite_file;
pub mod up;

use std::env;
use std::ffi::OsStr;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};
use tokio::runtime::Runtime;

use crate::args::{Cli, Command, Format};
use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// Does what the command line of this process asks for.
pub fn main() -> ExitCode {
    let matches = without_empty_variables(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let outcome = Runtime::new()
        .map_err(|error| Failure::other(format!("cannot start: {error}")))
        .and_then(|runtime| runtime.block_on(run(cli)));
    match outcome {
        Ok(outcome) => ExitCode::from(outcome.exit_code()),
        Err(failure) => {
            let message = failure.message();
            if !message.is_empty() {
                output::say(format_args!("error: {message}"));
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Takes a variable that is set to nothing for one that is not set, as shells and service managers
/// do.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |name: &OsStr| env::var_os(name).is_some_and(|value| value.is_empty());
    command
        .mut_args(|arg| match arg.get_env() {
            Some(name) if is_empty(name) => arg.env(None::<&'static str>),
            _ => arg,
        })
        .mut_subcommands(without_empty_variables)
}

async fn run(cli: Cli) -> Result<Outcome, Failure> {
    let common = &cli.common;
    let default = match cli.command {
        Command::Watch(_) => Format::Json,
        _ => Format::Table,
    };
    let out = &mut Output::stdout(match cli.command {
        // Its format is that of the file.
        Command::Export(_) => default,
        _ => common.format_or(default)?,
    });
    match cli.command {
        Command::Up(args) => up::run(common, &args).await,
        Command::Registry(command) => commands::registry::run(common, &command, out).await,
        Command::Rules(command) => commands::rules::run(common, &command, out).await,
        Command::Import(args) => commands::import::run(common, &args, out).await,
        Command::Rejects(args) => commands::rejects::run(common, &args, out).await,
        Command::Freeze(args) => commands::freeze::run(common, &args, out).await,
        Command::Evaluate(args) => commands::evaluate::run(common, &args, out).await,
        Command::Results(args) => commands::results::run(common, &args, out).await,
        Command::Explain(args) => commands::explain::run(common, &args, out).await,
        Command::Submit(args) => commands::steps::submit(common, &args, out).await,
        Command::Approve(args) => commands::steps::approve(common, &args, out).await,
        Command::Withdraw(args) => commands::steps::withdraw(common, &args, out).await,
        Command::Object(args) => commands::inquiries::object(common, &args, out).await,
        Command::Inquire(args) => commands::inquiries::inquire(common, &args, out).await,
        Command::Inquiries(args) => commands::inquiries::inquiries(common, &args, out).await,
        Command::Evidence(args) => commands::inquiries::evidence(common, &args, out).await,
        Command::Review(args) => commands::inquiries::review(common, &args, out).await,
        Command::Decide(args) => commands::inquiries::decide(common, &args, out).await,
        Command::Publish(args) => commands::publish::publish(common, &args, out).await,
        Command::Correct(args) => commands::publish::correct(common, &args, out).await,
        Command::Verify(args) => commands::verify::run(common, &args, out).await,
        Command::Export(args) => commands::export::run(common, &args, out).await,
        Command::ExportRecords(args) => commands::export_records::run(common, &args, out).await,
        Command::Watch(args) => commands::watch::run(common, &args, out).await,
        Command::Consumers => commands::webhook::consumers(common, out).await,
        Command::Webhook(command) => commands::webhook::run(common, &command, out).await,
        Command::Annual(args) => commands::annual::run(common, &args, out).await,
        Command::DistrictReport(command) => {
            commands::district_report::run(common, &command, out).await
        }
        Command::Keys(command) => commands::keys::run(common, &command, out).await,
        Command::Archive(args) => commands::archive::run(common, &args, out).await,
        Command::Archives => commands::archive::list(common, out).await,
        Command::RestoreMonth(args) => commands::restore_month::run(common, &args, out).await,
        Command::Erase(args) => commands::erase::run(common, &args, out).await,
        Command::Generate(args) => commands::generate::run(common, &args, out),
        Command::Token(args) => commands::token::run(common, &args, out),
        Command::AccessLog(args) => commands::access_log::run(common, &args, out).await,
        Command::Backup(args) => commands::backup::run(common, &args, out).await,
        Command::Restore(args) => commands::restore::run(common, &args, out).await,
        Command::Migrate(args) => commands::migrate::run(&args).await,
        Command::Doctor(args) => commands::doctor::run(common, &args, out).await,
    }
}
