//! The details of a status whose values are encoded in the order of their keys, so that two answers
//! that say the same are the same byte by byte: a denial must not differ by what it hides.

use std::collections::BTreeMap;

use prost::Message;
use tonic::{Code, Status};

use super::ERROR_DOMAIN;

/// `google.rpc.ErrorInfo`.
#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(btree_map = "string, string", tag = "3")]
    metadata: BTreeMap<String, String>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// A status with an `ErrorInfo` and nothing else.
pub(super) fn status(
    code: Code,
    message: String,
    reason: &str,
    metadata: BTreeMap<String, String>,
) -> Status {
    let (reason, domain) = (reason.to_owned(), ERROR_DOMAIN.to_owned());
    let info = ErrorInfo { reason, domain, metadata };
    let type_url = "type.googleapis.com/google.rpc.ErrorInfo".to_owned();
    let details = vec![Any { type_url, value: info.encode_to_vec() }];
    let whole = RpcStatus { code: code.into(), message: message.clone(), details };
    Status::with_details(code, message, whole.encode_to_vec().into())
}
