//! Versions as files for people (7.4).

use std::sync::Arc;

use chengping_bulletin::{Bulletin, Draft, FORMER_MAX, FileFormat, Former};
use chengping_types::Digest;
use chengping_types::name::BulletinVersionName;
use tokio::sync::Semaphore;

use super::{App, version};
use crate::domain::documents::Documents;
use crate::domain::{Sealed, Version};
use crate::error::Error;
use crate::store::log::{self, Published};
use crate::store::{Connection, documents};

/// How many files are made at once; more wait, so that they never take all cores and memory from
/// those who publish and watch.
const AT_ONCE: usize = 2;

/// The places for those whose files are being made.
#[derive(Clone)]
pub(super) struct Exports(Arc<Semaphore>);

impl Default for Exports {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// What a file is made from.
struct Source {
    version: Version,
    shown: Shown,
    former: Vec<Published>,
}

enum Shown {
    /// The sealed document, and the digest that the log has of it.
    Sealed(Vec<u8>, Digest),
    Draft(Documents),
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

impl App {
    /// A version as a file. It compares with what was published before it and nothing later, so that
    /// a published version always gives the same bytes, until it is withdrawn.
    pub(crate) async fn export(
        &self,
        name: &BulletinVersionName,
        format: FileFormat,
    ) -> Result<Vec<u8>, Error> {
        // Before the database, so that whoever waits holds no connection.
        let place = Arc::clone(&self.exports.0).acquire_owned().await;
        let place = place.expect("the places are never closed");
        let mut transaction = self.store.begin_reading().await?;
        let source = source(&mut transaction, name).await?;
        drop(transaction);
        // Given back when the file is made, also where nobody waits for it any more.
        let made = tokio::task::spawn_blocking(move || {
            let _place = place;
            source.file(format)
        });
        made.await?
    }
}

async fn source(connection: &mut Connection, name: &BulletinVersionName) -> Result<Source, Error> {
    let version = version(connection, name).await?;
    let Version { jurisdiction, month, number, .. } = &version;
    let (shown, size) = match &version.sealed {
        Some(Sealed { digest, log_index, .. }) => {
            let document = log::document(connection, jurisdiction, *month, *number).await?;
            (Shown::Sealed(document, *digest), *log_index)
        }
        None => {
            let documents = documents::get(connection, jurisdiction, &version.evaluation).await?;
            (Shown::Draft(documents), log::size(connection, jurisdiction).await?)
        }
    };
    let months = (month.plus(-i32::from(FORMER_MAX)), *month);
    let former = log::published_before(connection, jurisdiction, months, size).await?;
    Ok(Source { version, shown, former })
}

impl Source {
    fn file(self, format: FileFormat) -> Result<Vec<u8>, Error> {
        let name = self.version.name().to_string();
        if let Shown::Sealed(document, signed) = &self.shown {
            let found = Digest::of(document);
            if found != *signed {
                let source = format!("the log has {signed}, the document {found}").into();
                return Err(Error::DocumentCorrupt { name, source });
            }
        }
        self.rendered(format).map_err(|source| Error::Export { name, format, source })
    }

    fn rendered(&self, format: FileFormat) -> Result<Vec<u8>, Cause> {
        let read =
            |former: &Published| Former::read(former.version, former.digest, &former.results);
        let former = self.former.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let bulletin = match &self.shown {
            Shown::Sealed(document, _) => {
                let bulletin = Bulletin::of_sealed(document, former)?;
                match &self.version.withdrawn {
                    Some(withdrawn) => bulletin.withdrawn(&withdrawn.reason),
                    None => bulletin,
                }
            }
            Shown::Draft(Documents { results, input, .. }) => {
                let (number, reason) = (self.version.number, self.version.reason.as_str());
                let reason = (!reason.is_empty()).then_some(reason);
                Bulletin::of_draft(Draft { version: number, reason, results, input }, former)?
            }
        };
        Ok(bulletin.render(format)?)
    }
}
