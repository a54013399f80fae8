//! The sections of a results folder's page, a file each.

pub(crate) mod claims;
mod classes;
pub(crate) mod curves;
mod efficiency;
mod losses;
mod overview;
mod paired;
mod pairwise;
mod protocol;
mod published;
mod queries;
mod results;
mod time;
mod training;
mod variants;

use anyhow::Result;

use super::findings::Findings;
use super::page::{Block, Figure, Page};

/// A page, and the part of it that a terminal shows.
pub(crate) struct Made {
    pub page: Page,
    /// The overview and the tables of results, as Markdown.
    pub text: String,
}

/// Makes the page of a results folder; `curves` are the figures of its learning curves.
///
/// # Errors
/// If a file that a section reads is damaged, or a figure cannot be drawn; one line.
pub(crate) fn page(findings: &Findings, curves: Vec<Figure>) -> Result<Made> {
    let overview = overview::section(findings);
    let tables = results::tables(findings);
    let shown: Vec<Block> = overview.blocks.iter().chain(&tables).cloned().collect();
    let page = Page {
        title: findings.spec().title.clone(),
        lead: Vec::new(),
        sections: vec![
            overview,
            curves::section(curves),
            results::section(findings, tables),
            published::section(findings),
            pairwise::section(findings)?,
            efficiency::section(findings),
            queries::section(findings)?,
            losses::section(findings)?,
            training::section(findings)?,
            time::section(findings),
            protocol::section(findings),
            protocol::commands(findings),
        ],
    };
    Ok(Made { page, text: super::page::markdown(&shown) })
}
