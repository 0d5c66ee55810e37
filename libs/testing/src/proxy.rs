use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A network between two parties that a test can break. The near end is who connects, the far one
/// who is connected to.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    task: JoinHandle<()>,
}

/// Who is at the far end.
#[derive(Debug, Clone)]
pub enum Target {
    /// Somebody who listens on a port.
    Tcp(SocketAddr),
    /// Somebody who listens on a socket of the file system.
    Unix(PathBuf),
}

impl From<SocketAddr> for Target {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl From<PathBuf> for Target {
    fn from(path: PathBuf) -> Self {
        Self::Unix(path)
    }
}

/// An end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Who connected.
    Near,
    /// Who was connected to.
    Far,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Whole,
    /// Connections break, and new ones break at once.
    Cut,
    /// Connections stand, and nothing passes.
    Stalled,
}

/// What happens at once to the connections that stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blow {
    Reset,
    /// The end that does not learn of it.
    HalfOpen(End),
}

#[derive(Debug, Clone, Copy)]
struct Weather {
    state: State,
    /// How many blows fell so far, and the last of them.
    blows: u64,
    last: Blow,
}

impl FaultProxy {
    /// Listens on a loopback port, and passes everything to `target` and back.
    ///
    /// # Errors
    ///
    /// If there is no port to listen on.
    pub async fn start(target: impl Into<Target>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let fair = Weather { state: State::Whole, blows: 0, last: Blow::Reset };
        let (weather, changes) = watch::channel(fair);
        let task = tokio::spawn(accept(listener, target.into(), changes));
        Ok(Self { address, weather, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks all connections, and every new one, until [`restore`](Self::restore).
    pub fn cut(&self) {
        self.weather.send_modify(|weather| weather.state = State::Cut);
    }

    /// Lets nothing pass any more, without telling anybody, until [`restore`](Self::restore).
    pub fn stall(&self) {
        self.weather.send_modify(|weather| weather.state = State::Stalled);
    }

    /// Works again. Connections that were stalled go on.
    pub fn restore(&self) {
        self.weather.send_modify(|weather| weather.state = State::Whole);
    }

    /// Resets all connections, as a router that forgot them does. New ones pass.
    pub fn reset(&self) {
        self.strike(Blow::Reset);
    }

    /// Loses all connections, and `unaware` is never told: what it sends goes nowhere. New ones
    /// pass.
    pub fn half_open(&self, unaware: End) {
        self.strike(Blow::HalfOpen(unaware));
    }

    fn strike(&self, blow: Blow) {
        self.weather.send_modify(|weather| {
            weather.blows += 1;
            weather.last = blow;
        });
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

/// Either kind of socket.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire for S {}

async fn connect(target: &Target) -> io::Result<Box<dyn Wire>> {
    Ok(match target {
        Target::Tcp(address) => Box::new(TcpStream::connect(address).await?),
        Target::Unix(path) => Box::new(UnixStream::connect(path).await?),
    })
}

async fn accept(listener: TcpListener, target: Target, changes: watch::Receiver<Weather>) {
    while let Ok((near, _)) = listener.accept().await {
        tokio::spawn(pass(near, target.clone(), changes.clone()));
    }
}

/// Passes bytes until either end closes or the network breaks.
async fn pass(mut near: TcpStream, target: Target, mut changes: watch::Receiver<Weather>) {
    let before = changes.borrow().blows;
    let mut far: Option<Box<dyn Wire>> = None;
    loop {
        let weather = *changes.borrow_and_update();
        if weather.blows != before {
            return suffer(weather.last, near, far, changes).await;
        }
        match (weather.state, &mut far) {
            (State::Cut, _) => return,
            (State::Stalled, _) => {
                if changes.changed().await.is_err() {
                    return;
                }
            }
            (State::Whole, None) => match connect(&target).await {
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

async fn suffer(
    blow: Blow,
    near: TcpStream,
    far: Option<Box<dyn Wire>>,
    changes: watch::Receiver<Weather>,
) {
    match (blow, far) {
        (Blow::Reset, _) => drop(near.set_zero_linger()),
        (Blow::HalfOpen(End::Near), far) => {
            drop(far);
            swallow(near, changes).await;
        }
        (Blow::HalfOpen(End::Far), Some(far)) => {
            drop(near);
            swallow(far, changes).await;
        }
        (Blow::HalfOpen(End::Far), None) => {}
    }
}

/// Takes everything and answers nothing, until the other side gives up or the proxy is gone.
async fn swallow(mut wire: impl Wire, mut changes: watch::Receiver<Weather>) {
    let mut nowhere = vec![0; 4096];
    loop {
        tokio::select! {
            read = wire.read(&mut nowhere) => if matches!(read, Ok(0) | Err(_)) { return },
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}
