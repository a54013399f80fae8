//! The gate's findings as a page, and where it is written.

use std::path::Path;

use anyhow::Result;

use super::Gate;
use super::cells::{self, Tested};
use super::page::{by_clarity, cell_in_words, details, differing, left_out_in_words, matrix, notes, tested_in_words};
use crate::findings::Verdict;
use crate::report::{
    BESIDE_FILES, Beside, Block, Extras, Findings, Page, Section, Sentence, document, ensure_own, remove,
    write_figures, write_over,
};
use crate::results::Results;
use crate::store::write_atomically;
use crate::words::counted;

/// How the title of a page begins.
const TITLE: &str = "Check of ";

/// The most moved cells that fold out of the outcome.
const MOST_DETAILS: usize = 12;

impl Gate {
    /// A Markdown page with every cell.
    pub fn markdown(&self) -> String {
        self.page(Vec::new()).markdown()
    }

    /// Writes the page with the curves of both: a document for a browser if `path` ends in `.html`, else a folder with
    /// `README.md`, `report.html`, `curve.svg` and `curve.png`.
    ///
    /// # Errors
    /// If the folder holds other files, or nothing can be written there; one line.
    pub fn write_page(&self, path: &Path) -> Result<()> {
        let beside = self.beside()?;
        let page = self.page(beside.picture);
        let html = document(&page, &Extras { chart: beside.chart, ..Extras::default() });
        let write = |file: &Path, bytes: &[u8]| write_atomically(file, |out| out.write_all(bytes));
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("html")) {
            return write(path, html.as_bytes());
        }
        ensure_own(path, &["README.md"], "a check", "--page")?;
        write_over(&path.join("README.md"), &format!("# {TITLE}"), &page.markdown())?;
        write_figures(&page, path)?;
        match beside.pixels {
            Some(pixels) => write(&path.join(BESIDE_FILES[1]), &pixels)?,
            None => BESIDE_FILES.iter().try_for_each(|file| remove(&path.join(file)))?,
        }
        write(&path.join("report.html"), html.as_bytes())
    }

    /// The curves of both; none if nothing was compared.
    fn beside(&self) -> Result<Beside> {
        if self.outcome.is_err() {
            return Ok(Beside::default());
        }
        let read = |folder: &Path| Results::read(folder).map(|results| Findings::of(results, Vec::new()));
        let (current, baseline) = (read(&self.current)?, read(&self.baseline)?);
        Beside::of([&current, &baseline], "Baseline", &self.title(), &self.badge)
    }

    fn title(&self) -> String {
        format!("{TITLE}{} against {}", self.current.display(), self.baseline.display())
    }

    /// The outcome beside the picture, then every cell and what differs.
    fn page(&self, picture: Vec<Block>) -> Page {
        let mut lead = vec![Block::Sentences(vec![self.sentence()])];
        lead.extend(self.warnings.iter().map(Block::warning));
        let mut sections = Vec::new();
        if let Ok(tested) = &self.outcome {
            sections.push(Section::new("Changes", matrix(tested)));
        }
        let lines = differing(self);
        if !lines.is_empty() {
            sections.push(Section::new("What differs", vec![Block::list(lines)]));
        }
        if let Ok(tested) = &self.outcome {
            let cells = details("cells", tested, &mut tested.cells.iter());
            sections.push(Section::new("Every cell", vec![Block::Table(cells)]));
        }
        Page { badge: self.badge.clone(), picture, ..Page::new(self.title(), lead, sections) }
    }

    /// The outcome in a sentence, in which the moved cells and the test fold out.
    fn sentence(&self) -> Sentence {
        let tested = match &self.outcome {
            Ok(tested) => tested,
            Err(why) => {
                let outcome = Some((Verdict::NotMeasured, "could not compare"));
                return Sentence { outcome, ..Sentence::new(format!("{why}."), Vec::new()) };
            }
        };
        let moved = by_clarity(tested);
        let notes = notes(tested).into_iter();
        let Some((first, others)) = moved.split_first() else {
            let how = if tested.identical { "All values are the same" } else { "No curve moved significantly" };
            let sentence =
                Sentence::new(format!("{how} ({}).", tested_in_words(tested)), notes.map(Into::into).collect());
            return Sentence { outcome: Some((Verdict::Held, "held")), ..sentence };
        };
        let text = format!(
            "{} of {}, most clearly {}{}.",
            moved.len(),
            counted(tested.cells.len(), "cell"),
            cell_in_words(tested, first),
            left_out_in_words(tested.left_out)
        );
        let details = moved_too(tested, others).into_iter().chain(notes).map(Into::into).collect();
        Sentence { outcome: Some((Verdict::DidNotHold, "moved")), ..Sentence::new(text, details) }
    }
}

/// The other moved cells, a line each, as many as a reader will look at.
fn moved_too(tested: &Tested, others: &[&cells::Cell]) -> Vec<String> {
    let shown = others.iter().take(MOST_DETAILS);
    let mut lines: Vec<String> = shown.map(|cell| format!("{}.", cell_in_words(tested, cell))).collect();
    if others.len() > MOST_DETAILS {
        lines.push(format!("The other {} are in the section \"Every cell\".", others.len() - MOST_DETAILS));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::Allowed;
    use super::super::testing::{curves, results, spec};
    use super::*;

    fn page(offset: f64) -> Page {
        let [current, baseline] = [("now", offset), ("base", 0.0)].map(|(name, offset)| {
            // Other seeds, so that values are not compared to the last bit.
            results(name, &spec(), curves(if name == "now" { 10..15 } else { 0..5 }, offset))
        });
        Gate::of(&current, &baseline, &Allowed::default()).page(Vec::new())
    }

    #[test]
    fn the_page_opens_on_the_outcome_in_a_sentence() {
        let held = page(0.0).markdown();
        let opening = "# Check of now against base\n\n*full protocol · generated images · f32 · CPU · n = 5 seeds*\n\n\
                       - **held**: No curve moved significantly (test accuracy: 2 samplers x 3 rounds, 5 seeds against 5).\n  \
                       - Only test accuracy is tested;";
        assert!(held.starts_with(opening), "{held}");
        let moved = page(-0.2).markdown();
        assert!(moved.contains("- **moved**: 9 of 9 cells, most clearly "), "{moved}");
        // The others, each once in the opening.
        assert_eq!(moved.split("\n## ").next().unwrap().matches(" points (p < 0.001).\n").count(), 8 + 1, "{moved}");
        assert!(moved.contains("\n## Changes\n") && moved.contains("\n## Every cell\n"), "{moved}");
    }

    #[test]
    fn what_could_not_be_compared_is_the_outcome_too() {
        let gate = Gate::of_folders(Path::new("no/now"), Path::new("no/base"), &Allowed::default());
        let page = gate.page(Vec::new()).markdown();
        assert!(page.contains("- **could not compare**: no/base: no such results folder"), "{page}");
        assert!(!page.contains("\n## "), "{page}");
    }
}
