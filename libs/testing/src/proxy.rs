use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A network between two parties that a test can break.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    task: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Whole,
    /// Connections break, and new ones break at once.
    Cut,
    /// Connections stand, and nothing passes.
    Stalled,
}

impl FaultProxy {
    /// Listens on a loopback port, and passes everything to `target` and back.
    ///
    /// # Errors
    ///
    /// If there is no port to listen on.
    pub async fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (state, changes) = watch::channel(State::Whole);
        let task = tokio::spawn(accept(listener, target, changes));
        Ok(Self { address, state, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks all connections, and every new one, until [`restore`](Self::restore).
    pub fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// Lets nothing pass any more, without telling anybody, until [`restore`](Self::restore).
    pub fn stall(&self) {
        self.state.send_replace(State::Stalled);
    }

    /// Works again. Connections that were stalled go on.
    pub fn restore(&self) {
        self.state.send_replace(State::Whole);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
        self.state.send_replace(State::Cut);
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, changes: watch::Receiver<State>) {
    while let Ok((near, _)) = listener.accept().await {
        tokio::spawn(pass(near, target, changes.clone()));
    }
}

/// Passes bytes until either end closes or the network is cut.
async fn pass(mut near: TcpStream, target: SocketAddr, mut changes: watch::Receiver<State>) {
    let mut far: Option<TcpStream> = None;
    loop {
        let state = *changes.borrow_and_update();
        match (state, &mut far) {
            (State::Cut, _) => return,
            (State::Stalled, _) => {
                if changes.changed().await.is_err() {
                    return;
                }
            }
            (State::Whole, None) => match TcpStream::connect(target).await {
                Ok(stream) => far = Some(stream),
                Err(_) => return,
            },
            (State::Whole, Some(far)) => tokio::select! {
                _ = copy_bidirectional(&mut near, far) => return,
                changed = changes.changed() => if changed.is_err() { return },
            },
        }
    }
}
