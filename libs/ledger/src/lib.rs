//! Evidence for published results: sealed versions, a Merkle log of them, signed checkpoints, and
//! a verifier that needs no server.
//!
//! # Who claims what to whom
//!
//! - **Claimant**: the evaluation office of a jurisdiction, by the key of its log.
//! - **Statement**: a [sealed version](version), the month's result as bytes, with its place in
//!   the log.
//! - **Claim**: "these are the results of this month; they follow from this input under this rule
//!   pack; they are version *n*, and there is no other version *n*; every earlier version stands
//!   unchanged in the log."
//! - **Believers**: the assessment system, the evaluated bodies, the public.
//! - **Verifier**: anybody with the command line: [`bundle::verify`] for a whole version,
//!   [`receipt::Receipt::verify`] for the line of one body.
//! - **Arbiter**: the leading group and the discipline inspection. Two checkpoints of one log that
//!   are not [consistent](checkpoint::verify_growth) are proof against the office.
//!
//! What is not claimed: that the input is true. Who doubts a case asks the platform that recorded
//! it; the digests in the input pin what was read.
//!
//! A believer needs two things from elsewhere than the office's server: the key of the log, and,
//! to see that nothing was rewritten, some checkpoint kept from before (a witness, who signs only
//! checkpoints that continue the ones it knows, keeps them for everybody).
//!
//! # From a result to its evidence
//!
//! The document of a version is canonical JSON and is hashed as it is. Its [`version::Entry`] (the
//! digest with month, version and the root over the [lines] of the bodies) is the leaf of
//! the [Merkle tree](merkle); the root of the tree stands in the [`checkpoint`], a [`note`] signed
//! by the log.
//!
//! ```
//! use chengping_ledger::bundle::{Bundle, Evidence, verify};
//! use chengping_ledger::checkpoint::{Checkpoint, origin};
//! use chengping_ledger::merkle::TreeHead;
//! use chengping_ledger::note::Signer;
//! use chengping_ledger::version::{Draft, Link, seal};
//! use chengping_types::canonical;
//! use serde_json::json;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let results =
//!     json!({"bodies": {"d01": {"score": "94.26"}}, "jurisdiction": "zz", "month": "2018-04"});
//! let mut log = Vec::new(); // the leaves so far, from the store
//! let sealed = seal(Draft {
//!     jurisdiction: "zz".parse()?,
//!     month: "2018-04".parse()?,
//!     supersedes: None,
//!     reason: None,
//!     publish_time: "2018-05-10T09:00:00+08:00".to_owned(),
//!     chain: Link::after(&log),
//!     results: results.clone(),
//!     input: json!({"tallies": {}}),
//!     reported: Vec::new(),
//! })?;
//! log.push(sealed.entry().leaf());
//!
//! let signer = Signer::new(&origin("pingjia.example", &"zz".parse()?), [7; 32])?;
//! let name = signer.verifier_key().name().to_owned();
//! let checkpoint = Checkpoint::new(&name, TreeHead::of(&log))?.signed_by(&signer);
//!
//! let entries = Evidence::Entries(vec![sealed.entry()]);
//! let file = Bundle::new(&sealed, entries, &checkpoint, vec![signer.verifier_key()]).to_vec();
//!
//! // Elsewhere, with a key that was got from the office by another way:
//! let report = verify(&file, &[signer.verifier_key()], |_input| canonical::to_vec(&results));
//! assert!(report.verified(), "{report}");
//! # Ok(())
//! # }
//! ```
//!
//! The crate is pure: keys, times and bytes are arguments.

pub mod bundle;
pub mod checkpoint;
pub mod difference;
pub mod handover;
pub mod lines;
pub mod merkle;
pub mod note;
pub mod receipt;
pub mod reported;
pub mod version;
pub mod withdrawal;
