//! The use cases. Each owns its transactions.

mod changes;
mod facts;
mod facts_since;
mod files;
mod intake;
mod packing;
mod reading;
mod records;
mod rejects;
mod retention;
mod seeing;
mod snapshots;
mod turns;
mod upkeep;

pub(crate) use self::changes::Following;
pub(crate) use self::facts::MonthFacts;
pub(crate) use self::facts_since::Since;
pub(crate) use self::intake::{Intake, Ready};
pub(crate) use self::reading::{CaseTimeline, Page, ShownEvent};
pub(crate) use self::rejects::Correction;
pub(crate) use self::retention::{Erasing, PuttingAway, Restored};

use std::time::Duration;

use chengping_access::AccessLog;
use chengping_access::registry::Registries;

use self::changes::News;
use self::intake::Memory;
use self::packing::Arrivals;
use self::turns::Turns;
use crate::config::{Config, RetentionConfig};
use crate::metrics::Metrics;
use crate::peers::Registry;
use crate::store::PgPool;

/// What the service can do.
#[derive(Clone)]
pub(crate) struct App {
    pool: PgPool,
    registry: Registry,
    /// Where bodies belong, which is asked for where a caller does not see everything.
    registries: Registries,
    access: AccessLog,
    turns: Turns,
    news: News,
    memory: Memory,
    arrivals: Arrivals,
    /// Whose turn it is to pack case files.
    packers: Turns,
    metrics: Metrics,
    /// How long a batch that has its turn may take to be committed.
    commit_timeout: Duration,
    /// After how long a connection that says nothing has lost its process.
    lost_after: Duration,
    retention: RetentionConfig,
}

impl App {
    pub(crate) fn new(
        pool: PgPool,
        registry: Registry,
        registries: Registries,
        config: &Config,
    ) -> Self {
        let access = AccessLog::new(pool.clone());
        let (turns, packers) = (Turns::default(), Turns::default());
        let (news, memory, metrics) = (News::default(), Memory::default(), Metrics::new());
        let (commit_timeout, retention) = (config.intake.commit_timeout(), config.retention);
        let lost_after = config.database.idle_in_transaction_timeout();
        Self {
            pool,
            registry,
            registries,
            access,
            turns,
            news,
            memory,
            arrivals: Arrivals::default(),
            packers,
            metrics,
            commit_timeout,
            lost_after,
            retention,
        }
    }

    /// The log of who looked.
    pub(crate) const fn access(&self) -> &AccessLog {
        &self.access
    }

    /// What it measures.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}
