//! What a backup says of itself, and whether that is so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path};

use anyhow::Context as _;
use chengping_types::{Instant, canonical};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{DUMP, KEYS, MANIFEST};
use crate::up::schemas;

/// The format that this release writes and reads.
const FORMAT: &str = "chengping.backup/1";
/// The member of the manifest with the digest of the others.
const DIGEST: &str = "digest";
/// How much of a file is read at once.
const PART: usize = 1 << 16;

/// The versions of the migrations that were applied, by schema.
pub type Migrations = BTreeMap<String, Vec<i64>>;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the backup.
    pub format: String,
    /// When it was begun. Everything committed before is in it.
    pub time: Instant,
    /// The release that made it.
    pub suite: String,
    /// What the database was.
    pub postgres: Postgres,
    /// What was applied to it.
    pub migrations: Migrations,
    /// How far each jurisdiction was.
    pub jurisdictions: Vec<Standing>,
    /// All files but the manifest.
    pub files: Vec<BackedFile>,
}

/// The versions of the programs behind a dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Postgres {
    /// The server.
    pub server: String,
    /// Its major version; an older server may lack what the dump needs.
    pub server_major: u32,
    /// `pg_dump`.
    pub dump: String,
    /// Its major version; an older `pg_restore` cannot read the dump.
    pub dump_major: u32,
}

