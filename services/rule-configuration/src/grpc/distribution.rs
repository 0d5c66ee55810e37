//! How rules reach those who score by them: what is in force, changes of it, and who holds what.

use std::net::SocketAddr;
use std::pin::Pin;

use chengping_chassis::error::{FieldErrors, to_status};
use chengping_chassis::{page_token, rpc};
use chengping_proto::rules::v1 as pb;
use chengping_types::Month;
use chengping_types::name::{JurisdictionName, RulePackRevisionName};
use futures_util::{Stream, StreamExt as _};
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Status};

use super::convert;
use super::convert::rule_pack as packs;
use super::page::Page;
use crate::app::{App, WatchEvent};
use crate::domain::holders::{Holder, HolderKey};
use crate::error::Error;

/// Events that wait for a slow client at most.
const WATCH_BUFFER: usize = 16;
/// The service of callers that do not say which one they are.
const SERVICE_OTHER: &str = "other";

/// What a watch answers with.
pub(super) type Watch =
    Pin<Box<dyn Stream<Item = Result<pb::WatchRulePacksResponse, Status>> + Send>>;

/// The revision in force in a month; whoever asks is noted as its holder.
pub(super) async fn effective(
    app: &App,
    request: Request<pb::GetEffectiveRulePackRequest>,
) -> Result<pb::RulePackRevision, Error> {
    let peer = request.remote_addr();
    let (metadata, _, request) = request.into_parts();
    let mut errors = FieldErrors::default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    let month = errors.parse::<Month>("month", &request.month);
    errors.into_result()?;
    let jurisdiction = parent.expect("no error means a value").jurisdiction;
    let month = month.expect("no error means a value");
    let given = app.effective(&jurisdiction, month).await?;
    if let Some(key) = caller(&metadata, peer, month) {
        app.note_holder(&jurisdiction, key, &given);
    }
    Ok(packs::given(&jurisdiction, &given))
}

/// Who asks: as it calls itself, else by its address without the port, which is another one with
/// every connection.
fn caller(metadata: &MetadataMap, peer: Option<SocketAddr>, month: Month) -> Option<HolderKey> {
    let (service, instance) = match rpc::named_caller(metadata.as_ref()) {
        Some((service, instance)) => (service.to_owned(), instance.to_owned()),
        None => (SERVICE_OTHER.to_owned(), peer?.ip().to_canonical().to_string()),
    };
    Some(HolderKey { service, instance, month })
}

/// What is in force, then every change.
pub(super) fn watch(app: &App, request: pb::WatchRulePacksRequest) -> Result<Watch, Error> {
    let pb::WatchRulePacksRequest { parent, resume_token } = request;
    let jurisdiction = convert::jurisdiction(&parent)?;
    let after = read_resume_token(&parent, &resume_token)?;
    let (sender, receiver) = tokio::sync::mpsc::channel(WATCH_BUFFER);
    tokio::spawn(app.clone().watch(jurisdiction.clone(), after, sender));
    let events = ReceiverStream::new(receiver).map(move |event| {
        let event = event.map_err(to_status)?;
        let (revision, position) = match event {
            WatchEvent::InForce(revision, position) => (Some(*revision), position),
            WatchEvent::KeepAlive(position) => (None, position),
        };
        let without_source = |revision| pb::RulePackRevision {
            source: String::new(),
            ..packs::revision_with_text(&jurisdiction, revision)
        };
        Ok(pb::WatchRulePacksResponse {
            revision: revision.map(without_source),
            resume_token: page_token::issue(&position.to_string(), &["watch", &parent]),
        })
    });
    Ok(Box::pin(events))
}

/// The place in the feed behind which to go on.
fn read_resume_token(parent: &str, token: &str) -> Result<Option<i64>, Error> {
    let position =
        page_token::open(token, &["watch", parent]).map_err(|_| Error::ResumeTokenInvalid)?;
    position.map(|position| position.parse().map_err(|_| Error::ResumeTokenInvalid)).transpose()
}

/// A page of those who were given rules.
pub(super) async fn holders(
    app: &App,
    request: pb::ListRulePackHoldersRequest,
) -> Result<pb::ListRulePackHoldersResponse, Error> {
    let jurisdiction = convert::jurisdiction(&request.parent)?;
    let arguments = ["ListRulePackHolders", request.parent.as_str()];
    let page: Page<(String, String, String)> =
        Page::read(request.page_size, &request.page_token, &arguments)?;
    let after = match page.after.clone() {
        Some((service, instance, month)) => {
            let month = month.parse().map_err(|_| page_token::PageError::TokenInvalid)?;
            Some(HolderKey { service, instance, month })
        }
        None => None,
    };
    let found = app.list_holders(&jurisdiction, after.as_ref(), page.limit()).await?;
    let (items, next_page_token) = page.cut(found, |(Holder { key, .. }, _)| {
        (key.service.clone(), key.instance.clone(), key.month.to_string())
    });
    let convert = |(holder, current): (Holder, bool)| {
        let name = RulePackRevisionName {
            jurisdiction: jurisdiction.clone(),
            rule_pack: holder.pack,
            revision: holder.revision,
        };
        pb::RulePackHolder {
            service: holder.key.service,
            instance: holder.key.instance,
            month: holder.key.month.to_string(),
            rule_pack_revision: name.to_string(),
            digest: holder.digest.to_string(),
            last_time: Some(convert::timestamp(holder.last_time)),
            current,
        }
    };
    let holders = items.into_iter().map(convert).collect();
    Ok(pb::ListRulePackHoldersResponse { holders, next_page_token })
}
