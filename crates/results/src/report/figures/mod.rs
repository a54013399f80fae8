//! Figures: learning curves, squares of numbers, bars, forest plots, histograms, scatter plots, thumbnails, trainings by
//! epoch.
//!
//! Each is laid out from plain values, and drawn by `picture`.

pub(crate) mod bars;
pub(crate) mod chart;
pub(crate) mod curve;
pub(crate) mod forest;
pub(crate) mod heat;
pub(crate) mod histogram;
pub(crate) mod picture;
pub(crate) mod scatter;
pub(crate) mod thumbnails;
pub(crate) mod training;

use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;

use self::picture::{Badged, Picture};
use super::page::{Badge, Figure};

/// The figures that a results folder's page may have beside its curves. The derive lists them and names their files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drawing {
    Forest,
    Penalties,
    Classes,
    Overlap,
    Thumbnails,
    Losses,
    Training,
}

impl Drawing {
    /// `penalties.svg`.
    pub fn file(self) -> String {
        let name = self.to_possible_value().expect("no figure is skipped");
        format!("{}.svg", name.get_name())
    }

    /// The files of all figures.
    pub fn files() -> impl Iterator<Item = String> {
        Self::value_variants().iter().map(|drawing| drawing.file())
    }
}

/// Numbers and text as JSON that scripts of the page read. No text in it can end the HTML element that holds it.
pub(crate) fn json(data: &impl Serialize) -> String {
    let json = serde_json::to_string(data).expect("numbers and text have a JSON form");
    json.replace('<', "\\u003c")
}

/// Rounds to four digits, so that pages stay small. There is no negative zero.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4 + 0.0
}

/// Draws a figure of a results folder, with the scale badge at its foot.
///
/// # Errors
/// If it cannot be drawn.
pub(crate) fn figure(drawing: Drawing, alt: &str, picture: &impl Picture, badge: &Badge) -> Result<Figure> {
    Ok(Figure::new(drawing.file(), alt, picture::svg(&Badged::of(picture, &badge.line()))?))
}
