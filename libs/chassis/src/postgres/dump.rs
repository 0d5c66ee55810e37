//! `pg_dump` and `pg_restore`: PostgreSQL's own programs copy a database, we only start them.
//!
//! What they connect with goes through their environment, so that no password stands in a list of
//! processes.

use std::borrow::Cow;
use std::path::PathBuf;
use std::process::Stdio;

use percent_encoding::percent_decode_str;
use sqlx::postgres::PgSslMode;
use tokio::process::Command;
use url::Url;

use super::private::{Binaries, DUMP_PROGRAMS, Search};
use super::{PostgresError, connect_options};

/// What would lead the programs elsewhere than the URL does.
const MISLEADING: [&str; 4] = ["PGSERVICE", "PGSERVICEFILE", "PGHOSTADDR", "PGOPTIONS"];

/// The host has no programs that can do it.
#[derive(Debug, thiserror::Error)]
#[error(
    "no pg_dump and pg_restore of PostgreSQL {major} or later were found (looked at: {}); install \
     them (Debian: apt-get install postgresql-client-{major}), or name their folder in \
     CHENGPING_POSTGRES_BIN",
    .looked_at.join(", ")
)]
pub struct DumpToolsError {
    /// The major version that is needed.
    major: u32,
    /// The folders, and what was wrong with them.
    looked_at: Vec<String>,
}

/// `pg_dump` and `pg_restore` of one version.
#[derive(Debug, Clone)]
pub struct DumpTools {
    folder: PathBuf,
    major: u32,
    minor: u32,
}

impl DumpTools {
    /// The programs for a server, or a dump, of version `major`: of that version where there are
    /// any, else of the next one. Older ones refuse. They are looked for where a private server is.
    ///
    /// # Errors
    ///
    /// When there are none; the message says what to install.
    pub fn find(major: u32) -> Result<Self, DumpToolsError> {
        let search = Search::everywhere(&DUMP_PROGRAMS);
        choose(search, major)
    }

    /// Their major version.
    pub const fn major(&self) -> u32 {
        self.major
    }

    /// Their version, as people write it.
    pub fn version(&self) -> String {
        format!("{}.{}", self.major, self.minor)
    }

    /// Writes `schemas` as they were in `snapshot` to the standard output, in the custom format of
    /// `pg_dump`.
    ///
    /// # Errors
    ///
    /// When the URL is none.
    pub fn dump(
        &self,
        url: &str,
        schemas: &[&str],
        snapshot: &str,
    ) -> Result<Command, PostgresError> {
        let mut command = self.command("pg_dump", url)?;
        command.args(["--format=custom", "--strict-names"]).arg(format!("--snapshot={snapshot}"));
        command.args(schemas.iter().map(|schema| format!("--schema={schema}")));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        Ok(command)
    }

    /// Takes a dump from the standard input into a database, all of it or nothing.
    ///
    /// # Errors
    ///
    /// When the URL is none.
    pub fn restore(&self, url: &str) -> Result<Command, PostgresError> {
        let mut command = self.command("pg_restore", url)?;
        // Where tables lay on the disks of the former server says nothing here.
        command.args(["--single-transaction", "--exit-on-error", "--no-tablespaces"]);
        let options = connect_options(url)?;
        let database = options.get_database().unwrap_or_else(|| options.get_username());
        // Without a name it would write a script, and a name alone may be taken for more than that.
        let quoted = database.replace('\\', r"\\").replace('\'', r"\'");
        command.arg(format!("--dbname=dbname='{quoted}'"));
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        Ok(command)
    }

    fn command(&self, program: &str, url: &str) -> Result<Command, PostgresError> {
        let mut command = Command::new(self.folder.join(program));
        for name in MISLEADING {
            command.env_remove(name);
        }
        command.envs(environment(url)?).env("LC_ALL", "C");
        command.arg("--no-password").stderr(Stdio::piped()).kill_on_drop(true);
        Ok(command)
    }
}

