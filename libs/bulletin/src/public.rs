//! The public document: what everybody may see of a version (6.9), as canonical JSON.

use chengping_types::canonical;
use serde_json::{Value, json};

use crate::group::{Group, Line, Loss};
use crate::words::clean;
use crate::{Bulletin, FileFormat, RenderError, reported, text, verification};

/// The format of the public document.
///
/// | field | meaning |
/// |---|---|
/// | `format` | this |
/// | `jurisdiction`, `month`, `version` | of what it is |
/// | `standing` | `draft`, `published` or `withdrawn` |
/// | `digest` | the digest of the sealed version; `null` in a draft |
/// | `results_digest` | the digest of the results document |
/// | `publish_time`, `reason`, `withdraw_reason` | `null` where there is none |
/// | `as_of`, `engine`, `rule_pack` | what was seen, and by which rules it was judged |
/// | `figures` | by ID: `id`, `name`, and `percent` with two decimals, or `null` |
/// | `groups` | in the order of a bulletin: `group`, `name`, `bodies` by rank |
/// | `reported` | what districts reported (6.4), a body each, where the pack publishes it; left out without any |
/// | `compared` | the former months that the text compares with: `month`, `version`, `digest` |
/// | `text` | the text of the bulletin |
/// | `verification` | how to check it, a paragraph each |
pub const PUBLIC_FORMAT: &str = "chengping.bulletin/1";

pub(crate) fn json(bulletin: &Bulletin) -> Result<Vec<u8>, RenderError> {
    let standing = match &bulletin.standing {
        crate::Standing::Draft => "draft",
        crate::Standing::Published { .. } => "published",
        crate::Standing::Withdrawn { .. } => "withdrawn",
    };
    let withdraw_reason = match &bulletin.standing {
        crate::Standing::Withdrawn { reason, .. } => Some(reason),
        _ => None,
    };
    let compared = bulletin.former.iter().map(|former| {
        json!({"month": former.month(), "version": former.version(), "digest": former.digest()})
    });
    let figures = bulletin
        .figures
        .iter()
        .map(|figure| json!({"id": figure.id, "name": figure.name, "percent": figure.percent}));
    let mut document = json!({
        "format": PUBLIC_FORMAT,
        "jurisdiction": bulletin.jurisdiction,
        "month": bulletin.month,
        "version": bulletin.version,
        "standing": standing,
        "digest": bulletin.standing.digest(),
        "results_digest": bulletin.results_digest,
        "publish_time": bulletin.standing.publish_time(),
        "reason": bulletin.reason,
        "withdraw_reason": withdraw_reason,
        "as_of": bulletin.as_of,
        "engine": bulletin.engine,
        "rule_pack": bulletin.pack,
        "figures": figures.collect::<Vec<_>>(),
        "groups": bulletin.groups.iter().map(group).collect::<Vec<_>>(),
        "compared": compared.collect::<Vec<_>>(),
        "text": text::plain(bulletin)?,
        "verification": verification::paragraphs(bulletin, FileFormat::Json),
    });
    if !bulletin.reported.is_empty() {
        document["reported"] = bulletin.reported.iter().map(reported::public).collect();
    }
    Ok(canonical::to_vec(&document)?)
}

fn group(group: &Group) -> Value {
    json!({
        "group": clean(&group.id),
        "name": group.name,
        "bodies": group.lines.iter().map(|line| body(group, line)).collect::<Vec<_>>(),
    })
}

fn body(group: &Group, line: &Line) -> Value {
    let streams = group.streams.iter().zip(&line.streams).filter_map(|(stream, taken)| {
        let deduction = taken.as_ref()?.to_decimal(4);
        Some(json!({"stream": clean(&stream.id), "name": stream.name, "deduction": deduction}))
    });
    let items = group.items.iter().zip(&line.items).filter_map(|(item, loss)| {
        let (deduction, warned) = match loss {
            Loss::Absent => return None,
            Loss::NotApplicable => (None, false),
            Loss::Points { points, warned } => (Some(points.to_decimal(4)), *warned),
        };
        Some(json!({
            "item": clean(&item.id),
            "name": item.name,
            "stream": clean(&group.streams[item.stream].id),
            "points": item.points,
            "deduction": deduction,
            "warned": warned,
        }))
    });
    json!({
        "body_id": line.body_id,
        "name": line.name,
        "assessment_code": line.assessment_code,
        "state": line.state,
        "score": line.score,
        "rank": line.rank,
        "tied": line.tied,
        "grade": line.grade,
        "due": line.due,
        "streams": streams.collect::<Vec<_>>(),
        "items": items.collect::<Vec<_>>(),
        "carried_open": line.carried_open,
        "suspended": line.suspended,
    })
}
