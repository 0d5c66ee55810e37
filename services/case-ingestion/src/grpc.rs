//! Speaks gRPC for [`App`](crate::app::App): converts, delegates, converts back. Decides nothing.

mod archives;
mod cases;
mod convert;
mod intake;
mod rejects;
mod snapshots;

pub(crate) use self::archives::ArchiveHandlers;
pub(crate) use self::cases::CaseHandlers;
pub(crate) use self::rejects::RejectHandlers;
pub(crate) use self::snapshots::SnapshotHandlers;
