//! What the service measures beside what the chassis does.

use chengping_chassis::telemetry::Board;
use chengping_types::{JurisdictionId, PackId};
use opentelemetry::metrics::Counter;
use opentelemetry::{KeyValue, global};

const METER: &str = "chengping-rule-configuration";

/// Where it was learnt which revision is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// From a read that may be believed.
    Believed,
    /// From the database.
    Read,
}

/// The instruments, cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    live_revision: Board<JurisdictionId>,
    lookups: Counter<u64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let meter = global::meter(METER);
        let lookups = meter
            .u64_counter("chengping.rules.lookups")
            .with_description(
                "Questions which revision is in force, by where the answer came from.",
            )
            .with_unit("{lookup}");
        let live_revision = Board::new(
            METER,
            "chengping.rules.live_revision",
            "{revision}",
            "The revision in force in the month that runs, as this process sees it.",
        );
        Self { live_revision, lookups: lookups.build() }
    }

    pub(crate) fn looked_up(&self, lookup: Lookup) {
        let source = match lookup {
            Lookup::Believed => "memory",
            Lookup::Read => "database",
        };
        self.lookups.add(1, &[KeyValue::new("source", source)]);
    }

    /// Shows the revision in force in the month that runs, or that there is none.
    pub(crate) fn show_in_force(
        &self,
        jurisdiction: &JurisdictionId,
        found: Option<(PackId, u64)>,
    ) {
        let shown = found.map(|(pack, revision)| {
            let attributes = vec![
                KeyValue::new("jurisdiction", jurisdiction.to_string()),
                KeyValue::new("rule_pack", pack.to_string()),
            ];
            (attributes, revision)
        });
        self.live_revision.show(jurisdiction.clone(), shown);
    }
}
