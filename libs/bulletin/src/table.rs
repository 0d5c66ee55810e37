//! The public lines as comma-separated values.

use crate::group::{Group, Line};
use crate::words::{self, points};
use crate::{Bulletin, RenderError, verification};

/// Without it Excel takes the text for one in the encoding of the machine.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// One line a body. The columns behind the streams say in each line of which version it is, since
/// lines are copied without their file.
pub(crate) fn csv(bulletin: &Bulletin) -> Result<Vec<u8>, RenderError> {
    let mut bytes = BYTE_ORDER_MARK.as_bytes().to_vec();
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut bytes);
    let streams = streams(bulletin);
    let first = ["组别", "名次", "并列", "单位编号", "单位", "得分", "等级", "未列名次原因"];
    let last = ["月份", "版本", "状态", "摘要", "核验"];
    let heads = streams.iter().map(|(_, name)| format!("{name}扣分"));
    let header: Vec<_> = first
        .iter()
        .map(|head| (*head).to_owned())
        .chain(heads)
        .chain(last.iter().map(|head| (*head).to_owned()))
        .collect();
    writer.write_record(header.iter().map(|head| guarded(head)))?;
    let version = [
        bulletin.month.to_string(),
        bulletin.version.to_string(),
        bulletin.standing_text().to_owned(),
        bulletin.shown_digest(),
        verification::command(bulletin).unwrap_or_default(),
    ];
    for group in &bulletin.groups {
        for line in &group.lines {
            let record = of_body(group, line);
            let losses = streams.iter().map(|(id, _)| loss(group, line, id));
            let record = record.into_iter().chain(losses).chain(version.iter().cloned());
            writer.write_record(record)?;
        }
    }
    writer.flush().map_err(csv::Error::from)?;
    drop(writer);
    Ok(bytes)
}

/// The streams of all groups, each ID once; where groups call one differently, all its names.
fn streams(bulletin: &Bulletin) -> Vec<(String, String)> {
    let mut streams: Vec<(String, Vec<String>)> = Vec::new();
    for head in bulletin.groups.iter().flat_map(|group| &group.streams) {
        match streams.iter_mut().find(|(id, _)| *id == head.id) {
            Some((_, names)) if names.contains(&head.name) => {}
            Some((_, names)) => names.push(head.name.clone()),
            None => streams.push((head.id.clone(), vec![head.name.clone()])),
        }
    }
    streams.into_iter().map(|(id, names)| (id, names.join("/"))).collect()
}

fn of_body(group: &Group, line: &Line) -> Vec<String> {
    let tied = if line.tied { "并列" } else { "" };
    vec![
        guarded(&group.name),
        line.rank.map(|rank| rank.to_string()).unwrap_or_default(),
        tied.to_owned(),
        guarded(line.body_id.as_str()),
        guarded(&line.name),
        line.score.clone().unwrap_or_default(),
        guarded(line.grade.as_deref().unwrap_or_default()),
        words::state(line.state).unwrap_or_default().to_owned(),
    ]
}

/// What a stream took; the same ID may be there once for each kind of post.
fn loss(group: &Group, line: &Line, id: &str) -> String {
    let streams = group.streams.iter().zip(&line.streams);
    let mut taken =
        streams.filter(|(stream, _)| stream.id == id).filter_map(|(_, taken)| taken.as_ref());
    taken.next().map(points).unwrap_or_default()
}

/// A text that a spreadsheet takes for a text: what begins like a formula gets an apostrophe before.
/// Numbers go without: they were read as such.
fn guarded(text: &str) -> String {
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_a_text() {
        for text in ["=1+1", "+86", "-2", "@SUM(A1)", " =1", "＝1"] {
            assert_eq!(guarded(text), format!("'{text}"));
        }
        assert_eq!(guarded("中原区"), "中原区");
    }
}
