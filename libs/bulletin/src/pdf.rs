//! The printable document: A4, in Chinese, with tables and charts, version and digest on every page.
//!
//! First everything is laid out as marks on pages, in the order of reading; then the pages, whose
//! number is known now, are written. The font comes with the program (`font/`), and a file has just
//! those of its glyphs that it prints.

mod chart;
mod flow;
mod lines;
mod sections;
mod table;
mod typeface;
mod write;

use crate::{Bulletin, RenderError};
use flow::Flow;
use typeface::Typeface;

pub(crate) fn pdf(bulletin: &Bulletin) -> Result<Vec<u8>, RenderError> {
    let face = Typeface::embedded();
    let mut flow = Flow::new(&face);
    sections::lay_out(bulletin, &mut flow)?;
    write::write(bulletin, &face, &flow.finish())
}
