//! `chengping watch`: follows publications as they come, or live scores.

mod live;

use std::time::Duration;

use chengping_proto::publication::v1::{
    AcknowledgePublicationRequest, Publication, ResultLine, WatchPublicationsRequest,
};
use clap::Args;
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::publish::difference_json;
use crate::args::{Common, Format};
use crate::clients::Clients;
use crate::convert::{enum_text, time_text};
use crate::failure::{Doing as _, Failure, Outcome, transport_lost};
use crate::output::{Output, say};

const PAUSE: Duration = Duration::from_secs(1);

/// Flags of `watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Go on after the publication that came with this token
    #[arg(long, value_name = "TOKEN")]
    resume: Option<String>,
    /// Name under which the server keeps how far was read
    #[arg(long, value_name = "NAME")]
    consumer: Option<String>,
    /// End after so many publications, or messages of live scores
    #[arg(long, value_name = "N")]
    until: Option<u64>,
    /// Follow the provisional scores of the month that runs, and the warnings about them
    #[arg(long, conflicts_with_all = ["resume", "consumer"])]
    live: bool,
    /// Only this body of the live scores; may be given several times
    #[arg(long = "body", value_name = "BODY", requires = "live")]
    bodies: Vec<String>,
}

/// Prints one line per publication, and goes on after a break where it was.
pub async fn run(common: &Common, args: &WatchArgs, out: &mut Output) -> Result<Outcome, Failure> {
    if args.live {
        return live::run(common, args, out).await;
    }
    let clients = Clients::connect(common).await?;
    let mut watch =
        Watch { clients, args, token: args.resume.clone().unwrap_or_default(), seen: 0 };
    while !watch.is_done() {
        match watch.follow(out).await {
            Ok(()) => {}
            Err(Failure::Rpc { status, .. }) if status.code() == Code::Unavailable => {
                say(format_args!("the server is gone ({}); trying again", status.message()));
            }
            Err(failure) => return Err(failure),
        }
        if !watch.is_done() {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(Outcome::Done)
}

struct Watch<'a> {
    clients: Clients,
    args: &'a WatchArgs,
    token: String,
    seen: u64,
}

impl Watch<'_> {
    fn is_done(&self) -> bool {
        self.args.until.is_some_and(|until| self.seen >= until)
    }

    /// Follows one stream until it ends or enough was seen.
    async fn follow(&mut self, out: &mut Output) -> Result<(), Failure> {
        let request = WatchPublicationsRequest {
            parent: self.clients.parent(),
            resume_token: self.token.clone(),
            consumer: self.args.consumer.clone().unwrap_or_default(),
            keep_alive: None,
        };
        let doing = "watch publications";
        let mut bulletins = self.clients.bulletins();
        let mut stream = bulletins.watch_publications(request).await.doing(doing)?.into_inner();
        while let Some(message) = stream.message().await.map_err(transport_lost).doing(doing)? {
            if let Some(publication) = &message.publication {
                print(publication, &message.resume_token, out)?;
                self.seen += 1;
            }
            // A keep-alive may have none, and the last one still holds.
            if !message.resume_token.is_empty() {
                self.token = message.resume_token;
            }
            if message.publication.is_some() {
                self.acknowledge().await.doing("acknowledge a publication")?;
            }
            if self.is_done() {
                break;
            }
        }
        Ok(())
    }

    async fn acknowledge(&self) -> Result<(), Status> {
        let Some(consumer) = &self.args.consumer else { return Ok(()) };
        let request = AcknowledgePublicationRequest {
            parent: self.clients.parent(),
            consumer: consumer.clone(),
            resume_token: self.token.clone(),
        };
        self.clients.bulletins().acknowledge_publication(request).await.map(drop)
    }
}

fn print(publication: &Publication, token: &str, out: &mut Output) -> Result<(), Failure> {
    if out.format() == Format::Json {
        return out.json_line(&json(publication, token));
    }
    let version = publication.bulletin_version.clone().unwrap_or_default();
    let separator = if out.format() == Format::Csv { "," } else { "  " };
    let line = [
        publication.month.clone(),
        version.version.to_string(),
        time_text(version.publish_time.as_ref()),
        publication.result_lines.len().to_string(),
        version.digest,
        token.to_owned(),
        enum_text(publication.kind().as_str_name(), "KIND_"),
    ];
    out.text(&line.join(separator))
}

fn json(publication: &Publication, token: &str) -> Value {
    let version = publication.bulletin_version.clone().unwrap_or_default();
    json!({
        "month": publication.month,
        "version": version.version,
        "name": version.name,
        "reason": version.reason,
        "digest": version.digest,
        "results_digest": version.results_digest,
        "log_index": version.log_index,
        "publish_time": time_text(version.publish_time.as_ref()),
        "lines": publication.result_lines.iter().map(line_json).collect::<Vec<_>>(),
        "resume_token": token,
        "kind": enum_text(publication.kind().as_str_name(), "KIND_"),
        "withdraw_reason": version.withdraw_reason,
        "inquiries": version.inquiries,
        "differences": publication.differences.iter().map(difference_json).collect::<Vec<_>>(),
    })
}

fn line_json(line: &ResultLine) -> Value {
    json!({
        "body": line.body_id,
        "assessment_code": line.assessment_code,
        "group": line.group,
        "score": line.score,
        "score_max": line.score_max,
        "rank": line.rank,
        "tied": line.tied,
        "grade": line.grade,
        "not_rated_reason": line.not_rated_reason,
    })
}
