//! Learning curves: a mean line with 95 % intervals per arm over the number of labels, as SVG and as PNG.
//!
//! `Plot` is what to draw, `Layout` where, `draw` does it on any backend. Arms differ by colour (Okabe and Ito's,
//! which the colour-blind can tell apart), marker and dashes, so that a grey print can be read too.

mod draw;
mod layout;
mod style;
mod text;

use anyhow::{Result, anyhow};
use plotters::prelude::{BitMapBackend, IntoDrawingArea, SVGBackend};

use self::layout::Layout;
use super::arm::Images;
use super::metric::{metric_in_words, rule_in_words, seeds_in_words};
use super::summary::samplers;
use super::{Findings, Metric, Rule};

/// Learning curves to draw: at least one point, all finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    title: String,
    subtitle: String,
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
    /// By labels.
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
        let published = findings.references_of(metric).iter().filter_map(|r| {
            let inside = r.points.iter().filter(|p| (first..=last).contains(&p.labeled));
            let points: Vec<Point> =
                inside.map(|p| Point { labeled: p.labeled as f64, value: p.accuracy, interval: None }).collect();
            (!points.is_empty()).then(|| Series { name: r.name(), points })
        });
        // Curves first: numbers that stand alone differ in their markers only, which come again after a few.
        let (curves, singles): (Vec<_>, Vec<_>) = published.partition(|s| !s.is_single());
        let seeds = seeds_in_words(rows.iter().map(|r| r.n));
        let intervals = if rows.iter().any(|r| r.n > 1) { "95 % intervals" } else { "no intervals" };
        let warning = if images == Images::Test { "" } else { "; labels among TRAIN images were trained on" };
        Some(Self {
            title: findings.spec.title.clone(),
            subtitle: format!("n = {seeds}, {intervals}; {}{warning}", rule_in_words(rule, images)),
            x_label: "labels".into(),
            y_label: metric_in_words(metric.label, images),
            ours: arms.iter().map(series).collect(),
            published: curves.into_iter().chain(singles).collect(),
            published_heading: findings.published_heading(),
            possible: (0.0, metric.factor),
        })
    }

    /// What the curves show, with its unit.
    pub fn y_label(&self) -> &str {
        &self.y_label
    }

    fn points(&self) -> impl Iterator<Item = &Point> + Clone {
        self.ours.iter().chain(&self.published).flat_map(|s| &s.points)
    }
}

/// Drawn at this many times the size at which the picture is shown: backends count in whole pixels.
const FINE: u32 = 4;
/// Fine pixels to a pixel of the PNG, each way: their mean smooths the edges. The PNG has twice the size shown.
const TO_PNG: u32 = 2;

/// The curves as an SVG document.
///
/// # Errors
/// If the picture cannot be drawn.
pub fn svg(plot: &Plot) -> Result<String> {
    text::register_font()?;
    let layout = Layout::of(plot);
    let size = layout.size(FINE);
    let mut svg = String::new();
    let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    draw::draw(&root, plot, &layout).map_err(|e| undrawn(&e))?;
    drop(root);
    // The view box keeps the fine coordinates.
    let (fine, shown) = (size, layout.size(1));
    let attributes = |(w, h): (u32, u32)| format!("width=\"{w}\" height=\"{h}\"");
    Ok(svg.replacen(&attributes(fine), &attributes(shown), 1))
}

/// The curves as a PNG file.
///
/// # Errors
/// If the picture cannot be drawn.
pub fn png(plot: &Plot) -> Result<Vec<u8>> {
    text::register_font()?;
    let layout = Layout::of(plot);
    let size = layout.size(FINE);
    let mut fine = vec![0; size.0 as usize * size.1 as usize * 3];
    let root = BitMapBackend::with_buffer(&mut fine, size).into_drawing_area();
    draw::draw(&root, plot, &layout).map_err(|e| undrawn(&e))?;
    drop(root);
    let (width, height) = (size.0 / TO_PNG, size.1 / TO_PNG);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Best);
    let mut writer = encoder.write_header().map_err(|e| undrawn(&e))?;
    writer.write_image_data(&halved(&fine, size.0 as usize)).map_err(|e| undrawn(&e))?;
    writer.finish().map_err(|e| undrawn(&e))?;
    Ok(file)
}

/// The mean of every [`TO_PNG`] x [`TO_PNG`] pixels (RGB, `width` of them a row, a multiple of it).
fn halved(fine: &[u8], width: usize) -> Vec<u8> {
    let side = TO_PNG as usize;
    let row = width * 3;
    let mut out = Vec::with_capacity(fine.len() / (side * side));
    for rows in fine.chunks_exact(row * side) {
        for x in (0..row).step_by(3 * side) {
            for channel in 0..3 {
                let at = |dy: usize, dx: usize| u32::from(rows[dy * row + x + 3 * dx + channel]);
                let sum: u32 =
                    (0..side).flat_map(|dy| (0..side).map(move |dx| (dy, dx))).map(|(dy, dx)| at(dy, dx)).sum();
                out.push((sum / (TO_PNG * TO_PNG)) as u8);
            }
        }
    }
    out
}

fn undrawn(error: &dyn std::fmt::Display) -> anyhow::Error {
    let error = error.to_string().replace('\n', " ");
    anyhow!("the curves cannot be drawn ({error}); the numbers are in summary.csv, and this is a bug to report")
}
