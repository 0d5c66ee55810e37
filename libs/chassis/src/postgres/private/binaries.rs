use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::account::Account;
use super::layout::Layout;
use super::{PrivateError, copies, location};

/// The oldest major version that is supported.
const MAJOR_MIN: u32 = 15;

/// Folders whose children are installations, and where the programs are inside.
const INSTALLATIONS: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/lib", "postgresql", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
];
const SINGLE_INSTALLATION: &str = "/usr/local/pgsql/bin";

/// What a server needs.
const SERVER_PROGRAMS: [&str; 2] = ["postgres", "initdb"];
/// What a backup needs.
pub(in crate::postgres) const DUMP_PROGRAMS: [&str; 2] = ["pg_dump", "pg_restore"];

/// The programs of one PostgreSQL installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::postgres) struct Binaries {
    pub(in crate::postgres) folder: PathBuf,
    pub(in crate::postgres) major: u32,
    pub(in crate::postgres) minor: u32,
}

impl Binaries {
    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    /// The installation for the data in `layout`: of the version that wrote it, else the newest.
    /// Where the server's account cannot reach it, a copy of it in one of `elsewhere`.
    pub(super) fn for_data(layout: &Layout, elsewhere: &[PathBuf]) -> Result<Self, PrivateError> {
        let search = Search::everywhere(&SERVER_PROGRAMS);
        let binaries = choose(search, layout.written_by()?, layout.data_dir())?;
        match layout.account() {
            Some(account) => binaries.within_reach(account, elsewhere),
            None => Ok(binaries),
        }
    }

    fn within_reach(self, account: &Account, elsewhere: &[PathBuf]) -> Result<Self, PrivateError> {
        if account.can_run(&self.postgres()) && account.can_run(&self.initdb()) {
            return Ok(self);
        }
        match location::base(elsewhere, account) {
            Some(base) => copies::copied(&self, base),
            None => {
                let (account, folder) = (account.name.clone(), self.folder);
                Err(PrivateError::Unreachable { account, folder })
            }
        }
    }
}

/// What a private server without data would be run from: the version, and the folder of its
/// programs.
///
/// # Errors
///
/// [`PrivateError::NotFound`] when this host has no PostgreSQL that is new enough.
pub fn installed() -> Result<(String, PathBuf), PrivateError> {
    let search = Search::everywhere(&SERVER_PROGRAMS);
    let Binaries { folder, major, minor } = choose(search, None, Path::new(""))?;
    Ok((format!("{major}.{minor}"), folder))
}

fn choose(
    search: Search,
    written_by: Option<u32>,
    data_dir: &Path,
) -> Result<Binaries, PrivateError> {
    let Search { found, looked_at, .. } = search;
    if found.is_empty() {
        return Err(PrivateError::NotFound { looked_at });
    }
    let fits = |binaries: &&Binaries| written_by.is_none_or(|major| major == binaries.major);
    let newest = found.iter().filter(fits).max_by_key(|binaries| (binaries.major, binaries.minor));
    newest.cloned().ok_or_else(|| {
        let majors: Vec<_> = found.iter().map(|binaries| binaries.major.to_string()).collect();
        PrivateError::OtherVersion {
            data_dir: data_dir.to_owned(),
            written_by: written_by.unwrap_or_default(),
            found: majors.join(", "),
        }
    })
}

/// What was found of some programs, and where.
#[derive(Debug)]
pub(in crate::postgres) struct Search {
    programs: &'static [&'static str],
    pub(in crate::postgres) found: Vec<Binaries>,
    pub(in crate::postgres) looked_at: Vec<String>,
}

impl Default for Search {
    fn default() -> Self {
        Self { programs: &SERVER_PROGRAMS, found: Vec::new(), looked_at: Vec::new() }
    }
}

impl Search {
    /// Looks for `programs`, the first of which tells the version, wherever PostgreSQL may be.
    pub(in crate::postgres) fn everywhere(programs: &'static [&'static str]) -> Self {
        let mut search = Self { programs, ..Self::default() };
        search.look_everywhere(&|name| std::env::var_os(name));
        search
    }

    fn look_everywhere(&mut self, variable: &dyn Fn(&str) -> Option<OsString>) {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        if let Some(folder) = set("CHENGPING_POSTGRES_BIN") {
            // Whoever names a folder means that one.
            self.look_at(PathBuf::from(folder));
            return;
        }
        if let Some(tools) = set("CHENGPING_TOOLS") {
            self.look_at(PathBuf::from(tools).join("pgsql/bin"));
        }
        if let Some(path) = set("PATH") {
            for folder in std::env::split_paths(&path).filter(|folder| folder.is_absolute()) {
                // A folder of the path without the programs is nothing to report.
                if folder.join(self.programs[0]).is_file() {
                    self.look_at(folder);
                }
            }
        }
        for (parent, prefix, inside) in INSTALLATIONS {
            for child in children(Path::new(parent), prefix) {
                let folder = child.join(inside);
                if folder.join(self.programs[0]).is_file() {
                    self.look_at(folder);
                }
            }
        }
        self.look_at(PathBuf::from(SINGLE_INSTALLATION));
    }

    fn look_at(&mut self, folder: PathBuf) {
        let verdict = match inspect(&folder, self.programs) {
            Ok(binaries) if self.found.iter().any(|known| known.folder == binaries.folder) => {
                return;
            }
            Ok(binaries) if binaries.major >= MAJOR_MIN => {
                self.found.push(binaries);
                return;
            }
            Ok(binaries) => format!("is version {}", binaries.major),
            Err(verdict) => verdict,
        };
        self.looked_at.push(format!("{} {verdict}", folder.display()));
    }
}

