//! The use cases. Each owns its transactions.

mod changes;
mod facts_since;
mod intake;
mod reading;
mod rejects;
mod snapshots;
mod turns;

pub(crate) use self::changes::Following;
pub(crate) use self::facts_since::Since;
pub(crate) use self::intake::Intake;
pub(crate) use self::reading::{CaseTimeline, Page, ShownEvent};
pub(crate) use self::rejects::Correction;
pub(crate) use self::snapshots::MonthFacts;

use self::changes::News;
use self::intake::Memory;
use self::turns::Turns;
use crate::peers::Registry;
use crate::store::PgPool;

/// What the service can do.
#[derive(Clone)]
pub(crate) struct App {
    pool: PgPool,
    registry: Registry,
    turns: Turns,
    news: News,
    memory: Memory,
}

impl App {
    pub(crate) fn new(pool: PgPool, registry: Registry) -> Self {
        let (turns, memory, news) = (Turns::default(), Memory::default(), News::default());
        Self { pool, registry, turns, memory, news }
    }
}
