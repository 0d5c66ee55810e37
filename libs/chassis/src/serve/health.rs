use std::convert::Infallible;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

/// The service itself.
pub(super) const SERVICE_NAME: &str = "grpc.health.v1.Health";

/// The name under which health is that of the whole server.
const WHOLE_SERVER: &str = "";

/// A reason not to be ready yet; drop it when the reason is gone.
#[derive(Debug, Clone)]
pub struct Latch {
    _open: mpsc::Sender<Infallible>,
}

/// All latches of a server.
#[derive(Debug)]
pub(super) struct Latches {
    own: Latch,
    /// Ends when the last latch is gone.
    released: mpsc::Receiver<Infallible>,
}

impl Latches {
    pub(super) fn new() -> Self {
        let (open, released) = mpsc::channel(1);
        Self { own: Latch { _open: open }, released }
    }

    pub(super) fn take(&self) -> Latch {
        self.own.clone()
    }

    async fn wait(self) {
        let Self { own, mut released } = self;
        drop(own);
        released.recv().await;
    }
}

/// What `grpc.health.v1` says of each service and of the whole server.
#[derive(Debug)]
pub(super) struct Health {
    reporter: HealthReporter,
    names: Vec<&'static str>,
}

impl Health {
    /// Nothing is serving yet.
    pub(super) async fn new(names: &[&'static str]) -> Self {
        let mut names = names.to_vec();
        names.push(WHOLE_SERVER);
        let health = Self { reporter: HealthReporter::new(), names };
        health.say(ServingStatus::NotServing).await;
        health
    }

    pub(super) fn service(&self) -> HealthServer<HealthService> {
        HealthServer::new(HealthService::from_health_reporter(self.reporter.clone()))
    }

    /// Says `SERVING` once every latch is gone, and `NOT_SERVING` at `shutdown`; then returns.
    pub(super) async fn follow(&self, latches: Latches, shutdown: &CancellationToken) {
        tokio::select! {
            () = latches.wait() => self.say(ServingStatus::Serving).await,
            () = shutdown.cancelled() => {}
        }
        shutdown.cancelled().await;
        self.say(ServingStatus::NotServing).await;
    }

    async fn say(&self, status: ServingStatus) {
        for name in &self.names {
            self.reporter.set_service_status(name, status).await;
        }
    }
}
