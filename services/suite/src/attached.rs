//! Files that go along with something: evidence of inquiries, attachments of reports.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::failure::Failure;

/// A file as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedFile {
    /// Its name, without folders.
    pub file_name: String,
    /// What it is, by the end of its name.
    pub media_type: String,
    /// What is in it.
    pub content: Vec<u8>,
}

impl AttachedFile {
    /// Reads a file of at most `bytes_max`.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is larger, or has a name that is no text.
    pub fn read(path: &Path, bytes_max: usize) -> Result<Self, Failure> {
        let shown = path.display();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name else {
            return Err(Failure::usage(format!("{shown} has no name in Unicode; rename it")));
        };
        let content = fs::read(path).with_context(|| format!("cannot read {shown}"))?;
        if content.len() > bytes_max {
            return Err(Failure::usage(format!(
                "{shown} has {} bytes; send at most {bytes_max}",
                content.len()
            )));
        }
        let (file_name, media_type) = (name.to_owned(), media_type(path).to_owned());
        Ok(Self { file_name, media_type, content })
    }
}

fn media_type(path: &Path) -> &'static str {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "pdf" => "application/pdf",
        "txt" => "text/plain",
        "csv" => "text/csv",
        "json" => "application/json",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "mp4" => "video/mp4",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_name_says_in_whichever_case_and_no_larger_than_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("照片.JPG");
        fs::write(&path, [7; 10]).unwrap();
        let file = AttachedFile::read(&path, 10).unwrap();
        assert_eq!((file.file_name.as_str(), file.media_type.as_str()), ("照片.JPG", "image/jpeg"));
        assert_eq!(file.content, [7; 10]);
        assert!(AttachedFile::read(&path, 9).is_err());
        assert!(AttachedFile::read(&folder.path().join("absent"), 9).is_err());
    }
}
