//! The states of this service and what may follow what. No input, no output, no clock.

pub(crate) mod audit;
<<<<<<< HEAD
pub(crate) mod calendar;
=======
pub(crate) mod holders;
>>>>>>> distribution
pub(crate) mod import;
pub(crate) mod pack;
pub(crate) mod pointers;
pub(crate) mod registry;
pub(crate) mod review;
