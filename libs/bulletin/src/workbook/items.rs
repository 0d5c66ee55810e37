//! The items of every body, a row each.

use rust_xlsxwriter::XlsxError;

use super::Book;
use super::sheet::{Cell, Sheet};
use crate::RenderError;
use crate::group::{Group, Line, Loss};
use crate::words::points;

/// Most rows of a sheet, less than a workbook can hold.
const ROWS_MAX: usize = 1_000_000;

pub(super) fn write(book: &mut Book<'_>) -> Result<(), RenderError> {
    let bulletin = book.bulletin;
    let lines =
        bulletin.groups.iter().flat_map(|group| group.lines.iter().map(move |line| (group, line)));
    let all = lines.flat_map(|(group, line)| {
        let losses = line.items.iter().enumerate().filter(|(_, loss)| **loss != Loss::Absent);
        losses.map(move |(place, loss)| row(group, line, place, loss))
    });
    let mut rows = all.peekable();
    loop {
        let mut sheet = begin(book.add("指标明细")?)?;
        for cells in rows.by_ref().take(ROWS_MAX) {
            sheet.row(cells)?;
        }
        if rows.peek().is_none() {
            return Ok(());
        }
    }
}

fn begin(mut sheet: Sheet<'_>) -> Result<Sheet<'_>, XlsxError> {
    sheet.widths(&[24.0, 16.0, 30.0, 18.0, 10.0, 36.0, 10.0, 10.0, 8.0, 10.0])?;
    let heads =
        ["组别", "单位编号", "单位", "分类", "指标", "指标名称", "分值", "扣分", "预警", "说明"];
    sheet.header(&heads.map(str::to_owned))?;
    Ok(sheet)
}

fn row(group: &Group, line: &Line, place: usize, loss: &Loss) -> Vec<Cell> {
    let item = &group.items[place];
    let (taken, warned, note) = match loss {
        Loss::Points { points: taken, warned } => (Cell::Points(points(taken)), *warned, ""),
        _ => (Cell::None, false, "不适用"),
    };
    vec![
        Cell::Text(group.name.clone()),
        Cell::Text(line.body_id.to_string()),
        Cell::Text(line.name.clone()),
        Cell::Text(group.streams[item.stream].name.clone()),
        Cell::Text(item.id.clone()),
        Cell::Text(item.name.clone()),
        Cell::Points(points(&item.points)),
        taken,
        Cell::Text(if warned { "预警" } else { "" }.to_owned()),
        Cell::Text(note.to_owned()),
    ]
}
