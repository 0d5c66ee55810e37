//! Sealed versions as they are read: their documents and lines, and who may read whole documents.

use std::sync::Arc;

use chengping_types::Digest;
use chengping_types::name::BulletinVersionName;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::App;
use crate::domain::lines::{self, Line};
use crate::domain::{Sealed, Version};
use crate::error::Error;
use crate::store::{Connection, feed, log};

/// For how many callers whole documents are read at once; more wait, so that they never take all cores
/// and memory from those who publish and watch.
const AT_ONCE: usize = 2;

/// The places for those for whom whole documents are read.
#[derive(Clone)]
pub(super) struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl App {
    /// A place for reading whole documents, given back when it is dropped. To be taken before the
    /// database, so that whoever waits holds no connection.
    pub(super) async fn place(&self) -> OwnedSemaphorePermit {
        let place = Arc::clone(&self.places.0).acquire_owned().await;
        place.expect("the places are never closed")
    }
}

/// What a version has once it is sealed.
pub(super) fn sealed(version: &Version) -> Result<&Sealed, Error> {
    version.sealed.as_ref().ok_or_else(|| Error::NotPublished {
        name: version.name().to_string(),
        state: version.state.as_str(),
    })
}

/// The document of a sealed version.
pub(super) async fn document(
    connection: &mut Connection,
    version: &Version,
) -> Result<Vec<u8>, Error> {
    document_of(connection, &version.name(), sealed(version)?.digest).await
}

/// The document of the version of that name, as it was when it was sealed with this digest.
pub(super) async fn document_of(
    connection: &mut Connection,
    name: &BulletinVersionName,
    expected: Digest,
) -> Result<Vec<u8>, Error> {
    let document = log::document(connection, name).await?;
    let hashed = tokio::task::spawn_blocking(move || (Digest::of(&document), document));
    let (found, document) = hashed.await?;
    if found == expected {
        return Ok(document);
    }
    Err(Error::corrupt(name, format!("the log has {expected}, the document {found}")))
}

/// The lines of a sealed version: those that are kept, else those of its document.
pub(super) async fn lines_of(
    connection: &mut Connection,
    version: &Version,
) -> Result<Vec<Line>, Error> {
    let Sealed { log_index, .. } = sealed(version)?;
    if let Some(kept) = feed::lines(connection, &version.jurisdiction, *log_index).await? {
        return Ok(kept);
    }
    let document = document(connection, version).await?;
    let read = tokio::task::spawn_blocking(move || lines::read(&document)).await?;
    read.map_err(|error| Error::corrupt(version.name(), error))
}
