//! What belongs to one call, on both of its ends: deadline, request ID, span attributes.

pub(crate) mod bare;
pub(crate) mod body;
pub(crate) mod context;
pub(crate) mod span;

pub use self::context::{Deadline, RequestId, deadline, request_id};
