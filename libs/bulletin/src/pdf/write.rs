//! Writing what was laid out.

use krilla::color::rgb;
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect, Transform};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};

use super::flow::{Ink, LEFT, Mark, PAGE_HEIGHT, PAGE_WIDTH, Pages, Style, WIDTH};
use super::typeface::{FONT, Typeface};
use crate::{Bulletin, RenderError};

/// How thick bold letters are drawn around, as a share of their size: there is one weight of the font.
const BOLDNESS: f32 = 0.03;

impl Ink {
    fn color(self) -> rgb::Color {
        match self {
            Self::Text => rgb::Color::new(30, 30, 30),
            Self::Faint => rgb::Color::new(110, 110, 110),
            Self::Shade => rgb::Color::new(240, 243, 247),
            Self::Line => rgb::Color::new(200, 205, 212),
            Self::Accent => rgb::Color::new(31, 78, 121),
            Self::Alarm => rgb::Color::new(178, 34, 34),
        }
    }
}

fn failed(what: &str) -> RenderError {
    RenderError::Pdf(what.to_owned())
}

pub(super) fn write(
    bulletin: &Bulletin,
    face: &Typeface,
    pages: &Pages,
) -> Result<Vec<u8>, RenderError> {
    let settings = SerializeSettings { enable_tagging: false, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    document.set_metadata(metadata(bulletin));
    let font = Font::new(FONT.into(), 0).ok_or_else(|| failed("the font is none"))?;
    let pen = Pen { face, font };
    let count = pages.pages.len();
    for (index, marks) in pages.pages.iter().enumerate() {
        let size = PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT);
        let mut page = document.start_page_with(size.ok_or_else(|| failed("no page"))?);
        let mut surface = page.surface();
        if let Some(mark) = bulletin.mark() {
            pen.watermark(&mut surface, mark);
        }
        marks.iter().for_each(|mark| pen.draw(&mut surface, mark));
        pen.frame(&mut surface, bulletin, index + 1, count);
        surface.finish();
        page.finish();
    }
    document.set_outline(outline(pages));
    document.finish().map_err(|error| RenderError::Pdf(error.to_string()))
}

fn metadata(bulletin: &Bulletin) -> Metadata {
    let metadata = Metadata::new()
        .title(format!("{}（{}）", bulletin.title(), bulletin.version_text()))
        .description(format!("{}，{}", bulletin.standing_text(), bulletin.shown_digest()))
        .language("zh-CN".to_owned())
        .creator("chengping".to_owned());
    // The time of the version, so that equal versions are equal files.
    let instant = bulletin.standing.publish_time().unwrap_or(&bulletin.as_of);
    let mut parts = instant.get(..10).unwrap_or_default().split('-');
    let year = parts.next().and_then(|year| year.parse::<u16>().ok());
    let mut part = || parts.next().and_then(|part| part.parse::<u8>().ok());
    match (year, part(), part()) {
        (Some(year), Some(month), Some(day)) => {
            metadata.creation_date(DateTime::new(year).month(month).day(day))
        }
        _ => metadata,
    }
}

fn outline(pages: &Pages) -> Outline {
    let mut outline = Outline::new();
    for (text, page, y) in &pages.outline {
        let place = XyzDestination::new(*page, Point::from_xy(0.0, *y));
        outline.push_child(OutlineNode::new(text.clone(), place));
    }
    outline
}

/// What draws on a page.
struct Pen<'a> {
    face: &'a Typeface,
    font: Font,
}

impl Pen<'_> {
    /// What stands on every page: of which version it is, and its number.
    fn frame(&self, surface: &mut Surface<'_>, bulletin: &Bulletin, number: usize, count: usize) {
        let style = Style::faint(8.0);
        let title = format!("{}　{}", bulletin.title(), bulletin.version_text());
        self.text(surface, (LEFT, 40.0), style, &title);
        if let Some(mark) = bulletin.mark() {
            let style = Style { ink: Ink::Alarm, ..Style::bold(9.0) };
            self.text_to(surface, (LEFT + WIDTH, 40.0), style, mark);
        }
        let bottom = PAGE_HEIGHT - 34.0;
        self.text(surface, (LEFT, bottom), style, &bulletin.short_digest());
        let page = format!("第 {number} 页，共 {count} 页");
        self.text_to(surface, (LEFT + WIDTH, bottom), style, &page);
        for y in [46.0, bottom - 12.0] {
            let points = vec![(LEFT, y), (LEFT + WIDTH, y)];
            self.draw(surface, &Mark::Path { points, width: 0.4, ink: Ink::Line });
        }
    }

    fn watermark(&self, surface: &mut Surface<'_>, text: &str) {
        let style = Style { ink: Ink::Shade, ..Style::bold(84.0) };
        let half = self.face.width(text, style.size) / 2.0;
        let centre = (PAGE_WIDTH / 2.0, PAGE_HEIGHT / 2.0);
        surface.push_transform(&Transform::from_rotate_at(-45.0, centre.0, centre.1));
        self.text(surface, (centre.0 - half, centre.1 + 30.0), style, text);
        surface.pop();
    }

    fn draw(&self, surface: &mut Surface<'_>, mark: &Mark) {
        match mark {
            Mark::Text { x, y, style, text } => self.text(surface, (*x, *y), *style, text),
            Mark::Bar { x, y, width, height, ink } => {
                let Some(rect) = Rect::from_xywh(*x, *y, *width, *height) else { return };
                let mut path = PathBuilder::new();
                path.push_rect(rect);
                surface.set_fill(Some(fill(*ink)));
                surface.set_stroke(None);
                path.finish().iter().for_each(|path| surface.draw_path(path));
            }
            Mark::Path { points, width, ink } => {
                let mut path = PathBuilder::new();
                for (place, (x, y)) in points.iter().enumerate() {
                    if place == 0 {
                        path.move_to(*x, *y);
                    } else {
                        path.line_to(*x, *y);
                    }
                }
                surface.set_fill(None);
                surface.set_stroke(Some(stroke(*ink, *width)));
                path.finish().iter().for_each(|path| surface.draw_path(path));
            }
        }
    }

    fn text_to(&self, surface: &mut Surface<'_>, (x, y): (f32, f32), style: Style, text: &str) {
        self.text(surface, (x - self.face.width(text, style.size), y), style, text);
    }

    fn text(&self, surface: &mut Surface<'_>, (x, y): (f32, f32), style: Style, text: &str) {
        if text.is_empty() {
            return;
        }
        let glyph = |(place, char): (usize, char)| {
            let glyph = self.face.glyph(char);
            let range = place..place + char.len_utf8();
            let advance = self.face.advance(glyph);
            KrillaGlyph::new(GlyphId::new(glyph), advance, 0.0, 0.0, 0.0, range, None)
        };
        let glyphs: Vec<_> = text.char_indices().map(glyph).collect();
        surface.set_fill(Some(fill(style.ink)));
        let bold = style.bold.then(|| stroke(style.ink, style.size * BOLDNESS));
        surface.set_stroke(bold);
        let font = self.font.clone();
        surface.draw_glyphs(Point::from_xy(x, y), &glyphs, font, text, style.size, false);
    }
}

fn fill(ink: Ink) -> Fill {
    Fill { paint: ink.color().into(), opacity: NormalizedF32::ONE, rule: Default::default() }
}

fn stroke(ink: Ink, width: f32) -> Stroke {
    Stroke { paint: ink.color().into(), width, ..Stroke::default() }
}
