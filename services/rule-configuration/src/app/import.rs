//! Taking a registry in.

use chengping_types::{DeadlineRules, JurisdictionId, TimeZone};

use super::App;
use super::revise::{Order, Revised};
use crate::domain::change::refuse_dangling;
use crate::domain::import::{self, Outcome, Row};
use crate::domain::registry::Standing;
use crate::error::Error;
use crate::store::{self, activations, deadline_rules};

/// What is to be taken in.
#[derive(Debug)]
pub(crate) struct Import {
    pub order: Order,
    pub rows: Vec<Row>,
    /// Whether the rows are all that there are of their tables.
    pub replace: bool,
}

impl App {
    /// Takes rows in. Content that stands already makes no new revision.
    pub(crate) async fn import_registry(
        &self,
        import: Import,
    ) -> Result<(Outcome, Revised), Error> {
        let Import { order, rows, replace } = import;
        let open = self.open(&order).await?;
        let work = move |standing: &mut Standing| {
            let outcome = import::import(standing, rows, replace);
            if replace {
                refuse_dangling(standing, "rows")?;
            }
            Ok(outcome)
        };
        let (transaction, outcome, revised) = open.revise(&order, work).await?;
        if !order.validate_only {
            store::commit(transaction).await?;
        }
        Ok((outcome, revised))
    }

    /// What deadlines are computed from, as it stands, and the time zone of the pack that was
    /// activated last.
    pub(crate) async fn deadline_rules(
        &self,
        jurisdiction: &JurisdictionId,
    ) -> Result<(DeadlineRules, Option<TimeZone>), Error> {
        let mut transaction = self.store.begin_reading().await?;
        let mut standing = Standing::default();
        deadline_rules::load(&mut transaction, jurisdiction, &mut standing).await?;
        let time_zone = activations::newest_time_zone(&mut transaction, jurisdiction).await?;
        Ok((standing.deadline_rules(), time_zone))
    }
}
