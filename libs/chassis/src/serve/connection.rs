use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::{Connected, TcpConnectInfo};

/// How long to wait when the system has no room for one more connection.
const BREATH: Duration = Duration::from_millis(100);

/// The connections of `listener`, which `drain` and `cut` end.
pub(super) fn accept(
    listener: TcpListener,
    drain: CancellationToken,
    cut: CancellationToken,
) -> impl Stream<Item = io::Result<Connection>> {
    futures_util::stream::unfold((listener, drain, cut), async |(listener, drain, cut)| {
        loop {
            let accepted = listener.accept().await;
            match accepted.and_then(|(tcp, _)| tcp.set_nodelay(true).map(|()| tcp)) {
                Ok(tcp) => {
                    let connection = Connection::new(tcp, &drain, &cut);
                    return Some((Ok(connection), (listener, drain, cut)));
                }
                Err(error) => {
                    // Out of file descriptors, say: asking again at once would only burn the CPU.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    })
}

/// A connection that can be ended from outside, which tonic's own cannot: a client that never
/// sends a byte would keep the server from ever stopping (hyperium/hyper#4170).
pub(super) struct Connection {
    tcp: TcpStream,
    /// Ends the connection if nothing was ever read from it.
    drain: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    /// Ends the connection in any case.
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Connection {
    fn new(tcp: TcpStream, drain: &CancellationToken, cut: &CancellationToken) -> Self {
        Self {
            tcp,
            drain: Some(Box::pin(drain.clone().cancelled_owned())),
            cut: Box::pin(cut.clone().cancelled_owned()),
        }
    }

    fn check_cut(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check_cut(context)?;
        let filled = buffer.filled().len();
        let polled = Pin::new(&mut self.tcp).poll_read(context, buffer);
        if buffer.filled().len() > filled {
            self.drain = None;
        }
        if polled.is_pending()
            && let Some(drain) = &mut self.drain
            && drain.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        polled
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check_cut(context)?;
        Pin::new(&mut self.tcp).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check_cut(context)?;
        Pin::new(&mut self.tcp).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.tcp.connect_info()
    }
}
