//! Learning curves: a mean line with 95 % intervals per arm over the number of labels, as SVG and as PNG.
//!
//! `Plot` is what to draw, `Layout` where, `draw` does it on any backend. Arms differ by colour (Okabe and Ito's,
//! which the colour-blind can tell apart), marker and dashes, so that a grey print can be read too.

mod beside;
mod draw;
mod layout;
mod style;

use anyhow::Result;
use plotters::prelude::DrawingBackend;

use self::layout::Layout;
pub(crate) use self::style::{MARKERS, Marker, Style};
use super::picture::{self, Area, Badged, Drawn, Picture, register_font};
use crate::report::findings::Findings;
use crate::report::page::{Badge, Figure};
use crate::report::reference::ReferencePoint;
use crate::report::summary::samplers;
use crate::report::words::arm::{Images, TRAIN_MARK};
use crate::report::words::metric::{metric_in_words, rule_in_words, seeds_in_words};
use crate::results::Rule;
use crate::spec::Metric;
use crate::stats::Summary;

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
    published: Vec<Series>,
    published_heading: String,
    /// The least and the most that a value can be.
    possible: (f64, f64),
}

/// One curve.
#[derive(Clone, Debug, PartialEq)]
struct Series {
    name: String,
    /// In the order of their numbers of labels.
    points: Vec<Point>,
}

impl Series {
    fn is_single(&self) -> bool {
        self.points.len() == 1
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    labeled: f64,
    /// In the unit of the axis, as the interval.
    value: f64,
    interval: Option<(f64, f64)>,
}

impl Plot {
    /// The curves of a metric under a selection rule, beside the published numbers between our first and our last
    /// number of labels; none before a round has finished.
    pub fn of(findings: &Findings, metric: Metric, rule: Rule) -> Option<Self> {
        let rows = findings.rows(metric, rule);
        let first = rows.iter().map(|r| r.labeled).min()?;
        let last = rows.iter().map(|r| r.labeled).max()?;
        let arms = samplers(rows.iter().copied());
        let images = findings.images(&arms);
        let series = |arm: &&str| Series {
            name: findings.marked(arm),
            points: rows
                .iter()
                .filter(|r| r.sampler == **arm)
                .map(|r| Point {
                    labeled: r.labeled as f64,
                    value: r.mean * metric.factor,
                    interval: r.low.zip(r.high).map(|(low, high)| (low * metric.factor, high * metric.factor)),
                })
                .collect(),
        };
        let point = |p: &ReferencePoint| Point { labeled: p.labeled as f64, value: p.value, interval: None };
        let published = findings.published_between(metric, (first, last)).into_iter();
        let published =
            published.map(|(r, points)| Series { name: r.name(), points: points.iter().map(point).collect() });
        let seeds = seeds_in_words(rows.iter().map(|r| r.n));
        let intervals = if rows.iter().any(|r| r.n > 1) { "95 % intervals" } else { "no intervals" };
        let warning = if images == Images::Test { "" } else { "; labels among TRAIN images were trained on" };
        Some(Self {
            title: findings.title(),
            badge: findings.badge().line(),
            subtitle: format!("n = {seeds}, {intervals}; {}{warning}", rule_in_words(rule, images)),
            x_label: "labels".into(),
            y_label: metric_in_words(metric.label, images),
            ours: arms.iter().map(series).collect(),
            published: published.collect(),
            published_heading: findings.published_heading(),
            possible: (0.0, metric.factor),
        })
    }

    /// The curves of several experiments in one picture, each arm under its own rule, by the experiments' names; title,
    /// badge and published numbers are those of the first. None before a round has finished in any.
    pub(crate) fn of_several(parts: &[(&str, &Findings)], metric: Metric) -> Option<Self> {
        let plots: Vec<(&str, Images, Self)> = parts
            .iter()
            .filter_map(|(name, findings)| Some((*name, findings.images(&[]), Self::of(findings, metric, Rule::Own)?)))
            .collect();
        let mut all = plots.first()?.2.clone();
        let first = plots[0].1;
        // One folder may have accuracies on train images, another on test images.
        let mixed = plots.iter().any(|(_, images, _)| *images != first);
        if mixed {
            all.y_label = metric_in_words(metric.label, Images::Mixed);
        }
        let named = |(name, images, plot): &(&str, Images, Self)| -> Vec<Series> {
            let mark = if mixed && *images == Images::Train { format!(" {TRAIN_MARK}") } else { String::new() };
            let name = |series: &Series| format!("{name}: {}{mark}", series.name);
            plot.ours.iter().map(|series| Series { name: name(series), points: series.points.clone() }).collect()
        };
        all.ours = plots.iter().flat_map(named).collect();
        let seeds = parts.iter().flat_map(|(_, findings)| findings.rows(metric, Rule::Own)).map(|row| row.n);
        let seeds = seeds_in_words(seeds.collect::<Vec<_>>().into_iter());
        let warning = if !mixed && first == Images::Test { "" } else { "; labels among TRAIN images were trained on" };
        all.subtitle = format!(
            "n = {seeds}, 95 % intervals where there are two; each under the rule that it queries with{warning}"
        );
        Some(all)
    }

    /// Curves of means over the number of labels, of what goes from 0 to 100 %; none without a point.
    pub(crate) fn of_means(
        title: String,
        subtitle: String,
        badge: &Badge,
        y_label: String,
        curves: Vec<(String, Vec<(usize, Summary)>)>,
    ) -> Option<Self> {
        let point = |(labeled, summary): (usize, Summary)| Point {
            labeled: labeled as f64,
            value: summary.mean,
            interval: summary.low.zip(summary.high),
        };
        let series = |(name, points): (String, Vec<(usize, Summary)>)| Series {
            name,
            points: points.into_iter().map(point).collect(),
        };
        let ours: Vec<Series> = curves.into_iter().map(series).filter(|series| !series.points.is_empty()).collect();
        (!ours.is_empty()).then(|| Self {
            title,
            subtitle,
            badge: badge.line(),
            x_label: "labels".into(),
            y_label,
            ours,
            published: Vec::new(),
            published_heading: String::new(),
            possible: (0.0, 100.0),
        })
    }

    /// The curves as a figure of a page.
    ///
    /// # Errors
    /// If the picture cannot be drawn.
    pub(crate) fn figure(&self, file: impl Into<String>) -> Result<Figure> {
        Ok(Figure::new(file, format!("Learning curves: {}", self.y_label), svg(self)?))
    }

    /// The metric that the curves show, with its unit.
    pub fn y_label(&self) -> &str {
        &self.y_label
    }

    fn points(&self) -> impl Iterator<Item = &Point> + Clone {
        self.ours.iter().chain(&self.published).flat_map(|s| &s.points)
    }
}

/// Curves and where they go.
struct Curves<'a> {
    plot: &'a Plot,
    layout: Layout,
}

impl<'a> Curves<'a> {
    /// # Errors
    /// If the font, by which text is measured, cannot be read.
    fn of(plot: &'a Plot) -> Result<Self> {
        register_font()?;
        Ok(Self { plot, layout: Layout::of(plot) })
    }
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
    picture::svg(&Badged::of(&Curves::of(plot)?, &plot.badge))
}

/// The curves as a PNG file.
///
/// # Errors
/// If the picture cannot be drawn.
pub fn png(plot: &Plot) -> Result<Vec<u8>> {
    picture::png(&Badged::of(&Curves::of(plot)?, &plot.badge))
}