/// How far a jurisdiction was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The jurisdiction.
    pub jurisdiction: String,
    /// The number of cases.
    pub cases: i64,
    /// The number of records, cases and events together.
    pub watermark: i64,
    /// The number of entries of the log of publications.
    pub log_size: i64,
    /// The newest checkpoint of that log.
    pub checkpoint: Option<String>,
    /// The generation of the key that signs it.
    pub key_generation: i64,
    /// The public half of that key.
    pub verifier_key: Option<String>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedFile {
    /// Its name from the folder of the backup on.
    pub file: String,
    /// How long it is.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// A backup that is whole, and what is odd about it without harm.
#[derive(Debug)]
pub struct Checked {
    /// What it says of itself.
    pub manifest: Manifest,
    /// What somebody may want to know.
    pub notes: Vec<String>,
}

impl Manifest {
    /// That of a backup that is made now by this release.
    pub fn new(
        time: Instant,
        postgres: Postgres,
        migrations: Migrations,
        jurisdictions: Vec<Standing>,
        files: Vec<BackedFile>,
    ) -> Self {
        let (format, suite) = (FORMAT.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        Self { format, time, suite, postgres, migrations, jurisdictions, files }
    }

    /// The names of the keys in it, without their folder.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter_map(|file| file.file.strip_prefix("keys/"))
    }

    /// Its bytes, with the digest of the rest of it.
    ///
    /// # Errors
    ///
    /// Never: it is plain JSON.
    pub fn to_bytes(&self) -> anyhow::Result<Vec<u8>> {
        let mut value = serde_json::to_value(self).context("a manifest is plain JSON")?;
        value[DIGEST] = digest(&value)?.into();
        rendered(&value)
    }

    /// What a server of this release cannot do with it: the format, and migrations, of a later
    /// release.
    fn beyond_us(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let (suite, ours) = (&self.suite, env!("CARGO_PKG_VERSION"));
        for (name, applied) in &self.migrations {
            let Some(schema) = schemas::ALL.iter().find(|schema| schema.schema == name) else {
                mistakes.push(format!("schema {name} is not known to this release, {ours}"));
                continue;
            };
            let mut newer = applied.iter().filter(|version| !schema.knows(**version));
            if let Some(first) = newer.next() {
                mistakes.push(format!(
                    "migration {first} of schema {name} is newer than this release, {ours}; take \
                     the one that made the backup, {suite}, or a later one"
                ));
            }
        }
        for name in schemas::names().iter().filter(|name| !self.migrations.contains_key(**name)) {
            mistakes.push(format!("{MANIFEST}: says nothing of schema {name}"));
        }
        mistakes
    }
}

/// How far jurisdictions are, from what two services say of them.
pub(super) fn joined(
    cases: Vec<chengping_case_ingestion::IntakeStanding>,
    logs: Vec<chengping_result_publication::LogStanding>,
) -> Vec<Standing> {
    let mut all: BTreeMap<String, Standing> = BTreeMap::new();
    for of in cases {
        let standing = all.entry(of.jurisdiction).or_default();
        (standing.cases, standing.watermark) = (of.cases, of.watermark);
    }
    for of in logs {
        let standing = all.entry(of.jurisdiction).or_default();
        standing.log_size = of.size;
        standing.checkpoint = of.checkpoint;
        standing.key_generation = of.generation;
        standing.verifier_key = of.verifier_key;
    }
    let named = |(jurisdiction, standing)| Standing { jurisdiction, ..standing };
    all.into_iter().map(named).collect()
}

/// Reads the backup in `folder`, every byte of it.
///
/// # Errors
///
/// All that is wrong with it, or that this release cannot restore.
pub fn check(folder: &Path) -> Result<Checked, Vec<String>> {
    let path = folder.join(MANIFEST);
    let bytes = fs::read(&path).map_err(|error| {
        vec![format!("cannot read {}: {error}; this is no finished backup", path.display())]
    })?;
    let damaged = |what: String| vec![format!("{MANIFEST} is damaged: {what}")];
    let value: Value =
        serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    let mut mistakes = altered(&value, &bytes).map_or_else(Vec::new, damaged);
    let format = value["format"].as_str().unwrap_or_default();
    if format != FORMAT {
        let (suite, ours) = (&value["suite"], env!("CARGO_PKG_VERSION"));
        mistakes.push(format!(
            "{MANIFEST}: the format is {format:?}, made by release {suite}; this release, {ours}, \
             reads {FORMAT}: take that one or a later one"
        ));
        return Err(mistakes);
    }
    let manifest: Manifest = match serde_json::from_value(value) {
        Ok(manifest) => manifest,
        Err(error) => return Err([mistakes, damaged(error.to_string())].concat()),
    };
    for name in [DUMP].into_iter().filter(|name| !manifest.files.iter().any(|f| f.file == **name)) {
        mistakes.push(format!("{MANIFEST}: lists no {name}"));
    }
    mistakes.extend(manifest.files.iter().filter_map(|file| wrong_with(folder, file)));
    mistakes.extend(manifest.beyond_us());
    if mistakes.is_empty() {
        Ok(Checked { notes: notes(folder, &manifest), manifest })
    } else {
        Err(mistakes)
    }
}

/// What shows that somebody else wrote these bytes, or part of them.
fn altered(value: &Value, bytes: &[u8]) -> Option<String> {
    let mut rest = value.clone();
    let told = rest.as_object_mut().and_then(|members| members.remove(DIGEST));
    let ours = digest(&rest).ok();
    if told.is_none() || told.as_ref().and_then(Value::as_str) != ours.as_deref() {
        return Some("its digest is not that of the rest of it".to_owned());
    }
    // The digest is of the values; every byte counts.
    let same = rendered(value).is_ok_and(|rendered| rendered == bytes);
    (!same).then(|| "its bytes are not those that were written".to_owned())
}

fn digest(value: &Value) -> anyhow::Result<String> {
    Ok(canonical::digest(value).context("a manifest is canonical JSON")?.to_string())
}

fn rendered(value: &Value) -> anyhow::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value).context("a manifest is plain JSON")?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// What is wrong with a file.
fn wrong_with(folder: &Path, file: &BackedFile) -> Option<String> {
    let name = &file.file;
    if !is_ours(name) {
        return Some(format!("{MANIFEST}: {name:?} is not the name of a file of a backup"));
    }
    let found = match read(&folder.join(name)) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Some(format!("{name} is missing"));
        }
        Err(error) => return Some(format!("cannot read {name}: {error}")),
    };
    if found.0 != file.bytes {
        return Some(format!("{name} has {} bytes, and had {}", found.0, file.bytes));
    }
    (found.1 != file.sha256).then(|| format!("{name} is damaged: its SHA-256 is another"))
}

/// Whether a name is one that a backup gives: nothing may lead out of its folder.
fn is_ours(name: &str) -> bool {
    let parts: Vec<_> = Path::new(name).components().collect();
    match parts[..] {
        [Component::Normal(file)] => file == DUMP,
        [Component::Normal(folder), Component::Normal(file)] => {
            folder == KEYS && super::keys::is_key(Path::new(file))
        }
        _ => false,
    }
}

/// How long a file is, and its SHA-256.
pub(super) fn read(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut digest, mut bytes, mut part) = (Sha256::new(), 0, vec![0; PART]);
    loop {
        match file.read(&mut part)? {
            0 => return Ok((bytes, hex::encode(digest.finalize()))),
            count => {
                digest.update(&part[..count]);
                bytes += count as u64;
            }
        }
    }
}

