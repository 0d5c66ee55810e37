//! The registry as rule-configuration gives it: which bodies there are, and which belong to which.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use chengping_chassis::client::TracedChannel;
use chengping_proto::rules::v1 as rules;
use chengping_proto::rules::v1::registry_row::Content;
use chengping_proto::rules::v1::registry_service_client::RegistryServiceClient;
use chengping_types::JurisdictionId;
use chengping_types::registry::{Area, Body, Coefficient, LongTermEntry, Registry};
use tonic::{Code, Request, Status};

use crate::error::Error;

/// How long rule-configuration may take to answer.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);
/// The largest part of a registry that is read: far more than 10,000 rows.
const MESSAGE_BYTES_MAX: usize = 64 << 20;
/// The head of the registry, in a name.
const CURRENT: &str = "current";

/// The registries as they stand, each kept until there is a newer one. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Registries {
    client: RegistryServiceClient<TracedChannel>,
    known: Arc<Mutex<BTreeMap<JurisdictionId, Known>>>,
}

#[derive(Debug, Clone)]
struct Known {
    revision: i64,
    registry: Arc<Registry>,
}

impl Registries {
    /// Asks the rule-configuration behind `channel`, when there is something to ask.
    pub fn new(channel: TracedChannel) -> Self {
        let client = RegistryServiceClient::new(channel);
        let client = client.max_decoding_message_size(MESSAGE_BYTES_MAX);
        Self { client, known: Arc::default() }
    }

    /// The registry of a jurisdiction as it stands now; an empty one where none was imported yet.
    ///
    /// # Errors
    ///
    /// If rule-configuration does not give it.
    pub async fn current(&self, jurisdiction: &JurisdictionId) -> Result<Arc<Registry>, Error> {
        let name = format!("jurisdictions/{jurisdiction}/registryRevisions/{CURRENT}");
        let request = within(rules::GetRegistryRevisionRequest { name });
        let current = match self.client.clone().get_registry_revision(request).await {
            Ok(current) => current.into_inner(),
            Err(status) if status.code() == Code::NotFound => return Ok(Arc::default()),
            Err(status) => return Err(unavailable(status)),
        };
        if let Some(known) = self.find(jurisdiction)
            && known.revision == current.revision
        {
            return Ok(known.registry);
        }
        let registry = Arc::new(self.export(current.name).await?);
        let known = Known { revision: current.revision, registry: Arc::clone(&registry) };
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(jurisdiction.clone(), known);
        Ok(registry)
    }

    fn find(&self, jurisdiction: &JurisdictionId) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(jurisdiction).cloned()
    }

    async fn export(&self, name: String) -> Result<Registry, Error> {
        let request = within(rules::ExportRegistryRequest { name });
        let parts = self.client.clone().export_registry(request).await.map_err(unavailable)?;
        let (mut parts, mut registry) = (parts.into_inner(), Registry::default());
        while let Some(part) = parts.message().await.map_err(unavailable)? {
            for row in part.rows {
                add_row(&mut registry, row).map_err(Error::RegistryUnreadable)?;
            }
        }
        Ok(registry)
    }
}

fn within<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(TIMEOUT);
    request
}

fn unavailable(status: Status) -> Error {
    Error::Registry(Box::new(status))
}

/// Adds a row of a registry to it.
///
/// # Errors
///
/// What is wrong with the row.
pub fn add_row(registry: &mut Registry, row: rules::RegistryRow) -> Result<(), String> {
    match row.content.ok_or("a registry row without content")? {
        Content::WorkingHours(_)
        | Content::CalendarDay(_)
        | Content::FilingLimit(_)
        | Content::Category(_) => {
            return Err("a registry row that is in no revision".into());
        }
        Content::Body(body) => registry.bodies.push(self::body(body)?),
        Content::Area(area) => registry.areas.push(self::area(area)?),
        Content::Coefficient(row) => registry.coefficients.push(coefficient(row)?),
        Content::LongTerm(entry) => registry.long_term.push(LongTermEntry {
            category_scheme: entry.category_scheme,
            category_code: entry.category_code,
            valid_from: read("valid_from", &entry.valid_from)?,
            valid_to: read_optional("valid_to", &entry.valid_to)?,
            area_code: Some(entry.area_code).filter(|area| !area.is_empty()),
        }),
    }
    Ok(())
}

fn body(body: rules::Body) -> Result<Body, String> {
    Ok(Body {
        body_id: read("body_id", &body.body_id)?,
        kind: word("BODY_KIND_", body.kind().as_str_name())?,
        parent: read_optional("parent_body", &body.parent_body)?,
        valid_from: read("valid_from", &body.valid_from)?,
        valid_to: read_optional("valid_to", &body.valid_to)?,
        name: body.display_name,
        assessment_code: Some(body.assessment_code).filter(|code| !code.is_empty()),
    })
}

fn area(area: rules::Area) -> Result<Area, String> {
    Ok(Area {
        kind: word("AREA_KIND_", area.kind().as_str_name())?,
        district: read_optional("district", &area.district)?,
        subdistrict: read_optional("subdistrict", &area.subdistrict)?,
        window: read_optional("window", &area.window)?,
        zone: word("ZONE_", area.zone().as_str_name())?,
        valid_from: read("valid_from", &area.valid_from)?,
        valid_to: read_optional("valid_to", &area.valid_to)?,
        area_code: area.area_code,
        name: area.display_name,
    })
}

fn coefficient(row: rules::Coefficient) -> Result<Coefficient, String> {
    let population = row.population.map(u32::try_from);
    let grid_class = (row.grid_class != 0).then(|| read("grid_class", &row.grid_class.to_string()));
    Ok(Coefficient {
        body_id: read("body_id", &row.body_id)?,
        zone: word("ZONE_", row.zone().as_str_name())?,
        road_sections: u32::try_from(row.road_sections).map_err(|error| error.to_string())?,
        difficulty: read("difficulty", &row.difficulty)?,
        valid_from: read("valid_from", &row.valid_from)?,
        approved_by: row.approved_by,
        reason: row.reason,
        area_km2: read_optional("area_km2", &row.area_km2)?,
        population: population.transpose().map_err(|error| error.to_string())?,
        grid_class: grid_class.transpose()?,
    })
}

/// Reads a value of a message.
///
/// # Errors
///
/// Which one it is, and what is wrong with it.
pub fn read<T: FromStr<Err: Display>>(what: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("{what}: {error}"))
}

/// As [`read`], for a value that may be left empty.
///
/// # Errors
///
/// As [`read`].
pub fn read_optional<T: FromStr<Err: Display>>(
    what: &str,
    text: &str,
) -> Result<Option<T>, String> {
    if text.is_empty() { Ok(None) } else { read(what, text).map(Some) }
}

/// Reads a value that is an enum of a message: its name there, without `prefix`, in small letters.
///
/// # Errors
///
/// As [`read`].
pub fn word<T: FromStr<Err: Display>>(prefix: &str, name: &str) -> Result<T, String> {
    let word = name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase();
    read(prefix, &word)
}
