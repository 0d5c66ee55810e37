//! The states of this service and what may follow what. No input, no output, no clock.

pub(crate) mod audit;
pub(crate) mod calendar;
pub(crate) mod categories;
pub(crate) mod change;
pub(crate) mod difference;
pub(crate) mod holders;
pub(crate) mod import;
pub(crate) mod pack;
pub(crate) mod pointers;
pub(crate) mod references;
pub(crate) mod registry;
pub(crate) mod request;
pub(crate) mod review;
