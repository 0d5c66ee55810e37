//! The registry service.

use std::pin::Pin;

use chengping_chassis::error::to_status;
use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::registry_service_server::RegistryService;
use chengping_types::name::BodyName;
use futures_util::Stream;
use tonic::{Request, Response, Status, Streaming};

use super::convert::registry::RegistryRevisionName;
use super::convert::{self, change};
use super::export::Messages;
use super::import::Gathered;
use super::page::Page;
use super::{actor, calendar};
use crate::app::App;
use crate::error::Error;

const UPDATE_BODY: &str = "chengping.rules.v1.RegistryService/UpdateBody";
const MERGE_BODIES: &str = "chengping.rules.v1.RegistryService/MergeBodies";
const REMOVE_ROWS: &str = "chengping.rules.v1.RegistryService/RemoveRegistryRows";

type Answer<T> = Result<Response<T>, Status>;

/// Speaks gRPC for the registry.
#[derive(Debug, Clone)]
pub(crate) struct RegistryHandlers {
    app: App,
}

impl RegistryHandlers {
    pub(crate) const fn new(app: App) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl RegistryService for RegistryHandlers {
    type ExportRegistryStream =
        Pin<Box<dyn Stream<Item = Result<pb::ExportRegistryResponse, Status>> + Send>>;

    async fn import_registry(
        &self,
        request: Request<Streaming<pb::ImportRegistryRequest>>,
    ) -> Answer<pb::ImportRegistryResponse> {
        let actor = actor(request.metadata()).map_err(to_status)?;
        let mut messages = request.into_inner();
        let mut gathered = Gathered::default();
        while let Some(message) = messages.message().await? {
            gathered.add(message).map_err(to_status)?;
        }
        let import = gathered.finish(actor).map_err(to_status)?;
        let jurisdiction = import.order.jurisdiction.clone();
        let imported = self.app.import_registry(import).await.map_err(to_status)?;
        Ok(Response::new(convert::registry::imported(&jurisdiction, imported)))
    }

    async fn export_registry(
        &self,
        request: Request<pb::ExportRegistryRequest>,
    ) -> Answer<Self::ExportRegistryStream> {
        let name: RegistryRevisionName =
            convert::single("name", &request.get_ref().name).map_err(to_status)?;
        let content = self.app.registry_content(&name.jurisdiction, name.revision).await;
        let (revision, content) = content.map_err(to_status)?;
        let revision = convert::registry::registry_revision(&name.jurisdiction, &revision);
        let rows = convert::registry::rows(name.jurisdiction, content);
        Ok(Response::new(Box::pin(tokio_stream::iter(Messages::new(revision, rows)))))
    }

    async fn get_registry_revision(
        &self,
        request: Request<pb::GetRegistryRevisionRequest>,
    ) -> Answer<pb::RegistryRevision> {
        let name: RegistryRevisionName =
            convert::single("name", &request.get_ref().name).map_err(to_status)?;
        let revision = self.app.registry_revision(&name.jurisdiction, name.revision).await;
        let revision = revision.map_err(to_status)?;
        Ok(Response::new(convert::registry::registry_revision(&name.jurisdiction, &revision)))
    }

    async fn list_registry_revisions(
        &self,
        request: Request<pb::ListRegistryRevisionsRequest>,
    ) -> Answer<pb::ListRegistryRevisionsResponse> {
        self.registry_revisions(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn get_deadline_rules(
        &self,
        request: Request<pb::GetDeadlineRulesRequest>,
    ) -> Answer<pb::DeadlineRules> {
        let jurisdiction = convert::jurisdiction(&request.get_ref().parent).map_err(to_status)?;
        let (rules, time_zone) = self.app.deadline_rules(&jurisdiction).await.map_err(to_status)?;
        Ok(Response::new(convert::deadline_rules::deadline_rules(rules, time_zone.as_ref())))
    }

    async fn get_body(&self, request: Request<pb::GetBodyRequest>) -> Answer<pb::Body> {
        let name: BodyName = convert::single("name", &request.get_ref().name).map_err(to_status)?;
        let body = self.app.body(&name).await.map_err(to_status)?;
        Ok(Response::new(convert::registry::body(&name.jurisdiction, body)))
    }

    async fn list_bodies(
        &self,
        request: Request<pb::ListBodiesRequest>,
    ) -> Answer<pb::ListBodiesResponse> {
        self.bodies(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn update_body(&self, request: Request<pb::UpdateBodyRequest>) -> Answer<pb::Body> {
        let by = (actor(request.metadata()).map_err(to_status)?, UPDATE_BODY);
        let requested = change::update_body(request.into_inner(), by).map_err(to_status)?;
        let jurisdiction = requested.order.jurisdiction.clone();
        let body = self.app.update_body(requested).await.map_err(to_status)?;
        Ok(Response::new(convert::registry::body(&jurisdiction, body)))
    }

    async fn list_areas(
        &self,
        request: Request<pb::ListAreasRequest>,
    ) -> Answer<pb::ListAreasResponse> {
        self.areas(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn list_coefficients(
        &self,
        request: Request<pb::ListCoefficientsRequest>,
    ) -> Answer<pb::ListCoefficientsResponse> {
        self.coefficients(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn list_categories(
        &self,
        request: Request<pb::ListCategoriesRequest>,
    ) -> Answer<pb::ListCategoriesResponse> {
        self.categories(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn remove_registry_rows(
        &self,
        request: Request<pb::RemoveRegistryRowsRequest>,
    ) -> Answer<pb::RegistryChange> {
        let by = (actor(request.metadata()).map_err(to_status)?, REMOVE_ROWS);
        let requested = change::remove_rows(request.into_inner(), by).map_err(to_status)?;
        let jurisdiction = requested.order.jurisdiction.clone();
        let revised = self.app.remove_registry_rows(requested).await.map_err(to_status)?;
        Ok(Response::new(change::registry_change(&jurisdiction, revised)))
    }

    async fn merge_bodies(
        &self,
        request: Request<pb::MergeBodiesRequest>,
    ) -> Answer<pb::RegistryChange> {
        let by = (actor(request.metadata()).map_err(to_status)?, MERGE_BODIES);
        let requested = change::merge_bodies(request.into_inner(), by).map_err(to_status)?;
        let jurisdiction = requested.order.jurisdiction.clone();
        let revised = self.app.merge_bodies(requested).await.map_err(to_status)?;
        Ok(Response::new(change::registry_change(&jurisdiction, revised)))
    }

    async fn compare_registry_revisions(
        &self,
        request: Request<pb::CompareRegistryRevisionsRequest>,
    ) -> Answer<pb::CompareRegistryRevisionsResponse> {
        self.compare(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn get_work_calendar(
        &self,
        request: Request<pb::GetWorkCalendarRequest>,
    ) -> Answer<pb::WorkCalendar> {
        calendar::get(&self.app, request).await.map(Response::new).map_err(to_status)
    }

    async fn update_work_calendar(
        &self,
        request: Request<pb::UpdateWorkCalendarRequest>,
    ) -> Answer<pb::WorkCalendar> {
        calendar::update(&self.app, request).await.map(Response::new).map_err(to_status)
    }
}

impl RegistryHandlers {
    async fn registry_revisions(
        &self,
        request: pb::ListRegistryRevisionsRequest,
    ) -> Result<pb::ListRegistryRevisionsResponse, Error> {
        let jurisdiction = convert::jurisdiction(&request.parent)?;
        let arguments = ["ListRegistryRevisions", request.parent.as_str()];
        let page = Page::read(request.page_size, &request.page_token, &arguments)?;
        let found = self.app.list_registry_revisions(&jurisdiction, page.after, page.limit());
        let (items, next_page_token) = page.cut(found.await?, |item| item.revision);
        let convert = |item| convert::registry::registry_revision(&jurisdiction, item);
        let registry_revisions = items.iter().map(convert).collect();
        Ok(pb::ListRegistryRevisionsResponse { registry_revisions, next_page_token })
    }

    async fn bodies(
        &self,
        request: pb::ListBodiesRequest,
    ) -> Result<pb::ListBodiesResponse, Error> {
        let jurisdiction = convert::jurisdiction(&request.parent)?;
        let arguments = ["ListBodies", request.parent.as_str()];
        let page = Page::read(request.page_size, &request.page_token, &arguments)?;
        let found = self.app.list_bodies(&jurisdiction, page.after.as_ref(), page.limit());
        let (items, next_page_token) = page.cut(found.await?, |item| {
            (item.current.kind.to_string(), item.current.body_id.to_string())
        });
        let convert = |item| convert::registry::body(&jurisdiction, item);
        let bodies = items.into_iter().map(convert).collect();
        Ok(pb::ListBodiesResponse { bodies, next_page_token })
    }

    async fn categories(
        &self,
        request: pb::ListCategoriesRequest,
    ) -> Result<pb::ListCategoriesResponse, Error> {
        let jurisdiction = convert::jurisdiction(&request.parent)?;
        let arguments = ["ListCategories", request.parent.as_str()];
        let page = Page::read(request.page_size, &request.page_token, &arguments)?;
        let found = self.app.list_categories(&jurisdiction, page.after.as_ref(), page.limit());
        let (items, next_page_token) = page.cut(found.await?, |item| {
            let row = &item.category;
            (row.category_scheme.clone(), row.category_code.clone(), row.valid_from)
        });
        let convert = |item| convert::categories::category(&jurisdiction, item);
        let categories = items.into_iter().map(convert).collect();
        Ok(pb::ListCategoriesResponse { categories, next_page_token })
    }

    /// A page goes on with the revision that the first one found under `current`.
    async fn compare(
        &self,
        request: pb::CompareRegistryRevisionsRequest,
    ) -> Result<pb::CompareRegistryRevisionsResponse, Error> {
        let (before, after) = change::compared(&request)?;
        let arguments = ["CompareRegistryRevisions", &request.before, &request.after];
        let page = Page::read(request.page_size, &request.page_token, &arguments)?;
        let (number, from) = page.after.unwrap_or_default();
        let after = if number > 0 { Some(number) } else { after.revision };
        let limit = page.limit() as usize;
        let revisions = (before.revision.unwrap_or_default(), after);
        let found =
            self.app.compare_registry_revisions(&before.jurisdiction, revisions, (from, limit));
        let (revision, found) = found.await?;
        let size = limit - 1;
        let (rows, next_page_token) = page.cut(found.rows, |_| (revision.revision, from + size));
        let differences = rows.into_iter().map(change::difference).collect();
        Ok(pb::CompareRegistryRevisionsResponse { differences, next_page_token })
    }

    async fn areas(&self, request: pb::ListAreasRequest) -> Result<pb::ListAreasResponse, Error> {
        let jurisdiction = convert::jurisdiction(&request.parent)?;
        let arguments = ["ListAreas", request.parent.as_str()];
        let page = Page::read(request.page_size, &request.page_token, &arguments)?;
        let found = self.app.list_areas(&jurisdiction, page.after.as_ref(), page.limit());
        let (items, next_page_token) =
            page.cut(found.await?, |item| (item.area_code.clone(), item.valid_from.to_string()));
        let convert = |item| convert::registry::area(&jurisdiction, item);
        let areas = items.into_iter().map(convert).collect();
        Ok(pb::ListAreasResponse { areas, next_page_token })
    }

    async fn coefficients(
        &self,
        request: pb::ListCoefficientsRequest,
    ) -> Result<pb::ListCoefficientsResponse, Error> {
        let jurisdiction = convert::jurisdiction(&request.parent)?;
        let arguments = ["ListCoefficients", request.parent.as_str()];
        let page = Page::read(request.page_size, &request.page_token, &arguments)?;
        let found = self.app.list_coefficients(&jurisdiction, page.after.as_ref(), page.limit());
        let (items, next_page_token) = page.cut(found.await?, |item| {
            (item.body_id.to_string(), item.zone.to_string(), item.valid_from.to_string())
        });
        let coefficients = items.into_iter().map(convert::registry::coefficient).collect();
        Ok(pb::ListCoefficientsResponse { coefficients, next_page_token })
    }
}