/// What lies in the folder and belongs to no backup: it is not restored, and may be missed.
fn notes(folder: &Path, manifest: &Manifest) -> Vec<String> {
    let known: BTreeSet<_> = manifest.files.iter().map(|file| folder.join(&file.file)).collect();
    let folders = [folder.to_owned(), folder.join(KEYS)];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten());
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| {
        !known.contains(path) && *path != folder.join(MANIFEST) && *path != folder.join(KEYS)
    });
    paths.sort();
    let note = |path: &Path| format!("{} is no part of the backup", path.display());
    paths.iter().map(|path| note(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let known = |schema: &schemas::Schema| (schema.schema.to_owned(), Vec::new());
        let postgres = Postgres {
            server: "15.1".to_owned(),
            server_major: 15,
            dump: "15.1".to_owned(),
            dump_major: 15,
        };
        let file = |file: &str, text: &[u8]| BackedFile {
            file: file.to_owned(),
            bytes: text.len() as u64,
            sha256: hex::encode(Sha256::digest(text)),
        };
        let files = vec![file(DUMP, b"rows"), file("keys/log.seed", b"secret")];
        let migrations = schemas::ALL.iter().map(known).collect();
        Manifest::new(Instant::from_micros(0), postgres, migrations, Vec::new(), files)
    }

    fn written(manifest: &Manifest) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(KEYS)).unwrap();
        fs::write(folder.path().join(DUMP), "rows").unwrap();
        fs::write(folder.path().join("keys/log.seed"), "secret").unwrap();
        fs::write(folder.path().join(MANIFEST), manifest.to_bytes().unwrap()).unwrap();
        folder
    }

    fn mistakes(folder: &Path) -> Vec<String> {
        check(folder).err().unwrap_or_default()
    }

    #[test]
    fn what_was_written_is_whole_and_what_lies_beside_is_told() {
        let folder = written(&manifest());
        let checked = check(folder.path()).unwrap();
        assert_eq!((checked.manifest, checked.notes), (manifest(), Vec::new()));
        fs::write(folder.path().join("keys/log-1.seed"), "x").unwrap();
        let notes = check(folder.path()).unwrap().notes;
        assert!(notes.len() == 1 && notes[0].contains("log-1.seed"), "{notes:?}");
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let folder = written(&manifest());
        fs::write(folder.path().join(DUMP), "rowt").unwrap();
        fs::remove_file(folder.path().join("keys/log.seed")).unwrap();
        let told = mistakes(folder.path());
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains(DUMP) && told[1].contains("keys/log.seed"), "{told:?}");
        fs::write(folder.path().join(DUMP), "row").unwrap();
        assert!(mistakes(folder.path())[0].contains("3 bytes, and had 4"));
    }

    #[test]
    fn every_flipped_bit_of_the_manifest_is_found() {
        let folder = written(&manifest());
        let path = folder.path().join(MANIFEST);
        let whole = fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << (place % 8);
            fs::write(&path, bytes).unwrap();
            let told = mistakes(folder.path());
            assert!(told.iter().any(|told| told.contains(MANIFEST)), "byte {place}: {told:?}");
        }
        fs::write(&path, [&whole[..], b"\n"].concat()).unwrap();
        assert_eq!(mistakes(folder.path()).len(), 1, "a byte more");
    }

    #[test]
    fn a_later_release_is_named() {
        let later = Manifest {
            format: "chengping.backup/2".to_owned(),
            suite: "9.9.9".to_owned(),
            ..manifest()
        };
        let told = mistakes(written(&later).path());
        assert!(told[0].contains("chengping.backup/2") && told[0].contains("9.9.9"), "{told:?}");
        let mut later = manifest();
        later.migrations.insert("scoring".to_owned(), vec![99_999_999_000_000]);
        let told = mistakes(written(&later).path());
        assert!(told[0].contains("99999999000000 of schema scoring is newer"), "{told:?}");
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        assert!(is_ours(DUMP) && is_ours("keys/log-1.seed"));
        for name in ["/etc/passwd", "../x", "keys/../../x.seed", "keys/.x.seed", "keys/x", "x", ""]
        {
            assert!(!is_ours(name), "{name}");
        }
    }
}
