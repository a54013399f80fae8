//! A results folder as a page that a person reads: `README.md`, `report.html`, `tables.tex` and their figures, with
//! `summary.csv` and `comparisons.csv`.
//!
//! Reads only the folder (resolved spec, records, manifest) and the published numbers beside it; never the data.
//!
//! Modules import downward in this order: tables in documents (`splice`), the page of a run that goes on (`live`), the pages
//! of several folders (`folders`, `claims`, `correlation`, `agreement`, `beside`), `sections`, `figures`, `findings`, `words`, `page`.

pub mod agreement;
mod beside;
pub mod claims;
pub mod correlation;
mod cost;
mod figures;
mod findings;
pub mod folders;
mod live;
mod page;
mod place;
mod reference;
mod sections;
pub mod splice;
mod summary;
#[cfg(test)]
pub(crate) mod testing;
mod words;

use std::path::Path;

use anyhow::{Context, Result, anyhow};

pub use self::cost::Cost;
pub use self::figures::curve::{Plot, png, svg};
pub use self::findings::Findings;
pub use self::live::{Now, live};
pub use self::page::Page;
pub use self::place::Written;
pub use self::reference::{Reference, ReferencePoint, reference_folder, references, references_for};
pub use self::summary::Row;
pub use crate::results::Rule;
pub use crate::spec::Metric;

pub(crate) use self::beside::{Beside, FILES as BESIDE_FILES};
pub(crate) use self::page::html::{Extras, document};
pub(crate) use self::page::{Badge, Block, Cell, Column, Number, Section, Sentence, Table, markdown, write_figures};
pub(crate) use self::place::{ensure_own, write_over};
pub(crate) use self::sections::claims::claims as claim_blocks;
pub(crate) use self::words::badge::badge as scale_badge;
pub(crate) use self::words::change::{Change, changes};
pub(crate) use self::words::{PLUS_MINUS, capitalised};

use self::figures::{Drawing, chart};
use self::page::{Curves, Fold, Text, link};
use self::place::Place;
use crate::store::{write_atomically, write_csv};

/// Reports a results folder: writes `summary.csv`, `comparisons.csv`, `README.md` with its figures, `report.html` and
/// `tables.tex` into it, or into `out`, and returns the text to print.
/// `curve.svg` and `curve.png` show the primary metric, `curve-<metric>.svg` a secondary one.
///
/// # Errors
/// If the folder's files are missing or do not fit together, if no round has finished, or if `out` is not a place for
/// the files or cannot be written; one line. Nothing has been written unless writing failed.
pub fn report(folder: &Path, out: Option<&Path>) -> Result<Written> {
    let mut findings = Findings::read(folder)?;
    let Place { folder: out, files } = Place::of(folder, out)?;
    findings.files = files;
    let CurveFiles { curves, pixels, mut outdated } = curves(&findings, true)?;
    let made = sections::page(&findings, curves)?;
    let page = &made.page;
    let html = document(page, &extras(&findings)?);
    outdated.extend(Drawing::files().filter(|file| page.figures().all(|figure| figure.file != *file)));
    outdated.push("differences.csv".to_owned());

    // Everything is made before anything is written.
    write_csv(&out.join("summary.csv"), &findings.rows)?;
    write_csv(&out.join("comparisons.csv"), &findings.comparisons)?;
    for (name, bytes) in pixels {
        write_atomically(&out.join(name), |file| file.write_all(&bytes))?;
    }
    write_figures(page, &out)?;
    for name in outdated {
        remove(&out.join(name))?;
    }
    write_atomically(&out.join("README.md"), |file| file.write_all(page.markdown().as_bytes()))?;
    write_atomically(&out.join("tables.tex"), |file| file.write_all(page.latex().as_bytes()))?;
    let written = out.join("report.html");
    write_atomically(&written, |file| file.write_all(html.as_bytes()))?;
    Ok(Written { text: made.text, page: written })
}

/// The page of a results folder without its learning curves, for documents that take tables from it. Writes nothing.
///
/// # Errors
/// As [`report`].
pub fn page_of(folder: &Path) -> Result<Page> {
    // Drawing the curves would be in vain: nobody sees them.
    Ok(sections::page(&Findings::read(folder)?, Curves::default())?.page)
}

/// The learning curves of a results folder.
#[derive(Default)]
struct CurveFiles {
    /// A figure for each metric that is shown.
    curves: Curves,
    /// Names and contents of PNG files.
    pixels: Vec<(String, Vec<u8>)>,
    /// Files of metrics that are not shown any more.
    outdated: Vec<String>,
}

/// The learning curves; the PNG files, which take the most time, only `with_pixels`.
fn curves(findings: &Findings, with_pixels: bool) -> Result<CurveFiles> {
    let metrics = findings.metrics();
    let mut made = CurveFiles::default();
    for (i, metric) in findings.spec().dataset.task().metrics().iter().enumerate() {
        let name = if i == 0 { "curve".to_owned() } else { format!("curve-{}", metric.name) };
        let (vector, pixels) = (format!("{name}.svg"), format!("{name}.png"));
        match Plot::of(findings, *metric, findings.rule()).filter(|_| metrics.contains(metric)) {
            Some(plot) => {
                if i == 0 {
                    made.curves.note = Some(plot.note()).filter(|note| !note.is_empty()).map(Text::from);
                }
                if i == 0 && with_pixels {
                    made.pixels.push((pixels, png(&plot)?));
                }
                made.curves.figures.push(plot.figure(vector)?);
            }
            None => made.outdated.extend([vector, pixels]),
        }
    }
    Ok(made)
}

/// The parts of `report.html` beside the page: the chart, and the spec and manifest.
fn extras(findings: &Findings) -> Result<Extras> {
    let path = findings.results.folder.join("spec.toml");
    let spec =
        std::fs::read_to_string(&path).with_context(|| format!("{}: cannot be read; restore it", path.display()));
    let spec = spec.map_err(|e| anyhow!("{e:#}"))?;
    let file = |heading, name: &str, language, text: String| {
        let link = link(name, &format!("{}{name}", findings.files));
        let blocks = vec![Block::paragraph(format!("The file {link}:")), Block::code(language, text)];
        Section::new(heading, blocks).with_fold(Fold::Closed)
    };
    let manifest = findings.manifest().map(serde_json::to_string_pretty).transpose()?;
    let mut sections = vec![file("The resolved spec", "spec.toml", "toml", spec)];
    sections.extend(manifest.map(|text| file("The manifest", "manifest.json", "json", text)));
    Ok(Extras { chart: chart::data(findings), sections, live: None })
}

/// Removes a file that is out of date, if it is there.
///
/// # Errors
/// If it cannot be removed.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(anyhow!("{}: cannot be removed although it is out of date ({e}); remove it", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
