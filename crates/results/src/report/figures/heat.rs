//! Arms against arms as a square of coloured numbers.

use anyhow::Result;
use plotters::prelude::{Color, DrawingBackend, Rectangle};
use plotters::style::RGBColor;

use super::picture::{
    Anchor, Area, Drawn, FAINT_INK, INK, LINE, Line, MARGIN, Picture, TICK, fine, heading, ink_on, ramp, register_font,
    text, text_at, width, wrap,
};
use crate::report::page::{Cell, Column, Table};

/// Height of a cell, and its least width, in shown pixels.
const CELL: (f64, f64) = (34.0, 50.0);
/// Labels above columns are turned if they would make the columns wider.
const WIDEST: f64 = 116.0;
/// Between labels and cells.
const GAP: f64 = 8.0;
/// The colour scale.
const SCALE: (f64, f64) = (180.0, 14.0);
/// A title needs some room, however few arms there are.
const LEAST_WIDTH: f64 = 520.0;

/// The content of the figure. Values go from 0 to 1 and are shown in %.
pub(crate) struct Square {
    pub title: String,
    pub subtitle: String,
    pub arms: Vec<String>,
    /// By row and column.
    pub cells: Vec<Vec<Option<f64>>>,
    /// A row beneath, by column, with its label.
    pub foot: Option<(String, Vec<Option<f64>>)>,
    /// The value of the darkest colour.
    pub most: f64,
    /// The quantity that the colours show.
    pub scale: String,
}

/// A square that is laid out.
pub(crate) struct Heat {
    square: Square,
    head: Vec<Line>,
    caption: Vec<Line>,
    /// Left and top of the first cell.
    from: (f64, f64),
    /// Width of a column.
    column: f64,
    turned: bool,
    size: (f64, f64),
}

impl Heat {
    /// # Errors
    /// If the font, by which text is measured, cannot be read.
    pub fn of(square: Square) -> Result<Self> {
        register_font()?;
        let n = square.arms.len() as f64;
        let widest = square.arms.iter().map(|arm| width(arm, TICK)).fold(0.0, f64::max);
        let foot = square.foot.as_ref().map_or(0.0, |(label, _)| width(label, TICK));
        let turned = widest > WIDEST || n > 6.0;
        let column = if turned { CELL.1 } else { CELL.1.max(widest + 14.0) };
        let left = MARGIN + widest.max(foot) + GAP;
        let picture = (left + n * column + MARGIN).max(LEAST_WIDTH).ceil();
        let (head, top) = heading(&square.title, &square.subtitle, picture);
        let top = top + GAP + if turned { widest } else { TICK * LINE };
        let feet = if square.foot.is_some() { CELL.0 + GAP } else { 0.0 };
        let mut bottom = top + n * CELL.0 + feet + 2.0 * GAP;
        let mut caption = Vec::new();
        for line in wrap(&square.scale, TICK, picture - 2.0 * MARGIN, 2) {
            caption.push(Line { text: line, size: TICK, left: MARGIN, middle: bottom + TICK * LINE / 2.0 });
            bottom += TICK * LINE;
        }
        let size = (picture, (bottom + GAP + SCALE.1 + MARGIN).ceil());
        Ok(Self { square, head, caption, from: (left, top), column, turned, size })
    }

    /// The numbers of the square in %, as a table of this name.
    pub fn numbers(&self, name: &str) -> Table {
        let square = &self.square;
        let mut columns = vec![Column::with_unit(square.scale.as_str(), "%")];
        columns.extend(square.arms.iter().map(|arm| Column::new(arm.as_str())));
        let mut table = Table::new(name, columns);
        let cell = |part: &Option<f64>| Cell::or_missing(part.map(|part| Cell::number(100.0 * part, 1)));
        let rows = square.arms.iter().zip(&square.cells);
        let foot = square.foot.iter().map(|(label, cells)| (label, cells));
        for (label, cells) in rows.chain(foot) {
            table.push(label.as_str(), cells.iter().map(cell));
        }
        table
    }

    /// A cell's top left corner.
    fn corner(&self, row: f64, column: usize) -> (f64, f64) {
        (self.from.0 + column as f64 * self.column, self.from.1 + row * CELL.0)
    }

    fn row<DB: DrawingBackend>(&self, root: &Area<DB>, at: f64, label: &str, cells: &[Option<f64>]) -> Drawn<DB> {
        let middle = self.from.1 + (at + 0.5) * CELL.0;
        text_at(root, (label, TICK), (self.from.0 - GAP, middle), Anchor::Right, INK)?;
        for (column, cell) in cells.iter().enumerate() {
            let (left, top) = self.corner(at, column);
            let center = (left + self.column / 2.0, top + CELL.0 / 2.0);
            let Some(value) = cell else {
                text_at(root, ("-", TICK), center, Anchor::Center, FAINT_INK)?;
                continue;
            };
            let color = ramp(value / self.square.most);
            // White between the cells.
            rectangle(root, (left + 1.0, top + 1.0), (self.column - 2.0, CELL.0 - 2.0), color)?;
            text_at(root, (&percent(*value), TICK), center, Anchor::Center, ink_on(color))?;
        }
        Ok(())
    }
}

