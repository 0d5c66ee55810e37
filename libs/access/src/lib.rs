//! Who sees what belongs to single bodies (regulation 7.1, 7.2, 6.2, 6.6, 6.7, 6.9), and the log of who
//! looked.
//!
//! Which roles may call a method says the table of its service ([`chengping_chassis::identity::Access`]).
//! How far each role then sees says one table for all of them, [`EXTENTS`]; with the bodies that a
//! token names and the registry it gives the [`Sight`] of a call. A service shows nothing of a body
//! but through [`Sight::require`], [`Sight::sees`] and [`AccessLog::note`].

mod detail;
mod error;
mod extent;
mod log;
pub mod registry;
mod service;
mod store;

pub use self::detail::{Detail, Details, assert_details};
pub use self::error::Error;
pub use self::extent::{EXTENTS, Extent, Reach, Sight, extent_of, reach};
pub use self::log::AccessLog;
pub use self::service::list;
