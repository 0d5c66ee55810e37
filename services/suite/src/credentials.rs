//! How a command shows who calls.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use chengping_chassis::identity::{Grant, Issuer, IssuerError, Role, check_subject};
use nix::unistd::{Uid, User};
use tonic::metadata::{Ascii, MetadataValue};

use crate::args::Common;
use crate::discovery::Servers;
use crate::failure::Failure;
use crate::suite_file::SuiteFile;

/// The variable that holds a token. There is no flag for it: everybody on a machine sees flags.
pub const TOKEN_VARIABLE: &str = "CHENGPING_TOKEN";
/// How long a token that a command makes for a call of its own is valid: as long as its streams
/// may go on.
const OWN_TTL: Duration = Duration::from_secs(3_600);
/// Who acts where a service acts by itself, and how long its token is valid.
const SERVICE: &str = "chengping";
const SERVICE_TTL: Duration = Duration::from_secs(3_600);
/// Who acts when the account has no name.
const NOBODY: &str = "local";

/// Where the key of the issuer of a data folder lies.
pub fn folder(data: &Path) -> PathBuf {
    data.join("identity")
}

/// The file with the token that the services of a suite show each other where nobody stands behind a
/// call.
pub fn service_token(folder: &Path) -> PathBuf {
    folder.join("service.token")
}

/// Leaves a fresh token there, signed with the key of now.
///
/// # Errors
///
/// When the key cannot be used, or the file not be written.
pub fn leave_service_token(folder: &Path) -> Result<(), IssuerError> {
    let roles = [Role::Service].into();
    let grant = Grant { roles, ..Grant::everything(SERVICE, SERVICE_TTL) };
    // Opened again each time: the key may have been rotated.
    Issuer::open_or_create(folder)?.leave(&grant, &service_token(folder))
}

/// What the calls of a command show.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// Nothing.
    None,
    /// A token that was given.
    Given(MetadataValue<Ascii>),
    /// A token of their own, made with the key of the data folder: who can read the key may do
    /// everything anyway.
    Own {
        /// Who signs.
        issuer: Arc<Issuer>,
        /// Who acts.
        subject: String,
    },
}

impl Credentials {
    /// What `common` means: a token that was given, else the key of the data folder, where the
    /// suite in it asks for tokens.
    ///
    /// # Errors
    ///
    /// When what was given is no token, or the key cannot be used.
    pub fn find(common: &Common) -> Result<Self, Failure> {
        if let Some(path) = &common.token_file {
            let shown = path.display();
            let text = fs::read_to_string(path)
                .map_err(|error| Failure::other(format!("cannot read {shown}: {error}")))?;
            return Self::given(&text, &format!("--token-file {shown}"));
        }
        if let Some(token) = env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty()) {
            return Self::given(&token, TOKEN_VARIABLE);
        }
        // Another server than the one of the folder gets nothing signed by it.
        let named = common.server.as_deref().filter(|server| !server.is_empty());
        let named = named.map(str::parse::<Servers>).transpose()?;
        let suite = SuiteFile::read(common.data_dir())?;
        let suite = suite.filter(|suite| named.is_none_or(|named| named.are_at(suite.address)));
        if !suite.is_some_and(|suite| suite.identity_required) {
            return Ok(Self::None);
        }
        let issuer = Issuer::open(&folder(common.data_dir())).map_err(|error| {
            let error = anyhow::Error::from(error);
            Failure::other(format!(
                "cannot sign in with the key of the data folder: {error:#}; ask who keeps it for a \
                 token, and set {TOKEN_VARIABLE} or --token-file"
            ))
        })?;
        let subject = common.actor.as_ref().map_or_else(login_name, ToString::to_string);
        Ok(Self::Own { issuer: Arc::new(issuer), subject })
    }

    fn given(text: &str, source: &str) -> Result<Self, Failure> {
        let value = format!("Bearer {}", text.trim()).parse::<MetadataValue<Ascii>>();
        // What was given is not repeated: it may be a secret of another kind.
        let mut value = value.map_err(|_| Failure::usage(format!("{source} holds no token")))?;
        value.set_sensitive(true);
        Ok(Self::Given(value))
    }

    /// The header `authorization` of one call.
    ///
    /// # Errors
    ///
    /// When no token can be signed.
    pub fn header(&self) -> Result<Option<MetadataValue<Ascii>>, Failure> {
        match self {
            Self::None => Ok(None),
            Self::Given(value) => Ok(Some(value.clone())),
            Self::Own { issuer, subject } => {
                let token = issuer.issue(&Grant::everything(subject, OWN_TTL));
                match Self::given(&token.map_err(anyhow::Error::from)?, "the data folder")? {
                    Self::Given(value) => Ok(Some(value)),
                    _ => Ok(None),
                }
            }
        }
    }
}

