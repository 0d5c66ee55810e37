//! Speaks gRPC for [`App`](crate::app::App): converts, delegates, converts back. Decides nothing.

mod access;
mod archives;
mod cases;
mod changes;
mod convert;
mod intake;
mod limits;
mod probe;
mod rejects;
mod snapshots;

pub(crate) use self::access::AccessHandlers;
pub(crate) use self::archives::ArchiveHandlers;
pub(crate) use self::cases::CaseHandlers;
pub use self::probe::{METHODS, Probed, probe};
pub(crate) use self::rejects::RejectHandlers;
pub(crate) use self::snapshots::SnapshotHandlers;
