//! The sections of a results folder's page, a file each.

pub(crate) mod claims;
mod classes;
pub(crate) mod curves;
mod effects;
mod efficiency;
mod losses;
pub(crate) mod opening;
mod paired;
mod pairwise;
mod protocol;
mod published;
mod queries;
mod results;
mod significance;
mod time;
mod training;
mod variants;

use anyhow::Result;

use super::findings::Findings;
use super::page::{Block, Curves, Page, Section};

/// A page, and the part of it that a terminal shows.
pub(crate) struct Made {
    pub page: Page,
    /// The opening and the tables of results, as Markdown.
    pub text: String,
}

/// Makes the page of a results folder with its learning curves.
///
/// # Errors
/// If a file that a section reads is damaged, or a figure cannot be drawn; one line.
pub(crate) fn page(findings: &Findings, curves: Curves) -> Result<Made> {
    let lead = opening::lead(findings);
    let tables = results::tables(findings);
    let significance = significance::section(findings);
    let curves = curves::blocks(curves);
    // Where arms are many, their differences answer the title; the curves follow.
    let (picture, curves) = match effects::forest(findings)? {
        Some(forest) => (vec![Block::Forest(forest)], curves::section(curves)),
        None => (curves, Section::default()),
    };
    let shown: Vec<Block> = lead.iter().chain(&tables).chain(&significance.blocks).cloned().collect();
    let page = Page {
        title: findings.title(),
        badge: findings.badge(),
        lead,
        picture,
        sections: vec![
            curves,
            results::section(findings, tables),
            published::section(findings),
            significance,
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
