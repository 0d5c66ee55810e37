//! The results of years.

use chengping_types::JurisdictionId;
use chengping_types::name::AnnualResultName;

use super::App;
use super::sealed::document_of;
use crate::domain::year::{Year, YearReading, YearScores};
use crate::error::Error;
use crate::store::years;

impl App {
    /// The results of a year, or of as much of it as is published.
    pub(crate) async fn year(&self, name: &AnnualResultName) -> Result<(Year, YearScores), Error> {
        let AnnualResultName { jurisdiction, year } = name;
        let _place = self.place().await;
        let mut transaction = self.store.begin_reading().await?;
        let months = years::months(&mut transaction, jurisdiction, *year).await?;
        if months.is_empty() {
            return Err(Error::YearNotFound { name: name.to_string() });
        }
        let failed = |source| Error::Year { name: name.to_string(), source };
        let mut reading = YearReading::default();
        for published in &months {
            let month = published.name.month;
            let document = document_of(&mut transaction, &published.name, published.digest).await?;
            let read = tokio::task::spawn_blocking(move || reading.add(month, &document));
            reading = read.await?.map_err(failed)?;
        }
        drop(transaction);
        let (of, number) = (jurisdiction.clone(), *year);
        let scores = tokio::task::spawn_blocking(move || reading.scores(of, number));
        let scores = scores.await?.map_err(failed)?;
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