/// The name of the account that runs the command.
fn login_name() -> String {
    let name = User::from_uid(Uid::current()).ok().flatten().map(|user| user.name);
    name.filter(|name| check_subject(name).is_ok()).unwrap_or_else(|| NOBODY.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::Cli;

    fn common(arguments: &[&str]) -> Common {
        let command = ["chengping"].iter().chain(arguments).chain(&["registry", "show"]);
        Cli::try_parse_from(command).unwrap().common
    }

    fn suite(data: &Path, identity_required: bool) {
        let address = "127.0.0.1:4000".parse().unwrap();
        let file = SuiteFile { address, pid: 1, jurisdiction: None, identity_required };
        file.write(data).unwrap();
    }

    #[test]
    fn a_token_that_was_given_comes_before_the_key_and_is_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "abc.hunter2.def\n").unwrap();
        let common = common(&["--token-file", file.to_str().unwrap()]);
        let credentials = Credentials::find(&common).unwrap();
        assert_eq!(credentials.header().unwrap().unwrap(), "Bearer abc.hunter2.def");
        assert!(!format!("{credentials:?}").contains("hunter2"));
        fs::write(&file, "hunter\u{0}2").unwrap();
        let failure = Credentials::find(&common).unwrap_err();
        assert!(!failure.message().contains("hunter"), "{}", failure.message());
    }

    #[test]
    fn the_key_of_the_folder_signs_for_the_suite_in_it_and_for_no_other_server() {
        let data = tempfile::tempdir().unwrap();
        let flag = ["--data", data.path().to_str().unwrap()];
        let at_home = common(&flag);
        assert!(matches!(Credentials::find(&at_home), Ok(Credentials::None)));
        suite(data.path(), false);
        assert!(matches!(Credentials::find(&at_home), Ok(Credentials::None)));
        suite(data.path(), true);
        let failure = Credentials::find(&at_home).unwrap_err();
        assert!(failure.message().contains("--token-file"), "{}", failure.message());
        Issuer::open_or_create(&folder(data.path())).unwrap();
        let acting = common(&[&flag[..], &["--actor", "li.wei"]].concat());
        match Credentials::find(&acting).unwrap() {
            Credentials::Own { subject, .. } => assert_eq!(subject, "li.wei"),
            other => panic!("{other:?}"),
        }
        let at = |server: &str| common(&[&flag[..], &["--server", server]].concat());
        let split = "cases=127.0.0.1:4000,rules=127.0.0.1:4000,scoring=127.0.0.1:4000,publication=";
        for own in ["127.0.0.1:4000", "http://localhost:4000/", &format!("{split}127.0.0.1:4000")] {
            let found = Credentials::find(&at(own)).unwrap();
            assert!(matches!(found, Credentials::Own { .. }), "{own}: {found:?}");
        }
        for other in ["10.0.0.1:4000", "127.0.0.1:4001", &format!("{split}127.0.0.1:1"), "a:4000"] {
            assert!(matches!(Credentials::find(&at(other)), Ok(Credentials::None)), "{other}");
        }
    }
}
