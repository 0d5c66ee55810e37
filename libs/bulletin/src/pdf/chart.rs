//! Charts. Floats are for places on paper only; the numbers beside are those of the results.

use chengping_types::Exact;

use super::flow::{Flow, Ink, LEFT, Mark, Style, WIDTH};
use super::lines::fit;
use crate::words::points;

const LABEL: f32 = 130.0;
const VALUE: f32 = 44.0;
const ROW: f32 = 13.0;
const SIZE: f32 = 8.0;
/// Height of a line chart.
const HEIGHT: f32 = 110.0;

/// Where a number lies between two others, from 0 to 1.
fn share(number: &Exact, low: &Exact, high: &Exact) -> f32 {
    let share = (number.clone() - low).checked_div(&(high.clone() - low)).unwrap_or(Exact::ZERO);
    share.to_decimal(4).parse::<f32>().unwrap_or_default().clamp(0.0, 1.0)
}

/// A bar of a chart: what it is of and how long it is; a row without either is left out.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: Exact,
    pub(super) text: String,
}

/// Horizontal bars from zero to `most`; `None` stands for those in between that are not shown.
pub(super) fn bars(flow: &mut Flow<'_>, bars: &[Option<Bar>], most: &Exact) {
    let length = WIDTH - LABEL - VALUE;
    for bar in bars {
        let y = flow.take(ROW);
        let Some(bar) = bar else {
            flow.text(LEFT, y + 9.0, Style::faint(SIZE), "……");
            continue;
        };
        let label = fit(flow.face, &bar.label, SIZE, LABEL - 6.0);
        flow.text_to(LEFT + LABEL - 6.0, y + 9.0, Style::plain(SIZE), &label);
        let width = length * share(&bar.value, &Exact::ZERO, most);
        if width > 0.0 {
            flow.mark(Mark::Bar {
                x: LEFT + LABEL,
                y: y + 2.0,
                width,
                height: ROW - 4.0,
                ink: Ink::Accent,
            });
        }
        flow.text(LEFT + LABEL + width + 4.0, y + 9.0, Style::plain(SIZE), bar.text.as_str());
    }
}

/// A line of a trend.
pub(super) struct Trend {
    pub(super) name: &'static str,
    pub(super) ink: Ink,
    /// From the oldest month on; absent where a month has none.
    pub(super) values: Vec<Option<Exact>>,
}

/// Lines over months, which stand at equal distances.
pub(super) fn trends(flow: &mut Flow<'_>, months: &[String], trends: &[Trend]) {
    let values = || trends.iter().flat_map(|trend| trend.values.iter().flatten());
    let (Some(low), Some(high)) = (values().min(), values().max()) else { return };
    // Room above and below, and something to divide by where all are equal.
    let (low, high) = (low.clone() - &Exact::ONE, high.clone() + &Exact::ONE);
    let top = flow.take(HEIGHT + 24.0);
    let (left, width) = (LEFT + VALUE, WIDTH - VALUE - 10.0);
    for (y, value) in [(top, &high), (top + HEIGHT, &low)] {
        let line = vec![(left, y), (left + width, y)];
        flow.mark(Mark::Path { points: line, width: 0.4, ink: Ink::Line });
        flow.text_to(left - 6.0, y + 3.0, Style::faint(SIZE), &points(value));
    }
    let gaps = months.len().saturating_sub(1).max(1);
    // Few months: the numbers stay small.
    let step = width / f32::from(u8::try_from(gaps).unwrap_or(u8::MAX));
    let places: Vec<f32> = (0..months.len())
        .map(|place| left + step * f32::from(u8::try_from(place).unwrap_or(u8::MAX)))
        .collect();
    for (x, month) in places.iter().zip(months) {
        let half = flow.face.width(month, SIZE) / 2.0;
        flow.text(x - half, top + HEIGHT + 11.0, Style::faint(SIZE), month.as_str());
    }
    let mut legend = left + 6.0;
    for trend in trends {
        let height = |value: &Exact| top + HEIGHT * (1.0 - share(value, &low, &high));
        let mut path = Vec::new();
        for (x, value) in places.iter().zip(&trend.values) {
            match value {
                Some(value) => path.push((*x, height(value))),
                None => draw(flow, std::mem::take(&mut path), trend.ink),
            }
        }
        draw(flow, path, trend.ink);
        flow.mark(Mark::Bar {
            x: legend,
            y: top + HEIGHT + 16.0,
            width: 12.0,
            height: 3.0,
            ink: trend.ink,
        });
        flow.text(legend + 16.0, top + HEIGHT + 21.0, Style::faint(SIZE), trend.name);
        legend += 60.0;
    }
}

/// Lines with a dot at each month.
fn draw(flow: &mut Flow<'_>, path: Vec<(f32, f32)>, ink: Ink) {
    for (x, y) in &path {
        flow.mark(Mark::Bar { x: x - 1.5, y: y - 1.5, width: 3.0, height: 3.0, ink });
    }
    if path.len() > 1 {
        flow.mark(Mark::Path { points: path, width: 1.2, ink });
    }
}
