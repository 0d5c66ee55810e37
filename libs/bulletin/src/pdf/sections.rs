//! What a document holds, in its order.

use super::chart::{Bar, Trend, bars, trends};
use super::flow::{Flow, Ink, LEFT, Style, WIDTH};
use super::lines::wrap;
use super::table::{Column, table};
use crate::group::{Group, Line, Span};
use crate::words::{self, points};
use crate::{Bulletin, FileFormat, RenderError, method, reported, text, verification};

/// Up to how many bodies a chart shows all of.
const BARS_MAX: usize = 40;
/// How many streams a table has columns for; the workbook has all.
const STREAMS_MAX: usize = 5;
const TEXT: Style = Style::plain(10.5);

pub(super) fn lay_out(bulletin: &Bulletin, flow: &mut Flow<'_>) -> Result<(), RenderError> {
    cover(bulletin, flow);
    for paragraph in text::paragraphs(bulletin)? {
        if paragraph.is_heading {
            flow.heading(&paragraph.text, 40.0);
        } else {
            flow.paragraph(&paragraph.text, TEXT, true);
        }
    }
    for group in &bulletin.groups {
        ranks(bulletin, group, flow);
    }
    reports(bulletin, flow);
    history(bulletin, flow);
    rules(bulletin, flow);
    checking(bulletin, flow);
    Ok(())
}

fn cover(bulletin: &Bulletin, flow: &mut Flow<'_>) {
    flow.space(24.0);
    let style = Style::bold(20.0);
    for line in wrap(flow.face, &bulletin.title(), style.size, WIDTH, 0.0) {
        let y = flow.take(32.0);
        let x = LEFT + (WIDTH - flow.face.width(&line, style.size)) / 2.0;
        flow.text(x, y + 22.0, style, line);
    }
    let published = bulletin.standing.publish_time().map(words::day);
    let mut facts = vec![
        ("版本", format!("{}，{}", bulletin.version_text(), bulletin.standing_text())),
        ("发布日期", published.unwrap_or_else(|| "—".to_owned())),
        ("评价办法", bulletin.pack_text()),
        ("数据截至", words::day(&bulletin.as_of)),
        ("摘要", bulletin.shown_digest()),
    ];
    if let Some(reason) = &bulletin.reason {
        facts.push(("更正原因", reason.clone()));
    }
    let columns = [Column::text("项目", 70.0), Column::text("内容", 430.0)];
    table(flow, &columns, facts.into_iter().map(|(what, value)| vec![what.to_owned(), value]));
    flow.space(8.0);
    let columns = [
        Column::text("组别", 180.0),
        Column::number("单位数", 50.0),
        Column::number("列名次", 50.0),
        Column::number("最高分", 55.0),
        Column::number("平均分", 55.0),
        Column::number("最低分", 55.0),
    ];
    table(flow, &columns, bulletin.groups.iter().map(summary));
}

fn summary(group: &Group) -> Vec<String> {
    let (all, ranked) = (group.lines.len().to_string(), group.ranked().len().to_string());
    let scores = spelt(group.span().as_ref());
    [group.name.clone(), all, ranked].into_iter().chain(scores).collect()
}

fn spelt(span: Option<&Span>) -> [String; 3] {
    let of = |of: fn(&Span) -> &chengping_types::Exact| {
        span.map_or("—".to_owned(), |span| points(of(span)))
    };
    [of(|span| &span.best), of(|span| &span.mean), of(|span| &span.worst)]
}

