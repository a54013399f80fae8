//! A page in sections: Markdown, from which `README.md` and `report.html` are made alike.

use std::path::Path;

use anyhow::{Result, anyhow, ensure};

use super::picture::Picture;
use crate::store::write_atomically;

/// Writes `markdown` to `file`, in place of nothing, of an empty file, or of a page that begins with `begins`.
///
/// # Errors
/// If another page is there, or the file cannot be read or written; one line. Nothing has been written then.
pub(super) fn write_over(file: &Path, begins: &str, markdown: &str) -> Result<()> {
    let there = match std::fs::read_to_string(file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        read => Some(read.map_err(|e| anyhow!("{}: cannot be read ({e}); check it", file.display()))?),
    };
    ensure!(
        there.is_none_or(|text| text.trim().is_empty() || text.starts_with(begins)),
        "{}: is another page, which this one would write over; move it away",
        file.display()
    );
    write_atomically(file, |out| out.write_all(markdown.as_bytes()))
}

/// A picture of a page, in a file beside it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    /// The file's name, for instance `curve.svg`.
    pub file: String,
    /// What it shows, for those who do not see it.
    pub alt: String,
    /// The SVG document.
    pub svg: String,
}

impl Figure {
    /// # Errors
    /// If the picture cannot be drawn.
    pub fn of(file: impl Into<String>, alt: impl Into<String>, picture: &impl Picture) -> Result<Self> {
        Ok(Self { file: file.into(), alt: alt.into(), svg: super::picture::svg(picture)? })
    }

    /// Where it stands in the text.
    pub fn markdown(&self) -> String {
        format!("![{}]({})\n", self.alt.replace(['[', ']'], ""), self.file)
    }
}

/// A part of a page under a heading of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Section {
    pub heading: String,
    /// Markdown; it ends with a line break, and names its figures where they stand.
    pub text: String,
    pub figures: Vec<Figure>,
}

impl Section {
    /// Without figures.
    pub fn of(heading: &str, text: String) -> Self {
        Self { heading: heading.into(), text, figures: Vec::new() }
    }

    /// Adds a figure below the text so far.
    pub fn push(&mut self, figure: Figure) {
        if !self.text.is_empty() {
            self.text += "\n";
        }
        self.text += &figure.markdown();
        self.figures.push(figure);
    }
}

/// All of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Page {
    /// One line.
    pub title: String,
    /// In their order; those without text are left out.
    pub sections: Vec<Section>,
}

impl Page {
    /// `README.md`.
    pub fn markdown(&self) -> String {
        let mut page = format!("# {}\n", self.title.replace(char::is_control, " "));
        for section in self.sections.iter().filter(|section| !section.text.is_empty()) {
            page += &format!("\n## {}\n\n{}", section.heading, section.text);
        }
        page
    }

    /// The pictures of all sections.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.sections.iter().flat_map(|section| &section.figures)
    }
}
