//! Sends a message to an address by HTTP: one connection, one request, no redirects.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderName, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::domain::webhook::address::{Address, Allowed};

/// Of an answer that refuses, this much is kept.
const ANSWER_BYTES_MAX: usize = 1024;
const AGENT: &str = concat!("chengping/", env!("CARGO_PKG_VERSION"));

/// A message, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) media_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// 0 without an answer.
    pub(crate) status: u16,
    /// What is wrong, with the beginning of the answer; empty when it was taken in.
    pub(crate) error: String,
}

impl Answer {
    pub(crate) const fn is_taken(&self) -> bool {
        self.error.is_empty()
    }

    /// No answer, and why.
    pub(crate) fn failed(error: impl Into<String>) -> Self {
        Self { status: 0, error: error.into() }
    }
}

/// Sends messages.
#[derive(Clone)]
pub(crate) struct Sender {
    tls: TlsConnector,
    allowed: Arc<Allowed>,
    timeout: Duration,
}

impl Sender {
    /// A sender that reaches what is `allowed`, and believes the servers whose certificates are from
    /// the well-known authorities or those of `authorities`, a file in PEM.
    pub(crate) fn new(
        allowed: Allowed,
        timeout: Duration,
        authorities: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(file) = authorities {
            let context = || format!("cannot read the certificates of {}", file.display());
            for certificate in CertificateDer::pem_file_iter(file).with_context(context)? {
                roots.add(certificate.with_context(context)?).with_context(context)?;
            }
        }
        let provider = Arc::new(crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tls = TlsConnector::from(Arc::new(config));
        Ok(Self { tls, allowed: Arc::new(allowed), timeout })
    }

    pub(crate) fn allowed(&self) -> &Allowed {
        &self.allowed
    }

    /// How long a message takes at most.
    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends a message, and waits for the answer.
    pub(crate) async fn send(&self, address: &Address, message: Message) -> Answer {
        match tokio::time::timeout(self.timeout, self.exchange(address, message)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Answer::failed(format!("{error:#}")),
            Err(_) => {
                let seconds = self.timeout.as_secs_f32();
                Answer::failed(format!("no answer within {seconds} s"))
            }
        }
    }

    async fn exchange(&self, address: &Address, message: Message) -> anyhow::Result<Answer> {
        self.allowed.check(address)?;
        let stream = self.connect(address).await?;
        if !address.is_https {
            return converse(stream, address, message).await;
        }
        let name = ServerName::try_from(address.host.clone()).context("no name for TLS")?;
        let stream = self.tls.connect(name, stream).await.context("TLS failed")?;
        converse(stream, address, message).await
    }

    /// Connects to an address that was found and checked, so that a name that points elsewhere a
    /// moment later does not lead there.
    async fn connect(&self, address: &Address) -> anyhow::Result<TcpStream> {
        let found: Vec<SocketAddr> = match address.host.parse::<IpAddr>() {
            Ok(ip) => vec![SocketAddr::from((ip, address.port))],
            Err(_) => {
                let found = lookup_host((address.host.as_str(), address.port)).await;
                found.context("the host is not known")?.collect()
            }
        };
        for place in &found {
            self.allowed.check_ip(address, place.ip())?;
        }
        TcpStream::connect(found.as_slice()).await.context("cannot connect")
    }
}

/// One request, one answer.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    address: &Address,
    message: Message,
) -> anyhow::Result<Answer> {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.context("cannot begin HTTP")?;
    // It ends with the sender, or with the answer.
    let connection = tokio::spawn(connection);
    let answered = async {
        let mut request = Request::post(&address.target)
            .header(HOST, address.authority())
            .header(USER_AGENT, AGENT)
            .header(CONTENT_TYPE, message.media_type);
        for (name, value) in message.headers {
            request = request.header(HeaderName::from_static(name), value);
        }
        let request = request.body(Full::new(Bytes::from(message.body)))?;
        let response = sender.send_request(request).await.context("the answer broke off")?;
        anyhow::Ok(read(response).await)
    };
    let answer = answered.await;
    connection.abort();
    answer
}

/// The answer; of a refusal, the beginning of what it says.
async fn read(response: Response<Incoming>) -> Answer {
    let status = response.status();
    if status.is_success() {
        return Answer { status: status.as_u16(), error: String::new() };
    }
    let mut body = response.into_body();
    let mut said = Vec::new();
    while said.len() < ANSWER_BYTES_MAX
        && let Some(Ok(frame)) = body.frame().await
    {
        if let Some(data) = frame.data_ref() {
            said.extend_from_slice(data);
        }
    }
    said.truncate(ANSWER_BYTES_MAX);
    // It is shown to people, and kept: nothing that moves a cursor, and no NUL.
    let said: String = String::from_utf8_lossy(&said)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let hint = if status.is_redirection() { " (redirects are not followed)" } else { "" };
    Answer { status: status.as_u16(), error: format!("{status}{hint}: {}", said.trim()) }
}
