//! The interchange files: read, checked, written, mapped from other tables, and generated.
//!
//! Everything streams: no more than one row is in memory, however large a file is. A row that
//! cannot be taken becomes a [`Reject`] with its file, row and line, and reading goes on; only a
//! file that says in its header that it is something else is refused as a whole ([`FileError`]).
//!
//! ```no_run
//! use chengping_interchange::{Reader, Record};
//!
//! let reader = Reader::open("events.csv.gz".as_ref())?;
//! for entry in reader {
//!     match entry {
//!         Ok(entry) => println!("row {}: {:?}", entry.row, entry.record),
//!         Err(reject) => eprintln!("{reject}"),
//!     }
//! }
//! # Ok::<(), chengping_interchange::FileError>(())
//! ```
//!
//! What needs to know other rows (`conflict`, `unknown_body`, `unknown_case`) is found by the
//! services that hold them; the codes are here ([`code`]).

pub mod code;
mod decode;
mod encoding;
pub mod generate;
mod kind;
pub mod mapping;
mod reader;
mod record;
mod reject;
mod serial;
mod source;
mod write;

pub use encoding::{Encoding, UnknownEncoding};
pub use kind::FileKind;
pub use reader::{ColumnProblem, Entry, FileError, Format, Reader, damage, replay};
pub use record::Record;
pub use reject::Reject;
pub use source::Progress;
pub use write::{Writer, payload};
