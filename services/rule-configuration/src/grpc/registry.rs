//! The registry service.

use std::pin::Pin;

use chengping_chassis::error::{FieldErrors, to_status};
use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::registry_service_server::RegistryService;
use chengping_types::name::{BodyName, JurisdictionName};
use futures_util::Stream;
use prost::Message as _;
use tonic::{Request, Response, Status, Streaming};

use super::convert::registry::RegistryRevisionName;
use super::convert::{self, row};
use super::export::Messages;
use super::page::Page;
use super::{actor, calendar};
use crate::app::{App, Import, ROWS_MAX_PER_MESSAGE};
use crate::error::Error;

const IMPORT: &str = "chengping.rules.v1.RegistryService/ImportRegistry";
/// Rows of a whole import, which is taken in in one transaction.
const ROWS_MAX: usize = 500_000;
/// What they may take together: a row of a real registry has some two hundred bytes.
const BYTES_MAX: usize = 256 << 20;

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

/// What the messages of an import add up to.
#[derive(Default)]
struct Gathered {
    parent: Option<JurisdictionName>,
    validate_only: bool,
    rows: Vec<crate::domain::import::Row>,
    bytes: usize,
}

impl Gathered {
    fn add(&mut self, message: pb::ImportRegistryRequest) -> Result<(), Error> {
        let mut errors = FieldErrors::default();
        match &self.parent {
            None => {
                self.parent = errors.parse("parent", &message.parent);
                self.validate_only = message.validate_only;
            }
            Some(parent) if message.parent.is_empty() || message.parent == parent.to_string() => {}
            Some(parent) => errors.push("parent", format!("must stay {parent}, or be empty")),
        }
        if message.rows.len() > ROWS_MAX_PER_MESSAGE {
            errors.push(
                "rows",
                format!("must be at most {ROWS_MAX_PER_MESSAGE}; send more messages"),
            );
        }
        errors.into_result()?;
        self.bytes += message.encoded_len();
        if self.rows.len() + message.rows.len() > ROWS_MAX || self.bytes > BYTES_MAX {
            return Err(Error::ImportTooLarge { rows_max: ROWS_MAX, bytes_max: BYTES_MAX });
        }
        self.rows.extend(message.rows.into_iter().map(row::row));
        Ok(())
    }

    fn finish(self, actor: String) -> Result<Import, Error> {
        let parent = match self.parent {
            Some(parent) => parent,
            None => convert::single("parent", "")?,
        };
        Ok(Import {
            jurisdiction: parent.jurisdiction,
            rows: self.rows,
            validate_only: self.validate_only,
            actor,
            action: IMPORT,
        })
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
        let jurisdiction = import.jurisdiction.clone();
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

    async fn update_body(&self, _: Request<pb::UpdateBodyRequest>) -> Answer<pb::Body> {
        Err(to_status(Error::NotBuilt { method: "UpdateBody" }))
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
        _: Request<pb::ListCategoriesRequest>,
    ) -> Answer<pb::ListCategoriesResponse> {
        Err(to_status(Error::NotBuilt { method: "ListCategories" }))
    }

    async fn remove_registry_rows(
        &self,
        _: Request<pb::RemoveRegistryRowsRequest>,
    ) -> Answer<pb::RegistryChange> {
        Err(to_status(Error::NotBuilt { method: "RemoveRegistryRows" }))
    }

    async fn merge_bodies(&self, _: Request<pb::MergeBodiesRequest>) -> Answer<pb::RegistryChange> {
        Err(to_status(Error::NotBuilt { method: "MergeBodies" }))
    }

    async fn compare_registry_revisions(
        &self,
        _: Request<pb::CompareRegistryRevisionsRequest>,
    ) -> Answer<pb::CompareRegistryRevisionsResponse> {
        Err(to_status(Error::NotBuilt { method: "CompareRegistryRevisions" }))
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
        let (items, next_page_token) = page
            .cut(found.await?, |item| (item.body.kind.to_string(), item.body.body_id.to_string()));
        let convert = |item| convert::registry::body(&jurisdiction, item);
        let bodies = items.into_iter().map(convert).collect();
        Ok(pb::ListBodiesResponse { bodies, next_page_token })
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
