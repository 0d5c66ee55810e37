//! The two streams of the case service, alike to those who send.

use chengping_proto::cases::v1::case_service_client::CaseServiceClient;
use chengping_proto::cases::v1::{
    CaseRecord, EventRecord, IntakeCounts, StreamCasesRequest, StreamEventsRequest,
};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::clients::{Clients, Connection};

/// What a server says of the batches of a stream so far.
#[derive(Debug, Clone)]
pub struct Acknowledgement {
    /// The batch up to which all are committed.
    pub batch: i64,
    /// What became of the records of the stream so far.
    pub counts: IntakeCounts,
}

/// Acknowledgements as they come.
pub type Acknowledgements = BoxStream<'static, Result<Acknowledgement, Status>>;

/// A stream for one kind of record, which can be opened again.
pub trait Lane {
    /// The kind of record.
    type Record: Clone + Send + 'static;

    /// Opens a stream for numbered batches. It may need the first one before it answers.
    fn open(
        &self,
        batches: ReceiverStream<(i64, Vec<Self::Record>)>,
    ) -> impl Future<Output = Result<Acknowledgements, Status>> + Send;
}

macro_rules! lane {
    ($(#[$meta:meta])* $lane:ident, $record:ident, $request:ident, $method:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $lane {
            client: CaseServiceClient<Connection>,
            parent: String,
        }

        impl $lane {
            /// The lane of a jurisdiction.
            pub fn new(clients: &Clients) -> Self {
                Self { client: clients.cases(), parent: clients.parent() }
            }
        }

        impl Lane for $lane {
            type Record = $record;

            async fn open(
                &self,
                batches: ReceiverStream<(i64, Vec<$record>)>,
            ) -> Result<Acknowledgements, Status> {
                let parent = self.parent.clone();
                let requests = batches
                    .map(move |(batch, records)| $request { parent: parent.clone(), batch, records });
                let answers = self.client.clone().$method(requests).await?.into_inner();
                let acknowledgements = answers.map(|answer| {
                    answer.map(|answer| Acknowledgement {
                        batch: answer.acknowledged_batch,
                        counts: answer.counts.unwrap_or_default(),
                    })
                });
                Ok(acknowledgements.boxed())
            }
        }
    };
}

lane!(
    /// The stream of cases.
    CaseLane, CaseRecord, StreamCasesRequest, stream_cases
);
lane!(
    /// The stream of events.
    EventLane, EventRecord, StreamEventsRequest, stream_events
);
