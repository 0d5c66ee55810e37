//! The database of a suite: a private PostgreSQL in the data folder, or the one that was named.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context as _, ensure};
use chengping_chassis::CancellationToken;
use chengping_chassis::postgres::private::{Options, PrivatePostgres};
use uuid::Uuid;

use super::schemas;

/// The name of the database in a private server.
pub const DATABASE: &str = "chengping";
const PASSWORDS: &str = "database-passwords.json";

/// Where a private server is in a data folder.
pub fn private_folder(data: &Path) -> PathBuf {
    data.join("postgres")
}

/// The database that the environment names, as an administrator; an empty variable names none.
pub fn named() -> Option<String> {
    env::var("DATABASE_URL").ok().filter(|url| !url.is_empty())
}

/// A database with the four schemas in it.
pub struct Database {
    private: Option<PrivatePostgres>,
    urls: BTreeMap<&'static str, String>,
}

impl Database {
    /// Opens the database at `url`, an administrator's, or else starts one in `data`; and brings
    /// all schemas up to date.
    ///
    /// # Errors
    ///
    /// When there is no PostgreSQL, or it cannot be used.
    pub async fn open(data: &Path, url: Option<&str>) -> anyhow::Result<Self> {
        match url {
            Some(url) => Self::external(data, url).await,
            None => Self::private(data).await,
        }
    }

    /// The URL by which a service reaches its schema.
    pub fn url(&self, schema: &str) -> &str {
        self.urls.get(schema).expect("every schema has a URL")
    }

    /// Cancelled when a private server died and could not be brought back; else never.
    pub fn failed(&self) -> CancellationToken {
        self.private.as_ref().map(PrivatePostgres::failed).unwrap_or_default()
    }

    /// Stops a private server.
    pub async fn stop(self) {
        if let Some(private) = self.private {
            private.stop().await;
        }
    }

    async fn private(data: &Path) -> anyhow::Result<Self> {
        let private = PrivatePostgres::start(&Options::new(private_folder(data))).await?;
        match prepare_private(&private).await {
            Ok(()) => {
                let url = |schema: &schemas::Schema| private.url_for(schema.schema, DATABASE);
                let urls = schemas::ALL.iter().map(|schema| (schema.schema, url(schema)));
                Ok(Self { urls: urls.collect(), private: Some(private) })
            }
            Err(error) => {
                private.stop().await;
                Err(error)
            }
        }
    }

    async fn external(data: &Path, admin_url: &str) -> anyhow::Result<Self> {
        let passwords = passwords(data)?;
        let mut urls = BTreeMap::new();
        for schema in &schemas::ALL {
            let password = &passwords[schema.schema];
            schema.prepare(admin_url, Some(password)).await?;
            urls.insert(schema.schema, role_url(admin_url, schema.schema, password)?);
        }
        Ok(Self { private: None, urls })
    }
}

async fn prepare_private(private: &PrivatePostgres) -> anyhow::Result<()> {
    let admin_url = private.create_database(DATABASE).await?;
    for schema in &schemas::ALL {
        schema.prepare(&admin_url, None).await?;
    }
    Ok(())
}

/// The password of each role: from the environment, or made up once and kept in the data folder.
fn passwords(data: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let path = data.join(PASSWORDS);
    let mut passwords: BTreeMap<String, String> = match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text)
            .with_context(|| format!("{} is damaged; remove it", path.display()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    let known = passwords.len();
    for schema in &schemas::ALL {
        let made_up = || format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        passwords.entry(schema.schema.to_owned()).or_insert_with(made_up);
    }
    if passwords.len() > known {
        let text = serde_json::to_vec_pretty(&passwords).context("passwords are plain JSON")?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options
            .open(&path)
            .and_then(|mut file| file.write_all(&text))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    for schema in &schemas::ALL {
        if let Ok(password) = env::var(schema.password_variable()) {
            passwords.insert(schema.schema.to_owned(), password);
        }
    }
    Ok(passwords)
}

/// `url` with another role and password.
fn role_url(url: &str, role: &str, password: &str) -> anyhow::Result<String> {
    // The URL may hold a password, so the message must not hold the URL.
    let (scheme, rest) = url.split_once("://").context("the database URL has no scheme")?;
    ensure!(matches!(scheme, "postgres" | "postgresql"), "the database URL is not postgres://…");
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // With a socket the host is a parameter; a URL with a role must have one all the same.
    let host = if host.is_empty() { "localhost" } else { host };
    Ok(format!("{scheme}://{role}:{}@{host}{path}", percent_encoded(password)))
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_takes_the_place_of_the_administrator() {
        let url = |text| role_url(text, "scoring", "p@ss/1").unwrap();
        let expected = "postgres://scoring:p%40ss%2F1@db:5432/chengping?sslmode=require";
        assert_eq!(url("postgres://root:x@db:5432/chengping?sslmode=require"), expected);
        assert_eq!(url("postgres://db:5432/chengping?sslmode=require"), expected);
        assert_eq!(
            url("postgres:///chengping?host=/run/postgresql"),
            "postgres://scoring:p%40ss%2F1@localhost/chengping?host=/run/postgresql"
        );
        assert!(role_url("mysql://db/x", "scoring", "x").is_err());
    }

    #[test]
    fn passwords_are_made_up_once_and_nobody_else_reads_them() {
        use std::os::unix::fs::PermissionsExt as _;

        let data = tempfile::tempdir().unwrap();
        let first = passwords(data.path()).unwrap();
        assert_eq!(passwords(data.path()).unwrap(), first);
        assert_eq!(first.len(), 4);
        let mode = fs::metadata(data.path().join(PASSWORDS)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
