//! Learning curves: means per arm over the number of labels, with 95 % intervals or single trials, as SVG and as PNG.
//! Results of one number of labels are a dot plot.
//!
//! `Plot` is what to draw (`make` makes it from findings), `Layout` and `Dots` say where, and draw it on any backend.
//! Arms differ by colour (Okabe and Ito's, which the colour-blind can tell apart), marker and dashes, so that a grey
//! print can be read too.

mod beside;
pub(crate) mod chosen;
mod describe;
mod dots;
mod draw;
mod ends;
mod layout;
mod legend;
mod make;
mod marks;
mod range;
mod style;
#[cfg(test)]
mod tests;

use anyhow::Result;
use plotters::prelude::DrawingBackend;

pub(crate) use self::chosen::{chosen_arms, chosen_of_several};
use self::dots::Dots;
use self::layout::Layout;
pub(crate) use self::marks::stroke;
pub(crate) use self::style::{MARKERS, Marker, Style};
use super::picture::{self, Area, Badged, Drawn, Picture, register_font};
use crate::report::page::Figure;
use crate::report::words::metric::LEAST_FOR_INTERVAL;
use crate::stats::Summary;

/// Up to so many arms have their intervals as bands; more bands would hide each other.
const MOST_BANDS: usize = 4;
/// Up to so many arms have their names at the ends of their curves; more have a legend.
const MOST_ENDS: usize = 6;
/// Up to so many single published numbers at one number of labels have a marker each.
const MOST_SINGLE: usize = 8;

/// Learning curves to draw: at least one point, all finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    title: String,
    subtitle: String,
    /// The scale badge at the foot.
    badge: String,
    x_label: String,
    y_label: String,
    ours: Vec<Series>,
    published: Vec<Published>,
    published_heading: String,
    /// The least and the most that a value can be.
    possible: (f64, f64),
}

/// The curve of an arm.
#[derive(Clone, Debug, PartialEq)]
struct Series {
    name: String,
    /// In the order of their numbers of labels.
    points: Vec<Point>,
    /// Whether it has a colour; the others are grey.
    is_chosen: bool,
}

/// The mean of an arm's trials; all values are in the unit of the axis.
#[derive(Clone, Debug, PartialEq)]
struct Point {
    labeled: f64,
    value: f64,
    /// The 95 % interval, if there are enough trials for one that is worth drawing.
    interval: Option<(f64, f64)>,
    /// The values of the trials.
    trials: Vec<f64>,
}

impl Point {
    fn of(labeled: usize, summary: Summary, trials: Vec<f64>) -> Self {
        let interval = summary.low.zip(summary.high).filter(|_| summary.n >= LEAST_FOR_INTERVAL);
        Self { labeled: labeled as f64, value: summary.mean, interval, trials }
    }

    /// The trials that stand for an interval: those of a mean of two.
    fn lone_trials(&self) -> &[f64] {
        if self.interval.is_none() && self.trials.len() > 1 { &self.trials } else { &[] }
    }
}

/// The numbers of one source.
#[derive(Clone, Debug, PartialEq)]
struct Published {
    name: String,
    /// Who published them: a part of the name.
    source: String,
    /// Numbers of labels, in their order, and values.
    points: Vec<(f64, f64)>,
}

impl Published {
    fn is_single(&self) -> bool {
        self.points.len() == 1
    }
}

/// Many single published numbers at one number of labels.
#[derive(Clone, Debug, PartialEq)]
struct Crowd {
    labeled: f64,
    /// Sorted.
    values: Vec<f64>,
    /// Each once.
    sources: Vec<String>,
}

impl Crowd {
    /// `12 published: 89.5 to 93.1 %`
    fn label(&self) -> String {
        let (low, high) = (self.values[0], self.values[self.values.len() - 1]);
        format!("{} published: {low:.1} to {high:.1} %", self.values.len())
    }
}

impl Plot {
    /// The curves as a figure of a page.
    ///
    /// # Errors
    /// If the picture cannot be drawn.
    pub(crate) fn figure(&self, file: impl Into<String>) -> Result<Figure> {
        Ok(Figure::new(file, describe::alt(self), svg(self)?))
    }

