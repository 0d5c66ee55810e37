//! `DistrictReportService`, whose methods come later.

use chengping_chassis::error::to_status;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::district_report_service_server::DistrictReportService;
use tonic::Request;

use super::{Answer, not_built};

pub(super) struct Unbuilt;

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
