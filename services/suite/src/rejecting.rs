//! Rows that were set aside: told to the server, which keeps them, and to whoever is looking.

use chengping_proto::cases::v1::{BatchCreateRejectsRequest, Reject};
use tonic::Status;

use crate::clients::Clients;
use crate::output::{Align, Table, say};

/// The most that one request takes.
const COUNT_MAX: usize = 1000;
/// What a request holds at most, unless a single row is longer.
const BYTES_MAX: usize = 1 << 20;
/// Rows that are listed; the rest is counted.
const SHOWN_MAX: usize = 20;

/// Has the server keep `rejects`. Those that it keeps already are not kept twice.
///
/// # Errors
///
/// What the server says.
pub async fn keep(clients: &Clients, rejects: Vec<Reject>) -> Result<(), Status> {
    for batch in batches(rejects) {
        let request = BatchCreateRejectsRequest { parent: clients.parent(), rejects: batch };
        clients.rejects().batch_create_rejects(request).await?;
    }
    Ok(())
}

/// Lists the first of `rejects` on standard error.
pub fn show(rejects: &[Reject]) {
    if rejects.is_empty() {
        return;
    }
    let mut table = Table::new(&[
        ("file", Align::Left),
        ("row", Align::Right),
        ("column", Align::Left),
        ("code", Align::Left),
        ("message", Align::Left),
    ]);
    for reject in rejects.iter().take(SHOWN_MAX) {
        let position = reject.position.clone().unwrap_or_default();
        table.row([
            position.file,
            position.row.to_string(),
            reject.column.clone(),
            reject.code.clone(),
            reject.message.clone(),
        ]);
    }
    say(table);
    if rejects.len() > SHOWN_MAX {
        let more = rejects.len() - SHOWN_MAX;
        say(format_args!("and {more} more; see `chengping rejects`"));
    }
}

/// What an evaluation with open rejects has to say: figures without some rows are not the whole
/// truth. `None` where there are none.
pub fn warning(open: i64) -> Option<String> {
    let (rows, are) = match open {
        ..=0 => return None,
        1 => ("1 row".to_owned(), "is"),
        more => (format!("{more} rows"), "are"),
    };
    Some(format!(
        "note: {rows} that {are} set aside and open {are} not in these figures; see `chengping \
         rejects`, correct them and evaluate again, or dismiss them with a reason"
    ))
}

fn batches(rejects: Vec<Reject>) -> Vec<Vec<Reject>> {
    let mut batches: Vec<Vec<Reject>> = Vec::new();
    let mut bytes = 0;
    for reject in rejects {
        let length = reject.payload.len() + reject.accepted_payload.len();
        match batches.last_mut() {
            Some(batch) if batch.len() < COUNT_MAX && bytes + length <= BYTES_MAX => {
                batch.push(reject);
                bytes += length;
            }
            _ => {
                batches.push(vec![reject]);
                bytes = length;
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reject(length: usize) -> Reject {
        Reject { payload: vec![b'x'; length], ..Reject::default() }
    }

    #[test]
    fn open_rejects_are_said_in_words() {
        assert_eq!(warning(0), None);
        assert!(warning(1).unwrap().starts_with("note: 1 row that is set aside"));
        assert!(warning(7).unwrap().starts_with("note: 7 rows that are set aside"));
    }

    #[test]
    fn a_long_row_travels_alone_and_short_ones_together() {
        let lengths = |batches: Vec<Vec<Reject>>| batches.iter().map(Vec::len).collect::<Vec<_>>();
        let long = vec![reject(10), reject(2 << 20), reject(10), reject(10)];
        assert_eq!(lengths(batches(long)), [1, 1, 2]);
        assert_eq!(lengths(batches(vec![reject(1); 1001])), [1000, 1]);
        assert_eq!(lengths(batches(Vec::new())), [0; 0]);
    }
}
