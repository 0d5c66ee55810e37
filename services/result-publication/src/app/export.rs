//! Versions as files for people (7.4).

use chengping_bulletin::{Bulletin, Draft, FORMER_MAX, FileFormat, Former};
use chengping_types::name::BulletinVersionName;

use super::sealed::document;
use super::{App, version};
use crate::domain::documents::Documents;
use crate::domain::{Sealed, Version};
use crate::error::Error;
use crate::store::log::{self, Published};
use crate::store::{Connection, documents};

/// What a file is made from.
struct Source {
    version: Version,
    shown: Shown,
    former: Vec<Published>,
}

enum Shown {
    /// The sealed document.
    Sealed(Vec<u8>),
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
        let place = self.place().await;
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
    let Version { jurisdiction, month, .. } = &version;
    let (shown, size) = match &version.sealed {
        Some(Sealed { log_index, .. }) => {
            (Shown::Sealed(document(connection, &version).await?), *log_index)
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
        self.rendered(format).map_err(|source| Error::Export { name, format, source })
    }

    fn rendered(&self, format: FileFormat) -> Result<Vec<u8>, Cause> {
        let read =
            |former: &Published| Former::read(former.version, former.digest, &former.results);
        let former = self.former.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let bulletin = match &self.shown {
            Shown::Sealed(document) => {
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