fn ranks(bulletin: &Bulletin, group: &Group, flow: &mut Flow<'_>) {
    flow.heading(&format!("{}：名次和得分", group.name), 60.0);
    let streams = group.streams.iter().take(STREAMS_MAX);
    let mut columns = vec![
        Column::text("名次", 44.0),
        Column::text("单位", 140.0),
        Column::number("得分", 46.0),
        Column::text("等级", 38.0),
    ];
    columns.extend(streams.map(|stream| Column::number(&format!("{}扣分", stream.name), 50.0)));
    columns.push(Column::text("说明", 84.0));
    table(flow, &columns, group.lines.iter().map(|line| of_body(group, line)));
    if group.streams.len() > STREAMS_MAX {
        flow.paragraph("其余各类扣分见工作簿。", Style::faint(8.5), false);
    }
    let ranked = group.ranked();
    if ranked.is_empty() {
        return;
    }
    flow.heading(&format!("{}：得分图", group.name), 80.0);
    let best = ranked.iter().filter_map(Line::exact_score).max().unwrap_or_default();
    let most = best.max(bulletin.rules.scoring.base.value.clone());
    bars(flow, &shown(ranked), &most);
}

/// The bars of all, or of the best and the worst of many.
fn shown(ranked: &[Line]) -> Vec<Option<Bar>> {
    let bar = |line: &Line| {
        let text = line.score.clone().unwrap_or_default();
        let rank = line.rank.unwrap_or_default();
        let value = line.exact_score()?;
        Some(Bar { label: format!("{rank} {}", line.name), value, text })
    };
    if ranked.len() <= BARS_MAX {
        return ranked.iter().map(bar).collect();
    }
    let half = BARS_MAX / 2;
    let (first, last) = (&ranked[..half], &ranked[ranked.len() - half..]);
    first.iter().map(bar).chain([None]).chain(last.iter().map(bar)).collect()
}

fn of_body(group: &Group, line: &Line) -> Vec<String> {
    let rank = line.rank.map_or("—".to_owned(), |rank| rank.to_string());
    let tied = if line.tied { "（并列）" } else { "" };
    let mut cells = vec![
        rank + tied,
        line.name.clone(),
        line.score.clone().unwrap_or_else(|| "—".to_owned()),
        line.grade.clone().unwrap_or_else(|| "—".to_owned()),
    ];
    let taken = line.streams.iter().take(STREAMS_MAX);
    cells.extend(taken.map(|taken| taken.as_ref().map_or("—".to_owned(), points)));
    let warned = group.items.iter().zip(&line.items).filter(|(_, loss)| loss.is_warned());
    let warned: Vec<_> = warned.map(|(item, _)| item.id.as_str()).collect();
    let mut notes: Vec<_> = words::state(line.state).map(str::to_owned).into_iter().collect();
    if !warned.is_empty() {
        notes.push(format!("预警 {}", warned.join("、")));
    }
    cells.push(notes.join("；"));
    cells
}

/// What districts reported, beside the office's own scores.
fn reports(bulletin: &Bulletin, flow: &mut Flow<'_>) {
    if bulletin.reported.is_empty() {
        return;
    }
    flow.heading("各区报送的评价结果", 60.0);
    flow.paragraph("以下为各区按本区办法评价并报送的结果，不计入上列得分。", TEXT, true);
    let [district, body_id, body, score, rank, source] = reported::HEADS;
    let columns = [
        Column::text(district, 90.0),
        Column::text(body_id, 80.0),
        Column::text(body, 130.0),
        Column::number(score, 50.0),
        Column::number(rank, 40.0),
        Column::text(source, 110.0),
    ];
    let nothing = || "—".to_owned();
    let rows = bulletin.reported.iter().map(|row| {
        vec![
            row.district.clone(),
            row.body_id.to_string(),
            row.body.clone(),
            row.score.clone().unwrap_or_else(nothing),
            row.rank.map_or_else(nothing, |rank| rank.to_string()),
            row.source.clone(),
        ]
    });
    table(flow, &columns, rows);
}

