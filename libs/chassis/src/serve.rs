//! One server for one service or for all of them: health, reflection, spans, and an end in time.
//!
//! ```no_run
//! # use chengping_chassis::{CancellationToken, config::ListenConfig, serve};
//! # async fn run<S>(toy: S, descriptors: &'static [u8]) -> Result<(), serve::ServeError>
//! # where S: serve::GrpcService {
//! let config = ListenConfig::default();
//! let listener = serve::bind(&config).await?;
//! let mut server = serve::Server::new(config);
//! server.describe(descriptors).add_service(toy);
//! let starting = server.latch();
//! // …connect, start workers; health says SERVING from here on:
//! drop(starting);
//! server.serve(listener, CancellationToken::new()).await
//! # }
//! ```

mod connection;
mod health;
mod layer;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use http::{Request, Response};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::RoutesBuilder;
use tower::Service;

pub use self::health::Latch;
use self::health::{Health, Latches};
use self::layer::RpcLayer;
use crate::config::{ListenConfig, Mistakes, Validate as _};
use crate::identity::{Access, Guard, Guards, IdentityConfig, KeysError};

/// The largest message that services accept and send, in bytes. Set it on generated servers and
/// clients (`max_decoding_message_size`); without, tonic refuses messages over 4 MiB.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// How long connections may take to notice that they were closed.
const CLOSING: Duration = Duration::from_secs(1);

/// How long work beside the calls may take to end.
const WRAPPING_UP: Duration = Duration::from_secs(5);

