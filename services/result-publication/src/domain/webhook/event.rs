//! What is sent: a CloudEvent 1.0 in structured JSON.

use chengping_ledger::version::EntryKind;
use chengping_types::{JurisdictionId, Month};
use serde::Serialize;

use crate::domain::Publication;
use crate::domain::lines::Line;

/// The media type of a CloudEvent in structured JSON.
pub(crate) const MEDIA_TYPE: &str = "application/cloudevents+json; charset=utf-8";

const PUBLISHED: &str = "chengping.publication.v1.published";
const WITHDRAWN: &str = "chengping.publication.v1.withdrawn";

#[derive(Serialize)]
struct Event<'a> {
    specversion: &'static str,
    id: String,
    source: &'a str,
    r#type: &'static str,
    subject: String,
    time: String,
    datacontenttype: &'static str,
    data: Data<'a>,
}

/// What `chengping watch --format json` prints, too.
#[derive(Serialize)]
struct Data<'a> {
    month: String,
    version: u32,
    name: String,
    reason: &'a str,
    digest: String,
    results_digest: String,
    log_index: u64,
    publish_time: String,
    /// Why and when nothing stands any more; absent where it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawal: Option<Withdrawal<'a>>,
    lines: Vec<DataLine<'a>>,
}

#[derive(Serialize)]
struct Withdrawal<'a> {
    reason: &'a str,
    time: String,
}

#[derive(Serialize)]
struct DataLine<'a> {
    body: &'a str,
    assessment_code: &'a str,
    group: &'a str,
    score: &'a str,
    score_max: &'a str,
    rank: u32,
    tied: bool,
    grade: &'a str,
    not_rated_reason: &'a str,
}

/// The identity of the event that tells of an entry of the log.
pub(crate) fn id(
    jurisdiction: &JurisdictionId,
    month: Month,
    version: u32,
    kind: EntryKind,
) -> String {
    let withdrawn = if kind == EntryKind::Withdrawn { ".withdrawn" } else { "" };
    format!("{jurisdiction}.{month}.{version}{withdrawn}")
}

/// The identity and the bytes of the event that an entry of the log `origin` is told by: the same at
/// every attempt and for every webhook, whatever became of the version since.
pub(crate) fn of(origin: &str, publication: &Publication) -> (String, Vec<u8>) {
    let Publication { version, index, kind, lines, .. } = publication;
    let sealed = version.sealed.as_ref().expect("what is in the log is sealed");
    let name = version.name().to_string();
    let publish_time = sealed.publish_time.to_string();
    let withdrawn = version.withdrawn.as_ref().filter(|_| *kind == EntryKind::Withdrawn);
    let withdrawal =
        withdrawn.map(|it| Withdrawal { reason: &it.reason, time: it.time.to_string() });
    let id = id(&version.jurisdiction, version.month, version.number, *kind);
    let r#type = match kind {
        EntryKind::Published => PUBLISHED,
        EntryKind::Withdrawn => WITHDRAWN,
    };
    let event = Event {
        specversion: "1.0",
        id: id.clone(),
        source: origin,
        r#type,
        subject: name.clone(),
        time: withdrawal.as_ref().map_or_else(|| publish_time.clone(), |it| it.time.clone()),
        datacontenttype: "application/json",
        data: Data {
            month: version.month.to_string(),
            version: version.number,
            name,
            reason: &version.reason,
            digest: sealed.digest.to_string(),
            results_digest: version.results_digest.to_string(),
            log_index: *index,
            publish_time,
            withdrawal,
            lines: lines.iter().map(line).collect(),
        },
    };
    (id, serde_json::to_vec(&event).expect("an event holds texts, numbers and truth values"))
}

fn line(line: &Line) -> DataLine<'_> {
    DataLine {
        body: &line.body_id,
        assessment_code: line.assessment_code.as_deref().unwrap_or_default(),
        group: &line.group,
        score: line.score.as_deref().unwrap_or_default(),
        score_max: &line.score_max,
        rank: line.rank.unwrap_or_default(),
        tied: line.tied,
        grade: line.grade.as_deref().unwrap_or_default(),
        not_rated_reason: line.not_rated_reason.as_deref().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use chengping_types::{Digest, Instant};
    use serde_json::Value;

    use super::*;
    use crate::domain::state::State;
    use crate::domain::{Sealed, Version, Withdrawn};

    #[test]
    fn an_event_says_what_and_where_and_is_the_same_after_a_correction() {
        let sealed = Sealed {
            digest: Digest::of(b"document"),
            log_index: 7,
            publish_time: Instant::from_micros(1_525_000_000_000_000),
        };
        let mut version = Version {
            jurisdiction: "zz".parse().unwrap(),
            month: "2018-04".parse().unwrap(),
            number: 2,
            evaluation: "e1".parse().unwrap(),
            results_digest: Digest::of(b""),
            reason: "an upheld inquiry".to_owned(),
            state: State::Published,
            revision: 1,
            create_time: Instant::from_micros(0),
            sealed: Some(sealed),
            notice: None,
            waive_reason: String::new(),
            withdrawn: None,
            inquiries: Vec::new(),
            touched: Vec::new(),
        };
        let told = |version: &Version, index, kind| {
            let (lines, differences) = (Vec::new(), Vec::new());
            let version = version.clone();
            of("pingjia.example/zz", &Publication { version, index, kind, lines, differences })
        };
        let (id, bytes) = told(&version, 7, EntryKind::Published);
        let event: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!((event["specversion"].as_str(), id.as_str()), (Some("1.0"), "zz.2018-04.2"));
        assert_eq!(event["id"], "zz.2018-04.2");
        assert_eq!(event["source"], "pingjia.example/zz");
        assert_eq!(event["subject"], "jurisdictions/zz/bulletins/2018-04/versions/2");
        assert_eq!(event["data"]["log_index"], 7);
        version.state = State::Withdrawn;
        version.revision = 2;
        let time = Instant::from_micros(1_526_000_000_000_000);
        version.withdrawn = Some(Withdrawn { reason: "computed wrongly".to_owned(), time });
        assert_eq!(told(&version, 7, EntryKind::Published), (id, bytes));

        let (id, bytes) = told(&version, 8, EntryKind::Withdrawn);
        let event: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(id, "zz.2018-04.2.withdrawn");
        assert_eq!(event["type"], WITHDRAWN);
        assert_eq!(event["time"], time.to_string());
        assert_eq!(event["data"]["log_index"], 8);
        assert_eq!(event["data"]["withdrawal"]["reason"], "computed wrongly");
    }
}
