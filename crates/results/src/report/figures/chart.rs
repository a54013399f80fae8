//! The data of the interactive chart of learning curves.
//!
//! Everything that the chart shows is computed here; its scripts only draw.

mod short;
#[cfg(test)]
mod tests;
mod values;

use std::collections::HashMap;

use plotters::style::RGBColor;
use serde::Serialize;

use self::short::Short;
use self::values::{Points, differences, points};
use super::curve::{MARKERS, Marker, Style, chosen_arms, chosen_of_several};
use super::{json, rounded};
use crate::report::findings::Findings;
use crate::report::page::Badge;
use crate::report::reference::{Reference, ReferencePoint};
use crate::report::summary::{Row, samplers};
use crate::report::words::arm::{Images, TRAIN_MARK};
use crate::report::words::metric::{metric_in_words, rule_in_words};
use crate::results::Rule;
use crate::spec::{EvaluationImages, Metric};

/// All curves that the page can show; `page/html/chart/` reads it.
#[derive(Debug, PartialEq, Serialize)]
struct Chart {
    /// The title and the scale badge, for pictures that the browser makes.
    title: String,
    badge: String,
    /// The arms of the first view come first; an arm looks the same in all views.
    arms: Vec<Curve>,
    /// What the short names of the arms leave out, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    short_note: Option<String>,
    published: Vec<Published>,
    published_heading: String,
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
    /// The name for narrow windows, if it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    short: Option<String>,
    /// Whether it has its colour where arms are many; the others are grey there.
    chosen: bool,
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
    /// None if no arm is compared with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<ReferenceArm>,
    arms: Vec<Points>,
}

/// The arm that the others are compared with.
#[derive(Debug, PartialEq, Serialize)]
struct ReferenceArm {
    /// The place in the chart's list.
    arm: usize,
    /// The label of the y axis of differences.
    label: String,
}

/// The chart as JSON. None before a round has finished.
pub(crate) fn data(findings: &Findings) -> Option<String> {
    chart(findings).as_ref().map(json)
}

fn markers() -> Vec<String> {
    MARKERS.iter().map(|marker| path(*marker)).collect()
}

