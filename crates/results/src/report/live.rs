//! `report.html` while a run goes on: the page of the results so far, which loads itself again, under a banner that says
//! how far the run is. After a run that was stopped, the banner says so, and how to continue.

use std::path::Path;

use anyhow::Result;

use super::page::html::live::Banner;
use super::page::html::{Extras, document};
use super::page::{Block, Page};
use super::reference::{reference_folder, references_for};
use super::{Findings, Table, curves, extras, sections};
use crate::files::write_into_folder;
use crate::report::page::Column;
use crate::results::Results;
use crate::status::{Status, TrialState};
use crate::store::Progress;

/// What becomes of the run whose page is written.
#[derive(Clone, Copy, Debug)]
pub enum Now<'a> {
    /// It goes on.
    Running(&'a Progress),
    /// It has ended before everything was finished.
    Stopped {
        /// A sentence without its full stop: `it was told to stop`.
        why: &'a str,
        /// The command that continues it, quoted for a shell.
        again: &'a str,
    },
}

/// Seconds after which the page of a run loads itself again.
const REFRESH: u32 = 10;

/// Writes `report.html` of a results folder during a run, or after one that was stopped; no other file, so that the
/// tables and figures beside it are those of the last whole report. Before the first finished round the page has only
/// the banner and a table of the trials.
///
/// # Errors
/// If a file of the folder is damaged, or the page cannot be written; one line.
pub fn live(folder: &Path, now: &Now) -> Result<()> {
    let results = Results::read_early(folder)?;
    let (is_running, progress) = match now {
        Now::Running(progress) => (true, Some((*progress).clone())),
        Now::Stopped { .. } => (false, None),
    };
    let status = Status::of(&results, is_running, progress, std::time::SystemTime::now());
    let banner = banner(&status, now);
    let html = if results.records.rounds().next().is_some() {
        let references = references_for(&reference_folder(folder), &results.spec)?;
        let findings = Findings::of(results, references);
        let page = sections::page(&findings, curves(&findings, false)?.curves)?.page;
        document(&page, &Extras { live: Some(banner), ..extras(&findings)? })
    } else {
        let lead = vec![
            Block::paragraph("No round has finished yet. Curves and tables are here as soon as the first one has."),
            Block::Table(trials(&status)),
        ];
        let page = Page::new(results.spec.title.clone(), lead, Vec::new());
        document(&page, &Extras { live: Some(banner), ..Extras::default() })
    };
    write_into_folder(&folder.join("report.html"), |file| file.write_all(html.as_bytes()))
}

fn banner(status: &Status, now: &Now) -> Banner {
    let part = status.rounds_finished as f64 / status.rounds_planned.max(1) as f64;
    let failures =
        status.failures().into_iter().map(|(trial, round, why)| format!("{trial} failed in round {round}: {why}"));
    match *now {
        Now::Running(progress) => {
            let task = |task: &crate::store::RunningTask| match task.at.as_str() {
                "" => task.name.clone(),
                at => format!("{}: {at}", task.name),
            };
            Banner {
                text: format!("Running: {}", status.in_words()),
                updated: Some(progress.updated.clone()),
                part,
                lines: progress.running.iter().map(task).chain(failures).collect(),
                command: None,
                refresh: Some(REFRESH),
            }
        }
        Now::Stopped { why, again } => Banner {
            text: format!("The run has stopped, because {why}; {}. The same command continues it:", status.in_words()),
            updated: None,
            part,
            lines: failures.collect(),
            command: Some(again.to_owned()),
            refresh: None,
        },
    }
}

/// A row for each arm with what its trials are doing.
fn trials(status: &Status) -> Table {
    let mut table = Table::new("trials", Column::all(["arm", "trials", "running", "failed"]));
    for arm in &status.arms {
        let count = |state| super::Cell::Count(arm.trials.iter().filter(|trial| trial.state == state).count());
        let all = super::Cell::Count(arm.trials.len());
        table.push(arm.sampler.as_str(), [all, count(TrialState::Running), count(TrialState::Failed)]);
    }
    table
}

#[cfg(test)]
mod tests;
