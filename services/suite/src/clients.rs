//! Clients of the four APIs, and what every command asks them the same way.

use chengping_proto::cases::v1::access_service_client::AccessServiceClient as CaseAccessClient;
use chengping_proto::cases::v1::archive_service_client::ArchiveServiceClient;
use chengping_proto::cases::v1::case_service_client::CaseServiceClient;
use chengping_proto::cases::v1::reject_service_client::RejectServiceClient;
use chengping_proto::cases::v1::snapshot_service_client::SnapshotServiceClient;
use chengping_proto::publication::v1::access_service_client::AccessServiceClient as PublicationAccessClient;
use chengping_proto::publication::v1::annual_service_client::AnnualServiceClient;
use chengping_proto::publication::v1::bulletin_service_client::BulletinServiceClient;
use chengping_proto::publication::v1::district_report_service_client::DistrictReportServiceClient;
use chengping_proto::publication::v1::inquiry_service_client::InquiryServiceClient;
use chengping_proto::publication::v1::ledger_service_client::LedgerServiceClient;
use chengping_proto::publication::v1::webhook_service_client::WebhookServiceClient;
use chengping_proto::rules::v1::registry_service_client::RegistryServiceClient;
use chengping_proto::rules::v1::rule_pack_service_client::RulePackServiceClient;
use chengping_proto::scoring::v1::access_service_client::AccessServiceClient as ScoreAccessClient;
use chengping_proto::scoring::v1::evaluation_service_client::EvaluationServiceClient;
use chengping_types::JurisdictionId;
use chengping_types::name::JurisdictionName;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::actor::Actor;
use crate::args::Common;
use crate::credentials::Credentials;
use crate::discovery::{self, Channels};
use crate::failure::Failure;
use crate::suite_file::SuiteFile;

/// Rows that one page of a list brings.
pub const PAGE_SIZE: i32 = 1000;
/// A message may hold a row of 16 MiB, the longest that is kept, and what goes with it.
const MESSAGE_BYTES_MAX: usize = 32 << 20;

/// What carries a token.
const TOKEN_HEADER: &str = "authorization";

/// A connection on which every call says who makes it.
pub type Connection = InterceptedService<Channel, Caller>;

/// Who makes the calls, where it was said, and what shows it.
#[derive(Debug, Clone)]
pub struct Caller {
    actor: Option<Actor>,
    credentials: Credentials,
}

impl Interceptor for Caller {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(actor) = &self.actor {
            request.metadata_mut().insert(Actor::HEADER, actor.to_header());
        }
        // A token for each call: the last of many calls may come long after the first.
        let token = self.credentials.header();
        if let Some(token) = token.map_err(|failure| Status::unauthenticated(failure.message()))? {
            request.metadata_mut().insert(TOKEN_HEADER, token);
        }
        Ok(request)
    }
}

/// The servers of a command, and the jurisdiction that it is about.
#[derive(Debug, Clone)]
pub struct Clients {
    channels: Channels,
    jurisdiction: JurisdictionId,
    caller: Caller,
}

macro_rules! client {
    ($(#[$meta:meta])* $name:ident, $channel:ident, $client:ident) => {
        $(#[$meta])*
        pub fn $name(&self) -> $client<Connection> {
            $client::with_interceptor(self.channels.$channel.clone(), self.caller.clone())
                .max_decoding_message_size(MESSAGE_BYTES_MAX)
                .max_encoding_message_size(MESSAGE_BYTES_MAX)
        }
    };
}

impl Clients {
    /// Finds the servers and the jurisdiction that `common` means.
    ///
    /// # Errors
    ///
    /// When there is no server, no jurisdiction, or no way to show who calls where that is asked.
    pub async fn connect(common: &Common) -> Result<Self, Failure> {
        let channels = discovery::connect(common).await?;
        // Only now: a suite that was still starting has left its file.
        let jurisdiction = jurisdiction(common)?;
        let credentials = Credentials::find(common)?;
        let caller = Caller { actor: common.actor.clone(), credentials };
        Ok(Self { channels, jurisdiction, caller })
    }

    /// The jurisdiction.
    pub fn jurisdiction(&self) -> &JurisdictionId {
        &self.jurisdiction
    }

    /// The resource name of the jurisdiction.
    pub fn parent(&self) -> String {
        JurisdictionName { jurisdiction: self.jurisdiction.clone() }.to_string()
    }

    client!(
        /// Takes in cases and events.
        cases, cases, CaseServiceClient
    );
    client!(
        /// Keeps what was refused.
        rejects, cases, RejectServiceClient
    );
    client!(
        /// Freezes what is known.
        snapshots, cases, SnapshotServiceClient
    );
    client!(
        /// Puts months away.
        archives, cases, ArchiveServiceClient
    );
    client!(
        /// Keeps who is evaluated.
        registry, rules, RegistryServiceClient
    );
    client!(
        /// Keeps the rules.
        rule_packs, rules, RulePackServiceClient
    );
    client!(
        /// Scores.
        evaluations, scoring, EvaluationServiceClient
    );
    client!(
        /// Publishes.
        bulletins, publication, BulletinServiceClient
    );
    client!(
        /// Hears objections and inquiries.
        inquiries, publication, InquiryServiceClient
    );
    client!(
        /// Proves.
        ledger, publication, LedgerServiceClient
    );
    client!(
        /// Tells who read cases.
        access_to_cases, cases, CaseAccessClient
    );
    client!(
        /// Tells who read scores.
        access_to_scores, scoring, ScoreAccessClient
    );
    client!(
        /// Tells who read what belongs to publication.
        access_to_publications, publication, PublicationAccessClient
    );
    client!(
        /// Tells by HTTP.
        webhooks, publication, WebhookServiceClient
    );
    client!(
        /// Adds up years.
        years, publication, AnnualServiceClient
    );
    client!(
        /// Takes the reports of districts.
        reports, publication, DistrictReportServiceClient
    );
}

/// The jurisdiction that was named, or that of the suite of the data folder.
fn jurisdiction(common: &Common) -> Result<JurisdictionId, Failure> {
    if let Some(jurisdiction) = &common.jurisdiction {
        return Ok(jurisdiction.clone());
    }
    let configured = SuiteFile::read(common.data_dir())?.and_then(|file| file.jurisdiction);
    configured.ok_or_else(|| {
        Failure::usage(
            "name the jurisdiction with --jurisdiction ID or CHENGPING_JURISDICTION, \
             or start the suite with `chengping up --jurisdiction ID`",
        )
    })
}

/// Asks for all pages of a list: gives all items, or the status that stopped it.
macro_rules! all_pages {
    ($client:expr, $method:ident, $request:expr, $items:ident) => {{
        let mut client = $client;
        let mut request = $request;
        request.page_size = $crate::clients::PAGE_SIZE;
        let mut items = Vec::new();
        loop {
            let page = match client.$method(request.clone()).await {
                Ok(page) => page.into_inner(),
                Err(status) => break Err(status),
            };
            items.extend(page.$items);
            if page.next_page_token.is_empty() {
                break Ok(items);
            }
            request.page_token = page.next_page_token;
        }
    }};
}
pub(crate) use all_pages;
