use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::principal::{Principal, Role, Scope, check_subject};
use super::refusal::Refusal;

/// Entries of a list in a token; more make it no better.
const LIST_MAX: usize = 1_000;
/// What stands for all jurisdictions or bodies.
const ALL: &str = "*";

/// The claims of a token that mean something here (RFC 7519); others are ignored. Times are whole
/// seconds since 1970.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: OneOrMany,
    pub(super) sub: String,
    pub(super) exp: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nbf: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) iat: Option<u64>,
    /// What the subject is.
    #[serde(default)]
    pub(super) roles: Vec<String>,
    /// IDs, or `*`; nothing is none.
    #[serde(default)]
    pub(super) jurisdictions: OneOrMany,
    /// IDs, or `*`; nothing is none.
    #[serde(default)]
    pub(super) bodies: OneOrMany,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) azp: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) act: Option<Act>,
}

/// Who acts for the subject (RFC 8693).
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Act {
    pub(super) sub: String,
}

/// A text, or a list of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl OneOrMany {
    fn into_scope(self) -> Option<Scope> {
        let ids = match self {
            Self::One(id) => vec![id],
            Self::Many(ids) => ids,
        };
        if ids.len() > LIST_MAX {
            return None;
        }
        let ids: BTreeSet<String> = ids.into_iter().collect();
        Some(if ids.contains(ALL) { Scope::All } else { Scope::Only(ids) })
    }
}

impl From<&Scope> for OneOrMany {
    fn from(scope: &Scope) -> Self {
        match scope {
            Scope::All => Self::One(ALL.to_owned()),
            Scope::Only(ids) => Self::Many(ids.iter().cloned().collect()),
        }
    }
}

impl Claims {
    /// Refuses a token whose time is over or has not come, give or take `skew_s`.
    pub(super) fn check_time(&self, now: u64, skew_s: u64) -> Result<(), Refusal> {
        if now >= self.exp.saturating_add(skew_s) {
            return Err(Refusal::Expired);
        }
        if self.nbf.is_some_and(|nbf| nbf > now.saturating_add(skew_s)) {
            return Err(Refusal::NotYetValid);
        }
        Ok(())
    }

    /// Whom the claims speak of.
    pub(super) fn into_principal(self) -> Result<Principal, Refusal> {
        const LONG: Refusal = Refusal::Invalid("one of its lists is too long");
        check_subject(&self.sub)
            .map_err(|_| Refusal::Invalid("its subject is not 1 to 128 visible characters"))?;
        if self.roles.len() > LIST_MAX {
            return Err(LONG);
        }
        let through = self.act.map(|act| act.sub).or(self.azp);
        Ok(Principal {
            subject: self.sub,
            // An issuer gives roles of other programs, too.
            roles: self.roles.iter().filter_map(|role| role.parse::<Role>().ok()).collect(),
            jurisdictions: self.jurisdictions.into_scope().ok_or(LONG)?,
            bodies: self.bodies.into_scope().ok_or(LONG)?,
            through: through.filter(|through| check_subject(through).is_ok()),
        })
    }
}
