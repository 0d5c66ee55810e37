//! Facts: what case files contribute to months.

use std::sync::Arc;

use chengping_casework::{Deriver, Fact, Question};
use chengping_types::{JurisdictionId, Month};
use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};

use super::App;
use super::files::{self, Reading, check_complete, compute};
use crate::domain::{CaseFile, unpack_page};
use crate::error::Error;

/// Facts of one month.
pub(crate) struct MonthFacts {
    pub(crate) month: Month,
    /// Whether they are those of a former reading.
    pub(crate) is_former: bool,
    /// At least one.
    pub(crate) facts: Vec<Fact>,
}

impl App {
    /// The facts that answer each question, as the first `watermark` records give them: page by
    /// page in the order of case numbers, month by month as they were asked for, and put into a
    /// form by `form` where they are computed.
    pub(crate) async fn facts<T: Send + 'static>(
        &self,
        jurisdiction: JurisdictionId,
        watermark: i64,
        questions: Vec<Question>,
        form: impl Fn(&[MonthFacts]) -> T + Clone + Send + Sync + 'static,
    ) -> Result<BoxStream<'static, Result<T, Error>>, Error> {
        let accepted = self.watermark(&jurisdiction).await?;
        if watermark > accepted {
            return Err(Error::WatermarkAhead { asked: watermark, watermark: accepted });
        }
        self.pack(&jurisdiction, watermark).await?;
        let questions: Arc<[Question]> = questions.into();
        let reading = Reading::Files(watermark);
        let pages = files::packed_pages(self.pool.clone(), jurisdiction.clone(), reading);
        let derive = move |page: &[u8]| {
            let page = unpack_page(page, watermark)?;
            let facts = derive(&questions, &page.files);
            let formed = (!facts.is_empty()).then(|| form(&facts));
            Ok((formed, page.records))
        };
        let facts = compute(pages, derive, &jurisdiction);
        let facts = stream::try_unfold((facts, 0), move |(mut facts, mut records)| {
            let jurisdiction = jurisdiction.clone();
            async move {
                while let Some((formed, of_page)) = facts.try_next().await? {
                    records += of_page;
                    if let Some(formed) = formed {
                        return Ok(Some((formed, (facts, records))));
                    }
                }
                check_complete(&jurisdiction, watermark, records)?;
                Ok(None)
            }
        });
        Ok(facts.boxed())
    }
}

fn derive(questions: &[Question], page: &[CaseFile]) -> Vec<MonthFacts> {
    let first = |file: &CaseFile| file.events.iter().map(|event| event.at).min();
    let begun: Vec<_> = page.iter().filter_map(|file| Some((first(file)?, file))).collect();
    let of_month = |question: &Question| {
        let deriver = Deriver::new(question);
        let seen = begun.iter().filter(|(first, _)| deriver.sees(*first));
        let facts = seen.filter_map(|(_, file)| deriver.derive(&file.case, &file.events));
        MonthFacts { month: question.month, is_former: false, facts: facts.collect() }
    };
    questions.iter().map(of_month).filter(|month| !month.facts.is_empty()).collect()
}