/// A share in percent with two digits: `7.5`, `75`; `0` if it is exactly 0.
pub(crate) fn percent(part: f64) -> String {
    let value = part * 100.0;
    if value == 0.0 || value >= 9.95 { format!("{value:.0}") } else { format!("{value:.1}") }
}

fn rectangle<DB: DrawingBackend>(
    root: &Area<DB>,
    (x, y): (f64, f64),
    (w, h): (f64, f64),
    color: RGBColor,
) -> Drawn<DB> {
    root.draw(&Rectangle::new([(fine(x), fine(y)), (fine(x + w), fine(y + h))], color.filled()))
}

impl Picture for Heat {
    fn size(&self) -> (f64, f64) {
        self.size
    }

    fn draw<DB: DrawingBackend>(&self, root: &Area<DB>) -> Drawn<DB> {
        root.fill(&plotters::style::WHITE)?;
        self.head.iter().chain(&self.caption).try_for_each(|line| text(root, line, INK))?;
        let square = &self.square;
        for (column, arm) in square.arms.iter().enumerate() {
            let (left, top) = self.corner(0.0, column);
            let center = left + self.column / 2.0;
            if self.turned {
                text_at(root, (arm, TICK), (center, top - GAP), Anchor::Upright, INK)?;
            } else {
                text_at(root, (arm, TICK), (center, top - GAP - TICK * LINE / 2.0), Anchor::Center, INK)?;
            }
        }
        for (row, (arm, cells)) in square.arms.iter().zip(&square.cells).enumerate() {
            self.row(root, row as f64, arm, cells)?;
        }
        if let Some((label, cells)) = &square.foot {
            self.row(root, square.arms.len() as f64 + GAP / CELL.0, label, cells)?;
        }
        let top = self.size.1 - MARGIN - SCALE.1;
        let (low, high) = ("0 %", format!("{} %", percent(square.most)));
        let left = MARGIN + width(low, TICK) + GAP;
        let middle = top + SCALE.1 / 2.0;
        const STEPS: u32 = 60;
        let step = SCALE.0 / f64::from(STEPS);
        for i in 0..STEPS {
            let color = ramp(f64::from(i) / f64::from(STEPS - 1));
            rectangle(root, (left + f64::from(i) * step, top), (step, SCALE.1), color)?;
        }
        text_at(root, (low, TICK), (left - GAP, middle), Anchor::Right, INK)?;
        text_at(root, (&high, TICK), (left + SCALE.0 + GAP, middle), Anchor::Left, INK)?;
        root.present()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::figures::picture::{FINE, svg};
    use crate::report::testing::assert_well_formed;

    fn square(n: usize, label: &str) -> Square {
        let cell = |i: usize, j: usize| (i != j).then_some(0.125 * ((i + j) % 9) as f64);
        Square {
            title: "Who <beats> whom".into(),
            subtitle: "s".into(),
            arms: (0..n).map(|i| format!("{label}{i}")).collect(),
            cells: (0..n).map(|i| (0..n).map(|j| cell(i, j)).collect()).collect(),
            foot: Some(("mean".into(), vec![Some(0.5); n])),
            most: 1.0,
            scale: "share of the rounds".into(),
        }
    }

    #[test]
    fn two_to_fourteen_arms_have_their_labels_and_numbers_inside_the_picture() {
        for (n, label) in [(2, "a"), (4, "core-set"), (14, "pretext-batch@normalized-logits")] {
            let heat = Heat::of(square(n, label)).unwrap();
            assert_eq!(heat.turned, n == 14);
            let (left, top) = heat.corner((n + 1) as f64, n);
            assert!(left <= heat.size.0 && top < heat.size.1);
            let svg = svg(&heat).unwrap();
            assert_well_formed(&svg);
            assert_eq!(svg.matches(&format!(">\n{label}1\n<")).count(), 2);
            // A desk's page is at least 1180 pixels wide: the square is shown in its own size there, and scrolls elsewhere.
            assert!(heat.size.0 <= 1180.0, "{}", heat.size.0);
            let sizes = svg.split("font-size=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse::<f64>());
            let least = sizes.map(Result::unwrap).fold(f64::INFINITY, f64::min) / f64::from(FINE);
            assert!(least >= 11.0, "{least}");
            // The diagonal, and a mean for each column.
            assert_eq!((svg.matches(">\n-\n<").count(), svg.matches(">\n50\n<").count() >= n), (n, true));
        }
    }

    #[test]
    fn the_numbers_are_a_table_with_the_row_beneath() {
        let table = Heat::of(square(2, "a")).unwrap().numbers("penalties");
        let expected = "\
| share of the rounds (%) |   a0 |   a1 |
| :---------------------- | ---: | ---: |
| a0                      |    - | 12.5 |
| a1                      | 12.5 |    - |
| mean                    | 50.0 | 50.0 |
";
        assert_eq!((table.name.as_str(), table.markdown().as_str()), ("penalties", expected));
    }

    #[test]
    fn numbers_have_two_digits() {
        let shown = [0.0, 0.004, 0.0994, 0.0996, 0.5, 1.0].map(percent);
        assert_eq!(shown, ["0", "0.4", "9.9", "10", "50", "100"]);
    }
}
