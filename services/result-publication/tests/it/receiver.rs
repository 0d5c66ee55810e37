//! A real HTTP server that takes webhooks in, or does not, in every way a server may not.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chengping_testing::PATIENCE;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the server does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    /// Answers with a status and a text.
    Status(u16, String),
    /// Closes the connection without an answer.
    Close,
    /// Never answers.
    Stall,
    /// Sends something that is not HTTP.
    Lie,
    /// Answers with a status, and a text that never ends.
    Flood(u16),
}

/// A request that came in whole.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// The first line.
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map_or("", |(_, value)| value.as_str())
    }
}

/// A server; it takes everything in, but for what it was told to do first.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    script: Arc<Mutex<VecDeque<Behaviour>>>,
    received: watch::Receiver<Vec<Received>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    pub(crate) async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(Mutex::new(VecDeque::new()));
        let (sender, received) = watch::channel(Vec::new());
        let (todo, sender) = (script.clone(), Arc::new(sender));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, todo.clone(), sender.clone()));
            }
        });
        Self { address, script, received, serving }
    }

    /// What the next requests meet, one each.
    pub(crate) fn then(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.script.lock().unwrap().extend(behaviours);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook?a=1", self.address)
    }

    /// Waits until `count` requests came, and gives all that did.
    pub(crate) async fn received(&mut self, count: usize) -> Vec<Received> {
        let waited = self.received.wait_for(|received| received.len() >= count);
        tokio::time::timeout(PATIENCE, waited).await.expect("in time").unwrap().clone()
    }

    /// No connection is taken any more; gives where it was.
    pub(crate) async fn kill(mut self) -> SocketAddr {
        self.serving.abort();
        (&mut self.serving).await.ok();
        self.address
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn converse(
    mut stream: TcpStream,
    script: Arc<Mutex<VecDeque<Behaviour>>>,
    sender: Arc<watch::Sender<Vec<Received>>>,
) {
    let Some(received) = read(&mut stream).await else { return };
    sender.send_modify(|all| all.push(received));
    let todo = script.lock().unwrap().pop_front();
    let answer = match todo.unwrap_or(Behaviour::Status(204, String::new())) {
        Behaviour::Close => return,
        Behaviour::Stall => {
            tokio::time::sleep(Duration::from_secs(600)).await;
            return;
        }
        Behaviour::Lie => "220 smtp ready\r\n".to_owned(),
        Behaviour::Status(status, text) => format!(
            "HTTP/1.1 {status} As told\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        ),
        Behaviour::Flood(status) => {
            let head = format!("HTTP/1.1 {status} As told\r\n\r\n");
            stream.write_all(head.as_bytes()).await.ok();
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
            return;
        }
    };
    stream.write_all(answer.as_bytes()).await.ok();
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut lines = text.split("\r\n");
    let line = lines.next()?.to_owned();
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_ascii_lowercase(), value.to_owned())
    };
    let headers: Vec<_> = lines.map(header).collect();
    let mut received = Received { line, headers, body: Vec::new() };
    let length: usize = received.header("content-length").parse().unwrap();
    let mut body = bytes.split_off(head + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    received.body = body;
    Some(received)
}
