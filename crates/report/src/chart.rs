//! Charts as SVG. Positions alone are floating-point numbers: what is read is written by `money`.

use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::{error::Error, escape::cut, money::short};

/// Colours that are told apart in print and by people who see few (Okabe and Ito); the last one is for the rest.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0x9a, 0x9a, 0x9a),
];
/// Names that are told apart by colour; the others are one.
pub(crate) const APART: usize = COLOURS.len() - 1;
const INK: RGBColor = RGBColor(0x33, 0x33, 0x33);
const FAINT: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);
const WIDE: u32 = 760;
const TALL: u32 = 260;
/// A bar and the space below it.
const LINE: u32 = 26;
const FONT: &str = "sans-serif";
/// Letters of a name beside a bar.
const NAME: usize = 30;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A column of a stacked chart.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) label: String,
    /// A part for each name, from below.
    pub(crate) parts: Vec<i128>,
}

/// A horizontal bar.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: i128,
    pub(crate) shown: String,
    /// It is what the others are compared with.
    pub(crate) ours: bool,
}

/// Columns of parts, with a legend where there is more than one name. `unit` is how much one step of the axis counts.
pub(crate) fn columns(columns: &[Column], names: &[String], unit: i128, money: bool) -> Result<String, Error> {
    let most = columns.iter().map(|column| column.parts.iter().map(|part| part.max(&0)).sum::<i128>()).max();
    // Somewhat more than the highest, and never nothing.
    let top = scaled(most.unwrap_or(0).max(1), unit) * 1.08;
    drawn(TALL, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin_top(if names.len() > 1 { 34 } else { 12 })
            .margin_right(10)
            .x_label_area_size(30)
            .y_label_area_size(70)
            .build_cartesian_2d(0.0..columns.len().max(1) as f64, 0.0..top)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(0)
            .y_labels(5)
            .y_label_formatter(&|value: &f64| tick(*value, top, money))
            .light_line_style(TRANSPARENT)
            .bold_line_style(FAINT)
            .axis_style(INK)
            .label_style((FONT, 12, &INK))
            .draw()
            .map_err(failed)?;
        // Labels where they do not run into one another.
        let each = columns.len().div_ceil(15).max(1);
        for (at, column) in columns.iter().enumerate() {
            let (left, mut below) = (at as f64, 0.0);
            for (colour, part) in column.parts.iter().enumerate() {
                let above = below + scaled(*part.max(&0), unit);
                let corners = [(left + 0.15, below), (left + 0.85, above)];
                chart
                    .draw_series([Rectangle::new(corners, colour_of(colour, names.len()).filled())])
                    .map_err(failed)?;
                below = above;
            }
            if at % each == 0 {
                let (x, y) = chart.backend_coord(&(left + 0.5, 0.0));
                area.draw(&Text::new(column.label.clone(), (x, y + 8), style(12, HPos::Center))).map_err(failed)?;
            }
        }
        if names.len() > 1 {
            let step = (WIDE as i32 - 90) / names.len() as i32;
            for (at, name) in names.iter().enumerate() {
                let x = 80 + step * at as i32;
                let square = [(x, 10), (x + 12, 22)];
                area.draw(&Rectangle::new(square, colour_of(at, names.len()).filled())).map_err(failed)?;
                let room = usize::try_from(step / 8).unwrap_or(0).saturating_sub(3);
                area.draw(&Text::new(cut(name, room), (x + 18, 11), style(12, HPos::Left))).map_err(failed)?;
            }
        }
        Ok(())
    })
}

/// Bars below one another, each with its figure.
pub(crate) fn bars(bars: &[Bar]) -> Result<String, Error> {
    let most = bars.iter().map(|bar| bar.value).max().unwrap_or(0).max(1);
    let (left, right) = (220_i32, WIDE as i32 - 110);
    drawn(LINE * bars.len().max(1) as u32 + 8, |area| {
        for (at, bar) in bars.iter().enumerate() {
            let y = 4 + LINE as i32 * at as i32;
            let long = (right - left) as f64 * (bar.value.max(0) as f64 / most as f64);
            let colour = if bar.ours { COLOURS[2] } else { COLOURS[0] };
            let corners = [(left, y + 3), (left + (long.round() as i32).max(1), y + LINE as i32 - 5)];
            area.draw(&Rectangle::new(corners, colour.filled())).map_err(failed)?;
            area.draw(&Text::new(cut(&bar.name, NAME), (left - 8, y + 4), style(13, HPos::Right))).map_err(failed)?;
            area.draw(&Text::new(bar.shown.clone(), (corners[1].0 + 6, y + 4), style(13, HPos::Left)))
                .map_err(failed)?;
        }
        Ok(())
    })
}

fn drawn(tall: u32, draw: impl FnOnce(&Area<'_>) -> Result<(), Error>) -> Result<String, Error> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDE, tall)).into_drawing_area();
        draw(&area)?;
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

fn colour_of(at: usize, names: usize) -> RGBColor {
    // The rest is grey, wherever it stands.
    let at = if names > APART && at + 1 == names { APART } else { at };
    COLOURS[at.min(APART)]
}

fn style(size: u32, side: HPos) -> TextStyle<'static> {
    TextStyle::from((FONT, size).into_font()).color(&INK).pos(Pos::new(side, VPos::Top))
}

fn scaled(value: i128, unit: i128) -> f64 {
    value as f64 / unit.max(1) as f64
}

/// A number at the axis; small ones with the decimals that tell them apart.
fn tick(value: f64, top: f64, money: bool) -> String {
    let number = match top {
        top if top < 1.0 => format!("{value:.3}"),
        top if top < 20.0 => format!("{value:.2}"),
        _ => short(value.round() as i128),
    };
    if money { format!("${number}") } else { number }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Drawing(error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_chart_is_text() {
        let name = "<script>alert(1)</script>&\"'".to_owned();
        let bar = Bar { name: name.clone(), value: 5, shown: name.clone(), ours: false };
        let column = Column { label: name.clone(), parts: vec![1, 2] };
        for svg in [bars(&[bar]).unwrap(), columns(&[column], &[name.clone(), name], 1, true).unwrap()] {
            assert!(!svg.contains("<script") && svg.contains("&lt;script"), "{svg}");
            assert!(svg.trim_start().starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        }
    }

    #[test]
    fn nothing_and_less_than_nothing_can_be_drawn() {
        assert!(columns(&[], &[], 1, false).unwrap().contains("<svg"));
        let bar = |value| Bar { name: String::new(), value, shown: String::new(), ours: true };
        assert!(bars(&[bar(-5), bar(0)]).unwrap().contains("<rect"));
        assert!(columns(&[Column { label: "a".into(), parts: vec![-5] }], &["x".into()], 7, true).is_ok());
    }
}
