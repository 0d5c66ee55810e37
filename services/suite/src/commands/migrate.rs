//! `chengping migrate`: roles, schemas and tables of the four services, for four processes.

use std::env;

use chengping_chassis::config::Secret;
use clap::Args;

use crate::failure::{Failure, Outcome};
use crate::output::say;
use crate::up::schemas;

/// Flags of `migrate`.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// Database, as a role that may create roles: `postgres://ROLE:PASSWORD@HOST/DATABASE`
    ///
    /// Passwords of the four roles are taken from `CHENGPING_CASES_PASSWORD`,
    /// `CHENGPING_RULES_PASSWORD`, `CHENGPING_SCORING_PASSWORD` and
    /// `CHENGPING_PUBLICATION_PASSWORD`; a role without one keeps what it has.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Secret<String>,
}

/// Brings all four schemas up to date.
pub async fn run(args: &MigrateArgs) -> Result<Outcome, Failure> {
    for service in &schemas::ALL {
        let password = env::var(service.password_variable()).ok();
        service.prepare(args.database_url.expose(), password.as_deref()).await?;
        say(format_args!("schema {} is up to date", service.schema));
    }
    Ok(Outcome::Done)
}
