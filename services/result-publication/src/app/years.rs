//! The results of years.

use chengping_types::JurisdictionId;
use chengping_types::name::AnnualResultName;

use super::App;
use crate::domain::year::{self, Year, YearScores};
use crate::error::Error;
use crate::store::{log, years};

impl App {
    /// The results of a year, or of as much of it as is published.
    pub(crate) async fn year(&self, name: &AnnualResultName) -> Result<(Year, YearScores), Error> {
        let AnnualResultName { jurisdiction, year } = name;
        let mut transaction = self.store.begin_reading().await?;
        let months = years::months(&mut transaction, jurisdiction, *year).await?;
        if months.is_empty() {
            return Err(Error::YearNotFound { name: name.to_string() });
        }
        let mut documents = Vec::with_capacity(months.len());
        for published in &months {
            let month = published.name.month;
            let version = u32::try_from(published.name.version).expect("it was one");
            let document = log::document(&mut transaction, jurisdiction, month, version).await?;
            documents.push((month, document));
        }
        drop(transaction);
        let (of, number) = (jurisdiction.clone(), *year);
        let scores =
            tokio::task::spawn_blocking(move || year::scores(&of, number, &documents)).await?;
        let scores = scores.map_err(|source| Error::Year { name: name.to_string(), source })?;
        Ok((Year::new(jurisdiction.clone(), *year, months), scores))
    }

    /// The years of which something is published, newest first.
    pub(crate) async fn years(
        &self,
        jurisdiction: &JurisdictionId,
        before: Option<u16>,
        limit: u32,
    ) -> Result<Vec<Year>, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let found = years::list(&mut transaction, jurisdiction, before, limit).await?;
        let mut years = Vec::with_capacity(found.len());
        for year in found {
            let months = years::months(&mut transaction, jurisdiction, year).await?;
            years.push(Year::new(jurisdiction.clone(), year, months));
        }
        Ok(years)
    }
}