    /// The metric that the curves show, with its unit.
    pub fn y_label(&self) -> &str {
        &self.y_label
    }

    /// How to read the picture, in sentences; may be empty.
    pub(crate) fn note(&self) -> String {
        describe::note(self)
    }

    /// The number of labels of all our points, if it is the same for all.
    fn single_labeled(&self) -> Option<f64> {
        let mut all = self.ours.iter().flat_map(|series| &series.points).map(|point| point.labeled);
        let first = all.next()?;
        all.all(|labeled| labeled == first).then_some(first)
    }

    /// The coloured arms with their places.
    fn chosen(&self) -> impl Iterator<Item = (usize, &Series)> + Clone {
        self.ours.iter().enumerate().filter(|(_, series)| series.is_chosen)
    }

    /// The style of each arm, as in the browser's chart.
    fn styles(&self) -> Vec<Style> {
        Style::of_arms(&self.ours.iter().map(|series| series.is_chosen).collect::<Vec<_>>())
    }

    fn has_grey_arms(&self) -> bool {
        self.ours.iter().any(|series| !series.is_chosen)
    }

    /// Whether intervals are bands; they are bars where there are more than a few arms, or gaps in the bands.
    fn has_bands(&self) -> bool {
        let has_all = |series: &Series| series.points.len() > 1 && series.points.iter().all(|p| p.interval.is_some());
        self.ours.len() <= MOST_BANDS && self.ours.iter().all(has_all)
    }

    /// Whether the names of the arms are at the ends of their curves.
    fn has_ends(&self) -> bool {
        self.ours.len() <= MOST_ENDS
    }

    /// Single published numbers that are too many at a number of labels for markers of their own.
    fn crowds(&self) -> Vec<Crowd> {
        let mut crowds: Vec<Crowd> = Vec::new();
        for published in self.published.iter().filter(|published| published.is_single()) {
            let (labeled, value) = published.points[0];
            let place = crowds.iter().position(|crowd| crowd.labeled == labeled).unwrap_or_else(|| {
                crowds.push(Crowd { labeled, values: Vec::new(), sources: Vec::new() });
                crowds.len() - 1
            });
            crowds[place].values.push(value);
            if !crowds[place].sources.contains(&published.source) {
                crowds[place].sources.push(published.source.clone());
            }
        }
        crowds.retain(|crowd| crowd.values.len() > MOST_SINGLE);
        crowds.iter_mut().for_each(|crowd| crowd.values.sort_by(f64::total_cmp));
        crowds
    }

    /// Published numbers with a curve or a marker of their own, with their places.
    fn marked_published(&self) -> impl Iterator<Item = (usize, &Published)> {
        let crowds = self.crowds();
        let is_in_crowd = move |published: &Published| {
            published.is_single() && crowds.iter().any(|crowd| crowd.labeled == published.points[0].0)
        };
        self.published.iter().filter(move |published| !is_in_crowd(published)).enumerate()
    }
}

/// Curves and where they go.
struct Curves<'a> {
    plot: &'a Plot,
    layout: Layout,
}

impl Picture for Curves<'_> {
    fn size(&self) -> (f64, f64) {
        self.layout.picture
    }

    fn draw<DB: DrawingBackend>(&self, root: &Area<DB>) -> Drawn<DB> {
        draw::draw(root, self.plot, &self.layout)
    }
}

/// The curves as an SVG document.
///
/// # Errors
/// If the picture cannot be drawn.
pub fn svg(plot: &Plot) -> Result<String> {
    // Text is measured by the font.
    register_font()?;
    match plot.single_labeled() {
        Some(labeled) => picture::svg(&Badged::of(&Dots::of(plot, labeled), &plot.badge)),
        None => picture::svg(&Badged::of(&Curves { plot, layout: Layout::of(plot) }, &plot.badge)),
    }
}

/// The curves as a PNG file.
///
/// # Errors
/// If the picture cannot be drawn.
pub fn png(plot: &Plot) -> Result<Vec<u8>> {
    register_font()?;
    match plot.single_labeled() {
        Some(labeled) => picture::png(&Badged::of(&Dots::of(plot, labeled), &plot.badge)),
        None => picture::png(&Badged::of(&Curves { plot, layout: Layout::of(plot) }, &plot.badge)),
    }
}
