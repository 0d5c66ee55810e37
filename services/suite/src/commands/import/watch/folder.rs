//! A watched folder: which files are complete, which were taken in before, and where they go.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::commands::import::resume;
use crate::files;

/// What names of files end with that are still being written.
const UNFINISHED: [&str; 6] = [".tmp", ".temp", ".part", ".partial", ".crdownload", ".swp"];
/// Beside a file, its whole name and this say that it is complete.
const MARKER: &str = ".done";
/// In the folder of what was taken in: a line for each content.
const LEDGER: &str = ".chengping-imported";
const LOCK: &str = ".chengping-watch.lock";

/// A file as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    size: u64,
    modified: Option<SystemTime>,
}

/// A file that is to be taken in.
#[derive(Debug, Clone)]
pub(super) struct Drop {
    pub(super) path: PathBuf,
    /// Of its bytes.
    pub(super) sha256: String,
    /// Of its bytes and how they are read.
    id: String,
    /// The name under which the same was taken in before.
    pub(super) before: Option<String>,
}

/// The folder, and those where files go.
pub(super) struct Folder {
    path: PathBuf,
    done: PathBuf,
    failed: PathBuf,
    mapped: bool,
    seen: BTreeMap<PathBuf, Seen>,
    /// The names of what was taken in, by content.
    taken: BTreeMap<String, String>,
    /// Held for as long as it is watched.
    _lock: File,
}

impl Folder {
    /// Begins to watch.
    ///
    /// # Errors
    ///
    /// When a folder cannot be used, or somebody else watches it.
    pub(super) fn open(
        path: &Path,
        done: PathBuf,
        failed: PathBuf,
        mapped: bool,
    ) -> anyhow::Result<Self> {
        if !path.is_dir() {
            bail!("{} is no folder that can be watched", path.display());
        }
        for folder in [&done, &failed] {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
            if fs::canonicalize(folder)? == fs::canonicalize(path)? {
                bail!("{} is the watched folder itself; name another one", folder.display());
            }
        }
        let lock = File::create(path.join(LOCK)).context("cannot lock the folder")?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => bail!("{} is watched already", path.display()),
            Err(fs::TryLockError::Error(error)) => {
                return Err(error).context("cannot lock the folder");
            }
        }
        let taken = match fs::read_to_string(done.join(LEDGER)) {
            Ok(text) => ledger(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).context("cannot read what was taken in before"),
        };
        let (path, seen) = (path.to_owned(), BTreeMap::new());
        Ok(Self { path, done, failed, mapped, seen, taken, _lock: lock })
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The files that are complete, by name: those that have their marker, and those that are as
    /// they were at the last look.
    ///
    /// # Errors
    ///
    /// When the folder cannot be listed.
    pub(super) fn look(&mut self) -> io::Result<Vec<PathBuf>> {
        let mut now = BTreeMap::new();
        let mut ready = Vec::new();
        for path in files::inside(&self.path, self.mapped)? {
            let lower = files::name(&path).to_ascii_lowercase();
            // Gone since it was listed, or a folder of such a name.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            if !metadata.is_file() || UNFINISHED.iter().any(|end| lower.contains(end)) {
                continue;
            }
            let seen = Seen { size: metadata.len(), modified: metadata.modified().ok() };
            if marker(&path).exists() || self.seen.get(&path) == Some(&seen) {
                ready.push(path.clone());
            }
            now.insert(path, seen);
        }
        self.seen = now;
        Ok(ready)
    }

    /// Looks whether the content of a file was taken in before.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(super) fn drop(&self, path: PathBuf, read_as: &str) -> anyhow::Result<Drop> {
        let sha256 =
            resume::digest(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let id = format!("{sha256} {}", read_as.replace(char::is_whitespace, "/"));
        let before = self.taken.get(&id).cloned();
        Ok(Drop { path, sha256, id, before })
    }

    /// Notes that a content was taken in, before its file is moved: what breaks off in between is
    /// moved as a repeat.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(super) fn remember(&mut self, drop: &Drop) -> anyhow::Result<()> {
        let name = files::name(&drop.path).replace(['\n', '\r'], " ");
        let ledger = File::options().create(true).append(true).open(self.done.join(LEDGER));
        let written = ledger.and_then(|mut ledger| {
            ledger.write_all(format!("{} {name}\n", drop.id).as_bytes())?;
            ledger.sync_data()
        });
        written.context("cannot note what was taken in")?;
        self.taken.insert(drop.id.clone(), name);
        Ok(())
    }

    /// Moves a file away with its report; says where to.
    ///
    /// # Errors
    ///
    /// When it cannot be moved.
    pub(super) fn put_away(&self, drop: &Drop, done: bool, report: &Value) -> io::Result<PathBuf> {
        let folder = if done { &self.done } else { &self.failed };
        let place = free(folder, &files::name(&drop.path));
        let report = serde_json::to_vec_pretty(report)?;
        fs::write(place.with_file_name(format!("{}.report.json", files::name(&place))), report)?;
        move_file(&drop.path, &place)?;
        match fs::remove_file(marker(&drop.path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(place),
        }
    }
}

