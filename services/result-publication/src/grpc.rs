//! The gRPC face: every method converts, delegates, converts back.

mod access;
mod bulletins;
mod convert;
mod inquiries;
mod ledger;
mod page;
mod reports;
mod webhooks;
mod years;

use chengping_chassis::identity;
use chengping_chassis::serve::{MESSAGE_BYTES_MAX, Server};
use chengping_proto::publication::v1::access_service_server::AccessServiceServer;
use chengping_proto::publication::v1::annual_service_server::AnnualServiceServer;
use chengping_proto::publication::v1::bulletin_service_server::BulletinServiceServer;
use chengping_proto::publication::v1::district_report_service_server::DistrictReportServiceServer;
use chengping_proto::publication::v1::inquiry_service_server::InquiryServiceServer;
use chengping_proto::publication::v1::ledger_service_server::LedgerServiceServer;
use chengping_proto::publication::v1::webhook_service_server::WebhookServiceServer;
use tonic::{Request, Response};

use crate::app::App;
use crate::error::Error;

/// Adds the services.
pub(crate) fn add_services(server: &mut Server, app: App) {
    let access = AccessServiceServer::new(access::Access { app: app.clone() });
    let bulletins = BulletinServiceServer::new(bulletins::Bulletins { app: app.clone() });
    let inquiries = InquiryServiceServer::new(inquiries::Inquiries { app: app.clone() });
    let ledger = LedgerServiceServer::new(ledger::Ledger { app: app.clone() });
    let years = AnnualServiceServer::new(years::Years { app: app.clone() });
    let reports = DistrictReportServiceServer::new(reports::Reports { app: app.clone() });
    let webhooks = WebhookServiceServer::new(webhooks::Webhooks { app });
    server
        .add_service(bulletins.max_encoding_message_size(MESSAGE_BYTES_MAX))
        .add_service(ledger.max_encoding_message_size(MESSAGE_BYTES_MAX))
        .add_service(access.max_encoding_message_size(MESSAGE_BYTES_MAX))
        .add_service(inquiries.max_encoding_message_size(MESSAGE_BYTES_MAX))
        .add_service(reports.max_encoding_message_size(MESSAGE_BYTES_MAX))
        .add_service(years.max_encoding_message_size(MESSAGE_BYTES_MAX))
        .add_service(webhooks.max_encoding_message_size(MESSAGE_BYTES_MAX));
}

/// Who makes a call.
fn actor<T>(request: &Request<T>) -> Result<String, Error> {
    Ok(identity::actor(request.metadata())?)
}

/// What a method answers.
type Answer<T> = Result<Response<T>, tonic::Status>;
