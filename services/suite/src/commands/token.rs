//! `chengping token`: a token of the issuer of a data folder.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use chengping_chassis::identity::{Grant, Issuer, Role, Scope};
use clap::Args;
use serde_json::json;

use crate::args::{Common, Format};
use crate::credentials;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, say};

/// The longest time that a token is given; whoever needs more needs an identity provider.
const TTL_MAX: Duration = Duration::from_secs(366 * 86_400);

/// Flags of `token`; `--jurisdiction` limits what it may speak of, and without it is not limited.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// Who will act: 1 to 128 visible characters, as the audit log will have them
    #[arg(long, value_name = "NAME")]
    subject: String,
    /// What they are, such as auditor; may be repeated
    #[arg(long = "role", value_name = "ROLE", required = true)]
    roles: Vec<Role>,
    /// Body that they may ask for, where each is shown its own; may be repeated [default: all]
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

/// Prints a token, and nothing else to standard output.
pub fn run(common: &Common, args: &TokenArgs, out: &mut Output) -> Result<Outcome, Failure> {
    let folder = credentials::folder(common.data_dir());
    let issuer = Issuer::open(&folder).map_err(|error| {
        let error = anyhow::Error::from(error);
        Failure::other(format!(
            "{error:#}; only who can read the key issues tokens, and `chengping up --identity \
             required` makes it"
        ))
    })?;
    let only = |ids: BTreeSet<String>| if ids.is_empty() { Scope::All } else { Scope::Only(ids) };
    let jurisdictions = common.jurisdiction.iter().map(ToString::to_string).collect();
    let grant = Grant {
        subject: args.subject.clone(),
        roles: args.roles.iter().copied().collect(),
        jurisdictions: only(jurisdictions),
        bodies: only(args.bodies.iter().cloned().collect()),
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
