//! A page as typed blocks, and what renders them: Markdown (`README.md`, and the terminal), HTML (`report.html`) and
//! LaTeX (`tables.tex`).
//!
//! A block says what it is (an verdict, a warning, the learning curves); no renderer looks at words to find out.

mod badge;
pub(crate) mod html;
mod inline;
mod latex;
mod markdown;
mod table;
mod text;
mod thumbnails;

use anyhow::Result;

use crate::findings::Verdict;

pub(crate) use self::badge::Badge;
pub(crate) use self::markdown::markdown;
pub(crate) use self::table::{Cell, Column, End, Number, Spread, Table};
pub(crate) use self::text::{Text, link};
pub(crate) use self::thumbnails::{Shown, Thumbnails};

/// A page of results: what `README.md`, `report.html` and `tables.tex` are rendered from.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// One line.
    pub(crate) title: String,
    /// What the numbers hold for; may be empty.
    pub(crate) badge: Badge,
    /// What the page found, before the first section. A browser shows it beside the picture.
    pub(crate) lead: Vec<Block>,
    /// The picture that answers the title, behind the lead; may be empty.
    pub(crate) picture: Vec<Block>,
    /// In their order; sections without blocks are not shown.
    pub(crate) sections: Vec<Section>,
}

/// A part of a page under a heading of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Section {
    pub heading: String,
    pub fold: Fold,
    pub blocks: Vec<Block>,
}

/// Whether a reader of `report.html` can fold a section away, and how it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fold {
    Never,
    #[default]
    Open,
    Closed,
}

/// A part of a section.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Block {
    /// A heading below the section's.
    Heading(Text),
    Paragraph(Text),
    List(Vec<Item>),
    Claims(Claims),
    /// Sentences, in each of which its details fold out.
    Sentences(Vec<Sentence>),
    Table(Table),
    /// What a reader must know before trusting the numbers.
    Warning(Text),
    Code(Code),
    Figure(Figure),
    Curves(Curves),
    Forest(Forest),
    Thumbnails(Thumbnails),
}

/// Claims with their verdicts: a sentence for each in which its details fold out, or the rows of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Claims {
    pub claims: Vec<ClaimLine>,
    /// The same as a table, for LaTeX and for documents that take tables.
    pub table: Table,
}

/// A claim in a sentence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ClaimLine {
    pub verdict: Verdict,
    /// The verdict in words.
    pub words: String,
    /// What is claimed and by whom, and what was measured, with unit, interval and n.
    pub sentence: Text,
    /// The criterion, and what a reader may want to know beside it.
    pub details: Vec<Text>,
}

/// What was found, in a sentence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sentence {
    /// The outcome before the sentence, in words, with the look of a verdict.
    pub outcome: Option<(Verdict, &'static str)>,
    pub text: Text,
    /// What a reader may want to know beside it.
    pub details: Vec<Text>,
}

/// An item of a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub text: Text,
    /// Items below it.
    pub items: Vec<Text>,
}

/// Text of a computer language, shown as it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Code {
    /// As Markdown names it: `sh`, `toml`, `json`.
    pub language: &'static str,
    pub text: String,
}

/// A figure in a file beside the page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// The file's name, for instance `curve.svg`.
    pub file: String,
    /// Describes the figure to readers who do not see it.
    pub alt: String,
    /// The SVG document.
    pub svg: String,
    /// Whether it shows photographs, whose colours stay as they are where a browser turns drawings dark.
    pub has_photos: bool,
    /// The numbers that it shows, to download; `None` if they are in a table of the page or in a file.
    pub numbers: Option<Table>,
}

/// The learning curves: figures, in whose place the browser shows an interactive chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Curves {
    pub figures: Vec<Figure>,
    /// How to read the figures; it does not apply to the chart.
    pub note: Option<Text>,
}

/// Paired differences: a figure, in whose place the browser shows one that sorts and tells values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Forest {
    pub figure: Figure,
    /// What the browser draws, as JSON: `{ "measures": [..] }`. No text in it can end the HTML element that holds it.
    pub data: String,
}

impl Page {
    /// A page without badge and picture.
    pub(crate) fn new(title: impl Into<String>, lead: Vec<Block>, sections: Vec<Section>) -> Self {
        Self { title: title.into(), badge: Badge::default(), lead, picture: Vec::new(), sections }
    }

    /// The page as Markdown: `README.md`.
    pub fn markdown(&self) -> String {
        let mut page = format!("# {}\n", self.title.replace(char::is_control, " "));
        if !self.badge.facts().is_empty() {
            page += &format!("\n*{}*\n", self.badge.line());
        }
        for blocks in [&self.lead, &self.picture] {
            if !blocks.is_empty() {
                page += &format!("\n{}", markdown(blocks));
            }
        }
        for section in self.shown() {
            page += &format!("\n## {}\n\n{}", section.heading, markdown(&section.blocks));
        }
        page
    }

    /// One table of the page as Markdown, by its name (`pairwise`), or by its section's and its own where several
    /// sections have a table of that name (`results/variants`). A section is named by its heading in lower case, with
    /// `-` for everything but letters and digits. `tables.tex` names every table in this way.
    pub fn table(&self, name: &str) -> Option<String> {
        self.table_with_rows(name, &|_| true)
    }

