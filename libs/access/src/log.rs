use chengping_chassis::identity::{self, Role};
use chengping_chassis::rpc::request_id;
use chengping_types::JurisdictionId;
use sqlx::PgPool;
use uuid::Uuid;

use crate::error::Error;
use crate::extent::Sight;
use crate::store::{self, NewEntry};

/// The log of who read what belongs to single bodies: the table `access_entry` in the schema of a
/// service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AccessLog {
    pub(crate) pool: PgPool,
}

impl AccessLog {
    /// The log in the schema that `pool` sees.
    pub const fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Writes down that the call being handled reads `resource`, and answers once that is kept; to be
    /// called before the answer is given. Who reads by the right of the bodies alone, a service in its
    /// own name, and everybody where nobody is asked who they are leaves no entry.
    ///
    /// # Errors
    ///
    /// If it cannot be written; then nothing must be shown.
    pub async fn note(
        &self,
        sight: &Sight,
        jurisdiction: &JurisdictionId,
        resource: impl ToString,
    ) -> Result<(), Error> {
        let Some(call) = identity::admitted().filter(|_| *sight == Sight::All) else {
            return Ok(());
        };
        let principal = call.principal();
        if principal.roles().iter().all(|role| *role == Role::Service) {
            return Ok(());
        }
        let entry = NewEntry {
            id: Uuid::now_v7(),
            jurisdiction: jurisdiction.as_str(),
            actor: principal.subject(),
            through: principal.through().unwrap_or_default(),
            roles: principal.roles().iter().map(Role::to_string).collect(),
            action: call.method(),
            resource: resource.to_string(),
            request_id: request_id().map(|id| id.to_string()).unwrap_or_default(),
        };
        Ok(store::insert(&self.pool, &entry).await?)
    }
}
