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

use chengping_chassis::identity;

pub(crate) use self::registry::RegistryHandlers;
pub(crate) use self::rule_packs::RulePackHandlers;
use crate::error::Error;

/// Who makes the call.
fn actor(metadata: &MetadataMap) -> Result<String, Error> {
    identity::actor(metadata).map_err(Error::Invalid)
}
