//! What the four services need in a database.

use anyhow::Context as _;
use chengping_chassis::config::Secret;
use chengping_chassis::postgres::{Provision, migrate, provision, provision_roles};
use sqlx::migrate::Migrator;

/// The schema of a service.
pub struct Schema {
    /// The name in the prefix of its settings, such as `cases`.
    pub service: &'static str,
    /// Its name, and that of the role that the service logs in as.
    pub schema: &'static str,
    migrator: &'static Migrator,
}

/// The schemas of all four services.
pub static ALL: [Schema; 4] = [
    Schema {
        service: "rules",
        schema: chengping_rule_configuration::SCHEMA,
        migrator: &chengping_rule_configuration::MIGRATOR,
    },
    Schema {
        service: "cases",
        schema: chengping_case_ingestion::SCHEMA,
        migrator: &chengping_case_ingestion::MIGRATOR,
    },
    Schema {
        service: "scoring",
        schema: chengping_scoring_service::SCHEMA,
        migrator: &chengping_scoring_service::MIGRATOR,
    },
    Schema {
        service: "publication",
        schema: chengping_result_publication::SCHEMA,
        migrator: &chengping_result_publication::MIGRATOR,
    },
];

/// The names of all four.
pub fn names() -> [&'static str; 4] {
    ALL.each_ref().map(|schema| schema.schema)
}

impl Schema {
    /// Whether this release knows a migration by its version.
    pub fn knows(&self, migration: i64) -> bool {
        self.migrator.iter().any(|known| known.version == migration)
    }

    /// Creates the roles that a dump of the schema takes for granted.
    ///
    /// # Errors
    ///
    /// When the database cannot be used, or may not be changed.
    pub async fn prepare_roles(&self, admin_url: &str) -> anyhow::Result<()> {
        let context = || format!("cannot create the roles of the schema {}", self.schema);
        let what = Provision::new(self.schema, self.schema).with_context(context)?;
        provision_roles(admin_url, &what).await.with_context(context)
    }

    /// The variable that holds the password of its role.
    pub fn password_variable(&self) -> String {
        format!("CHENGPING_{}_PASSWORD", self.service.to_ascii_uppercase())
    }

    /// Creates the role and the schema where they are missing, and applies the migrations that
    /// are.
    ///
    /// # Errors
    ///
    /// When the database cannot be used, may not be changed, or a migration fails.
    pub async fn prepare(&self, admin_url: &str, password: Option<&str>) -> anyhow::Result<()> {
        let context = || format!("cannot prepare the schema {}", self.schema);
        let mut what = Provision::new(self.schema, self.schema).with_context(context)?;
        if let Some(password) = password {
            what = what.password(Secret::new(password.to_owned()));
        }
        provision(admin_url, &what).await.with_context(context)?;
        migrate(admin_url, self.schema, self.migrator).await.with_context(context)
    }
}
