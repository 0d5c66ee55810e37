//! The use cases, each with its transaction.

mod create;
mod delivering;
mod evidence;
mod feed;
mod keys;
mod publish;
mod reading;
mod reports;
mod stored;
mod watch;
mod webhooks;
mod years;

use std::sync::Arc;
use std::time::Duration;

use chengping_chassis::CancellationToken;
use chengping_types::Instant;
use chengping_types::name::BulletinVersionName;
use time::OffsetDateTime;
use tokio::sync::watch as channel;

use crate::access::sees;
use crate::config::Config;
use crate::domain::Version;
use crate::error::Error;
use crate::keys::Keys;
use crate::peers::Scoring;
use crate::store::{Connection, Store, versions};

pub(crate) use self::delivering::Delivering;
pub(crate) use self::keys::RotateKey;
pub(crate) use self::reports::{CreateReport, DecideReport};
pub(crate) use self::stored::Verified;
pub(crate) use self::watch::{Told, Watch};
pub(crate) use self::webhooks::{CreateWebhook, DeleteWebhook};

/// What every use case needs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    store: Store,
    scoring: Scoring,
    keys: Arc<Keys>,
    delivering: Delivering,
    require_notice: bool,
    poll: Duration,
    keep_alive: Duration,
    /// Wakes watchers when this process has published; what others publish they find by asking.
    published: Arc<channel::Sender<()>>,
    shutdown: CancellationToken,
}

impl App {
    pub(crate) fn new(
        store: Store,
        scoring: Scoring,
        keys: Keys,
        delivering: Delivering,
        config: &Config,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            store,
            scoring,
            keys: Arc::new(keys),
            delivering,
            require_notice: config.publication.require_notice,
            poll: config.watch.poll(),
            keep_alive: config.watch.keep_alive(),
            published: Arc::new(channel::Sender::new(())),
            shutdown,
        }
    }
}

/// The time, as PostgreSQL can hold it.
fn now() -> Instant {
    let micros = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1000;
    Instant::from_micros(i64::try_from(micros).expect("the year is below 9999"))
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
