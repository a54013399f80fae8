//! Tables with typed cells.

use super::text::Text;
use crate::findings::{Verdict, p_value};
use crate::words::thousands;

/// A table. Its first column names the rows and is aligned to the left, the others to the right.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    /// What other documents and `tables.tex` call the table: lower case, words joined by `-`. It does not change when
    /// words on the page do.
    pub name: String,
    pub columns: Vec<Column>,
    /// As many cells as there are columns in each.
    pub rows: Vec<Vec<Cell>>,
}

/// The head of a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub heading: String,
    /// The unit of the numbers beneath: `%`, `points`, `MiB`.
    pub unit: Option<&'static str>,
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Text(Text),
    Number(Number),
    /// A count of things, with separators of thousands.
    Count(usize),
    /// A p value.
    P(f64),
    /// The verdict of a claim.
    Verdict(Verdict, String),
    /// There is no value.
    Missing,
}

/// A number with what belongs to it: `+1.2 ± 0.5* (n=3)`, `1,240 [1,020, > 2,000]`, `44.6 ± 2.5 %`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Number {
    pub value: End,
    /// Digits after the point. Whole numbers have separators of thousands.
    pub decimals: usize,
    /// Whether a positive number has its sign too, as differences do.
    pub signed: bool,
    pub spread: Spread,
    /// Whether a difference is significant: `*`.
    pub significant: bool,
    /// The number of seeds, if it differs from that of the whole table.
    pub n: Option<usize>,
    /// `%` or `points`, where the column has no unit.
    pub unit: Option<&'static str>,
    /// A word behind the number.
    pub word: Option<&'static str>,
}

/// How sure a number is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Spread {
    #[default]
    Unknown,
    /// Half the width of an interval about the number.
    Half(f64),
    /// The ends of an interval.
    Ends(End, End),
}

/// A value, or the bound that it lies beyond.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    /// Less than this.
    Below(f64),
    At(f64),
    /// More than this.
    Beyond(f64),
}

impl Default for End {
    fn default() -> Self {
        Self::At(0.0)
    }
}

impl Table {
    pub fn new(name: impl Into<String>, columns: Vec<Column>) -> Self {
        Self { name: name.into(), columns, rows: Vec::new() }
    }

    /// Adds a row: what it is called, and a cell for each other column.
    pub fn push(&mut self, name: impl Into<Text>, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(std::iter::once(Cell::Text(name.into())).chain(cells).collect());
    }

    /// The table as CSV, with its cells as they are shown.
    pub(super) fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let head: Vec<String> = self.columns.iter().map(Column::markdown).collect();
        let rows = self.rows.iter().map(|row| row.iter().map(Cell::plain).collect::<Vec<_>>());
        for row in std::iter::once(head).chain(rows) {
            writer.write_record(&row).expect("rows have as many cells as there are columns");
        }
        String::from_utf8(writer.into_inner().expect("memory takes all")).expect("cells are text")
    }

    /// Whether a cell says what became of a claim.
    pub(super) fn has_verdict(&self) -> bool {
        self.rows.iter().flatten().any(|cell| match cell {
            Cell::Verdict(..) => true,
            Cell::Text(text) => text.has_verdict(),
            _ => false,
        })
    }
}

impl Column {
    pub fn new(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), unit: None }
    }

    pub fn with_unit(heading: impl Into<String>, unit: &'static str) -> Self {
        Self { heading: heading.into(), unit: Some(unit) }
    }

    /// Columns without units.
    pub fn all<H: Into<String>>(headings: impl IntoIterator<Item = H>) -> Vec<Self> {
        headings.into_iter().map(Self::new).collect()
    }

    /// A column for the names of rows and one for each number of labels.
    pub fn labels(names: &str, labels: impl IntoIterator<Item = usize>) -> Vec<Self> {
        std::iter::once(Self::new(names)).chain(labels.into_iter().map(|n| Self::new(thousands(n)))).collect()
    }

    /// `difference (points)`.
    pub(super) fn markdown(&self) -> String {
        self.unit.map_or_else(|| self.heading.clone(), |unit| format!("{} ({unit})", self.heading))
    }
}

impl Cell {
    pub fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into())
    }

    /// A number to so many digits after the point, without an interval.
    pub fn number(value: f64, decimals: usize) -> Self {
        Self::Number(Number { value: End::At(value), decimals, ..Number::default() })
    }

    /// The cell, or the mark of a missing one.
    pub fn or_missing(cell: Option<Self>) -> Self {
        cell.unwrap_or(Self::Missing)
    }

    pub(super) fn markdown(&self) -> String {
        match self {
            Self::Text(text) => text.markdown(),
            Self::Verdict(_, words) => format!("**{words}**"),
            other => other.plain(),
        }
    }

    /// Cells that are no text, without markup.
    pub(super) fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.markdown(),
            Self::Number(number) => number.to_string(),
            Self::Count(n) => thousands(*n),
            Self::P(p) => p_value(*p),
            Self::Verdict(_, words) => words.clone(),
            Self::Missing => "-".into(),
        }
    }
}

impl From<Number> for Cell {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl Number {
    /// A mean with half its interval, to one digit after the point.
    pub fn mean(value: f64, half: Option<f64>) -> Self {
        let spread = half.map_or(Spread::Unknown, Spread::Half);
        Self { value: End::At(value), decimals: 1, spread, ..Self::default() }
    }

    /// A difference with half its interval, to one digit after the point.
    pub fn difference(value: f64, half: Option<f64>) -> Self {
        Self { signed: true, ..Self::mean(value, half) }
    }

    /// An estimate with the ends of its interval.
    pub fn estimate(value: f64, ends: Option<(f64, f64)>, decimals: usize) -> Self {
        let spread = ends.map_or(Spread::Unknown, |(low, high)| Spread::Ends(End::At(low), End::At(high)));
        Self { value: End::At(value), decimals, spread, ..Self::default() }
    }

    /// The digits of a value. A value that rounds to zero has no sign.
    pub(super) fn digits(&self, value: f64) -> String {
        match (self.signed, self.decimals) {
            (true, decimals) => signed(value, decimals),
            // As `format!` rounds.
            (false, 0) if value >= 0.0 => thousands(value.round_ties_even() as usize),
            (false, decimals) => format!("{value:.decimals$}"),
        }
    }

    fn end(&self, end: End) -> String {
        match end {
            End::Below(value) => format!("< {}", self.digits(value)),
            End::At(value) => self.digits(value),
            End::Beyond(value) => format!("> {}", self.digits(value)),
        }
    }
}

/// `+1.2`. A value that rounds to zero has no sign.
fn signed(value: f64, decimals: usize) -> String {
    let zero = format!("{:.decimals$}", 0.0);
    let text = format!("{value:+.decimals$}");
    if text[1..] == zero { zero } else { text }
}

/// As Markdown and plain text have it.
impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.end(self.value))?;
        match self.spread {
            Spread::Unknown => {}
            Spread::Half(half) => write!(f, " ± {half:.*}", self.decimals)?,
            Spread::Ends(low, high) => write!(f, " [{}, {}]", self.end(low), self.end(high))?,
        }
        if self.significant {
            f.write_str("*")?;
        }
        if let Some(n) = self.n {
            write!(f, " (n={n})")?;
        }
        self.unit.iter().chain(&self.word).try_for_each(|word| write!(f, " {word}"))
    }
}
