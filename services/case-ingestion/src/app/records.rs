//! The records of a snapshot, for whoever counts them again.

use chengping_casework::snapshot::files_among;
use chengping_types::JurisdictionId;
use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};

use super::App;
use super::files::{self, Reading, check_complete, compute};
use crate::error::Error;

impl App {
    /// The packed files of the first `watermark` records, page by page in the order of case numbers;
    /// no page is empty. Months that are put away are in them still.
    pub(crate) async fn records(
        &self,
        jurisdiction: JurisdictionId,
        watermark: i64,
    ) -> Result<BoxStream<'static, Result<Vec<u8>, Error>>, Error> {
        self.pack(&jurisdiction, watermark).await?;
        let reading = Reading::Files(watermark);
        let pages = files::packed_pages(self.pool.clone(), jurisdiction.clone(), reading);
        let among = move |page: &[u8]| files_among(page, watermark);
        let pages = compute(pages, among, &jurisdiction);
        let pages = stream::try_unfold((pages, 0), move |(mut pages, records)| {
            let jurisdiction = jurisdiction.clone();
            async move {
                if let Some((files, of_page)) = pages.try_next().await? {
                    return Ok(Some((files, (pages, records + of_page))));
                }
                check_complete(&jurisdiction, watermark, records)?;
                Ok(None)
            }
        });
        Ok(pages.boxed())
    }
}
