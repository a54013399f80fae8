//! Plots of findings.

use super::chosen::{chosen_arms, chosen_of_several};
use super::{Plot, Point, Published, Series};
use crate::report::findings::Findings;
use crate::report::summary::{Row, samplers};
use crate::report::words::arm::{Images, TRAIN_MARK};
use crate::report::words::metric::{metric_in_words, rule_in_words, seeds_in_words, spread_in_words};
use crate::results::Rule;
use crate::spec::Metric;
use crate::stats::Summary;

/// A number of labels, and the values of the trials there.
type Labeled = (usize, Vec<f64>);

impl Plot {
    /// The curves of a metric under a selection rule, beside the published numbers between our first and our last
    /// number of labels; none before a round has finished.
    pub fn of(findings: &Findings, metric: Metric, rule: Rule) -> Option<Self> {
        let rows = findings.rows(metric, rule);
        let first = rows.iter().map(|r| r.labeled).min()?;
        let last = rows.iter().map(|r| r.labeled).max()?;
        let arms = samplers(rows.iter().copied());
        let images = findings.images(&arms);
        let series = |(arm, is_chosen): (&&str, bool)| Series {
            name: findings.marked(arm),
            points: rows.iter().filter(|r| r.sampler == **arm).map(|r| point(findings, metric, r)).collect(),
            is_chosen,
        };
        let published = findings.published_between(metric, (first, last)).into_iter().map(|(r, points)| Published {
            name: r.name(),
            source: r.source.clone(),
            points: points.iter().map(|p| (p.labeled as f64, p.value)).collect(),
        });
        let warning = if images == Images::Test { "" } else { "; labels among TRAIN images were trained on" };
        let seeds = seeds_and_spread(rows.iter().map(|r| r.n));
        Some(Self {
            title: findings.title(),
            badge: findings.badge().line(),
            subtitle: format!("{seeds}; {}{warning}", rule_in_words(rule, images)),
            x_label: "labels".into(),
            y_label: metric_in_words(metric.label, images),
            ours: arms.iter().zip(chosen_arms(findings, &arms)).map(series).collect(),
            published: published.collect(),
            published_heading: findings.published_heading(),
            possible: (0.0, metric.factor),
        })
    }

    /// The curves of several experiments in one picture, each arm under its own rule, by the experiments' names; the
    /// published numbers are those of the first. None before a round has finished in any.
    pub(crate) fn of_several(parts: &[(&str, &Findings)], metric: Metric) -> Option<Self> {
        let plots: Vec<(&str, &Findings, Self)> = parts
            .iter()
            .filter_map(|(name, findings)| Some((*name, *findings, Self::of(findings, metric, Rule::Own)?)))
            .collect();
        let mut all = plots.first()?.2.clone();
        let first = plots[0].1.images(&[]);
        // One folder may have accuracies on train images, another on test images.
        let mixed = plots.iter().any(|(_, findings, _)| findings.images(&[]) != first);
        if mixed {
            all.y_label = metric_in_words(metric.label, Images::Mixed);
        }
        let named = |(name, findings, plot): &(&str, &Findings, Self)| -> Vec<Series> {
            let is_marked = mixed && findings.images(&[]) == Images::Train;
            let mark = if is_marked { format!(" {TRAIN_MARK}") } else { String::new() };
            let name = |series: &Series| format!("{name}: {}{mark}", series.name);
            plot.ours.iter().map(|series| Series { name: name(series), ..series.clone() }).collect()
        };
        all.ours = plots.iter().flat_map(named).collect();
        let rows: Vec<Vec<&Row>> = plots.iter().map(|(_, findings, _)| findings.rows(metric, Rule::Own)).collect();
        let arms: Vec<(&Findings, Vec<&str>)> = plots
            .iter()
            .zip(&rows)
            .map(|((_, findings, _), rows)| (*findings, samplers(rows.iter().copied())))
            .collect();
        for (series, is_chosen) in all.ours.iter_mut().zip(chosen_of_several(&arms)) {
            series.is_chosen = is_chosen;
        }
        // Each folder has a badge of its own.
        all.badge.clear();
        all.title = parts.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" against ");
        let seeds = seeds_and_spread(rows.iter().flatten().map(|row| row.n));
        let warning = if !mixed && first == Images::Test { "" } else { "; labels among TRAIN images were trained on" };
        all.subtitle = format!("{seeds}; each under the rule that it queries with{warning}");
        Some(all)
    }

    /// Curves of means over the number of labels, of what goes from 0 to 100 %: an arm's label with the values of its
    /// trials by number of labels. None without a point. `caption` goes before the number of seeds.
    pub(crate) fn of_means(
        findings: &Findings,
        title: String,
        caption: &str,
        y_label: String,
        curves: Vec<(String, Vec<Labeled>)>,
    ) -> Option<Self> {
        let point = |(labeled, trials): Labeled| Some(Point::of(labeled, Summary::of(&trials)?, trials));
        let series = |(name, points): (String, Vec<Labeled>)| Series {
            name,
            points: points.into_iter().filter_map(point).collect(),
            is_chosen: true,
        };
        let mut ours: Vec<Series> = curves.into_iter().map(series).filter(|series| !series.points.is_empty()).collect();
        let arms: Vec<&str> = ours.iter().map(|series| series.name.as_str()).collect();
        let chosen = chosen_arms(findings, &arms);
        for (series, is_chosen) in ours.iter_mut().zip(chosen) {
            series.is_chosen = is_chosen;
        }
        let seeds: Vec<usize> = ours.iter().flat_map(|series| &series.points).map(|p| p.trials.len()).collect();
        (!ours.is_empty()).then(|| Self {
            title,
            badge: findings.badge().line(),
            subtitle: format!("{caption}; {}", seeds_and_spread(seeds.into_iter())),
            x_label: "labels".into(),
            y_label,
            ours,
            published: Vec::new(),
            published_heading: String::new(),
            possible: (0.0, 100.0),
        })
    }
}

fn point(findings: &Findings, metric: Metric, row: &Row) -> Point {
    let scaled = |value: f64| value * metric.factor;
    let trials = findings.results.at_round(&row.sampler, metric.name, &row.select, row.round);
    let summary = Summary {
        n: row.n,
        mean: scaled(row.mean),
        sd: row.sd.map(scaled),
        low: row.low.map(scaled),
        high: row.high.map(scaled),
    };
    Point::of(row.labeled, summary, trials.into_values().map(scaled).collect())
}

/// `n = 5 seeds, 95 % intervals`
fn seeds_and_spread(counts: impl Iterator<Item = usize> + Clone) -> String {
    format!("n = {}, {}", seeds_in_words(counts.clone()), spread_in_words(counts))
}
