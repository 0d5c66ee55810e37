//! Publications in the order of the log, with all of their lines.

use chengping_types::JurisdictionId;

use super::App;
use crate::domain::Version;
use crate::domain::lines::{self, Line};
use crate::error::Error;
use crate::store::{feed, log};

/// How many publications are read at a time.
const BATCH: u32 = 128;

impl App {
    /// The publications from place `index` of the log on, as many as are read at a time.
    pub(super) async fn publications(
        &self,
        jurisdiction: &JurisdictionId,
        index: u64,
        most: u32,
    ) -> Result<Vec<(Version, Vec<Line>)>, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let found = feed::read(&mut transaction, jurisdiction, index, most.min(BATCH)).await?;
        let mut publications = Vec::with_capacity(found.len());
        for (version, lines) in found {
            let lines = match lines {
                Some(lines) => lines,
                None => {
                    let (month, number) = (version.month, version.number);
                    let document = log::document(&mut transaction, jurisdiction, month, number);
                    let document = document.await?;
                    let read = tokio::task::spawn_blocking(move || lines::read(&document));
                    read.await?.map_err(|error| Error::DocumentCorrupt {
                        name: version.name().to_string(),
                        source: Box::new(error),
                    })?
                }
            };
            publications.push((version, lines));
        }
        Ok(publications)
    }

    /// How many publications there are.
    pub(super) async fn publication_count(
        &self,
        jurisdiction: &JurisdictionId,
    ) -> Result<u64, Error> {
        let mut connection = self.store.acquire().await?;
        Ok(log::size(&mut connection, jurisdiction).await?)
    }
}
