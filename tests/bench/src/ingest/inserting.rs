//! A service as one would write it first: every event is inserted by itself, a batch is a
//! transaction. It knows no repeats, no rejects and no bodies.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::task::{Context, Poll};

use bytes::Bytes;
use chengping_proto::cases::v1 as pb;
use chengping_types::Month;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use futures_util::{FutureExt as _, future};
use http::{Request, Response};
use prost::Message as _;
use sqlx::postgres::PgPoolOptions;
use sqlx::types::time::OffsetDateTime;
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, StreamingService};
use tonic::transport::server::TcpIncoming;
use tonic::{Status, Streaming};

use crate::raw::Raw;

/// The server; it ends when it is dropped.
pub(super) struct Server {
    pub(super) address: String,
    serving: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Server {
    /// Serves the events of a month, on the database of an administrator's URL.
    pub(super) async fn start(url: &str, month: Month) -> anyhow::Result<Self> {
        let pool = PgPoolOptions::new().max_connections(4).connect(url).await?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let insert = format!(
            "INSERT INTO case_ingestion.event (jurisdiction, case_no, event_no, month, sequence, event_time,
                                      kind, actor, unit, due_time, stage_due_time, outcome)
             VALUES ($1, $2, $3, '{month}-01', $4, $5, $6, nullif($7, ''), nullif($8, ''), $9, $10,
                     nullif($11, ''))"
        );
        let service = Inserting { pool, insert };
        let server = tonic::transport::Server::builder().add_service(service);
        let serving = tokio::spawn(async move {
            server.serve_with_incoming(incoming).await.ok();
        });
        Ok(Self { address, serving })
    }
}

#[derive(Debug, Clone)]
struct Inserting {
    pool: PgPool,
    insert: String,
}

impl Inserting {
    async fn batch(&self, state: &mut Stream, message: Bytes) -> anyhow::Result<Bytes> {
        let request = pb::StreamEventsRequest::decode(message)?;
        if let Some(jurisdiction) = request.parent.strip_prefix("jurisdictions/") {
            jurisdiction.clone_into(&mut state.jurisdiction);
        }
        let mut transaction = self.pool.begin().await?;
        for event in request.records.into_iter().filter_map(|record| record.event) {
            state.inserted += 1;
            self.insert(&mut transaction, state, &event).await?;
        }
        transaction.commit().await?;
        let counts = pb::IntakeCounts { accepted_count: state.inserted, ..Default::default() };
        let answer = pb::StreamEventsResponse {
            acknowledged_batch: request.batch,
            counts: Some(counts),
            watermark: state.inserted,
        };
        Ok(answer.encode_to_vec().into())
    }

    async fn insert(
        &self,
        connection: &mut PgConnection,
        state: &Stream,
        event: &pb::Event,
    ) -> anyhow::Result<()> {
        let at = |time: &Option<prost_types::Timestamp>| {
            time.and_then(|time| OffsetDateTime::from_unix_timestamp(time.seconds).ok())
        };
        sqlx::query(AssertSqlSafe(self.insert.as_str()))
            .bind(&state.jurisdiction)
            .bind(&event.case_no)
            .bind(event.event_no)
            .bind(state.inserted)
            .bind(at(&event.event_time))
            .bind(i16::try_from(event.kind)?)
            .bind(&event.actor)
            .bind(&event.unit)
            .bind(at(&event.due_time))
            .bind(at(&event.stage_due_time))
            .bind(&event.outcome)
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// What is known of a stream.
#[derive(Default)]
struct Stream {
    jurisdiction: String,
    inserted: i64,
}

impl NamedService for Inserting {
    const NAME: &'static str = "chengping.cases.v1.CaseService";
}

impl tower::Service<Request<Body>> for Inserting {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let service = self.clone();
        async move { Ok(Grpc::new(Raw).streaming(service, request).await) }.boxed()
    }
}

impl StreamingService<Bytes> for Inserting {
    type Response = Bytes;
    type ResponseStream = BoxStream<'static, Result<Bytes, Status>>;
    type Future = future::Ready<Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<Bytes>>) -> Self::Future {
        let states = (self.clone(), Stream::default(), request.into_inner());
        let answers =
            futures_util::stream::try_unfold(states, async |(service, mut state, mut messages)| {
                let Some(message) = messages.message().await? else { return Ok(None) };
                let answer = service.batch(&mut state, message).await;
                let answer = answer.map_err(|error| Status::internal(format!("{error:#}")))?;
                Ok(Some((answer, (service, state, messages))))
            });
        future::ready(Ok(tonic::Response::new(answers.into_stream().boxed())))
    }
}
