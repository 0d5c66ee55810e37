//! The generated code of the public API and its descriptor set.
//!
//! The contract is in `proto/`; this crate adds no type, no conversion and no rule, only the codec
//! that messages go through.

#![expect(
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::too_many_lines,
    reason = "generated code"
)]

pub mod codec;

/// Cases, events, rejects, snapshots and facts.
pub mod cases {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("chengping.cases.v1");
    }
}

/// Registries and rule packs.
pub mod rules {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("chengping.rules.v1");
    }
}

/// Evaluations and scorecards.
pub mod scoring {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("chengping.scoring.v1");
    }
}

/// Bulletins, the ledger, inquiries and district reports.
pub mod publication {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("chengping.publication.v1");
    }
}

/// The log of who read what, which several services have.
pub mod access {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("chengping.access.v1");
    }
}

/// The descriptors of all files, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/chengping_descriptor.bin"));
