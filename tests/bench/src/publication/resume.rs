//! A consumer that comes back to a log of ten thousand versions. The log is sealed here and put into
//! the database of a service in a process of its own.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use chengping_chassis::CancellationToken;
use chengping_chassis::config::ListenConfig;
use chengping_chassis::process::ServiceConfig as _;
use chengping_chassis::serve::{Server, bind};
use chengping_ledger::version::{Draft, Link, SealedVersion, seal};
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::bulletin_service_client::BulletinServiceClient;
use chengping_result_publication::{Config, MIGRATOR, SCHEMA, build};
use chengping_testing::TestDatabase;
use serde_json::{Value, json};
use sqlx::PgPool;
use tonic::transport::Channel;

use crate::distribution;

const VERSIONS: usize = 10_000;
/// The bodies of each version: the lines of a district with its sub-districts.
const BODIES: usize = 20;
/// How many a consumer has missed that was away for a while.
const LAST: usize = 100;

/// The service as its own process runs it.
pub(super) async fn serve(database_url: String) -> anyhow::Result<()> {
    let keys = tempfile::tempdir()?;
    let config: Config = Config::ladder()
        .flag("database.url", Some(database_url))
        .flag("listen.address", Some("127.0.0.1:0"))
        .flag("identity.mode", Some("off"))
        .flag("keys.folder", keys.path().to_str())
        .load()?;
    let listener = bind(&config.listen).await?;
    let address = listener.local_addr()?;
    let mut server = Server::new(ListenConfig { address, ..config.listen.clone() });
    let shutdown = CancellationToken::new();
    build(&config, &mut server, shutdown.clone()).await?;
    distribution::announce(address);
    Ok(server.serve(listener, shutdown).await?)
}

pub(super) async fn measure() -> anyhow::Result<Value> {
    let database = TestDatabase::new().await?;
    let pool = database.migrated(SCHEMA, SCHEMA, &MIGRATOR).await?;
    fill(&pool).await?;
    let (_service, channels) =
        distribution::start("publication", database.url_for(SCHEMA).into()).await?;
    // The first run warms up.
    follow(&channels[0], "", VERSIONS).await?;
    let whole = follow(&channels[0], "", VERSIONS).await?;
    let last = follow(&channels[0], &whole.before_last, LAST).await?;
    Ok(json!({
        "versions": VERSIONS,
        "bodies": BODIES,
        "seconds": whole.seconds,
        "first_seconds": whole.first_seconds,
        "last_versions": LAST,
        "last_seconds": last.seconds,
    }))
}

struct Followed {
    seconds: f64,
    first_seconds: f64,
    /// The token before the last versions.
    before_last: String,
}

async fn follow(channel: &Channel, token: &str, expected: usize) -> anyhow::Result<Followed> {
    let mut bulletins = BulletinServiceClient::new(channel.clone());
    let begun = Instant::now();
    let request = pb::WatchPublicationsRequest {
        parent: "jurisdictions/zz".to_owned(),
        resume_token: token.to_owned(),
        ..Default::default()
    };
    let mut stream = bulletins.watch_publications(request).await?.into_inner();
    let mut followed = Followed { seconds: 0.0, first_seconds: 0.0, before_last: String::new() };
    for number in 1..=expected {
        let message = stream.message().await?.context("the stream goes on")?;
        let publication = message.publication.context("a publication")?;
        ensure!(publication.result_lines.len() == BODIES, "a month arrives whole");
        if number == 1 {
            followed.first_seconds = begun.elapsed().as_secs_f64();
        }
        if number + LAST == expected {
            followed.before_last = message.resume_token;
        }
    }
    followed.seconds = begun.elapsed().as_secs_f64();
    Ok(followed)
}

/// Puts a log into the database: one month, corrected again and again.
async fn fill(pool: &PgPool) -> anyhow::Result<()> {
    let mut leaves = Vec::new();
    let mut latest: Option<SealedVersion> = None;
    let (results, input) = (results(), json!({}));
    let mut transaction = pool.begin().await?;
    sqlx::query("insert into log_head (jurisdiction, size) values ('zz', $1)")
        .bind(i64::try_from(VERSIONS)?)
        .execute(&mut *transaction)
        .await?;
    sqlx::query(
        "insert into evaluation_document (jurisdiction, evaluation, results, results_digest, input)
         values ('zz', 'e1', '', $1, '')",
    )
    .bind(chengping_types::canonical::digest(&results)?.to_string())
    .execute(&mut *transaction)
    .await?;
    sqlx::query(
        "insert into bulletin (jurisdiction, month, newest_version, published_version, create_time,
             update_time)
         values ('zz', '2018-04', $1, $1, now(), now())",
    )
    .bind(i32::try_from(VERSIONS)?)
    .execute(&mut *transaction)
    .await?;
    for _ in 0..VERSIONS {
        let sealed = seal(Draft {
            jurisdiction: "zz".parse()?,
            month: "2018-04".parse()?,
            supersedes: latest.as_ref().map(SealedVersion::superseded),
            reason: latest.as_ref().map(|_| "corrected".to_owned()),
            publish_time: "2018-05-10T09:00:00+08:00".to_owned(),
            chain: Link { index: leaves.len() as u64, previous: leaves.last().copied() },
            results: results.clone(),
            input: input.clone(),
            reported: Vec::new(),
        })?;
        leaves.push(sealed.entry().leaf());
        insert(&mut transaction, &sealed).await?;
        latest = Some(sealed);
    }
    transaction.commit().await?;
    Ok(())
}

async fn insert(connection: &mut sqlx::PgConnection, sealed: &SealedVersion) -> anyhow::Result<()> {
    let document = sealed.document();
    let version = i32::try_from(document.version)?;
    let state = if document.version as usize == VERSIONS { "published" } else { "corrected" };
    sqlx::query(
        "insert into bulletin_version (jurisdiction, month, version, evaluation, reason, state,
             revision, create_time)
         values ('zz', '2018-04', $1, 'e1', $2, $3, 3, now())",
    )
    .bind(version)
    .bind(document.reason.clone().unwrap_or_default())
    .bind(state)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "insert into log_entry (jurisdiction, log_index, month, version, document, document_digest,
             lines_root, publish_time)
         values ('zz', $1, '2018-04', $2, $3, $4, $5, now())",
    )
    .bind(i64::try_from(document.chain.index)?)
    .bind(version)
    .bind(sealed.bytes())
    .bind(sealed.digest().to_string())
    .bind(document.lines_root.to_string())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "insert into publication_lines (jurisdiction, log_index, format, lines)
         values ('zz', $1, 1, $2)",
    )
    .bind(i64::try_from(document.chain.index)?)
    .bind(serde_json::to_vec(&lines())?)
    .execute(connection)
    .await?;
    Ok(())
}

fn body(number: usize) -> String {
    format!("d{number:02}")
}

fn results() -> Value {
    let bodies: serde_json::Map<String, Value> = (0..BODIES)
        .map(|number| {
            let result = json!({
                "group": "district", "state": "scored", "score": "94.26", "rank": number + 1,
                "tied": false, "grade": "A", "streams": {},
            });
            (body(number), result)
        })
        .collect();
    json!({"bodies": bodies, "jurisdiction": "zz", "month": "2018-04"})
}

/// The lines as the service keeps them.
fn lines() -> Vec<Value> {
    let line = |number| {
        json!({
            "body_id": body(number), "assessment_code": "410102", "group": "district",
            "score": "94.26", "score_max": "100", "rank": number + 1, "tied": false, "grade": "A",
            "not_rated_reason": null,
        })
    };
    (0..BODIES).map(line).collect()
}
