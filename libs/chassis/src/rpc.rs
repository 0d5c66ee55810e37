//! What belongs to one call, on both of its ends: deadline, request ID, who calls, span attributes.

pub(crate) mod bare;
pub(crate) mod body;
pub(crate) mod context;
pub(crate) mod observation;
pub(crate) mod span;

pub use self::context::{
    Deadline, INSTANCE_HEADER, RequestId, SERVICE_HEADER, continued, deadline, named_caller,
    request_id,
};
