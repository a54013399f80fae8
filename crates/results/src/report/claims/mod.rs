//! One page for all results folders that lie side by side: each claim of the paper, the published number, and what
//! every folder measured. `pt4al baseline page` writes it as `README.md` beside them.
//!
//! Reads the folders and the published numbers (`claims.csv`, `correlation.csv`, `<data set>.csv`); never the data.

mod correlation;
mod folders;
mod group;
mod published;
mod scale;
mod section;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use self::folders::{Folders, folder_link};
use self::group::{Answer, Claim, claims};
use self::published::PublishedClaim;
use self::scale::{Against, DATA_MARK};
use super::page::{Block, Cell, Column, Page, Section, Table, markdown};
use super::place::{Written, write_over};
use super::reference::{Reference, reference_folder, references};
use super::words::{PLUS_MINUS, data_note, one_line};
use crate::spec::Spec;
use crate::words::counted;

const TITLE: &str = "Claims and measurements";

/// The page, and what a terminal shows.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimsPage {
    /// `README.md`.
    pub page: Page,
    /// The tally and the table of all claims, as Markdown.
    pub text: String,
    /// Folders that cannot be read, and why: a line each.
    pub warnings: Vec<String>,
}

/// The page of the results folders in `dir`, with the published numbers of [`reference_folder`].
///
/// # Errors
/// If `dir` holds no results folder or is one, or a file of published numbers does not fit; one line.
pub fn page(dir: &Path) -> Result<ClaimsPage> {
    let mut folders = Folders::read(dir)?;
    let reference = reference_folder(dir);
    let published = published::read(&reference)?;
    folders.runs.iter_mut().for_each(|run| with_rules(&mut run.results.spec, &published));
    let correlations = super::correlation::published::read(&reference)?;
    let datasets: BTreeSet<&str> = published.iter().map(|line| line.dataset.as_str()).collect();
    let others = datasets.into_iter().map(|name| Ok((name.to_owned(), references(&reference, name)?)));
    let others: Vec<(String, Vec<Reference>)> = others.collect::<Result<_>>()?;
    let claims = claims(&folders.runs, &published);
    let lead = vec![Block::paragraph(tally(&claims))];
    let standing = standing(&claims);
    let text = markdown(&lead.iter().chain(&standing).cloned().collect::<Vec<_>>());
    let mut in_short: Vec<Block> = standing.into_iter().collect();
    in_short.push(Block::paragraph(INTRODUCTION));
    in_short.extend(how_to_read());
    let mut sections = vec![Section::new("In short", in_short)];
    let mut shown = Vec::new();
    sections.extend(claims.iter().map(|claim| section::section(claim, &others, &mut shown)));
    sections.push(correlation::section(&folders.correlations, &correlations));
    sections.push(without_claims(&folders));
    sections.push(notes(&folders));
    sections.push(unreadable(&folders));
    let warnings = folders.unreadable.iter().map(|(name, why)| format!("{name}: left out of the page: {why}"));
    Ok(ClaimsPage { page: Page::new(TITLE, lead, sections), text, warnings: warnings.collect() })
}

/// Writes [`page`] as `README.md` into `dir`.
///
/// # Errors
/// As [`page`]; or if the README.md that is there is another page, or cannot be written. Nothing has been written then.
pub fn write(dir: &Path) -> Result<(Written, Vec<String>)> {
    let made = page(dir)?;
    let file = dir.join("README.md");
    write_over(&file, &format!("# {TITLE}\n"), &made.page.markdown())?;
    Ok((Written { text: made.text, page: file }, made.warnings))
}

/// Gives claims the rule of their source if the spec was written without one, so that all folders are judged alike.
fn with_rules(spec: &mut Spec, published: &[PublishedClaim]) {
    let dataset = spec.dataset.name();
    for expected in &mut spec.expect {
        let line = published.iter().find(|line| line.is_of(expected) && line.dataset == dataset);
        expected.select = expected.select.or(line.and_then(|line| line.select));
    }
}

const INTRODUCTION: &str = "\
The paper is Yi, Seo, Park, Choi: *PT4AL: Using Self-Supervised Pretext Tasks for Active Learning* (ECCV 2022). Below, \
each claim is listed with everything that the results folders here measured about it. A claim counts as answered if it \
was measured at the scale of its source: the same pool, labels, rounds, network width and epochs. Results at a smaller \
scale need not hold at the paper's.";

