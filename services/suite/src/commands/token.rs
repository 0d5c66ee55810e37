//! `chengping token`: tokens of the issuer of a data folder, and the keys that sign them.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use chengping_chassis::identity::{Grant, Issuer, IssuerError, RELOAD, Role, Scope};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::args::{Common, Format};
use crate::credentials;
use crate::failure::{Failure, Outcome};
use crate::output::{Align, Output, Table, say};

/// What names all bodies.
const ALL: &str = "*";
/// The longest time that a token is given; whoever needs more needs an identity provider.
const TTL_MAX: Duration = Duration::from_secs(366 * 86_400);

/// Flags and subcommands of `token`; without one it is `new`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct TokenArgs {
    #[command(flatten)]
    new: Option<NewArgs>,
    #[command(subcommand)]
    command: Option<TokenCommand>,
}

/// What can be done with tokens and keys.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Print a token that says who calls
    New(NewArgs),
    /// List the keys whose tokens are believed
    Keys,
    /// Make a new key that signs from now on; tokens of the former are believed until they end
    Rotate,
    /// Take a former key away: all tokens that it signed are void
    Drop {
        /// The key, as `keys` lists it
        kid: String,
    },
}

/// Flags of `token new`; `--jurisdiction` limits what it may speak of, and without it is not limited.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// Who will act: 1 to 128 visible characters, as the audit log will have them
    #[arg(long, value_name = "NAME")]
    subject: String,
    /// What they are, such as auditor; may be repeated
    #[arg(long = "role", value_name = "ROLE", required = true)]
    roles: Vec<Role>,
    /// Body that they speak for; may be repeated, and `*` means all. The roles district, bureau and
    /// collector need one [default of the others: all]
    #[arg(long = "body", value_name = "ID")]
    bodies: Vec<String>,
    /// How long it is valid: a number of s, m, h or d
    #[arg(long, value_name = "TIME", default_value = "8h")]
    ttl: Ttl,
}

/// How long a token is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ttl(Duration);

/// A text that is no time to live.
#[derive(Debug, thiserror::Error)]
#[error("write a number of s, m, h or d, such as 8h, up to 366d")]
struct TtlError;

impl FromStr for Ttl {
    type Err = TtlError;

    fn from_str(text: &str) -> Result<Self, TtlError> {
        let unit = text.chars().last().ok_or(TtlError)?;
        let seconds: u64 = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(TtlError),
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(TtlError);
        }
        let number: u64 = digits.parse().map_err(|_| TtlError)?;
        let ttl = Duration::from_secs(number.checked_mul(seconds).ok_or(TtlError)?);
        if ttl.is_zero() || ttl > TTL_MAX { Err(TtlError) } else { Ok(Self(ttl)) }
    }
}

/// How long services may take to read a key that was added: their pause, and a breath.
const SPREADING: Duration = RELOAD.saturating_add(Duration::from_secs(1));

/// Does what the subcommand says.
pub fn run(common: &Common, args: &TokenArgs, out: &mut Output) -> Result<Outcome, Failure> {
    match (&args.command, &args.new) {
        (Some(TokenCommand::New(args)), _) | (None, Some(args)) => new(common, args, out),
        (Some(TokenCommand::Keys), _) => keys(&open(common)?, out),
        (Some(TokenCommand::Rotate), _) => rotate(common, out),
        (Some(TokenCommand::Drop { kid }), _) => {
            let issuer = open(common)?;
            issuer.drop_key(kid).map_err(said)?;
            keys(&issuer, out)
        }
        (None, None) => Err(Failure::usage("say who will act: --subject NAME --role ROLE")),
    }
}

fn said(error: IssuerError) -> Failure {
    Failure::other(format!("{:#}", anyhow::Error::from(error)))
}

fn open(common: &Common) -> Result<Issuer, Failure> {
    Issuer::open(&credentials::folder(common.data_dir())).map_err(|error| {
        let error = anyhow::Error::from(error);
        Failure::other(format!(
            "{error:#}; only who can read the key issues tokens, and `chengping up` or `chengping \
             token rotate` makes the first"
        ))
    })
}

fn keys(issuer: &Issuer, out: &mut Output) -> Result<Outcome, Failure> {
    let keys = issuer.keys().map_err(said)?;
    let mut table = Table::new(&[("key", Align::Left), ("use", Align::Left)]);
    for key in &keys {
        let what = if key.signs { "signs" } else { "believed" };
        table.row([key.kid.clone(), what.to_owned()]);
    }
    let json: Vec<_> = keys.iter().map(|key| json!({"kid": key.kid, "signs": key.signs})).collect();
    out.report(&table, &json)?;
    Ok(Outcome::Done)
}

fn rotate(common: &Common, out: &mut Output) -> Result<Outcome, Failure> {
    let folder = credentials::folder(common.data_dir());
    let is_first = !Issuer::has_key(&folder);
    let issuer = Issuer::open_or_create(&folder).map_err(said)?;
    let issuer = if is_first { issuer } else { issuer.rotate(SPREADING).map_err(said)? };
    // A suite that runs goes on with it when the former key is dropped.
    if credentials::service_token(&folder).exists() {
        credentials::leave_service_token(&folder).map_err(said)?;
    }
    keys(&issuer, out)
}

/// Prints a token, and nothing else to standard output.
fn new(common: &Common, args: &NewArgs, out: &mut Output) -> Result<Outcome, Failure> {
    let issuer = open(common)?;
    let judged = [Role::District, Role::Bureau, Role::Collector];
    if args.bodies.is_empty() && args.roles.iter().any(|role| judged.contains(role)) {
        return Err(Failure::usage(
            "say for which body they speak: --body ID, or --body '*' for all",
        ));
    }
    let only = |ids: BTreeSet<String>| if ids.is_empty() { Scope::All } else { Scope::Only(ids) };
    let jurisdictions = common.jurisdiction.iter().map(ToString::to_string).collect();
    let grant = Grant {
        subject: args.subject.clone(),
        roles: args.roles.iter().copied().collect(),
        jurisdictions: only(jurisdictions),
        bodies: match args.bodies.iter().any(|body| body == ALL) {
            true => Scope::All,
            false => only(args.bodies.iter().cloned().collect()),
        },
        ttl: args.ttl.0,
    };
    let token = issuer.issue(&grant).map_err(|error| Failure::usage(error.to_string()))?;
    if out.format() == Format::Json {
        out.json(&json!({
            "token": token,
            "subject": grant.subject,
            "roles": grant.roles.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "jurisdiction": common.jurisdiction.as_ref().map(ToString::to_string),
            "seconds": grant.ttl.as_secs(),
        }))?;
    } else {
        out.text(&token)?;
    }
    say(
        "whoever has this token is taken for its subject; keep it, and put it into CHENGPING_TOKEN",
    );
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_live_is_a_number_with_its_unit() {
        let seconds = |text: &str| text.parse::<Ttl>().map(|ttl| ttl.0.as_secs()).ok();
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("8h"), Some(28_800));
        assert_eq!(seconds("366d"), Some(366 * 86_400));
        for bad in
            ["", "8", "h", "0h", "-1h", "+1h", "1.5h", "367d", "8时", "99999999999999999999s"]
        {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