/// Why a server does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address must not be used.
    #[error("listen.{0}")]
    Refused(String),
    /// The address cannot be used.
    #[error("cannot listen on {address}; stop what listens there, or choose another address")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The descriptors given to [`Server::describe`] are not descriptors.
    #[error("the descriptor set is not valid")]
    Descriptors(#[from] tonic_reflection::server::Error),
    /// The server failed.
    #[error("the server failed")]
    Transport(#[from] tonic::transport::Error),
}

/// What a generated gRPC server is.
pub trait GrpcService:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
    + NamedService
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> GrpcService for S where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// Listens as configured.
///
/// # Errors
///
/// If other machines can reach the address and that was not allowed, or it cannot be bound.
pub async fn bind(config: &ListenConfig) -> Result<TcpListener, ServeError> {
    let mut mistakes = Mistakes::default();
    config.validate(&mut mistakes);
    if let Some(mistake) = mistakes.into_found().into_iter().next() {
        return Err(ServeError::Refused(mistake));
    }
    let address = config.address;
    TcpListener::bind(address).await.map_err(|source| ServeError::Bind { address, source })
}

/// A gRPC server in the making.
pub struct Server {
    config: ListenConfig,
    routes: RoutesBuilder,
    names: Vec<&'static str>,
    descriptors: Vec<&'static [u8]>,
    latches: Latches,
    guards: Guards,
    beside: JoinSet<()>,
}

impl Server {
    /// A server without services.
    pub fn new(config: ListenConfig) -> Self {
        Self {
            config,
            routes: RoutesBuilder::default(),
            names: Vec::new(),
            descriptors: Vec::new(),
            latches: Latches::new(),
            guards: Guards::default(),
            beside: JoinSet::new(),
        }
    }

    /// Adds a service; health and reflection learn of it.
    pub fn add_service<S: GrpcService>(&mut self, service: S) -> &mut Self {
        self.names.push(S::NAME);
        self.routes.add_service(service);
        self
    }

    /// Adds an encoded `FileDescriptorSet` for reflection; the same one twice counts once.
    pub fn describe(&mut self, descriptors: &'static [u8]) -> &mut Self {
        if !self.descriptors.contains(&descriptors) {
            self.descriptors.push(descriptors);
        }
        self
    }

    /// Asks who calls the methods of `access`, if `identity` wants it; otherwise warns that nobody
    /// is asked.
    ///
    /// # Errors
    ///
    /// If the key file cannot be used.
    pub fn protect(
        &mut self,
        identity: &IdentityConfig,
        access: &Access,
    ) -> Result<&mut Self, KeysError> {
        match Guard::new(identity, access)? {
            Some(guard) => self.guards.add(guard),
            None => tracing::warn!(
                "identity is off: anybody who reaches this port may do anything; for development \
                 only"
            ),
        }
        Ok(self)
    }

    /// Begins work beside the calls, which ends by itself at the shutdown. The server has ended when
    /// it has, so that what it needs, such as a database, must not be stopped before.
    pub fn run_beside(&mut self, work: impl Future<Output = ()> + Send + 'static) -> &mut Self {
        self.beside.spawn(work);
        self
    }

    /// Keeps health at `NOT_SERVING` until it is dropped.
    pub fn latch(&self) -> Latch {
        self.latches.take()
    }

    /// Serves until `shutdown`, then lets open requests finish within the configured grace.
    ///
    /// Order of the end: health says `NOT_SERVING`, no new connections, requests finish, what is
    /// still open is cut. It ends in time even if a client never sends a byte, or never reads one.
    ///
    /// # Errors
    ///
    /// If the descriptors are not valid or the server fails.
    pub async fn serve(
        mut self,
        listener: TcpListener,
        shutdown: CancellationToken,
    ) -> Result<(), ServeError> {
        let drain = CancellationToken::new();
        let cut = CancellationToken::new();
        let health = Health::new(&self.names).await;
        self.routes.add_service(health.service());
        if self.config.reflection {
            self.add_reflection()?;
        }

        let grace = self.config.grace();
        let server = builder(&self.config)
            .layer(RpcLayer::new(&self.names, &self.config, self.guards, drain.clone()))
            .add_routes(self.routes.routes().prepare())
            .serve_with_incoming_shutdown(
                connection::accept(listener, drain.clone(), cut.clone()),
                drain.clone().cancelled_owned(),
            );
        let latches = self.latches;
        let end = async {
            health.follow(latches, &shutdown).await;
            drain.cancel();
            tokio::time::sleep(grace).await;
            tracing::warn!(?grace, "requests outlived the grace period, cutting them off");
            cut.cancel();
            tokio::time::sleep(CLOSING).await;
        };
        let served = tokio::select! {
            served = server => served.map_err(ServeError::from),
            () = end => Ok(()),
        };
        let mut beside = self.beside;
        let wrapping_up = async { while beside.join_next().await.is_some() {} };
        if shutdown.is_cancelled() && tokio::time::timeout(WRAPPING_UP, wrapping_up).await.is_err()
        {
            tracing::warn!(patience = ?WRAPPING_UP, "work beside the calls does not end, leaving it");
        }
        served
    }

    fn add_reflection(&mut self) -> Result<(), ServeError> {
        use tonic_reflection::server::Builder;

        let configure = || {
            let mut builder = Builder::configure()
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
                .with_service_name(health::SERVICE_NAME);
            for descriptors in &self.descriptors {
                builder = builder.register_encoded_file_descriptor_set(descriptors);
            }
            self.names.iter().fold(builder, |builder, name| builder.with_service_name(*name))
        };
        // Old tools ask the one, new tools the other.
        let old = configure().with_service_name(layer::REFLECTION_OLD).build_v1alpha()?;
        let new = configure().with_service_name(layer::REFLECTION).build_v1()?;
        self.routes.add_service(old).add_service(new);
        Ok(())
    }
}

fn builder(config: &ListenConfig) -> tonic::transport::Server {
    tonic::transport::Server::builder()
        .max_concurrent_streams(config.concurrent_streams_max.get())
        .initial_stream_window_size(config.http2_stream_window_bytes.get())
        .initial_connection_window_size(config.http2_connection_window_bytes.get())
        .http2_keepalive_interval(Some(Duration::from_millis(config.keep_alive_interval_ms.get())))
        .http2_keepalive_timeout(Some(Duration::from_millis(config.keep_alive_timeout_ms.get())))
}
