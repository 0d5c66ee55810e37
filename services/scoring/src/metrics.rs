//! What the service measures beside what the chassis does.

use chengping_chassis::telemetry::Board;
use chengping_types::JurisdictionId;
use chengping_types::name::RulePackRevisionName;
use opentelemetry::KeyValue;

/// The instruments, cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    live_revision: Board<JurisdictionId>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let live_revision = Board::new(
            "chengping-scoring",
            "chengping.rules.live_revision",
            "{revision}",
            "The revision in force in the month that runs, as this process sees it.",
        );
        Self { live_revision }
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
