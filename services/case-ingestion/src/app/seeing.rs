//! Which cases a caller sees, and that they looked.

use std::collections::BTreeMap;
use std::sync::Arc;

use chengping_access::{Sight, reach};
use chengping_casework::Case;
use chengping_types::name::{CaseName, JurisdictionName};
use chengping_types::registry::Registry;
use chengping_types::{BodyId, CaseNo, JurisdictionId};

use super::App;
use super::files::damaged;
use crate::domain::{Accepted, Areas, CaseFile, concerned, unpack_page};
use crate::error::Error;
use crate::store::{self, PgConnection};

/// Cases that a page looks through for those that its caller sees, at a time and at most. A page that
/// has seen so many is given as it is.
const LOOKED_AT_ONCE: u32 = 1_000;
const LOOKED_AT_MAX: usize = 10_000;

/// What the caller of a call sees of the cases of a jurisdiction.
pub(super) struct CaseSight {
    sight: Sight,
    registry: Arc<Registry>,
}

impl App {
    /// What the caller sees, as the registry stands now.
    pub(super) async fn case_sight(
        &self,
        jurisdiction: &JurisdictionId,
    ) -> Result<CaseSight, Error> {
        let reach = reach();
        if reach.is_everything() {
            return Ok(CaseSight { sight: Sight::All, registry: Arc::default() });
        }
        let registry = self.registries.current(jurisdiction).await?;
        Ok(CaseSight { sight: reach.over(&registry.bodies), registry })
    }

    /// Lets through who sees a case, and writes down that they look at `resource` of it. Who does not is
    /// told the same whether or not there is one.
    pub(super) async fn look_at(&self, name: &CaseName, resource: String) -> Result<(), Error> {
        let sight = self.case_sight(&name.jurisdiction).await?;
        let parent = JurisdictionName { jurisdiction: name.jurisdiction.clone() };
        if sight.sight != Sight::All {
            let mut connection = store::acquire(&self.pool).await?;
            let (of, case_no) = (&name.jurisdiction, &name.case_no);
            let case = store::case::get_one(&mut connection, of, case_no).await?;
            let cases: Vec<_> = case.into_iter().map(|case| case.record).collect();
            let whom = whom(&mut connection, of, &cases, &sight.registry).await?;
            let bodies = whom.get(case_no).into_iter().flatten();
            sight.sight.require(bodies, parent).map_err(chengping_access::Error::from)?;
        }
        Ok(self.access.note(&sight.sight, &name.jurisdiction, resource).await?)
    }

    /// Writes down that who sees everything is shown `collection` of a jurisdiction.
    pub(crate) async fn note_whole(
        &self,
        jurisdiction: &JurisdictionId,
        collection: &str,
    ) -> Result<(), Error> {
        let name = JurisdictionName { jurisdiction: jurisdiction.clone() };
        Ok(self.access.note(&Sight::All, jurisdiction, format!("{name}/{collection}")).await?)
    }

    /// At most `limit` cases behind `after`, whoever sees them.
    async fn listed_cases(
        &self,
        jurisdiction: &JurisdictionId,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Accepted<Case>>, Error> {
        let mut reading = store::begin_in_order(&self.pool).await?;
        let cases = store::case::list(&mut reading, jurisdiction, after, limit).await?;
        reading.end().await?;
        Ok(cases)
    }

    /// Cases behind `after` that the caller sees, at most `limit`, and behind which the next page goes
    /// on where it was not the end of them that ended the search.
    pub(super) async fn seen_cases(
        &self,
        jurisdiction: &JurisdictionId,
        sight: &CaseSight,
        after: String,
        limit: u32,
    ) -> Result<(Vec<Accepted<Case>>, Option<String>), Error> {
        if sight.sight == Sight::All {
            return Ok((self.listed_cases(jurisdiction, &after, limit).await?, None));
        }
        let wanted = usize::try_from(limit).expect("a page fits");
        let (mut seen, mut after, mut looked_at) = (Vec::new(), after, 0);
        loop {
            let some = self.listed_cases(jurisdiction, &after, LOOKED_AT_ONCE).await?;
            looked_at += some.len();
            let Some(last) = some.last() else { return Ok((seen, None)) };
            let is_last = some.len() < usize::try_from(LOOKED_AT_ONCE).expect("a page fits");
            after = last.record.case_no.to_string();
            let records: Vec<_> = some.iter().map(|case| case.record.clone()).collect();
            let mut connection = store::acquire(&self.pool).await?;
            let whom = whom(&mut connection, jurisdiction, &records, &sight.registry).await?;
            let sees = |case: &Accepted<Case>| {
                let mut bodies = whom.get(&case.record.case_no).into_iter().flatten();
                bodies.any(|body| sight.sight.sees(body))
            };
            seen.extend(some.into_iter().filter(sees));
            if seen.len() >= wanted {
                seen.truncate(wanted);
                return Ok((seen, None));
            }
            if is_last {
                return Ok((seen, None));
            }
            if looked_at >= LOOKED_AT_MAX {
                return Ok((seen, Some(after)));
            }
        }
    }
}

impl CaseSight {
    /// What tells pages by this sight from those by another.
    pub(super) fn mark(&self) -> String {
        self.sight.mark()
    }

    /// What is written down of who looks.
    pub(super) const fn sight(&self) -> &Sight {
        &self.sight
    }
}

/// Whom each of these cases concerns. Events that are not packed yet are read as they are, and those
/// that are put away are in the packed files still.
async fn whom(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    cases: &[Case],
    registry: &Arc<Registry>,
) -> Result<BTreeMap<CaseNo, Vec<BodyId>>, Error> {
    let case_nos: Vec<_> = cases.iter().map(|case| case.case_no.as_str()).collect();
    let packed = store::packed::of_cases(connection, jurisdiction, &case_nos).await?;
    let events = store::event::of_cases(connection, jurisdiction, &case_nos, i64::MAX).await?;
    let mut files: BTreeMap<_, _> = cases
        .iter()
        .map(|case| (case.case_no.clone(), CaseFile { case: case.clone(), events: Vec::new() }))
        .collect();
    let registry = Arc::clone(registry);
    let finding = tokio::task::spawn_blocking(move || {
        let packed = unpack_page(&packed, i64::MAX)?.files;
        let packed = packed.into_iter().flat_map(|file| file.events);
        for event in packed.chain(events.into_iter().map(|(event, _)| event)) {
            if let Some(file) = files.get_mut(&event.case_no) {
                file.events.push(event);
            }
        }
        let areas = Areas::of(&registry);
        let bodies = |file: &CaseFile| concerned(file, &areas).into_iter().collect();
        Ok(files.into_iter().map(|(case_no, file)| (case_no, bodies(&file))).collect())
    });
    finding.await?.map_err(damaged(jurisdiction))
}
