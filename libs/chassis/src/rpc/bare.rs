//! Statuses that tonic makes itself: for messages it cannot read, methods it does not know. They
//! come without details and with its own words, and leave with both as `docs/errors.md` promises.

use std::collections::HashMap;

use http::HeaderMap;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::span::code_name;
use crate::error::{ERROR_DOMAIN, plain_status};

const MESSAGE: &str = "grpc-message";
const STATUS: &str = "grpc-status";
const DETAILS: &str = "grpc-status-details-bin";

/// How tonic's texts begin where a message of the caller cannot be read.
const MALFORMED: [&str; 5] = [
    "failed to decode Protobuf message",
    "protocol error: received message with",
    "Error decompressing",
    "Unexpected EOF decoding stream",
    "Missing request message",
];
const TOO_LARGE: [&str; 3] = [
    "Error, decoded message length too large",
    "Error decompressing: size limit",
    // Of the project's own codec.
    "Error, decoded message has too many elements",
];
const ANSWER_TOO_LARGE: [&str; 2] =
    ["Error, encoded message length too large", "Cannot return body with more than"];
const COMPRESSED: &str = "Content is compressed with";

/// Replaces an error in `headers` (or trailers) that has no details by one that has. Tells whether
/// it says that the server has no such method.
pub(crate) fn explain(headers: &mut HeaderMap) -> bool {
    if headers.contains_key(DETAILS) {
        return false;
    }
    let Some(status) = Status::from_header_map(headers).filter(|it| it.code() != Code::Ok) else {
        return false;
    };
    let explained = explained(&status);
    let mut fresh = HeaderMap::new();
    // A status of our own making fits into headers.
    if explained.add_header(&mut fresh).is_ok() {
        headers.remove(MESSAGE);
        headers.remove(STATUS);
        headers.extend(fresh);
    }
    status.code() == Code::Unimplemented && status.message().is_empty()
}

/// What a client may know of `status`, which has no details.
fn explained(status: &Status) -> Status {
    let text = status.message();
    let is_one_of = |beginnings: &[&str]| beginnings.iter().any(|begin| text.starts_with(begin));
    match status.code() {
        Code::OutOfRange | Code::ResourceExhausted if is_one_of(&TOO_LARGE) => too_large(text),
        Code::OutOfRange | Code::ResourceExhausted if is_one_of(&ANSWER_TOO_LARGE) => plain_status(
            Code::ResourceExhausted,
            "ANSWER_TOO_LARGE",
            "the answer is larger than a message may be; ask for less at a time",
        ),
        Code::Internal if is_one_of(&MALFORMED) => plain_status(
            Code::InvalidArgument,
            "MESSAGE_MALFORMED",
            "the message cannot be read; send what the protos say, with texts in UTF-8",
        ),
        Code::Unimplemented if text.is_empty() => plain_status(
            Code::Unimplemented,
            "METHOD_UNKNOWN",
            "the server has no such method; look at what it has through gRPC reflection",
        ),
        Code::Unimplemented if text.starts_with(COMPRESSED) => plain_status(
            Code::Unimplemented,
            "COMPRESSION_UNKNOWN",
            "the message is compressed in a way that the server does not read; send it plain",
        ),
        Code::Internal | Code::Unknown | Code::DataLoss => {
            tracing::error!(code = ?status.code(), text, "a call failed without a reason");
            plain_status(Code::Internal, "INTERNAL", "internal error")
        }
        // The name of the code says all there is to say.
        code => plain_status(code, code_name(code), text),
    }
}

/// What tonic says of the limit, after these words.
const LIMIT: &str = "the limit is: ";

fn too_large(text: &str) -> Status {
    let limit = text.split_once(LIMIT).map(|(_, limit)| limit);
    let message = match limit {
        Some(limit) => {
            format!("the message is larger than this method takes, {limit}; send less at a time")
        }
        None => "the message is larger than this method takes; send less at a time".to_owned(),
    };
    let metadata: HashMap<_, _> =
        limit.map(|limit| ("limit".to_owned(), limit.to_owned())).into_iter().collect();
    let mut details = ErrorDetails::new();
    details.set_error_info("MESSAGE_TOO_LARGE", ERROR_DOMAIN, metadata);
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(status: &Status) -> (Code, String, String) {
        let mut headers = HeaderMap::new();
        status.add_header(&mut headers).unwrap();
        explain(&mut headers);
        let status = Status::from_header_map(&headers).unwrap();
        let info = status.get_error_details().error_info().cloned();
        let reason = info.map(|info| info.reason).unwrap_or_default();
        (status.code(), reason, status.message().to_owned())
    }

    #[test]
    fn what_nobody_explained_is_internal_and_keeps_its_text_to_itself() {
        let text = "Error encoding: secret";
        for status in [Status::internal(text), Status::unknown(text), Status::data_loss(text)] {
            let expected = (Code::Internal, "INTERNAL".to_owned(), "internal error".to_owned());
            assert_eq!(seen(&status), expected);
        }
    }

    #[test]
    fn a_message_that_is_too_large_learns_the_limit() {
        let text = "Error, decoded message length too large: found 9 bytes, the limit is: 8 bytes";
        let (code, reason, message) = seen(&Status::out_of_range(text));
        assert_eq!((code, &*reason), (Code::ResourceExhausted, "MESSAGE_TOO_LARGE"));
        assert!(message.contains("takes, 8 bytes;"), "{message}");
    }

    #[test]
    fn other_codes_stay_and_are_their_own_reason() {
        let expected =
            (Code::NotFound, "NOT_FOUND".to_owned(), "service not registered".to_owned());
        assert_eq!(seen(&Status::not_found("service not registered")), expected);
    }

    #[test]
    fn a_status_with_details_and_success_stay_as_they_are() {
        let mut headers = HeaderMap::new();
        let own = plain_status(Code::Internal, "DATABASE_FAILED", "internal error");
        own.add_header(&mut headers).unwrap();
        let success = HeaderMap::from_iter([(Status::GRPC_STATUS, "0".parse().unwrap())]);
        for mut headers in [headers, success] {
            let before = headers.clone();
            explain(&mut headers);
            assert_eq!(headers, before);
        }
    }
}
