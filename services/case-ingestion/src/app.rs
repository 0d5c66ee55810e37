//! The use cases. Each owns its transactions.

mod intake;
mod reading;
mod rejects;
mod snapshots;
mod turns;
mod upkeep;

pub(crate) use self::intake::Intake;
pub(crate) use self::reading::{CaseTimeline, Page, ShownEvent};
pub(crate) use self::rejects::Correction;
pub(crate) use self::snapshots::MonthFacts;

use std::time::Duration;

use self::intake::Memory;
use self::turns::Turns;
use crate::metrics::Metrics;
use crate::peers::Registry;
use crate::store::PgPool;

/// What the service can do.
#[derive(Clone)]
pub(crate) struct App {
    pool: PgPool,
    registry: Registry,
    turns: Turns,
    memory: Memory,
    metrics: Metrics,
    /// How long a batch that has its turn may take to be committed.
    commit_timeout: Duration,
}

impl App {
    pub(crate) fn new(pool: PgPool, registry: Registry, commit_timeout: Duration) -> Self {
        let (turns, memory) = (Turns::default(), Memory::default());
        Self { pool, registry, turns, memory, metrics: Metrics::new(), commit_timeout }
    }

    /// What it measures.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}
