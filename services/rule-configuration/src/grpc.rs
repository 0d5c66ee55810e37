//! Speaks gRPC for [`App`](crate::app::App): converts, delegates, converts back. Decides nothing.

mod audit;
mod calendar;
mod convert;
mod deadlines;
mod distribution;
mod export;
mod import;
mod page;
mod registry;
mod rule_packs;

use tonic::metadata::MetadataMap;

use chengping_chassis::error::FieldErrors;
use chengping_chassis::identity;

pub(crate) use self::registry::RegistryHandlers;
pub(crate) use self::rule_packs::RulePackHandlers;
use crate::error::Error;

/// Who acts, where nobody is asked to prove it.
const ACTOR_HEADER: &str = "x-actor";
/// Who acts when nobody says so.
const ACTOR_DEFAULT: &str = "local";
const ACTOR_BYTES_MAX: usize = 128;

/// Who makes the call: the subject of its token; where no token is asked for, whom a header names.
fn actor(metadata: &MetadataMap) -> Result<String, Error> {
    if let Some(principal) = identity::principal() {
        return Ok(principal.subject().to_owned());
    }
    let Some(value) = metadata.get(ACTOR_HEADER) else { return Ok(ACTOR_DEFAULT.to_owned()) };
    match value.to_str() {
        Ok(actor) if !actor.trim().is_empty() && actor.len() <= ACTOR_BYTES_MAX => {
            Ok(actor.trim().to_owned())
        }
        _ => {
            let mut errors = FieldErrors::default();
            errors.push(ACTOR_HEADER, "must be 1 to 128 visible ASCII characters, or absent");
            Err(Error::Invalid(errors))
        }
    }
}
