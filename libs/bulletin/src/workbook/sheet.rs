//! One sheet, written from the top down.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Worksheet, XlsxError};

use crate::Bulletin;

/// Most characters of a cell.
const TEXT_MAX: usize = 32_767;

/// How cells look.
pub(super) struct Styles {
    title: Format,
    head: Format,
    text: Format,
    whole: Format,
    points: Format,
}

impl Styles {
    pub(super) fn new() -> Self {
        let cell = || Format::new().set_align(FormatAlign::Top);
        Self {
            title: cell().set_bold().set_font_size(16.0),
            head: cell()
                .set_bold()
                .set_border_bottom(FormatBorder::Thin)
                .set_background_color(Color::RGB(0x00E8_EEF4)),
            text: cell().set_text_wrap(),
            whole: cell().set_num_format("0"),
            points: cell().set_num_format("0.00"),
        }
    }
}

/// What stands in a cell. Numbers come as their decimals.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    None,
    Head(String),
    Text(String),
    Whole(String),
    /// With two decimals.
    Points(String),
}

/// A sheet and the row that is written next.
pub(super) struct Sheet<'a> {
    worksheet: &'a mut Worksheet,
    styles: &'a Styles,
    next: u32,
}

impl<'a> Sheet<'a> {
    /// Begins a sheet; each page of it carries version and digest.
    pub(super) fn new(
        worksheet: &'a mut Worksheet,
        styles: &'a Styles,
        bulletin: &Bulletin,
    ) -> Result<Self, XlsxError> {
        let mark = bulletin.mark().map(|mark| format!("　{mark}")).unwrap_or_default();
        // A9: the size of paper.
        worksheet.set_paper_size(9).set_landscape().set_print_fit_to_pages(1, 0);
        worksheet.set_header(format!("&L{} {}{mark}", bulletin.title(), bulletin.version_text()));
        worksheet.set_footer(format!("&L{}&R&P/&N", bulletin.short_digest()));
        Ok(Self { worksheet, styles, next: 0 })
    }

    pub(super) fn widths(&mut self, widths: &[f64]) -> Result<(), XlsxError> {
        for (column, width) in (0..).zip(widths) {
            self.worksheet.set_column_width(column, *width)?;
        }
        Ok(())
    }

    pub(super) fn title(&mut self, title: &str) -> Result<(), XlsxError> {
        self.worksheet.write_string_with_format(self.next, 0, title, &self.styles.title)?;
        self.next += 1;
        Ok(())
    }

    /// The head of a table, which stays in sight and on every page.
    pub(super) fn header(&mut self, heads: &[String]) -> Result<(), XlsxError> {
        self.row(heads.iter().cloned().map(Cell::Head).collect())?;
        self.worksheet.set_freeze_panes(self.next, 0)?;
        self.worksheet.set_repeat_rows(self.next - 1, self.next - 1)?;
        Ok(())
    }

    pub(super) fn row(&mut self, cells: Vec<Cell>) -> Result<(), XlsxError> {
        for (column, cell) in (0..).zip(cells) {
            let (worksheet, styles, row) = (&mut *self.worksheet, self.styles, self.next);
            match cell {
                Cell::None => {}
                Cell::Head(text) => {
                    worksheet.write_string_with_format(row, column, cut(text), &styles.head)?;
                }
                Cell::Text(text) if text.is_empty() => {}
                Cell::Text(text) => {
                    worksheet.write_string_with_format(row, column, cut(text), &styles.text)?;
                }
                Cell::Whole(number) => {
                    number_or_text(worksheet, (row, column), number, &styles.whole)?
                }
                Cell::Points(number) => {
                    number_or_text(worksheet, (row, column), number, &styles.points)?
                }
            }
        }
        self.next += 1;
        Ok(())
    }
}

/// A decimal becomes the number that a workbook has for it; what would not come back as it was stays a
/// text.
fn number_or_text(
    worksheet: &mut Worksheet,
    (row, column): (u32, u16),
    decimal: String,
    style: &Format,
) -> Result<(), XlsxError> {
    let places = decimal.split_once('.').map_or(0, |(_, places)| places.len());
    match decimal.parse::<f64>() {
        Ok(number) if format!("{number:.places$}") == decimal => {
            worksheet.write_number_with_format(row, column, number, style)?;
        }
        _ => {
            worksheet.write_string_with_format(row, column, decimal, style)?;
        }
    }
    Ok(())
}

/// No cell holds more; only names from outside are as long.
fn cut(text: String) -> String {
    if text.encode_utf16().count() <= TEXT_MAX {
        return text;
    }
    let mut rest = TEXT_MAX - 1;
    let fits = |c: &char| {
        let fits = rest >= c.len_utf16();
        rest = rest.saturating_sub(c.len_utf16());
        fits
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.push('…');
    cut
}
