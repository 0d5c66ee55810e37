//! What the service measures beside what the chassis does.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chengping_chassis::telemetry::Board;
use chengping_types::JurisdictionId;
use opentelemetry::metrics::{Counter, Histogram, UpDownCounter};
use opentelemetry::{KeyValue, global};

use crate::domain::{Counts, Receipt};

const METER: &str = "chengping-case-ingestion";

/// The boundaries of the duration of a commit, in seconds.
const BOUNDARIES: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];

/// The instruments, cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    records: Counter<u64>,
    batches: Counter<u64>,
    commit: Histogram<f64>,
    in_flight: UpDownCounter<i64>,
    rejects_open: Board<JurisdictionId>,
    /// Whose rejects are shown: those that this process had to do with.
    seen: Arc<Mutex<BTreeSet<JurisdictionId>>>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let meter = global::meter(METER);
        let counter = |name, unit, text| {
            meter.u64_counter(name).with_unit(unit).with_description(text).build()
        };
        Self {
            records: counter(
                "chengping.intake.records",
                "{record}",
                "Records that came in, by what became of them.",
            ),
            batches: counter(
                "chengping.intake.batches",
                "{batch}",
                "Batches that came to their commit, by whether it was made.",
            ),
            commit: meter
                .f64_histogram("chengping.intake.commit.duration")
                .with_unit("s")
                .with_description("From the turn of a batch to the answer to its commit.")
                .with_boundaries(BOUNDARIES.to_vec())
                .build(),
            in_flight: meter
                .i64_up_down_counter("chengping.intake.bytes_in_flight")
                .with_unit("By")
                .with_description("Bytes of batches that were read and are not committed yet.")
                .build(),
            rejects_open: Board::new(
                METER,
                "chengping.intake.rejects_open",
                "{reject}",
                "Rejects that wait for a correction, or for what they lack.",
            ),
            seen: Arc::default(),
        }
    }

    /// A batch came to its commit, which took so long, and was made if there is a receipt.
    pub(crate) fn committed(
        &self,
        jurisdiction: &JurisdictionId,
        took: Duration,
        receipt: Option<&Receipt>,
    ) {
        self.look_after(jurisdiction);
        let outcome = if receipt.is_some() { "committed" } else { "failed" };
        self.batches.add(1, &[KeyValue::new("outcome", outcome)]);
        self.commit.record(took.as_secs_f64(), &[]);
        let Some(Receipt { counts, .. }) = receipt else { return };
        let Counts { accepted, repeated, rejected, released } = *counts;
        self.count("accepted", accepted);
        self.count("repeated", repeated);
        self.count("rejected", rejected);
        self.count("released", released);
    }

    /// An importer brought so many rows that it could not read.
    pub(crate) fn set_aside(&self, jurisdiction: &JurisdictionId, rows: i64) {
        self.look_after(jurisdiction);
        self.count("rejected", rows);
    }

    fn count(&self, outcome: &'static str, records: i64) {
        if let Ok(records @ 1..) = u64::try_from(records) {
            self.records.add(records, &[KeyValue::new("outcome", outcome)]);
        }
    }

    /// So many bytes more, or fewer, are in flight.
    pub(crate) fn in_flight(&self, change: i64) {
        self.in_flight.add(change, &[]);
    }

    fn look_after(&self, jurisdiction: &JurisdictionId) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.contains(jurisdiction) {
            seen.insert(jurisdiction.clone());
        }
    }

    /// Whose rejects are to be shown.
    pub(crate) fn jurisdictions(&self) -> Vec<JurisdictionId> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().cloned().collect()
    }

    /// Shows how many rejects of a jurisdiction are open.
    pub(crate) fn show_rejects(&self, jurisdiction: &JurisdictionId, open: i64) {
        let attributes = vec![KeyValue::new("jurisdiction", jurisdiction.to_string())];
        let open = u64::try_from(open).unwrap_or_default();
        self.rejects_open.show(jurisdiction.clone(), Some((attributes, open)));
    }
}
