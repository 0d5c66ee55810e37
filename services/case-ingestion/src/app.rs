//! The use cases. Each owns its transactions.

mod intake;
mod reading;
mod rejects;
mod snapshots;
mod turns;

pub(crate) use self::intake::Intake;
pub(crate) use self::reading::{CaseTimeline, Page, ShownEvent};
pub(crate) use self::rejects::Correction;
pub(crate) use self::snapshots::MonthFacts;

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
    memory: Memory,
}

impl App {
    pub(crate) fn new(pool: PgPool, registry: Registry) -> Self {
        Self { pool, registry, turns: Turns::default(), memory: Memory::default() }
    }
}
