//! A registry in messages that every client takes.

use std::iter::Peekable;

use chengping_proto::rules::v1 as pb;
use prost::Message as _;
use tonic::Status;

/// Rows that one message carries.
const ROWS_MAX: usize = 5_000;
/// Bytes of rows after which a message ends; clients refuse messages over 4 MiB by default.
const BYTES_MAX: usize = 2 << 20;

/// The messages of an export: the first has the revision, even when there is no row.
pub(super) struct Messages<I: Iterator> {
    revision: Option<pb::RegistryRevision>,
    rows: Peekable<I>,
}

impl<I: Iterator<Item = pb::RegistryRow>> Messages<I> {
    pub(super) fn new(revision: pb::RegistryRevision, rows: I) -> Self {
        Self { revision: Some(revision), rows: rows.peekable() }
    }
}

impl<I: Iterator<Item = pb::RegistryRow>> Iterator for Messages<I> {
    type Item = Result<pb::ExportRegistryResponse, Status>;

    fn next(&mut self) -> Option<Self::Item> {
        let registry_revision = self.revision.take();
        if registry_revision.is_none() && self.rows.peek().is_none() {
            return None;
        }
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < ROWS_MAX && bytes < BYTES_MAX {
            let Some(row) = self.rows.next() else { break };
            bytes += row.encoded_len();
            rows.push(row);
        }
        Some(Ok(pb::ExportRegistryResponse { registry_revision, rows }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported(rows: usize, name_bytes: usize) -> Vec<pb::ExportRegistryResponse> {
        let body = pb::Body { display_name: "n".repeat(name_bytes), ..pb::Body::default() };
        let content = Some(pb::registry_row::Content::Body(body));
        let row = pb::RegistryRow { content, ..pb::RegistryRow::default() };
        let rows = std::iter::repeat_n(row, rows);
        Messages::new(pb::RegistryRevision::default(), rows).map(Result::unwrap).collect()
    }

    #[test]
    fn an_empty_registry_still_tells_its_revision() {
        let messages = exported(0, 0);
        assert_eq!(messages.len(), 1);
        assert!(messages[0].registry_revision.is_some());
    }

    #[test]
    fn no_message_is_larger_than_a_client_takes() {
        for messages in [exported(12_000, 10), exported(6_000, 1024)] {
            assert_eq!(messages.len(), 3);
            assert!(messages.iter().all(|message| message.encoded_len() < 4 << 20));
            assert!(messages[1].registry_revision.is_none());
        }
    }
}
