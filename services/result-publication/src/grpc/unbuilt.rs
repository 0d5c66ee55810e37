//! `InquiryService` and `DistrictReportService`, whose methods come later.

use chengping_chassis::error::to_status;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::district_report_service_server::DistrictReportService;
use chengping_proto::publication::v1::inquiry_service_server::InquiryService;
use tonic::Request;

use super::{Answer, not_built};

pub(super) struct Unbuilt;

#[tonic::async_trait]
impl InquiryService for Unbuilt {
    async fn create_inquiry(&self, _: Request<pb::CreateInquiryRequest>) -> Answer<pb::Inquiry> {
        not_built("CreateInquiry").map_err(to_status)
    }

    async fn get_inquiry(&self, _: Request<pb::GetInquiryRequest>) -> Answer<pb::Inquiry> {
        not_built("GetInquiry").map_err(to_status)
    }

    async fn list_inquiries(
        &self,
        _: Request<pb::ListInquiriesRequest>,
    ) -> Answer<pb::ListInquiriesResponse> {
        not_built("ListInquiries").map_err(to_status)
    }

    async fn review_inquiry(&self, _: Request<pb::ReviewInquiryRequest>) -> Answer<pb::Inquiry> {
        not_built("ReviewInquiry").map_err(to_status)
    }

    async fn decide_inquiry(&self, _: Request<pb::DecideInquiryRequest>) -> Answer<pb::Inquiry> {
        not_built("DecideInquiry").map_err(to_status)
    }
}

#[tonic::async_trait]
impl DistrictReportService for Unbuilt {
    async fn create_district_report(
        &self,
        _: Request<pb::CreateDistrictReportRequest>,
    ) -> Answer<pb::DistrictReport> {
        not_built("CreateDistrictReport").map_err(to_status)
    }

    async fn get_district_report(
        &self,
        _: Request<pb::GetDistrictReportRequest>,
    ) -> Answer<pb::DistrictReport> {
        not_built("GetDistrictReport").map_err(to_status)
    }

    async fn list_district_reports(
        &self,
        _: Request<pb::ListDistrictReportsRequest>,
    ) -> Answer<pb::ListDistrictReportsResponse> {
        not_built("ListDistrictReports").map_err(to_status)
    }

    async fn accept_district_report(
        &self,
        _: Request<pb::AcceptDistrictReportRequest>,
    ) -> Answer<pb::DistrictReport> {
        not_built("AcceptDistrictReport").map_err(to_status)
    }

    async fn return_district_report(
        &self,
        _: Request<pb::ReturnDistrictReportRequest>,
    ) -> Answer<pb::DistrictReport> {
        not_built("ReturnDistrictReport").map_err(to_status)
    }
}
