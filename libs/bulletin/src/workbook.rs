//! The workbook: a cover, a sheet a group with ranks, the items of every body, and the method.

mod items;
mod method;
mod sheet;

use std::collections::BTreeSet;

use chengping_types::Month;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use crate::group::{Group, Line};
use crate::words::{self, points};
use crate::{Bulletin, FileFormat, RenderError, reported, text, verification};
use sheet::{Cell, Sheet, Styles};

/// Most characters of a sheet's name, as UTF-16.
const NAME_MAX: usize = 31;

pub(crate) fn xlsx(bulletin: &Bulletin) -> Result<Vec<u8>, RenderError> {
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(bulletin)?);
    let mut book = Book { workbook, styles: Styles::new(), names: Names::default(), bulletin };
    cover(bulletin, book.add("封面")?)?;
    for group in &bulletin.groups {
        ranks(group, book.add(&group.name)?)?;
    }
    items::write(&mut book)?;
    if !bulletin.reported.is_empty() {
        reports(bulletin, book.add("区级报送")?)?;
    }
    method::write(bulletin, book.add("评价办法")?)?;
    Ok(book.workbook.save_to_buffer()?)
}

/// A workbook that is being written.
struct Book<'a> {
    workbook: Workbook,
    styles: Styles,
    names: Names,
    bulletin: &'a Bulletin,
}

impl Book<'_> {
    /// The next sheet, under this name or one like it.
    fn add(&mut self, name: &str) -> Result<Sheet<'_>, XlsxError> {
        let worksheet = self.workbook.add_worksheet();
        worksheet.set_name(self.names.take(name))?;
        Sheet::new(worksheet, &self.styles, self.bulletin)
    }
}

/// What the file says of itself; its time is that of the version, so that equal versions are equal
/// files.
fn properties(bulletin: &Bulletin) -> Result<DocProperties, XlsxError> {
    let instant = bulletin.standing.publish_time().unwrap_or(&bulletin.as_of);
    Ok(DocProperties::new()
        .set_title(format!("{}（{}）", bulletin.title(), bulletin.version_text()))
        .set_subject(bulletin.standing_text())
        .set_comment(bulletin.shown_digest())
        .set_creation_datetime(&day(instant, bulletin.month)?))
}

/// The day of an instant, or the first of the month where there is none to be read.
fn day(instant: &str, month: Month) -> Result<ExcelDateTime, XlsxError> {
    let date = instant.get(..10).and_then(|date| ExcelDateTime::parse_from_str(date).ok());
    let first = || {
        let year = u16::try_from(month.year()).unwrap_or_default().max(1900);
        ExcelDateTime::from_ymd(year, u8::try_from(month.month()).unwrap_or(1), 1)
    };
    date.map_or_else(first, Ok)
}

/// Names of sheets, each only once whatever its capitals.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl Names {
    fn take(&mut self, wanted: &str) -> String {
        let unfit = ['[', ']', ':', '*', '?', '/', '\\', '\''];
        let fit: String = wanted.replace(unfit, "·");
        let mut number = 1;
        loop {
            let suffix = if number == 1 { String::new() } else { format!(" {number}") };
            let mut name = fit.clone();
            while name.encode_utf16().count() + suffix.len() > NAME_MAX {
                name.pop();
            }
            name += &suffix;
            if !name.is_empty() && self.0.insert(name.to_lowercase()) {
                return name;
            }
            number += 1;
        }
    }
}

