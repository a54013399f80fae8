//! The data of the interactive chart of learning curves.

use std::collections::HashMap;

use plotters::style::RGBColor;
use serde::Serialize;

use super::curve::{MARKERS, Marker, Style};
use crate::report::findings::Findings;
use crate::report::reference::{Reference, ReferencePoint};
use crate::report::summary::{Row, samplers};
use crate::report::words::arm::{Images, TRAIN_MARK};
use crate::report::words::metric::{metric_in_words, rule_in_words};
use crate::results::Rule;
use crate::spec::{EvaluationImages, Metric};

/// All curves that the page can show; `page.js` reads it.
#[derive(Debug, PartialEq, Serialize)]
struct Chart {
    /// The arms of the first view come first; an arm looks the same in all views.
    arms: Vec<Curve>,
    published: Vec<Published>,
    published_heading: String,
    /// What a published number is called: `published`, or `baseline`.
    published_word: &'static str,
    /// The paths of the markers about (0, 0), in units of their size, by the place that a curve names.
    markers: Vec<String>,
    /// The first one is what the page opens on.
    views: Vec<View>,
}

/// The look of an arm.
#[derive(Debug, PartialEq, Serialize)]
struct Curve {
    /// The arm's label, marked if its values are of train images.
    name: String,
    look: Look,
}

