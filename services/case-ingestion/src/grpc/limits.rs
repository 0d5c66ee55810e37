//! How much may come in at a time, so that a slow database makes clients wait and takes no memory.
//!
//! Bytes are counted as they came. A stream waits with the next batch while its own or the bytes of
//! all are in use; then the window of its connection fills, and its client waits. What waiting does
//! not help is refused with its limit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chengping_types::JurisdictionId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::config::IntakeConfig;
use crate::error::Error;
use crate::metrics::Metrics;

/// What bytes are counted in: a semaphore counts to four thousand million.
const UNIT: u64 = 1 << 10;
/// How much earlier than evenly spread records may come.
const BURST: Duration = Duration::from_secs(1);

/// What all calls of a process share, cheap to clone.
#[derive(Clone)]
pub(in crate::grpc) struct Limits(Arc<Shared>);

struct Shared {
    config: IntakeConfig,
    bytes: Bytes,
    tenants: Mutex<BTreeMap<JurisdictionId, Tenant>>,
    metrics: Metrics,
}

/// What a jurisdiction has in use.
#[derive(Default)]
struct Tenant {
    streams: u32,
    /// When the records that came so far would have come, evenly spread.
    paid_until: Option<Instant>,
}

impl Limits {
    pub(in crate::grpc) fn new(config: IntakeConfig, metrics: Metrics) -> Self {
        let bytes = Bytes::new(config.bytes_max.get());
        Self(Arc::new(Shared { config, bytes, tenants: Mutex::default(), metrics }))
    }

    /// How many batches of a stream may wait for their commit.
    pub(in crate::grpc) fn stream_batches_max(&self) -> usize {
        usize::try_from(self.0.config.stream_batches_max.get()).unwrap_or(usize::MAX)
    }

    /// The bytes of one stream.
    pub(in crate::grpc) fn stream_bytes(&self) -> Bytes {
        Bytes::new(self.0.config.stream_bytes_max.get())
    }

    /// Whether a batch of so many records is not too large.
    pub(in crate::grpc) fn check_records(&self, found: usize) -> Result<(), Error> {
        let limit = self.0.config.batch_records_max.get();
        match u32::try_from(found) {
            Ok(found) if found <= limit => Ok(()),
            _ => Err(Error::BatchTooLarge { found, limit }),
        }
    }

    /// Waits until so many bytes of a stream may be held, by it and by all.
    pub(in crate::grpc) async fn hold(&self, stream: &Bytes, bytes: usize) -> Held {
        let of_stream = stream.hold(bytes).await;
        let mut held = self.hold_alone(bytes).await;
        held.of_stream = Some(of_stream);
        held
    }

    /// As [`hold`](Self::hold), for what is no stream.
    pub(in crate::grpc) async fn hold_alone(&self, bytes: usize) -> Held {
        let of_all = self.0.bytes.hold(bytes).await;
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.0.metrics.in_flight(bytes);
        Held { bytes, metrics: self.0.metrics.clone(), _of_all: of_all, of_stream: None }
    }

    /// Opens a stream of `jurisdiction`, for as long as the slot lives.
    pub(in crate::grpc) fn open(&self, jurisdiction: &JurisdictionId) -> Result<Slot, Error> {
        let limit = self.0.config.streams_max.get();
        let mut tenants = self.tenants();
        let tenant = tenants.entry(jurisdiction.clone()).or_default();
        if tenant.streams >= limit {
            let jurisdiction = jurisdiction.to_string();
            return Err(Error::TooManyStreams { jurisdiction, limit });
        }
        tenant.streams += 1;
        Ok(Slot { limits: self.clone(), jurisdiction: jurisdiction.clone() })
    }

    /// Counts records against the rate of their jurisdiction; how long to wait where there were
    /// too many before them, which then are not counted.
    pub(in crate::grpc) fn pay(
        &self,
        jurisdiction: &JurisdictionId,
        records: usize,
    ) -> Result<(), Duration> {
        let rate = self.0.config.records_per_second_max;
        if rate == 0 {
            return Ok(());
        }
        let now = Instant::now();
        let mut tenants = self.tenants();
        // Who has neither a stream nor a debt needs no entry.
        tenants.retain(|_, it| it.streams > 0 || it.paid_until.is_some_and(|until| until > now));
        let tenant = tenants.entry(jurisdiction.clone()).or_default();
        let paid_until = tenant.paid_until.unwrap_or(now).max(now);
        let ahead = paid_until - now;
        if ahead > BURST {
            return Err(ahead - BURST);
        }
        let records = u32::try_from(records).unwrap_or(u32::MAX);
        tenant.paid_until = Some(paid_until + Duration::from_secs(1) * records / rate);
        Ok(())
    }

    /// As [`pay`](Self::pay), for calls, which do not wait.
    pub(in crate::grpc) fn pay_now(
        &self,
        jurisdiction: &JurisdictionId,
        records: usize,
    ) -> Result<(), Error> {
        let limit = self.0.config.records_per_second_max;
        self.pay(jurisdiction, records).map_err(|wait| Error::RecordRateExceeded { limit, wait })
    }

    fn tenants(&self) -> MutexGuard<'_, BTreeMap<JurisdictionId, Tenant>> {
        self.0.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that can be in use.
#[derive(Clone)]
pub(in crate::grpc) struct Bytes {
    free: Arc<Semaphore>,
    units: u32,
}

impl Bytes {
    fn new(bytes: u64) -> Self {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX >> 4).max(1);
        Self { free: Arc::new(Semaphore::new(units as usize)), units }
    }

    /// What is larger than all there is takes all there is.
    async fn hold(&self, bytes: usize) -> OwnedSemaphorePermit {
        let units = u32::try_from(bytes.div_ceil(UNIT as usize)).unwrap_or(u32::MAX);
        let free = Arc::clone(&self.free);
        free.acquire_many_owned(units.clamp(1, self.units)).await.expect("nobody closes it")
    }
}

/// Bytes in use, until it is dropped.
pub(in crate::grpc) struct Held {
    bytes: i64,
    metrics: Metrics,
    _of_all: OwnedSemaphorePermit,
    of_stream: Option<OwnedSemaphorePermit>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.metrics.in_flight(-self.bytes);
        drop(self.of_stream.take());
    }
}

/// The place of an open stream, until it is dropped.
pub(in crate::grpc) struct Slot {
    limits: Limits,
    jurisdiction: JurisdictionId,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut tenants = self.limits.tenants();
        if let Some(tenant) = tenants.get_mut(&self.jurisdiction) {
            tenant.streams -= 1;
            if tenant.streams == 0 && tenant.paid_until.is_none() {
                tenants.remove(&self.jurisdiction);
            }
        }
    }
}
