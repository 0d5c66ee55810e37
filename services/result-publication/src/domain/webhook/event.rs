//! What is sent: a CloudEvent 1.0 in structured JSON.

use chengping_types::{JurisdictionId, Month};
use serde::Serialize;

use crate::domain::lines::Line;
use crate::domain::{Sealed, Version};

/// The media type of a CloudEvent in structured JSON.
pub(crate) const MEDIA_TYPE: &str = "application/cloudevents+json; charset=utf-8";

const PUBLISHED: &str = "chengping.publication.v1.published";

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
    lines: Vec<DataLine<'a>>,
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

/// The identity of the event that a version was published, the same at every attempt and for every
/// webhook.
pub(crate) fn id(jurisdiction: &JurisdictionId, month: Month, version: u32) -> String {
    format!("{jurisdiction}.{month}.{version}")
}

/// The event that a version was published in the log `origin`. It holds nothing that changes
/// afterwards, so that the same bytes are sent at every attempt.
pub(crate) fn published(
    origin: &str,
    version: &Version,
    sealed: &Sealed,
    lines: &[Line],
) -> Vec<u8> {
    let name = version.name().to_string();
    let time = sealed.publish_time.to_string();
    let event = Event {
        specversion: "1.0",
        id: id(&version.jurisdiction, version.month, version.number),
        source: origin,
        r#type: PUBLISHED,
        subject: name.clone(),
        time: time.clone(),
        datacontenttype: "application/json",
        data: Data {
            month: version.month.to_string(),
            version: version.number,
            name,
            reason: &version.reason,
            digest: sealed.digest.to_string(),
            results_digest: version.results_digest.to_string(),
            log_index: sealed.log_index,
            publish_time: time,
            lines: lines.iter().map(line).collect(),
        },
    };
    serde_json::to_vec(&event).expect("an event holds texts, numbers and truth values")
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
            sealed: Some(sealed.clone()),
        };
        let bytes = published("pingjia.example/zz", &version, &sealed, &[]);
        let event: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["id"], "zz.2018-04.2");
        assert_eq!(event["source"], "pingjia.example/zz");
        assert_eq!(event["subject"], "jurisdictions/zz/bulletins/2018-04/versions/2");
        assert_eq!(event["data"]["log_index"], 7);
        version.state = State::Corrected;
        version.revision = 2;
        assert_eq!(published("pingjia.example/zz", &version, &sealed, &[]), bytes);
    }
}