fn marker(path: &Path) -> PathBuf {
    path.with_file_name(format!("{}{MARKER}", files::name(path)))
}

/// A place for a file that nothing is at yet.
fn free(folder: &Path, name: &str) -> PathBuf {
    let numbered = (2..).map(|number: u64| format!("{number}-{name}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .map(|name| folder.join(name))
        .find(|place| !place.exists())
        .expect("there are more numbers than files")
}

/// Moves a file, also to another file system: there it is whole, or not there.
fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let part = to.with_file_name(format!(".{}.part", files::name(to)));
            fs::copy(from, &part)?;
            File::open(&part)?.sync_all()?;
            fs::rename(&part, to)?;
            fs::remove_file(from)
        }
        other => other,
    }
}

/// The lines of what was taken in: the identifier has two words, the name is the rest. A last line
/// that was cut off is none.
fn ledger(text: &str) -> BTreeMap<String, String> {
    text.split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'))
        .filter_map(|line| {
            let mut words = line.splitn(3, ' ');
            let (content, read_as, name) = (words.next()?, words.next()?, words.next()?);
            Some((format!("{content} {read_as}"), name.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let temporary = tempfile::tempdir().unwrap();
        let folder = open(temporary.path()).unwrap();
        (temporary, folder)
    }

    fn open(path: &Path) -> anyhow::Result<Folder> {
        Folder::open(path, path.join("done"), path.join("failed"), true)
    }

    fn names(paths: &[PathBuf]) -> Vec<String> {
        paths.iter().map(|path| files::name(path)).collect()
    }

    #[test]
    fn a_file_is_complete_when_it_stays_as_it_is_or_has_its_marker() {
        let (temporary, mut folder) = folder();
        let write = |name: &str, text: &str| fs::write(temporary.path().join(name), text).unwrap();
        write("b.csv", "1");
        write("a.xlsx", "1");
        write("c.json", "1");
        write("c.json.done", "");
        for ignored in [".d.csv", "~$a.xlsx", "e.csv.part", "f.tmp.csv", "notes.txt"] {
            write(ignored, "1");
        }
        fs::create_dir(temporary.path().join("g.csv")).unwrap();
        assert_eq!(names(&folder.look().unwrap()), ["c.json"]);
        write("b.csv", "12");
        assert_eq!(names(&folder.look().unwrap()), ["a.xlsx", "c.json"], "b has grown");
        assert_eq!(names(&folder.look().unwrap()), ["a.xlsx", "b.csv", "c.json"]);
        fs::remove_file(temporary.path().join("b.csv")).unwrap();
        assert_eq!(names(&folder.look().unwrap()), ["a.xlsx", "c.json"]);
    }

    #[test]
    fn a_content_is_known_again_after_a_restart_and_read_otherwise_is_another() {
        let (temporary, mut first) = folder();
        let path = temporary.path().join("a.csv");
        fs::write(&path, "1").unwrap();
        let drop = first.drop(path.clone(), "zz one").unwrap();
        assert_eq!(drop.before, None);
        first.remember(&drop).unwrap();
        // It dies before the file is moved, and in the middle of the next line.
        let ledger = File::options().append(true).open(temporary.path().join("done").join(LEDGER));
        ledger.unwrap().write_all(b"abc z").unwrap();
        std::mem::drop(first);
        let second = open(temporary.path()).unwrap();
        let again = second.drop(path.clone(), "zz one").unwrap();
        assert_eq!(again.before.as_deref(), Some("a.csv"));
        assert_eq!(second.drop(path, "zz two").unwrap().before, None);
        let report = json!({"outcome": "repeated"});
        let place = second.put_away(&again, true, &report).unwrap();
        assert_eq!(files::name(&place), "a.csv");
        assert!(temporary.path().join("done/a.csv.report.json").exists());
    }

    #[test]
    fn files_of_one_name_stand_beside_each_other() {
        let (temporary, folder) = folder();
        let path = temporary.path().join("a.csv");
        for expected in ["a.csv", "2-a.csv", "3-a.csv"] {
            fs::write(&path, expected).unwrap();
            fs::write(marker(&path), "").unwrap();
            let drop = folder.drop(path.clone(), "zz").unwrap();
            let place = folder.put_away(&drop, false, &json!({})).unwrap();
            assert_eq!(fs::read_to_string(&place).unwrap(), files::name(&place));
            assert_eq!(files::name(&place), expected);
            assert!(!path.exists() && !marker(&path).exists());
        }
    }

    #[test]
    fn a_folder_is_watched_once() {
        let (temporary, _folder) = folder();
        assert!(open(temporary.path()).err().unwrap().to_string().contains("watched already"));
        let same = Folder::open(temporary.path(), temporary.path().to_owned(), "x".into(), true);
        assert!(same.err().unwrap().to_string().contains("name another one"));
    }
}
