use opentelemetry::metrics::Counter;
use opentelemetry::{KeyValue, global};

/// How an operation of a cache ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The value was there.
    Hit,
    /// There was none.
    Miss,
    /// What was there is not what was put there.
    Damaged,
    /// It was kept.
    Stored,
    /// The server did not answer, or not in time.
    Failed,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Damaged => "damaged",
            Self::Stored => "stored",
            Self::Failed => "failed",
        }
    }
}

/// What the cache counts.
#[derive(Debug, Clone)]
pub(super) struct Metrics(Counter<u64>);

impl Metrics {
    pub(super) fn new() -> Self {
        let meter = global::meter("chengping-chassis");
        let counter = meter
            .u64_counter("chengping.cache.operations")
            .with_description("Reads and writes of the cache, by outcome.")
            .with_unit("{operation}");
        Self(counter.build())
    }

    pub(super) fn read(&self, outcome: Outcome) {
        self.count("read", outcome);
    }

    pub(super) fn written(&self, outcome: Outcome) {
        self.count("write", outcome);
    }

    fn count(&self, operation: &'static str, outcome: Outcome) {
        let attributes =
            [KeyValue::new("operation", operation), KeyValue::new("outcome", outcome.name())];
        self.0.add(1, &attributes);
    }
}
