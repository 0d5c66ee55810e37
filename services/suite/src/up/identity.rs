//! Who may call a suite: tokens of an issuer of its own, whose key lies in the data folder.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use chengping_chassis::config::Ladder;
use chengping_chassis::identity::{IdentityConfig, Issuer};
use clap::ValueEnum;

use crate::credentials;

/// Often enough that a machine that slept has a good token soon.
const RENEWAL: Duration = Duration::from_secs(300);

/// What the variables begin with that are settings of a service, and what is in those that say who is
/// believed.
const SETTING: &str = "CHENGPING_";
const SETTING_OF_IDENTITY: &str = "__IDENTITY__";

/// Whether a suite asks who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Identity {
    /// Nobody is asked; for development only, and said at every start
    Off,
    /// Every call shows a token; commands of this data folder make their own
    Required,
}

/// Whom a suite believes about who calls.
pub enum Asking {
    /// Whom the settings of its services name.
    AsSet,
    /// Nobody, whatever the settings say.
    Nobody,
    /// Its own issuer.
    Own(LocalIdentity),
}

impl Asking {
    /// What `identity`, the flag, means for the suite of `data`.
    ///
    /// # Errors
    ///
    /// When the key of the issuer cannot be made or used.
    pub fn open(identity: Option<Identity>, data: &Path) -> anyhow::Result<Self> {
        let names = env::vars_os().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name);
        let is_set = names.filter_map(|name| name.into_string().ok()).any(|name| is_setting(&name));
        Ok(match identity {
            None if is_set => Self::AsSet,
            None => Self::Own(LocalIdentity::open(data)?),
            Some(Identity::Off) => Self::Nobody,
            Some(Identity::Required) => Self::Own(LocalIdentity::open(data)?),
        })
    }

    /// Whether commands of the data folder can sign in with its key.
    pub const fn is_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    /// The settings of a service that asks for tokens.
    pub fn asking(&self, ladder: Ladder) -> Ladder {
        match self {
            Self::AsSet => ladder,
            Self::Nobody => ladder.flag("identity.mode", Some("off")),
            Self::Own(own) => own.asking(ladder),
        }
    }

    /// The settings of a service that calls `peers`, sections of its settings.
    pub fn calling(&self, ladder: Ladder, peers: &[&str]) -> Ladder {
        match self {
            Self::AsSet | Self::Nobody => ladder,
            Self::Own(own) => own.calling(ladder, peers),
        }
    }

    /// Keeps the token of the services fresh for as long as it is polled.
    pub async fn keep(&self) {
        match self {
            Self::AsSet | Self::Nobody => std::future::pending().await,
            Self::Own(own) => own.keep().await,
        }
    }
}

/// Whether a variable sets whom a service believes.
fn is_setting(name: &str) -> bool {
    name.starts_with(SETTING) && name.contains(SETTING_OF_IDENTITY)
}

/// The issuer of a suite, and the token of its services.
pub struct LocalIdentity {
    folder: PathBuf,
    audience: String,
    jwks_file: String,
    token_file: PathBuf,
}

impl LocalIdentity {
    fn open(data: &Path) -> anyhow::Result<Self> {
        let folder = credentials::folder(data);
        let issuer = Issuer::open_or_create(&folder).context("tokens cannot be issued")?;
        let IdentityConfig { jwks_file, audience, .. } = issuer.config();
        let jwks_file = jwks_file.unwrap_or_default();
        let jwks_file = jwks_file.to_str().context("the path of the data folder is not Unicode")?;
        let (jwks_file, token_file) = (jwks_file.to_owned(), credentials::service_token(&folder));
        let identity = Self { folder, audience, jwks_file, token_file };
        identity.renew()?;
        Ok(identity)
    }

    fn asking(&self, ladder: Ladder) -> Ladder {
        ladder
            .flag("identity.mode", Some("required"))
            .flag("identity.issuers", Some(Issuer::NAME))
            .flag("identity.audience", Some(self.audience.clone()))
            .flag("identity.jwks_file", Some(self.jwks_file.clone()))
    }

    fn calling(&self, ladder: Ladder, peers: &[&str]) -> Ladder {
        peers.iter().fold(ladder, |ladder, peer| {
            ladder.flag(&format!("{peer}.token_file"), self.token_file.to_str())
        })
    }

    async fn keep(&self) {
        loop {
            tokio::time::sleep(RENEWAL).await;
            if let Err(error) = self.renew() {
                tracing::warn!(error = format!("{error:#}"), "the services' token is not renewed");
            }
        }
    }

    fn renew(&self) -> anyhow::Result<()> {
        Ok(credentials::leave_service_token(&self.folder)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_sets_whom_to_believe_is_not_given_an_issuer_beside() {
        assert!(is_setting("CHENGPING_RULES__IDENTITY__JWKS_FILE"));
        for other in ["CHENGPING_IDENTITY", "CHENGPING_RULES__RULES__TOKEN_FILE", "X__IDENTITY__"] {
            assert!(!is_setting(other), "{other}");
        }
    }
}
