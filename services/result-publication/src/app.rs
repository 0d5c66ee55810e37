//! The use cases, each with its transaction.

mod attach;
mod compare;
mod create;
mod decide;
mod delivering;
mod evidence;
mod export;
mod feed;
mod inquiries;
mod keys;
mod notice;
mod outbox;
mod publish;
mod reading;
mod reports;
mod sealed;
mod seeing;
mod stored;
mod watch;
mod webhooks;
mod withdraw;
mod years;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chengping_access::AccessLog;
use chengping_chassis::CancellationToken;
use chengping_types::name::BulletinVersionName;
use chengping_types::{Digest, Instant, JurisdictionId};
use time::OffsetDateTime;
use tokio::sync::watch as channel;
use uuid::Uuid;

use crate::access::sees;
use crate::config::{Config, PublicationConfig};
use crate::domain::Version;
use crate::domain::decision::Seen;
use crate::error::Error;
use crate::keys::Keys;
use crate::peers::Peers;
use crate::store::{Connection, Store, documents, requests, versions};

pub(crate) use self::attach::Attached;
pub(crate) use self::compare::Comparison;
pub(crate) use self::decide::Decision;
pub(crate) use self::delivering::Delivering;
pub(crate) use self::inquiries::{Page, Whole};
pub(crate) use self::keys::RotateKey;
pub(crate) use self::notice::Asked;
pub(crate) use self::reports::{CreateReport, DecideReport};
pub(crate) use self::stored::Verified;
pub(crate) use self::watch::{Told, Watch};
pub(crate) use self::webhooks::{CreateWebhook, DeleteWebhook};

/// What every use case needs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    store: Store,
    access: AccessLog,
    peers: Peers,
    keys: Arc<Keys>,
    delivering: Delivering,
    require_notice: bool,
    four_eyes: bool,
    days: PublicationConfig,
    poll: Duration,
    keep_alive: Duration,
    /// Wakes watchers when this process has published; what others publish they find by asking.
    published: Arc<channel::Sender<()>>,
    /// Wakes who sends what this process has decided.
    decided: Arc<channel::Sender<()>>,
    shutdown: CancellationToken,
    places: sealed::Places,
}

impl App {
    pub(crate) fn new(
        store: Store,
        peers: Peers,
        keys: Keys,
        delivering: Delivering,
        config: &Config,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            access: store.access_log(),
            store,
            peers,
            keys: Arc::new(keys),
            delivering,
            require_notice: config.publication.require_notice,
            four_eyes: config.publication.four_eyes,
            days: config.publication.clone(),
            poll: config.watch.poll(),
            keep_alive: config.watch.keep_alive(),
            published: Arc::new(channel::Sender::new(())),
            decided: Arc::new(channel::Sender::new(())),
            shutdown,
            places: sealed::Places::default(),
        }
    }
}

/// The time, as PostgreSQL can hold it.
pub(crate) fn now() -> Instant {
    let micros = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1000;
    Instant::from_micros(i64::try_from(micros).expect("the year is below 9999"))
}

/// The name of what the same call made before, if there was one.
async fn made_before<N: FromStr>(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    request_id: Option<Uuid>,
    content: Digest,
) -> Result<Option<N>, Error> {
    let Some(request_id) = request_id else { return Ok(None) };
    let before = requests::made(connection, jurisdiction, request_id).await?;
    let Some((asked, made)) = before else { return Ok(None) };
    let reused = || Error::RequestIdReused { request_id: request_id.to_string() };
    if asked != content {
        return Err(reused());
    }
    made.parse().map(Some).map_err(|_| reused())
}

/// That a caller knows the resource as it is: its `current` etag, or none for whatever it is.
fn require_etag(name: &impl ToString, current: &str, given: &str) -> Result<(), Error> {
    if given.is_empty() || given == current {
        return Ok(());
    }
    Err(Error::EtagMismatch { name: name.to_string(), current: current.to_owned() })
}

/// What the evaluation of a version saw.
async fn seen(connection: &mut Connection, version: &Version) -> Result<Seen, Error> {
    let Version { jurisdiction, evaluation, .. } = version;
    let documents = documents::get(connection, jurisdiction, evaluation).await?;
    let seen = tokio::task::spawn_blocking(move || documents.seen()).await?;
    seen.map_err(|error| Error::corrupt(version.name(), error))
}

/// The version of that name.
async fn version(
    connection: &mut Connection,
    name: &BulletinVersionName,
) -> Result<Version, Error> {
    let found = match u32::try_from(name.version) {
        Ok(number) => versions::get(connection, &name.jurisdiction, name.month, number).await?,
        Err(_) => None,
    };
    let found = found.filter(|version| sees(version.state));
    found.ok_or_else(|| Error::VersionNotFound { name: name.to_string() })
}
