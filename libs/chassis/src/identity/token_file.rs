use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::HeaderValue;

/// The file with a service's own token: what calls carry behind which no caller stands.
#[derive(Debug, Clone)]
pub(crate) struct TokenFile(Arc<Path>);

impl TokenFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path.into())
    }

    /// The header with the token that is in the file now. Whoever renews it replaces the file.
    ///
    /// Without a token the call goes out bare, and the other service says what it misses.
    pub(crate) fn to_header(&self) -> Option<HeaderValue> {
        match self.read() {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::warn!(path = %self.0.display(), %error, "no token of this service's own");
                None
            }
        }
    }

    fn read(&self) -> io::Result<HeaderValue> {
        let text = fs::read_to_string(&self.0)?;
        let value = HeaderValue::from_str(&format!("Bearer {}", text.trim()));
        let mut value = value.map_err(|_| io::Error::other("it holds no token"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}