/// How many claims were measured at the scale of their source, and how many elsewhere, with which verdicts.
fn tally(claims: &[Claim]) -> String {
    if claims.is_empty() {
        return "No results folder here makes a claim (`[[expect]]`).".into();
    }
    let at_scale = |claim: &Claim| claim.answer(&|row| row.against == Against::Same);
    let same: Vec<Answer> = claims.iter().filter_map(at_scale).collect();
    let elsewhere: Vec<Answer> =
        claims.iter().filter(|claim| at_scale(claim).is_none()).filter_map(|claim| claim.answer(&|_| true)).collect();
    let mut text = match same.len() {
        0 => "none was measured at the scale of its source".to_owned(),
        1 => format!("1 was measured at the scale of its source ({})", verdicts(&same)),
        n => format!("{n} were measured at the scale of their source ({})", verdicts(&same)),
    };
    if !elsewhere.is_empty() {
        let how = "only at another scale, or at one that cannot be compared";
        text += &format!(", {} {how} ({})", elsewhere.len(), verdicts(&elsewhere));
    }
    match claims.len() - same.len() - elsewhere.len() {
        0 => {}
        n => text += &format!(", {n} not at all"),
    }
    format!("Of {}, {text}.", counted(claims.len(), "claim"))
}

/// `1 held, 2 undecided`.
fn verdicts(answers: &[Answer]) -> String {
    let number = |answer: &Answer| answers.iter().filter(|other| *other == answer).count();
    let counts = Answer::ALL.iter().filter(|answer| number(answer) > 0);
    counts.map(|answer| format!("{} {}", number(answer), answer.in_words())).collect::<Vec<_>>().join(", ")
}

/// A row for each claim: its verdicts by scale. None without a claim.
fn standing(claims: &[Claim]) -> Option<Block> {
    if claims.is_empty() {
        return None;
    }
    let columns =
        ["claim", "source", "published", "at the source's scale", "at another scale", "source's scale not known"];
    let mut table = Table::new("claims", Column::all(columns));
    for claim in claims {
        let known = claim.published.iter().any(|line| line.scale_in_words().is_some());
        let unmeasured = if known { Cell::text("not measured") } else { Cell::Missing };
        let cell = |against: Against| claim.standing(against).map(Cell::text);
        let cells = [
            Cell::text(&claim.source),
            Cell::text(claim.numbers()),
            cell(Against::Same).unwrap_or(unmeasured),
            Cell::or_missing(cell(Against::Other)),
            Cell::or_missing(cell(Against::Unknown)),
        ];
        table.push(&claim.claim, cells);
    }
    Some(Block::Table(table))
}

/// What the words of the tables mean.
fn how_to_read() -> [Block; 2] {
    [
        Block::paragraph(
            "Verdicts: **held**: the whole 95 % interval is within the band that the claim names, or the difference is \
             significantly above 0 (paired t-test at the 5 % level, Holm-corrected over the claims of the folder). \
             **Did not hold**: the interval is outside the band, or the difference is significantly below 0. \
             **Undecided**: neither, or fewer than 3 seeds. **Not measured at this scale**: \
             the folder's experiment has no such number, for instance because it stops at fewer labels. **Not measured \
             yet**: the experiment has not come so far.",
        ),
        Block::paragraph(format!(
            "`pretext-batch` is PT4AL's sampler; `sampler@variant` is a sampler under a variant of the protocol. \
             {PLUS_MINUS} The rule says which epoch's model is evaluated: the source's rule, if the folder records it. \
             (A folder's own page may use another rule, if its spec was written before the source's rule was known.) \
             {DATA_MARK}: see \"Notes on the folders\" for these data."
        )),
    ]
}

/// The folders without claims.
fn without_claims(folders: &Folders) -> Section {
    let others = folders.runs.iter().filter(|run| run.results.spec.expect.is_empty());
    let items = others.map(|run| format!("{}: {}", folder_link(&run.name), one_line(&run.results.spec.title)));
    listed("Folders without claims", items.collect())
}

/// What a reader must know of a folder before trusting its rows.
fn notes(folders: &Folders) -> Section {
    let runs = folders.runs.iter().filter(|run| !run.results.spec.expect.is_empty());
    let of_runs = runs.map(|run| (&run.name, run.results.manifest.as_ref(), run.results.warnings()));
    let of_correlations = folders.correlations.iter().map(|one| (&one.name, one.manifest.as_ref(), Vec::new()));
    // Folders of one machine or of one data set have much in common.
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for (name, manifest, warnings) in of_runs.chain(of_correlations) {
        for note in data_note(manifest).into_iter().chain(warnings) {
            match found.iter_mut().find(|(known, _)| *known == note) {
                Some((_, names)) => names.push(folder_link(name)),
                None => found.push((note, vec![folder_link(name)])),
            }
        }
    }
    let items = found.iter().map(|(note, names)| format!("{} ({})", one_line(note), names.join(", ")));
    listed("Notes on the folders", items.collect())
}

fn unreadable(folders: &Folders) -> Section {
    let items = folders.unreadable.iter().map(|(name, why)| format!("{}: {why}", folder_link(name)));
    listed("Folders that could not be read", items.collect())
}

/// A section that is one list; empty without items.
fn listed(heading: &str, items: Vec<String>) -> Section {
    Section::new(heading, if items.is_empty() { Vec::new() } else { vec![Block::list(items)] })
}

#[cfg(test)]
mod tests;