/// The scores of the months before, as they were published.
fn history(bulletin: &Bulletin, flow: &mut Flow<'_>) {
    flow.heading("各月得分趋势", 160.0);
    let Some(oldest) = bulletin.former.last().map(crate::Former::month) else {
        flow.paragraph("此前一年没有已发布的月份。", TEXT, true);
        return;
    };
    let count = bulletin.month.since(oldest) + 1;
    let months: Vec<_> = (0..count).map(|after| oldest.plus(after)).collect();
    let names: Vec<_> = months.iter().map(ToString::to_string).collect();
    for group in &bulletin.groups {
        let spans: Vec<_> = months.iter().map(|month| span_of(bulletin, group, *month)).collect();
        if spans.iter().flatten().count() < 2 {
            continue;
        }
        flow.space(6.0);
        if !flow.has_room(200.0) {
            flow.next_page();
        }
        flow.paragraph(&group.name, Style::bold(10.0), false);
        let trend = |name, ink, of: fn(&Span) -> chengping_types::Exact| Trend {
            name,
            ink,
            values: spans.iter().map(|span| span.as_ref().map(|(_, span)| of(span))).collect(),
        };
        let lines = [
            trend("最高分", Ink::Faint, |span| span.best.clone()),
            trend("平均分", Ink::Accent, |span| span.mean.clone()),
            trend("最低分", Ink::Alarm, |span| span.worst.clone()),
        ];
        flow.space(8.0);
        trends(flow, &names, &lines);
        let columns = [
            Column::text("月份", 80.0),
            Column::text("版本", 60.0),
            Column::number("最高分", 60.0),
            Column::number("平均分", 60.0),
            Column::number("最低分", 60.0),
        ];
        let rows = months.iter().zip(&spans).filter_map(|(month, span)| {
            let (version, span) = span.as_ref()?;
            let first = [words::month(*month), format!("第{version}版")];
            Some(first.into_iter().chain(spelt(Some(span))).collect())
        });
        table(flow, &columns, rows);
    }
}

/// The scores of a group in a month, with the version that they are of.
fn span_of(
    bulletin: &Bulletin,
    group: &Group,
    month: chengping_types::Month,
) -> Option<(u32, Span)> {
    if month == bulletin.month {
        return Some((bulletin.version, group.span()?));
    }
    let former = bulletin.former.iter().find(|former| former.month() == month)?;
    Some((former.version(), former.span(&group.id)?.clone()))
}

fn rules(bulletin: &Bulletin, flow: &mut Flow<'_>) {
    flow.heading("评价办法", 60.0);
    let title = format!("{}，摘要 {}。", bulletin.pack_text(), bulletin.pack.digest);
    flow.paragraph(&title, Style::plain(9.0), false);
    let settings = method::settings(bulletin).into_iter();
    let settings: Vec<_> = settings.map(|(what, value)| format!("{what} {value}")).collect();
    flow.paragraph(&format!("{}。", settings.join("，")), Style::plain(9.0), false);
    let columns = [
        Column::text("指标", 40.0),
        Column::text("名称", 110.0),
        Column::number("分值", 40.0),
        Column::text("公式", 220.0),
        Column::text("条款", 40.0),
    ];
    for judged in method::judged(bulletin) {
        flow.space(8.0);
        if !flow.has_room(60.0) {
            flow.next_page();
        }
        flow.paragraph(&judged.groups, Style::bold(10.0), false);
        let rows = judged.streams.into_iter().flat_map(|stream| {
            let limit = "本类扣分上限".to_owned();
            let head = vec![String::new(), stream.name, stream.cap, limit, stream.clause];
            let items = stream
                .items
                .into_iter()
                .map(|item| vec![item.id, item.name, item.points, item.formula, item.clause]);
            std::iter::once(head).chain(items)
        });
        table(flow, &columns, rows);
    }
}

fn checking(bulletin: &Bulletin, flow: &mut Flow<'_>) {
    let missing = flow.missing();
    flow.next_page();
    flow.heading("核验方法", 0.0);
    for line in verification::paragraphs(bulletin, FileFormat::Pdf) {
        flow.paragraph(&line, TEXT, true);
        flow.space(4.0);
    }
    if !missing.is_empty() {
        let codes: Vec<_> =
            missing.iter().map(|char| format!("U+{:04X}", u32::from(*char))).collect();
        let note = "以下字符不在随附字体中，在表中显示为方框，文字本身仍可复制、检索：";
        flow.paragraph(&format!("{note}{}。", codes.join("、")), TEXT, true);
    }
}
