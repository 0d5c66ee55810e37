use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::body::Body;
use tonic::{Code, Status};

use super::bare;
use super::context::{Call, Deadline};
use super::observation::Observation;
use super::span::Side;
use crate::error::plain_status;

const STATUS_HEADER: &str = "grpc-status";

/// A response body that ends the observation of its call, keeps its deadline, and outlives no panic.
pub(crate) struct ObservedBody {
    inner: Body,
    observation: Observation,
    call: Option<Call>,
    deadline: Option<Pin<Box<Sleep>>>,
    drain: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    slot: Option<OwnedSemaphorePermit>,
    /// Whether the status of the call is known; nothing follows it.
    ended: bool,
}

impl ObservedBody {
    /// Watches `inner`, whose response came with `headers`.
    pub(crate) fn new(inner: Body, headers: &HeaderMap, observation: Observation) -> Self {
        let (call, deadline, drain, slot) = (None, None, None, None);
        let mut body = Self { inner, observation, call, deadline, drain, slot, ended: false };
        if let Some(code) = code_in(headers) {
            body.close(code);
        }
        body
    }

    /// Produces the body as a part of `call`, within its deadline.
    pub(crate) fn within(mut self, call: Call) -> Self {
        self = self.until(call.deadline);
        self.call = Some(call);
        self
    }

    /// Ends the body with an error when `deadline` passes.
    pub(crate) fn until(mut self, deadline: Option<Deadline>) -> Self {
        self.deadline = deadline.map(|deadline| Box::pin(deadline.passed()));
        self
    }

    /// Ends the body once `drain` is complete and nothing is left to say.
    pub(crate) fn unless(mut self, drain: Option<WaitForCancellationFutureOwned>) -> Self {
        self.drain = drain.map(Box::pin);
        self
    }

    /// Holds `slot` until the call has ended.
    pub(crate) fn holding(mut self, slot: Option<OwnedSemaphorePermit>) -> Self {
        self.slot = slot.filter(|_| !self.ended);
        self
    }

    fn close(&mut self, code: Code) {
        if !self.ended {
            self.ended = true;
            self.slot = None;
            self.observation.close(code);
        }
    }

    fn poll_inner(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let entered = self.observation.span.clone().entered();
        let inner = &mut self.inner;
        let mut poll = || Pin::new(&mut *inner).poll_frame(context);
        let polled = catch_unwind(AssertUnwindSafe(|| match &self.call {
            Some(call) => call.sync_scope(&mut poll),
            None => poll(),
        }));
        drop(entered);
        polled.unwrap_or_else(|_| {
            tracing::error!(parent: &self.observation.span, "a response stream panicked");
            Poll::Ready(Some(self.end_with(plain_status(
                Code::Internal,
                "INTERNAL",
                "internal error",
            ))))
        })
    }

    /// What tells the other side that `status` ended the call.
    fn end_with(&mut self, status: Status) -> Result<Frame<Bytes>, Status> {
        self.close(status.code());
        self.inner = Body::empty();
        match self.observation.side() {
            Side::Client => Err(status),
            Side::Server => {
                let mut trailers = HeaderMap::new();
                status.add_header(&mut trailers).map(|()| Frame::trailers(trailers))
            }
        }
    }
}

impl http_body::Body for ObservedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let mut polled = self.poll_inner(context);
        match &mut polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_mut() {
                    if self.observation.side() == Side::Server {
                        bare::explain(trailers);
                    }
                    self.close(code_in(trailers).unwrap_or(Code::Unknown));
                }
            }
            Poll::Ready(Some(Err(status))) => self.close(status.code()),
            Poll::Ready(None) => self.close(Code::Unknown),
            Poll::Pending => {
                if let Some(deadline) = &mut self.deadline
                    && deadline.as_mut().poll(context).is_ready()
                {
                    return Poll::Ready(Some(self.end_with(deadline_exceeded())));
                }
                if let Some(drain) = &mut self.drain
                    && drain.as_mut().poll(context).is_ready()
                {
                    let status = plain_status(Code::Unavailable, "STOPPING", "server is stopping");
                    return Poll::Ready(Some(self.end_with(status)));
                }
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for ObservedBody {
    fn drop(&mut self) {
        self.close(Code::Cancelled);
    }
}

/// The status of a call whose time is up.
pub(crate) fn deadline_exceeded() -> Status {
    plain_status(
        Code::DeadlineExceeded,
        "DEADLINE_EXCEEDED",
        "the deadline passed before the answer was ready; ask for less or allow more time",
    )
}

fn code_in(headers: &HeaderMap) -> Option<Code> {
    headers.get(STATUS_HEADER).map(|value| Code::from_bytes(value.as_bytes()))
}