/// The installation in `folder`, or what is wrong with it.
fn inspect(folder: &Path, programs: &[&str]) -> Result<Binaries, String> {
    for program in programs {
        if !folder.join(program).is_file() {
            return Err(format!("has no {program}"));
        }
    }
    let first = programs[0];
    let output = Command::new(folder.join(first)).arg("--version").output();
    let output = output.map_err(|error| format!("has a {first} that does not run ({error})"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (major, minor) =
        parse_version(&text).ok_or_else(|| format!("has a {first} that says {text:?}"))?;
    Ok(Binaries { folder: folder.to_owned(), major, minor })
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-1)`, or `18beta1` in place of `15.18`.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let version = text.split(") ").nth(1)?.split_whitespace().next()?;
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let major = &version[..digits(version)];
    let rest = version[major.len()..].strip_prefix('.').unwrap_or("0");
    let minor = &rest[..digits(rest)];
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn children(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = parent.read_dir() else { return Vec::new() };
    let mut children: Vec<_> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
        .collect();
    children.sort();
    children
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A folder whose `postgres` says that it is `version`.
    fn installation(root: &Path, version: &str) -> PathBuf {
        let folder = root.join(version).join("bin");
        fs::create_dir_all(&folder).unwrap();
        for program in ["postgres", "initdb"] {
            let path = folder.join(program);
            fs::write(&path, format!("#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n"))
                .unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    fn search(folders: &[PathBuf]) -> Search {
        let mut search = Search::default();
        folders.iter().for_each(|folder| search.look_at(folder.clone()));
        search
    }

    #[test]
    fn versions_are_read_from_releases_and_betas() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(parse_version(debian), Some((15, 18)));
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta1\n"), Some((18, 0)));
        assert_eq!(parse_version("postgres: no such file"), None);
    }

    #[test]
    fn new_data_gets_the_newest_version_and_old_data_its_own() {
        let root = tempfile::tempdir().unwrap();
        let folders = ["15.2", "16.9", "16.10"].map(|version| installation(root.path(), version));
        let major_of = |written_by| {
            choose(search(&folders), written_by, root.path())
                .map(|found| (found.major, found.minor))
        };
        assert_eq!(major_of(None).unwrap(), (16, 10));
        assert_eq!(major_of(Some(15)).unwrap(), (15, 2));
        let error = major_of(Some(17)).unwrap_err().to_string();
        assert!(error.contains("written by PostgreSQL 17"), "{error}");
    }

    #[test]
    fn a_version_that_is_too_old_is_named_in_the_error() {
        let root = tempfile::tempdir().unwrap();
        let folder = installation(root.path(), "14.1");
        let error = choose(search(&[folder]), None, root.path()).unwrap_err().to_string();
        assert!(error.contains("14.1/bin is version 14"), "{error}");
        assert!(error.contains("apt-get install"), "{error}");
    }

    #[test]
    fn an_installation_out_of_reach_is_copied_once() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let account = Account::for_server().unwrap().unwrap();
        let open = tempfile::Builder::new()
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir_in("/var/tmp")
            .unwrap();
        let closed = tempfile::Builder::new()
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(open.path())
            .unwrap();
        let base = open.path().join("chengping");
        let folder = installation(closed.path(), "15.2");
        let share = closed.path().join("15.2/share");
        fs::create_dir(&share).unwrap();
        fs::write(share.join("postgres.bki"), "x").unwrap();
        fs::set_permissions(&share, fs::Permissions::from_mode(0o700)).unwrap();
        std::os::unix::fs::symlink("postgres", folder.join("postmaster")).unwrap();

        let original = inspect(&folder, &SERVER_PROGRAMS).unwrap();
        let within_reach =
            || original.clone().within_reach(&account, std::slice::from_ref(&base)).unwrap();
        let copy = within_reach();
        assert!(copy.folder.starts_with(&base), "{copy:?}");
        assert_eq!((copy.major, copy.minor), (15, 2));
        assert!(account.can_run(&copy.postgres()));
        assert!(account.can_run(&copy.folder.join("postmaster")));
        let file = copy.folder.parent().unwrap().join("share/postgres.bki");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(within_reach(), copy);
        assert_eq!(copy.clone().within_reach(&account, &[]).unwrap(), copy);
        assert_eq!(base.read_dir().unwrap().count(), 1);

        let error = original.within_reach(&account, &[]).unwrap_err();
        assert!(matches!(error, PrivateError::Unreachable { .. }), "{error}");
    }

    #[test]
    fn a_named_folder_is_the_only_one() {
        let root = tempfile::tempdir().unwrap();
        let named = installation(root.path(), "15.1");
        let tools = installation(&root.path().join("tools"), "18.1");
        let mut search = Search::default();
        search.look_everywhere(&|name| match name {
            "CHENGPING_POSTGRES_BIN" => Some(named.clone().into()),
            "CHENGPING_TOOLS" => Some(tools.clone().into()),
            _ => None,
        });
        assert_eq!(search.found.len(), 1);
        assert_eq!(search.found[0].folder, named);
    }
}
