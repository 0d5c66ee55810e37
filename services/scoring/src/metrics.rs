//! What the service measures beside what the chassis does.

use chengping_chassis::telemetry::Board;
use chengping_types::JurisdictionId;
use chengping_types::name::RulePackRevisionName;
use opentelemetry::metrics::Counter;
use opentelemetry::{KeyValue, global};

/// The instruments, cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    live_revision: Board<JurisdictionId>,
    live_differences: Counter<u64>,
    live_recounts: Counter<u64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let live_revision = Board::new(
            "chengping-scoring",
            "chengping.rules.live_revision",
            "{revision}",
            "The revision in force in the month that runs, as this process sees it.",
        );
        let meter = global::meter("chengping-scoring");
        let live_differences = meter
            .u64_counter("chengping.live.differences")
            .with_unit("{count}")
            .with_description("Counts behind live scores that a full recount found otherwise.")
            .build();
        let live_recounts = meter
            .u64_counter("chengping.live.recounts")
            .with_unit("{recount}")
            .with_description("Full recounts of what is behind live scores, by cause.")
            .build();
        Self { live_revision, live_differences, live_recounts }
    }

    /// Counts that followed the stream, and that a recount found otherwise.
    pub(crate) fn differ(&self, jurisdiction: &JurisdictionId, number: u64) {
        let attributes = [KeyValue::new("jurisdiction", jurisdiction.to_string())];
        self.live_differences.add(number, &attributes);
    }

    /// A full recount, and why it was made.
    pub(crate) fn recounted(&self, jurisdiction: &JurisdictionId, cause: &'static str) {
        let jurisdiction = KeyValue::new("jurisdiction", jurisdiction.to_string());
        self.live_recounts.add(1, &[jurisdiction, KeyValue::new("cause", cause)]);
    }

    /// Shows the revision in force in the month that runs, or that there is none.
    pub(crate) fn show_in_force(
        &self,
        jurisdiction: &JurisdictionId,
        found: Option<RulePackRevisionName>,
    ) {
        let shown = found.map(|name| {
            let attributes = vec![
                KeyValue::new("jurisdiction", name.jurisdiction.to_string()),
                KeyValue::new("rule_pack", name.rule_pack.to_string()),
            ];
            (attributes, name.revision)
        });
        self.live_revision.show(jurisdiction.clone(), shown);
    }
}
