//! The method sheet.

use super::sheet::{Cell, Sheet};
use crate::words::clean;
use crate::{Bulletin, RenderError, method};

pub(super) fn write(bulletin: &Bulletin, mut sheet: Sheet<'_>) -> Result<(), RenderError> {
    sheet.widths(&[24.0, 30.0, 10.0, 60.0, 12.0, 18.0])?;
    sheet.title(&clean(&bulletin.rules.title.zh))?;
    let text = |text: &str| Cell::Text(text.to_owned());
    let head = |text: &str| Cell::Head(text.to_owned());
    let facts = [
        ("规则包", bulletin.pack.name.to_string()),
        ("修订号", bulletin.pack.revision.to_string()),
        ("摘要", bulletin.pack.digest.to_string()),
        ("评分程序", bulletin.engine.clone()),
    ];
    let settings = method::settings(bulletin);
    for (what, value) in facts.into_iter().chain(settings) {
        sheet.row(vec![head(what), Cell::None, Cell::None, Cell::Text(value)])?;
    }
    for judged in method::judged(bulletin) {
        sheet.row(vec![])?;
        sheet.row(vec![head(&judged.groups)])?;
        let heads = ["指标", "名称", "分值", "公式", "条款", "依据"];
        sheet.row(heads.iter().map(|one| head(one)).collect())?;
        for stream in judged.streams {
            sheet.row(vec![
                head(&stream.name),
                Cell::None,
                Cell::Points(stream.cap),
                text("本类扣分上限"),
                Cell::Text(stream.clause),
            ])?;
            for item in stream.items {
                sheet.row(vec![
                    Cell::Text(item.id),
                    Cell::Text(item.name),
                    Cell::Points(item.points),
                    Cell::Text(item.formula),
                    Cell::Text(item.clause),
                    Cell::Text(item.provenance),
                ])?;
            }
        }
    }
    Ok(())
}
