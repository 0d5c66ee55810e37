//! Interchange files on the disk: which ones are meant, and what they are.

use std::fs;
use std::path::{Path, PathBuf};

use chengping_interchange::{Encoding, FileError, FileKind, Reader};
use chengping_proto::cases::v1::Reject;

use crate::convert::reject::reject;
use crate::output::say;

/// What a name may end with.
const SUFFIXES: [&str; 6] = [".csv", ".csv.gz", ".csv.zst", ".ndjson", ".ndjson.gz", ".ndjson.zst"];
/// What it may end with besides where there is a mapping.
const MAPPED: [&str; 4] = [".json", ".json.gz", ".json.zst", ".xlsx"];

/// An interchange file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it is.
    pub path: PathBuf,
    /// Which one it is.
    pub kind: FileKind,
    /// How its characters are written.
    pub encoding: Encoding,
}

impl SourceFile {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// When it is no longer what it was.
    pub fn open(&self) -> Result<Reader, FileError> {
        Reader::open_as(&self.path, Some(self.kind), self.encoding)
    }
}

/// The files that were found, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order in which they can be imported.
    pub files: Vec<SourceFile>,
    /// A message for each file that cannot be read.
    pub problems: Vec<String>,
    /// What is wrong with the headers of the others.
    pub rejects: Vec<Reject>,
}

impl Found {
    /// Notes that a file was refused as a whole.
    pub fn refuse(&mut self, error: &FileError) {
        let rejects = error.rejects();
        if rejects.is_empty() {
            self.problems.push(error.to_string());
        }
        self.rejects.extend(rejects.into_iter().map(reject));
    }
}

/// Looks at each of `paths`; a folder stands for the files in it.
pub fn find(paths: &[PathBuf], encoding: Encoding) -> Found {
    let mut found = Found::default();
    for path in expand(paths, false, &mut found.problems) {
        match Reader::open_as(&path, None, encoding) {
            Ok(reader) => found.files.push(SourceFile { kind: reader.kind(), path, encoding }),
            Err(error) => found.refuse(&error),
        }
    }
    // Stable, so that files of one kind stay in the order in which they were named.
    found.files.sort_by_key(|file| file.kind);
    found
}

/// The files themselves, and those in the folders: tables that need a mapping only where there is
/// one.
pub fn expand(paths: &[PathBuf], mapped: bool, problems: &mut Vec<String>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        match inside(path, mapped) {
            Ok(inside) if inside.is_empty() => {
                let what = if mapped { ".csv, .ndjson, .json or .xlsx" } else { ".csv or .ndjson" };
                problems.push(format!("{}: holds no {what} file", path.display()));
            }
            Ok(inside) => files.extend(inside),
            Err(error) => problems.push(format!("{}: {error}", path.display())),
        }
    }
    files
}

/// The tables of a folder by their names, in order.
///
/// # Errors
///
/// When it cannot be listed.
pub fn inside(folder: &Path, mapped: bool) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = name(&path);
        // Hidden files and the locks of office programs are nobody's tables.
        let hidden = name.starts_with(['.', '~']);
        let known = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
        if !hidden && (known(&SUFFIXES) || mapped && known(&MAPPED)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The name of a file without its folder, as rejects have it.
pub fn name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Says which columns are ignored: a misspelt one should not go unnoticed.
pub fn say_unknown_columns(path: &Path, columns: &[String]) {
    if !columns.is_empty() {
        let (path, columns) = (path.display(), columns.join(", "));
        say(format_args!("note: {path}: unknown columns are ignored: {columns}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASES: &str = "case_no,source,category_scheme,category_code,area_code\n";

    #[test]
    fn files_come_in_the_order_of_import_and_bad_ones_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("events.csv"), "case_no,event_no,at,kind\n").unwrap();
        fs::write(path("a-table.csv"), CASES).unwrap();
        fs::write(path("bodies.csv"), "body_id,kind\n").unwrap();
        fs::write(path("notes.txt"), "").unwrap();
        let paths = [folder.path().to_owned(), path("absent.csv")];
        let found = find(&paths, Encoding::Utf8);
        let kinds: Vec<_> = found.files.iter().map(|file| file.kind).collect();
        assert_eq!(kinds, [FileKind::Cases, FileKind::Events]);
        assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
        // Every missing column is named, not only the first.
        let missing: Vec<_> = found.rejects.iter().map(|reject| reject.column.as_str()).collect();
        assert_eq!(missing, ["name", "valid_from"]);
    }
}