/// The same of several experiments in one view, under a title and a badge, each arm under the rule that it queries with;
/// the published numbers are those of the first. None before a round has finished in any.
pub(crate) fn data_of_several(
    parts: &[(&str, &Findings)],
    metric: Metric,
    (title, badge): (&str, &Badge),
) -> Option<String> {
    let each: Vec<Images> = parts.iter().map(|(_, findings)| findings.images(&[])).collect();
    let images = if each.iter().all(|images| *images == each[0]) { each[0] } else { Images::Mixed };
    let (mut names, mut curves, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    for &(name, findings) in parts {
        let rows = findings.rows(metric, Rule::Own);
        let labels = samplers(rows.iter().copied());
        for &label in &labels {
            let arm = names.len();
            let is_marked = images == Images::Mixed && findings.images(&[label]) == Images::Train;
            let mark = if is_marked { format!(" {TRAIN_MARK}") } else { String::new() };
            names.push(format!("{name}: {label}{mark}"));
            curves.push(points(findings, arm, label, &rows, (metric, Rule::Own)));
        }
        shown.push((findings, labels));
    }
    let view = View {
        metric: metric.name,
        rule: Rule::Own.name().to_owned(),
        metric_label: metric_in_words(metric.label, images),
        rule_label: rule_in_words(Rule::Own, images),
        x_label: "labels",
        warning: (images != Images::Test).then(|| "labels among TRAIN images were trained on".into()),
        most: metric.factor,
        reference: None,
        arms: curves,
    };
    let first = parts.first()?.1;
    let short = Short::of(&names, None);
    let chosen = chosen_of_several(&shown);
    (!names.is_empty()).then(|| {
        json(&Chart {
            title: title.to_owned(),
            badge: badge.line(),
            arms: curves_of(names, &short, &chosen),
            short_note: short.note(),
            published: published(first, metric),
            published_heading: first.published_heading(),
            markers: markers(),
            views: vec![view],
        })
    })
}

/// The first view of results under another title and with another badge, in which the curves of a baseline take the place
/// of published numbers: an arm of the baseline has the marker of its namesake. None before a round has finished.
pub(crate) fn data_beside(
    [current, baseline]: [&Findings; 2],
    heading: &str,
    (title, badge): (&str, &Badge),
) -> Option<String> {
    let mut chart = chart(current)?;
    (chart.title, chart.badge) = (title.to_owned(), badge.line());
    chart.views.truncate(1);
    let metric = current.primary_metric();
    let rows = baseline.rows(metric, baseline.rule());
    let theirs = samplers(rows.iter().copied());
    let curve = |(i, curve): (usize, &Curve)| {
        let arm = theirs.iter().position(|arm| baseline.marked(arm) == curve.name)?;
        let points = points(baseline, arm, theirs[arm], &rows, (metric, baseline.rule())).points;
        Some(Published {
            name: format!("{} (baseline)", curve.name),
            look: Look::of(&Style::published(i)),
            metric: metric.name,
            points: points.into_iter().map(|(labeled, mean, ..)| (labeled, mean)).collect(),
        })
    };
    chart.published = chart.arms.iter().enumerate().filter_map(curve).collect();
    chart.published_heading = heading.to_owned();
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
    let names: Vec<String> = labels.iter().map(|arm| findings.marked(arm)).collect();
    let reference = labels.iter().position(|arm| *arm == findings.reference_arm());
    let short = Short::of(&names, reference);
    (!names.is_empty()).then(|| Chart {
        title: findings.title(),
        badge: findings.badge().line(),
        arms: curves_of(names, &short, &chosen_arms(findings, &labels)),
        short_note: short.note(),
        published: findings.metrics().into_iter().flat_map(|metric| published(findings, metric)).collect(),
        published_heading: findings.published_heading(),
        markers: markers(),
        views,
    })
}

fn curves_of(names: Vec<String>, short: &Short, chosen: &[bool]) -> Vec<Curve> {
    let curve = |((name, style), &chosen): ((String, Style), &bool)| Curve {
        short: short.name(&name),
        chosen,
        look: Look::of(&style),
        name,
    };
    names.into_iter().zip(Style::of_arms(chosen)).zip(chosen).map(curve).collect()
}

fn view(findings: &Findings, metric: Metric, rule: Rule, rows: &[&Row], labels: &[&str]) -> View {
    let arms = samplers(rows.iter().copied());
    let images = findings.images(&arms);
    let of_train = |arm: &&str| findings.protocol_of(arm).train.select.images == EvaluationImages::Train;
    let place: HashMap<&str, usize> = labels.iter().enumerate().map(|(i, label)| (*label, i)).collect();
    let mut shown: Vec<Points> =
        arms.iter().map(|arm| points(findings, place[arm], arm, rows, (metric, rule))).collect();
    let reference = Some(findings.reference_arm()).filter(|label| arms.contains(&label.as_str()));
    if let Some(versus) = &reference {
        for points in &mut shown {
            points.differences = differences(findings, (labels[points.arm], versus), metric, rule);
        }
    }
    let reference = reference.filter(|_| shown.iter().any(|points| !points.differences.is_empty()));
    let metric_label = metric_in_words(metric.label, images);
    View {
        metric: metric.name,
        rule: rule.name().to_owned(),
        rule_label: rule_in_words(rule, images),
        x_label: "labels",
        warning: findings.warning().filter(|_| arms.iter().any(of_train)).map(|text| text.trim_end().to_owned()),
        most: metric.factor,
        reference: reference.map(|label| ReferenceArm {
            arm: place[label.as_str()],
            label: format!("difference to {label}, {}", metric_label.replace(" (%)", " (points)")),
        }),
        metric_label,
        arms: shown,
    }
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