    /// [`Page::table`] with only the rows whose name, the first cell, is wanted.
    pub fn table_with_rows(&self, name: &str, is_wanted: &dyn Fn(&str) -> bool) -> Option<String> {
        let is_named = |(section, table): &(String, &Table)| table.name == name || full_name(section, table) == name;
        let (_, table) = self.tables().into_iter().find(is_named)?;
        let mut table = table.clone();
        table.rows.retain(|row| row.first().is_some_and(|cell| is_wanted(&cell.plain())));
        Some(table.markdown())
    }

    /// The full names of all tables, as [`Page::table`] takes them.
    pub fn table_names(&self) -> Vec<String> {
        self.tables().iter().map(|(section, table)| full_name(section, table)).collect()
    }

    /// All tables of the page as LaTeX, each behind a comment with its name: `tables.tex`.
    pub fn latex(&self) -> String {
        latex::tables(self)
    }

    /// The tables with the names of their sections; that of the lead is empty.
    fn tables(&self) -> Vec<(String, &Table)> {
        let lead = std::iter::once((String::new(), &self.lead));
        let parts = lead.chain(self.sections.iter().map(|section| (section.id(), &section.blocks)));
        let mut found = Vec::new();
        for (section, blocks) in parts {
            for block in blocks {
                match block {
                    Block::Table(table) => found.push((section.clone(), table)),
                    Block::Claims(claims) => found.push((section.clone(), &claims.table)),
                    Block::Figure(figure) => found.extend(figure.numbers.iter().map(|table| (section.clone(), table))),
                    _ => {}
                }
            }
        }
        found
    }

    /// The figures of the page.
    pub(crate) fn figures(&self) -> impl Iterator<Item = &Figure> {
        figures_of(&self.picture).chain(self.sections.iter().flat_map(Section::figures))
    }

    /// The sections that have blocks.
    fn shown(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|section| !section.blocks.is_empty())
    }
}

/// `results/variants`; only the table's name for a table in the lead.
fn full_name(section: &str, table: &Table) -> String {
    if section.is_empty() { table.name.clone() } else { format!("{section}/{}", table.name) }
}

impl Section {
    pub fn new(heading: &str, blocks: Vec<Block>) -> Self {
        Self { heading: heading.into(), fold: Fold::default(), blocks }
    }

    /// The same section, with this fold.
    pub fn with_fold(self, fold: Fold) -> Self {
        Self { fold, ..self }
    }

    /// `Learning curves` as `learning-curves`.
    fn id(&self) -> String {
        self.heading.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-")
    }

    /// The figures of the section, those that the browser replaces among them.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        figures_of(&self.blocks)
    }

    /// The blocks as Markdown, without the heading.
    #[cfg(test)]
    pub fn markdown(&self) -> String {
        markdown(&self.blocks)
    }
}

impl Block {
    pub fn heading(text: impl Into<Text>) -> Self {
        Self::Heading(text.into())
    }

    /// A line break in the text stays one.
    pub fn paragraph(text: impl Into<Text>) -> Self {
        Self::Paragraph(text.into())
    }

    pub fn warning(text: impl Into<Text>) -> Self {
        Self::Warning(text.into())
    }

    pub fn list<T: Into<Text>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(Item::new).collect())
    }

    pub fn code(language: &'static str, text: impl Into<String>) -> Self {
        Self::Code(Code { language, text: text.into() })
    }
}

impl Sentence {
    /// A sentence without an outcome.
    pub fn new(text: impl Into<Text>, details: Vec<Text>) -> Self {
        Self { outcome: None, text: text.into(), details }
    }
}

impl Item {
    pub fn new(text: impl Into<Text>) -> Self {
        Self { text: text.into(), items: Vec::new() }
    }
}

impl Figure {
    /// A drawing.
    pub fn new(file: impl Into<String>, alt: impl Into<String>, svg: String) -> Self {
        Self { file: file.into(), alt: alt.into(), svg, has_photos: false, numbers: None }
    }

    /// The same figure with the numbers that it shows.
    pub fn with_numbers(self, numbers: Table) -> Self {
        Self { numbers: Some(numbers), ..self }
    }
}

fn figures_of(blocks: &[Block]) -> impl Iterator<Item = &Figure> {
    blocks.iter().flat_map(|block| match block {
        Block::Figure(figure) => std::slice::from_ref(figure),
        Block::Curves(curves) => &curves.figures,
        Block::Forest(forest) => std::slice::from_ref(&forest.figure),
        Block::Thumbnails(thumbnails) => std::slice::from_ref(&thumbnails.figure),
        _ => &[],
    })
}

/// Writes the figures of a page into the folder of the page.
///
/// # Errors
/// If the folder cannot be written.
pub(crate) fn write_figures(page: &Page, folder: &std::path::Path) -> Result<()> {
    for figure in page.figures() {
        crate::store::write_atomically(&folder.join(&figure.file), |file| file.write_all(figure.svg.as_bytes()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
