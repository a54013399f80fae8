//! The curves of results beside those of a baseline.

use anyhow::Result;

use super::figures::chart;
use super::figures::curve::{Plot, png};
use super::findings::Findings;
use super::page::{Badge, Block, Curves};
use super::sections::curves;

/// The files of the picture.
pub(crate) const FILES: [&str; 2] = ["curve.svg", "curve.png"];

/// A picture of both, static and for the browser; empty before a round has finished.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    pub picture: Vec<Block>,
    /// `curve.png`
    pub pixels: Option<Vec<u8>>,
    /// The data of the chart as JSON.
    pub chart: Option<String>,
}

impl Beside {
    /// Results and their baseline in the primary metric, each arm under the rule that it queries with. `heading` stands
    /// above the names of the baseline's arms.
    ///
    /// # Errors
    /// If the picture cannot be drawn.
    pub fn of(results: [&Findings; 2], heading: &str, title: &str, badge: &Badge) -> Result<Self> {
        let [current, baseline] = results;
        let plot = |findings: &Findings| Plot::of(findings, findings.primary_metric(), findings.rule());
        let Some((current_plot, baseline_plot)) = plot(current).zip(plot(baseline)) else {
            return Ok(Self::default());
        };
        let plot = current_plot.beside(&baseline_plot, heading.to_owned()).with_heading(title, badge);
        Ok(Self {
            picture: curves::blocks(Curves { figures: vec![plot.figure(FILES[0])?], note: None }),
            pixels: Some(png(&plot)?),
            chart: chart::data_beside(results, heading, (title, badge)),
        })
    }
}
