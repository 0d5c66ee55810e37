//! The way of a request from its bytes to what the use cases are given, without a server: for
//! fuzzing.

use chengping_proto::cases::v1 as pb;
use chengping_proto::codec;
use chengping_types::name::{CaseName, JurisdictionName};

use super::convert::{Timelines, correction, dismissal, listing, named, new_rejects, parent, rows};
use super::intake::Message;
use crate::domain::RejectName;

/// What becomes of the bytes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probed {
    /// They are no message of the method.
    NoMessage,
    /// The request is refused.
    Refused,
    /// It would be done; some of its records may be set aside.
    Taken,
}

/// The methods of `CaseService` and `RejectService` that take a request which has to be read.
pub const METHODS: [&str; 15] = [
    "BatchCreateCases",
    "BatchCreateEvents",
    "UploadCases",
    "UploadEvents",
    "StreamCases",
    "StreamEvents",
    "GetCase",
    "ListCases",
    "ListEvents",
    "GetTimeline",
    "BatchCreateRejects",
    "GetReject",
    "ListRejects",
    "ReplayReject",
    "DismissReject",
];

/// Reads the bytes of a request as the server would; `None` for a method that is none of
/// [`METHODS`].
pub fn probe(method: &str, bytes: &[u8]) -> Option<Probed> {
    Some(match method {
        "BatchCreateCases" => batch::<pb::BatchCreateCasesRequest>(bytes),
        "BatchCreateEvents" => batch::<pb::BatchCreateEventsRequest>(bytes),
        "UploadCases" => batch::<pb::UploadCasesRequest>(bytes),
        "UploadEvents" => batch::<pb::UploadEventsRequest>(bytes),
        "StreamCases" => batch::<pb::StreamCasesRequest>(bytes),
        "StreamEvents" => batch::<pb::StreamEventsRequest>(bytes),
        "GetCase" => read(bytes, |it: pb::GetCaseRequest| named::<CaseName>(&it.name).is_ok()),
        "ListCases" => {
            read(bytes, |it: pb::ListCasesRequest| parent::<JurisdictionName>(&it.parent).is_ok())
        }
        "ListEvents" => {
            read(bytes, |it: pb::ListEventsRequest| parent::<CaseName>(&it.parent).is_ok())
        }
        "GetTimeline" => read(bytes, |it: pb::GetTimelineRequest| Timelines::try_from(it).is_ok()),
        "BatchCreateRejects" => read(bytes, |it| new_rejects(it).is_ok()),
        "GetReject" => {
            read(bytes, |it: pb::GetRejectRequest| named::<RejectName>(&it.name).is_ok())
        }
        "ListRejects" => read(bytes, |it| listing(&it).is_ok()),
        "ReplayReject" => read(bytes, |it| correction(it).is_ok()),
        "DismissReject" => read(bytes, |it| dismissal(&it).is_ok()),
        _ => return None,
    })
}

fn batch<M: Message + Default>(bytes: &[u8]) -> Probed {
    read(bytes, |message: M| {
        let parent = message.parent().to_owned();
        rows(&parent, message.into_records()).is_ok()
    })
}

fn read<M: prost::Message + Default>(bytes: &[u8], take: impl FnOnce(M) -> bool) -> Probed {
    if codec::check(bytes).is_err() {
        return Probed::Refused;
    }
    match M::decode(bytes) {
        Err(_) => Probed::NoMessage,
        Ok(message) => {
            if take(message) {
                Probed::Taken
            } else {
                Probed::Refused
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message as _;

    use super::*;

    fn event() -> pb::Event {
        pb::Event {
            case_no: "C1".to_owned(),
            event_no: 1,
            event_time: Some(prost_types::Timestamp { seconds: 1_522_512_000, nanos: 0 }),
            kind: pb::EventKind::Reported.into(),
            ..pb::Event::default()
        }
    }

    fn request() -> Vec<u8> {
        let position = pb::Position { file: "events.csv".to_owned(), row: 2, line: 2 };
        let record = pb::EventRecord { event: Some(event()), position: Some(position) };
        let parent = "jurisdictions/zz".to_owned();
        pb::StreamEventsRequest { parent, batch: 1, records: vec![record; 3] }.encode_to_vec()
    }

    #[test]
    fn every_method_reads_a_request_of_its_own() {
        assert_eq!(probe("StreamEvents", &request()), Some(Probed::Taken));
        assert_eq!(probe("StreamEvents", b"\xff"), Some(Probed::NoMessage));
        for method in METHODS {
            assert_eq!(probe(method, b""), Some(Probed::Refused), "{method} needs to be told more");
        }
        assert_eq!(probe("Nothing", b""), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_request_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            method in prop::sample::select(METHODS.to_vec()),
        ) {
            prop_assert!(probe(method, &bytes).is_some());
        }

        #[test]
        fn no_change_of_a_request_makes_it_panic(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            cut in any::<prop::sample::Index>(),
            method in prop::sample::select(METHODS.to_vec()),
        ) {
            let mut bytes = request();
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            prop_assert!(probe(method, &bytes).is_some());
            bytes.truncate(cut.index(bytes.len()));
            prop_assert!(probe(method, &bytes).is_some());
        }
    }
}