/// One source's numbers.
#[derive(Debug, PartialEq, Serialize)]
struct Published {
    name: String,
    look: Look,
    /// The name of their metric.
    metric: &'static str,
    /// Labels, and value in the unit of the axis.
    points: Vec<(usize, f64)>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Look {
    /// `#0072b2`.
    color: String,
    /// The place in the chart's list.
    marker: usize,
    /// Lengths of dash and gap in turn, in pixels; empty for a solid line.
    dashes: &'static [f64],
    width: f64,
    hollow: bool,
}

/// One metric under one rule.
#[derive(Debug, PartialEq, Serialize)]
struct View {
    metric: &'static str,
    rule: String,
    /// In words, as the three fields below.
    metric_label: String,
    rule_label: String,
    /// The label of the x axis.
    x_label: &'static str,
    warning: Option<String>,
    /// The largest possible value; the smallest is 0.
    most: f64,
    arms: Vec<Points>,
}

const PUBLISHED: &str = "published";

/// Labels, mean, ends of the interval, seeds.
type PlottedPoint = (usize, f64, Option<f64>, Option<f64>, usize);

/// The means of an arm.
#[derive(Debug, PartialEq, Serialize)]
struct Points {
    /// The place in the chart's list.
    arm: usize,
    /// Labels, mean, lower and upper end of its 95 % interval, all in the unit of the axis, and seeds.
    points: Vec<PlottedPoint>,
}

/// The chart as JSON. No text in it can end the HTML element that holds it. None before a round has finished.
pub(crate) fn data(findings: &Findings) -> Option<String> {
    chart(findings).as_ref().map(json)
}

fn json(chart: &Chart) -> String {
    let json = serde_json::to_string(chart).expect("numbers and text have a JSON form");
    json.replace('<', "\\u003c")
}

fn markers() -> Vec<String> {
    MARKERS.iter().map(|marker| path(*marker)).collect()
}

/// The same of several experiments in one view, each arm under the rule that it queries with; the published numbers are
/// those of the first. None before a round has finished in any.
pub(crate) fn data_of_several(parts: &[(&str, &Findings)], metric: Metric) -> Option<String> {
    let each: Vec<Images> = parts.iter().map(|(_, findings)| findings.images(&[])).collect();
    let images = if each.iter().all(|images| *images == each[0]) { each[0] } else { Images::Mixed };
    let (mut arms, mut curves) = (Vec::new(), Vec::new());
    for (name, findings) in parts {
        let rows = findings.rows(metric, Rule::Own);
        for label in samplers(rows.iter().copied()) {
            let arm = arms.len();
            let is_marked = images == Images::Mixed && findings.images(&[label]) == Images::Train;
            let mark = if is_marked { format!(" {TRAIN_MARK}") } else { String::new() };
            arms.push(Curve { name: format!("{name}: {label}{mark}"), look: Look::of(&Style::ours(arm)) });
            curves.push(points(arm, label, &rows, metric));
        }
    }
    let view = View {
        metric: metric.name,
        rule: Rule::Own.name().to_owned(),
        metric_label: metric_in_words(metric.label, images),
        rule_label: rule_in_words(Rule::Own, images),
        x_label: "labels",
        warning: (images != Images::Test).then(|| "labels among TRAIN images were trained on".into()),
        most: metric.factor,
        arms: curves,
    };
    let first = parts.first()?.1;
    (!arms.is_empty()).then(|| {
        json(&Chart {
            arms,
            published: published(first, metric),
            published_heading: first.published_heading(),
            published_word: PUBLISHED,
            markers: markers(),
            views: vec![view],
        })
    })
}

/// The first view of results, in which the curves of a baseline take the place of published numbers: an arm of the
/// baseline has the marker of its namesake. None before a round has finished.
pub(crate) fn data_beside(current: &Findings, baseline: &Findings, heading: String) -> Option<String> {
    let mut chart = chart(current)?;
    chart.views.truncate(1);
    let metric = current.primary_metric();
    let rows = baseline.rows(metric, baseline.rule());
    let theirs = samplers(rows.iter().copied());
    let curve = |(i, curve): (usize, &Curve)| {
        let arm = theirs.iter().position(|arm| baseline.marked(arm) == curve.name)?;
        let points = points(arm, theirs[arm], &rows, metric).points;
        Some(Published {
            name: curve.name.clone(),
            look: Look::of(&Style::published(i)),
            metric: metric.name,
            points: points.into_iter().map(|(labeled, mean, ..)| (labeled, mean)).collect(),
        })
    };
    chart.published = chart.arms.iter().enumerate().filter_map(curve).collect();
    (chart.published_heading, chart.published_word) = (heading, "baseline");
    Some(json(&chart))
}

fn chart(findings: &Findings) -> Option<Chart> {
    let mut labels: Vec<&str> = Vec::new();
    let mut views = Vec::new();
    for metric in findings.metrics() {
        for rule in findings.results.rules_of(metric.name) {
            let rows = findings.rows(metric, rule);
            let arms = samplers(rows.iter().copied());
            if arms.is_empty() {
                continue;
            }
            let new: Vec<&str> = arms.iter().filter(|arm| !labels.contains(arm)).copied().collect();
            labels.extend(new);
            views.push(view(findings, metric, rule, &rows, &labels));
        }
    }
    let arms: Vec<Curve> = labels
        .iter()
        .enumerate()
        .map(|(i, arm)| Curve { name: findings.marked(arm), look: Look::of(&Style::ours(i)) })
        .collect();
    (!arms.is_empty()).then(|| Chart {
        arms,
        published: findings.metrics().into_iter().flat_map(|metric| published(findings, metric)).collect(),
        published_heading: findings.published_heading(),
        published_word: PUBLISHED,
        markers: markers(),
        views,
    })
}

fn view(findings: &Findings, metric: Metric, rule: Rule, rows: &[&Row], labels: &[&str]) -> View {
    let arms = samplers(rows.iter().copied());
    let images = findings.images(&arms);
    let of_train = |arm: &&str| findings.protocol_of(arm).train.select.images == EvaluationImages::Train;
    let place: HashMap<&str, usize> = labels.iter().enumerate().map(|(i, label)| (*label, i)).collect();
    View {
        metric: metric.name,
        rule: rule.name().to_owned(),
        metric_label: metric_in_words(metric.label, images),
        rule_label: rule_in_words(rule, images),
        x_label: "labels",
        warning: findings.warning().filter(|_| arms.iter().any(of_train)).map(|text| text.trim_end().to_owned()),
        most: metric.factor,
        arms: arms.iter().map(|arm| points(place[arm], arm, rows, metric)).collect(),
    }
}

/// The rows of one arm, which has a place in the chart's list.
fn points(arm: usize, label: &str, rows: &[&Row], metric: Metric) -> Points {
    let shown = |value: f64| rounded(value * metric.factor);
    let of_arm = rows.iter().filter(|row| row.sampler == label);
    let points = of_arm.map(|row| (row.labeled, shown(row.mean), row.low.map(shown), row.high.map(shown), row.n));
    Points { arm, points: points.collect() }
}

/// Between our first and our last number of labels; curves first, as in the pictures.
fn published(findings: &Findings, metric: Metric) -> Vec<Published> {
    let labels = findings.rows.iter().filter(|row| row.metric == metric.name).map(|row| row.labeled);
    let (Some(first), Some(last)) = (labels.clone().min(), labels.max()) else { return Vec::new() };
    let curve = |(i, (r, points)): (usize, (&Reference, Vec<ReferencePoint>))| Published {
        name: r.name(),
        look: Look::of(&Style::published(i)),
        metric: metric.name,
        points: points.iter().map(|p| (p.labeled, rounded(p.value))).collect(),
    };
    findings.published_between(metric, (first, last)).into_iter().enumerate().map(curve).collect()
}

impl Look {
    fn of(style: &Style) -> Self {
        let RGBColor(red, green, blue) = style.color;
        Self {
            color: format!("#{red:02x}{green:02x}{blue:02x}"),
            marker: MARKERS.iter().position(|marker| *marker == style.marker).expect("all markers are listed"),
            dashes: style.dashes,
            width: style.width,
            hollow: style.hollow && style.marker.has_inside(),
        }
    }
}

/// A marker as the path of an SVG.
fn path(marker: Marker) -> String {
    let corners: Vec<String> = marker.corners().iter().map(|(x, y)| format!("{x:.2},{y:.2}")).collect();
    format!("M{}Z", corners.join("L"))
}

/// Rounds to four digits, so that pages stay small.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