fn choose(search: Search, major: u32) -> Result<DumpTools, DumpToolsError> {
    let Search { found, mut looked_at, .. } = search;
    let fits = |binaries: &&Binaries| binaries.major >= major;
    let best = found.iter().filter(fits).min_by_key(|found| (found.major, u32::MAX - found.minor));
    if let Some(Binaries { folder, major, minor }) = best.cloned() {
        return Ok(DumpTools { folder, major, minor });
    }
    let too_old = |old: &Binaries| format!("{} is version {}", old.folder.display(), old.major);
    looked_at.extend(found.iter().map(too_old));
    Err(DumpToolsError { major, looked_at })
}

/// What `url` says, as libpq takes it. What it does not say stays as the environment has it.
fn environment(url: &str) -> Result<Vec<(&'static str, String)>, PostgresError> {
    let options = connect_options(url)?;
    let host = match options.get_socket() {
        Some(socket) => socket.to_string_lossy().into_owned(),
        None => options.get_host().to_owned(),
    };
    let ssl_mode = match options.get_ssl_mode() {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    };
    let mut variables = vec![
        ("PGHOST", host),
        ("PGPORT", options.get_port().to_string()),
        ("PGUSER", options.get_username().to_owned()),
        ("PGSSLMODE", ssl_mode.to_owned()),
    ];
    variables.extend(options.get_database().map(|name| ("PGDATABASE", name.to_owned())));
    variables.extend(options.get_options().map(|text| ("PGOPTIONS", text.to_owned())));
    variables.extend(secrets(&Url::parse(url).map_err(|_| PostgresError::Url)?));
    Ok(variables)
}

/// What sqlx takes from a URL and does not give back.
fn secrets(url: &Url) -> Vec<(&'static str, String)> {
    let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let password = url.password().map(|password| ("PGPASSWORD", decoded(password)));
    let parameter = |(key, value): (Cow<'_, str>, Cow<'_, str>)| {
        let variable = match &*key {
            "password" => "PGPASSWORD",
            "sslrootcert" | "ssl-root-cert" | "ssl-ca" => "PGSSLROOTCERT",
            "sslcert" | "ssl-cert" => "PGSSLCERT",
            "sslkey" | "ssl-key" => "PGSSLKEY",
            _ => return None,
        };
        Some((variable, value.into_owned()))
    };
    password.into_iter().chain(url.query_pairs().filter_map(parameter)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_url_becomes_an_environment_and_its_password_no_argument() {
        let url = "postgres://admin:p%40ss%2F1@db.example:6432/city?sslmode=verify-full&sslrootcert=/ca.pem";
        let variables: BTreeMap<_, _> = environment(url).unwrap().into_iter().collect();
        for (name, value) in [
            ("PGHOST", "db.example"),
            ("PGPORT", "6432"),
            ("PGUSER", "admin"),
            ("PGDATABASE", "city"),
            ("PGPASSWORD", "p@ss/1"),
            ("PGSSLMODE", "verify-full"),
            ("PGSSLROOTCERT", "/ca.pem"),
        ] {
            assert_eq!(variables.get(name).map(String::as_str), Some(value), "{name}");
        }
        let tools = DumpTools { folder: "/x".into(), major: 15, minor: 0 };
        for command in [tools.dump(url, &["a"], "1").unwrap(), tools.restore(url).unwrap()] {
            let arguments: Vec<_> = command.as_std().get_args().collect();
            assert!(!format!("{arguments:?}").contains("p@ss"), "{arguments:?}");
        }
    }

    #[test]
    fn a_socket_is_a_host_for_libpq() {
        let variables = environment("postgres://postgres@localhost/c?host=%2Frun%2Fx&port=5432");
        assert!(variables.unwrap().contains(&("PGHOST", "/run/x".to_owned())));
    }

    #[test]
    fn programs_of_the_servers_version_come_first_and_older_ones_never() {
        let binaries = |major, minor| Binaries { folder: "/x".into(), major, minor };
        let search = || {
            let mut search = Search::default();
            search.found = [(15, 2), (17, 1), (16, 3), (16, 9)].map(|(a, b)| binaries(a, b)).into();
            search
        };
        let chosen = |major| choose(search(), major).map(|tools| (tools.major, tools.minor));
        assert_eq!(chosen(16).unwrap(), (16, 9));
        assert_eq!(chosen(14).unwrap(), (15, 2));
        let error = chosen(18).unwrap_err().to_string();
        assert!(error.contains("postgresql-client-18"), "{error}");
        assert!(error.contains("/x is version 17"), "{error}");
    }
}
