use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::error::Kind;
use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use serde::de::DeserializeOwned;

use super::{Mistakes, Validate};

/// Well-known variables, and the setting each one stands in for when nothing else sets it.
const FALLBACKS: [(&str, &str); 3] = [
    ("DATABASE_URL", "database.url"),
    ("REDIS_URL", "cache.redis_url"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp_endpoint"),
];

/// The name of the rung of those variables.
const FALLBACK: &str = "the environment";

/// Mistakes are looked for one after another; more than this many are not worth listing.
const MISTAKES_MAX: usize = 64;

/// The environment of a process, or one made up for a test.
pub type Environment = BTreeMap<String, String>;

/// Where settings come from; later rungs win.
///
/// 1. the defaults compiled into the service,
/// 2. `DATABASE_URL`, `REDIS_URL` and `OTEL_EXPORTER_OTLP_ENDPOINT`, where they apply,
/// 3. a TOML file, if one is named,
/// 4. `CHENGPING_<SERVICE>__SECTION__KEY`,
/// 5. flags.
#[derive(Debug, Clone)]
pub struct Ladder {
    prefix: String,
    defaults: &'static str,
    file: Option<PathBuf>,
    environment: Environment,
    flags: Dict,
}

/// Everything that is wrong with the configuration of a service.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The named file cannot be read.
    #[error("cannot read the configuration file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Some settings are wrong; all of them are listed, one per line.
    #[error("the configuration is not valid:\n  {}", .0.join("\n  "))]
    Invalid(Vec<String>),
}

impl Ladder {
    /// The ladder of `service` (as `case-ingestion`), whose `defaults` are TOML, in the
    /// environment of this process.
    pub fn new(service: &str, defaults: &'static str) -> Self {
        let name = service.replace('-', "_").to_ascii_uppercase();
        Self {
            prefix: format!("CHENGPING_{name}__"),
            defaults,
            file: None,
            environment: process_environment(),
            flags: Dict::new(),
        }
    }

    /// Reads `path` between the defaults and the environment; nothing if `None`.
    #[must_use]
    pub fn file(mut self, path: Option<&Path>) -> Self {
        self.file = path.map(Path::to_owned);
        self
    }

    /// Uses `environment` in place of the process's own.
    #[must_use]
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Sets `key` (as `listen.address`) over everything else, if there is a `text`.
    #[must_use]
    pub fn flag(mut self, key: &str, text: Option<impl Into<String>>) -> Self {
        if let Some(text) = text {
            insert(&mut self.flags, key, text.into());
        }
        self
    }

    /// The settings, all of them checked.
    ///
    /// # Errors
    ///
    /// All mistakes of all rungs at once.
    pub fn load<T: DeserializeOwned + Validate>(&self) -> Result<T, ConfigError> {
        let mut mistakes = Mistakes::default();
        let rungs = self.rungs(&mut mistakes)?;
        let config = extract::<T>(rungs, &mut mistakes);
        if let Some(config) = &config {
            config.validate(&mut mistakes);
        }
        match config {
            Some(config) if mistakes.is_empty() => Ok(config),
            _ => Err(ConfigError::Invalid(mistakes.into_found())),
        }
    }

    fn rungs(&self, mistakes: &mut Mistakes) -> Result<Vec<Rung>, ConfigError> {
        let mut rungs = vec![
            Rung::from_toml("the defaults", self.defaults, mistakes),
            Rung { source: FALLBACK.to_owned(), values: self.fallbacks() },
        ];
        if let Some(path) = &self.file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::File { path: path.clone(), source })?;
            rungs.push(Rung::from_toml(&path.display().to_string(), &text, mistakes));
        }
        let source = format!("a variable {}…", self.prefix);
        rungs.push(Rung { source, values: self.own_variables() });
        rungs.push(Rung { source: "the command line".to_owned(), values: self.flags.clone() });
        Ok(rungs)
    }

    fn fallbacks(&self) -> Dict {
        let mut values = Dict::new();
        for (variable, key) in FALLBACKS {
            if let Some(text) = self.environment.get(variable) {
                insert(&mut values, key, text.clone());
            }
        }
        values
    }

    fn own_variables(&self) -> Dict {
        let mut values = Dict::new();
        for (variable, text) in &self.environment {
            if let Some(key) = variable.strip_prefix(&self.prefix) {
                insert(&mut values, &key.to_ascii_lowercase().replace("__", "."), text.clone());
            }
        }
        values
    }
}

/// Reads `T` from all rungs laid over each other.
///
/// A value that does not fit is noted and taken away, so that the next mistake comes to light as
/// well. `None` when there is no value to go on with.
fn extract<T: DeserializeOwned>(mut rungs: Vec<Rung>, mistakes: &mut Mistakes) -> Option<T> {
    for _ in 0..MISTAKES_MAX {
        let all = rungs.iter().fold(Figment::new(), |all, rung| all.merge(rung));
        let error = match all.extract_lossy::<T>() {
            Ok(config) => return Some(config),
            Err(error) => error,
        };
        let key = key_at_fault(&error);
        let rung = rungs.iter_mut().rev().find(|rung| contains(&rung.values, &key));
        let Some(rung) = rung else {
            mistakes.note(format!("{}: {}", key.join("."), error.kind));
            return None;
        };
        remove(&mut rung.values, &key);
        // A well-known variable says nothing about services that have no use for it.
        if rung.source != FALLBACK || !matches!(error.kind, Kind::UnknownField(..)) {
            mistakes.note(format!("{}: {}, in {}", key.join("."), error.kind, rung.source));
        }
    }
    None
}

/// One source of settings.
struct Rung {
    source: String,
    values: Dict,
}

impl Rung {
    fn from_toml(source: &str, text: &str, mistakes: &mut Mistakes) -> Self {
        let values = match Toml::string(text).data() {
            Ok(mut profiles) => profiles.remove(&Profile::Default).unwrap_or_default(),
            Err(error) => {
                mistakes.note(format!("{source} is not TOML: {error}"));
                Dict::new()
            }
        };
        Self { source: source.to_owned(), values }
    }
}

impl Provider for &Rung {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.source.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

fn key_at_fault(error: &figment::Error) -> Vec<String> {
    let mut key = error.path.clone();
    let name = match &error.kind {
        Kind::UnknownField(name, _) => name.as_str(),
        Kind::MissingField(name) => name.as_ref(),
        _ => return key,
    };
    if key.last().is_none_or(|last| last != name) {
        key.push(name.to_owned());
    }
    key
}

fn contains(values: &Dict, key: &[String]) -> bool {
    match key {
        [] => false,
        [last] => values.contains_key(last),
        [first, rest @ ..] => match values.get(first) {
            Some(Value::Dict(_, inner)) => contains(inner, rest),
            _ => false,
        },
    }
}

fn remove(values: &mut Dict, key: &[String]) {
    match key {
        [] => {}
        [last] => {
            values.remove(last);
        }
        [first, rest @ ..] => {
            if let Some(Value::Dict(_, inner)) = values.get_mut(first) {
                remove(inner, rest);
            }
        }
    }
}

fn insert(values: &mut Dict, key: &str, text: String) {
    let Some((section, rest)) = key.split_once('.') else {
        values.insert(key.to_owned(), text.into());
        return;
    };
    let inner = values.entry(section.to_owned()).or_insert_with(|| Dict::new().into());
    if !matches!(inner, Value::Dict(..)) {
        *inner = Dict::new().into();
    }
    if let Value::Dict(_, inner) = inner {
        insert(inner, rest, text);
    }
}

/// The variables of this process; those that are not Unicode cannot be settings.
fn process_environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
