//! The use cases. Each owns its transactions.

mod intake;
mod reading;
mod rejects;
mod retention;
mod snapshots;
mod turns;

pub(crate) use self::intake::Intake;
pub(crate) use self::reading::{CaseTimeline, Page, ShownEvent};
pub(crate) use self::rejects::Correction;
pub(crate) use self::retention::{Erasing, PuttingAway, Restored};
pub(crate) use self::snapshots::MonthFacts;

use self::intake::Memory;
use self::turns::Turns;
use crate::config::RetentionConfig;
use crate::peers::Registry;
use crate::store::PgPool;

/// What the service can do.
#[derive(Clone)]
pub(crate) struct App {
    pool: PgPool,
    registry: Registry,
    turns: Turns,
    memory: Memory,
    retention: RetentionConfig,
}

impl App {
    pub(crate) fn new(pool: PgPool, registry: Registry, retention: RetentionConfig) -> Self {
        let (turns, memory) = (Turns::default(), Memory::default());
        Self { pool, registry, turns, memory, retention }
    }
}