fn cover(bulletin: &Bulletin, mut sheet: Sheet<'_>) -> Result<(), RenderError> {
    sheet.widths(&[16.0, 100.0])?;
    sheet.title(&bulletin.title())?;
    let mut facts =
        vec![("版本", bulletin.version_text()), ("状态", bulletin.standing_text().to_owned())];
    if let Some(instant) = bulletin.standing.publish_time() {
        facts.push(("发布时间", instant.to_owned()));
    }
    if let Some(reason) = &bulletin.reason {
        facts.push(("更正原因", reason.clone()));
    }
    facts.push(("摘要", bulletin.shown_digest()));
    facts.push(("评价结果摘要", bulletin.results_digest.to_string()));
    facts.push(("评价办法", bulletin.pack_text()));
    facts.push(("办法摘要", bulletin.pack.digest.to_string()));
    facts.push(("数据截至", bulletin.as_of.clone()));
    for (what, value) in facts {
        sheet.row(vec![Cell::Head(what.into()), Cell::Text(value)])?;
    }
    sheet.row(vec![])?;
    sheet.row(vec![Cell::Head("核验方法".into())])?;
    for line in verification::paragraphs(bulletin, FileFormat::Xlsx) {
        sheet.row(vec![Cell::None, Cell::Text(line)])?;
    }
    sheet.row(vec![])?;
    sheet.row(vec![Cell::Head("通报".into())])?;
    for paragraph in text::paragraphs(bulletin)? {
        sheet.row(vec![Cell::None, Cell::Text(paragraph.text)])?;
    }
    Ok(())
}

fn ranks(group: &Group, mut sheet: Sheet<'_>) -> Result<(), RenderError> {
    let mut head: Vec<String> =
        ["名次", "并列", "单位编号", "单位", "得分", "等级", "未列名次原因", "应结案数"]
            .map(str::to_owned)
            .into();
    head.extend(group.streams.iter().map(|stream| format!("{}扣分", stream.name)));
    head.extend(["预警项", "遗留未处置", "挂账"].map(str::to_owned));
    let mut widths = vec![7.0, 7.0, 16.0, 30.0, 10.0, 8.0, 14.0, 10.0];
    widths.extend(group.streams.iter().map(|_| 16.0));
    widths.extend([24.0, 11.0, 8.0]);
    sheet.widths(&widths)?;
    sheet.header(&head)?;
    for line in &group.lines {
        sheet.row(of_body(group, line))?;
    }
    Ok(())
}

fn of_body(group: &Group, line: &Line) -> Vec<Cell> {
    let count = |count: u64| Cell::Whole(count.to_string());
    let text = |text: &str| Cell::Text(text.to_owned());
    let mut cells = vec![
        line.rank.map_or(Cell::None, |rank| count(rank.into())),
        text(if line.tied { "并列" } else { "" }),
        text(line.body_id.as_str()),
        text(&line.name),
        line.score.clone().map_or(Cell::None, Cell::Points),
        text(line.grade.as_deref().unwrap_or_default()),
        text(words::state(line.state).unwrap_or_default()),
        line.due.map_or(Cell::None, count),
    ];
    cells.extend(
        line.streams
            .iter()
            .map(|taken| taken.as_ref().map_or(Cell::None, |taken| Cell::Points(points(taken)))),
    );
    let warned = group.items.iter().zip(&line.items).filter(|(_, loss)| loss.is_warned());
    let warned: Vec<_> = warned.map(|(item, _)| item.id.as_str()).collect();
    cells.extend([text(&warned.join("、")), count(line.carried_open), count(line.suspended)]);
    cells
}

fn reports(bulletin: &Bulletin, mut sheet: Sheet<'_>) -> Result<(), RenderError> {
    sheet.widths(&[24.0, 16.0, 30.0, 10.0, 7.0, 24.0])?;
    sheet.header(&reported::HEADS.map(str::to_owned))?;
    for row in &bulletin.reported {
        sheet.row(vec![
            Cell::Text(row.district.clone()),
            Cell::Text(row.body_id.to_string()),
            Cell::Text(row.body.clone()),
            row.score.clone().map_or(Cell::None, Cell::Points),
            row.rank.map_or(Cell::None, |rank| Cell::Whole(rank.to_string())),
            Cell::Text(row.source.clone()),
        ])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_have_names_that_a_workbook_takes() {
        let mut names = Names::default();
        let long = "长".repeat(200);
        for wanted in ["封面", "封面", "a/b", "A/B", &long, &long, "", "'"] {
            rust_xlsxwriter::utility::check_sheet_name(&names.take(wanted)).unwrap();
        }
        assert_eq!(names.0.len(), 8);
    }
}
