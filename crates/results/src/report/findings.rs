//! The findings of one results folder, from which every page is made.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use super::cost::Cost;
use super::page::Badge;
use super::reference::{Reference, ReferencePoint, reference_folder, references_for};
use super::summary::{Row, rows};
use super::words::arm::{Images, TRAIN_MARK, images_of, protocol_of};
use super::words::badge::{self, Facts};
use crate::findings::{Comparison, JudgedClaim, comparisons, judged_claims};
use crate::results::{Results, Rule};
use crate::spec::{Metric, SamplerSpec, Spec};
use crate::store::Manifest;

/// Everything that a report is made from.
#[derive(Clone, Debug)]
pub struct Findings {
    pub results: Results,
    /// Means over seeds.
    pub rows: Vec<Row>,
    /// Arms against each other.
    pub comparisons: Vec<Comparison>,
    /// The claims of the spec, judged.
    pub judged_claims: Vec<JudgedClaim>,
    pub cost: Cost,
    /// Published numbers of the same experiment.
    pub references: Vec<Reference>,
    /// Where a page finds the files of the results folder: a URL that ends in `/`; empty if they lie beside the page.
    pub files: String,
}

impl Findings {
    /// Reads a results folder, and the published numbers from [`reference_folder`].
    ///
    /// # Errors
    /// If a file is missing, does not fit, or belongs to another experiment.
    pub fn read(folder: &Path) -> Result<Self> {
        let results = Results::read(folder)?;
        let references = references_for(&reference_folder(folder), &results.spec)?;
        Ok(Self::of(results, references))
    }

    /// The findings of results, beside published numbers.
    pub fn of(results: Results, references: Vec<Reference>) -> Self {
        Self {
            rows: rows(&results),
            comparisons: comparisons(&results),
            judged_claims: judged_claims(&results),
            cost: Cost::of(&results.records),
            references,
            files: String::new(),
            results,
        }
    }

    /// The spec of the results.
    pub fn spec(&self) -> &Spec {
        &self.results.spec
    }

    /// [`badge::title`] of the results.
    pub(crate) fn title(&self) -> String {
        badge::title(self.spec(), self.manifest())
    }

    /// [`badge::other_data_note`] of the results.
    pub(crate) fn other_data_note(&self) -> Option<String> {
        badge::other_data_note(self.spec(), self.manifest())
    }

    /// The arm that others are compared with where one must be chosen: random sampling under the experiment's protocol,
    /// else the first arm of the spec.
    pub(crate) fn reference_arm(&self) -> String {
        let arms = self.spec().arms();
        let random = SamplerSpec::Random.label();
        let is_random = |(label, _): &&(String, &Spec)| *label == random;
        arms.iter().find(is_random).or(arms.first()).map_or(String::new(), |(label, _)| label.clone())
    }

    /// The scale badge of a page or a picture of these results.
    pub(crate) fn badge(&self) -> Badge {
        self.facts().badge()
    }

    /// The facts of the scale badge.
    pub(crate) fn facts(&self) -> Facts {
        let counts = self.rows.iter().map(|row| row.n);
        let seeds = counts.clone().min().zip(counts.max());
        Facts::of(self.spec(), self.manifest(), &self.results.devices, seeds)
    }

    /// The manifest; `None` if the folder has none.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.results.manifest.as_ref()
    }

    /// The primary metric, plus recorded secondary metrics whose values differ from it: on a balanced test split, the
    /// balanced accuracy would only repeat the accuracy.
    pub fn metrics(&self) -> Vec<Metric> {
        let (primary, secondary) = self.spec().dataset.task().metrics().split_first().expect("a task has a metric");
        let primary_means = self.means(*primary);
        let differs =
            |metric: &&Metric| self.means(**metric).iter().zip(&primary_means).any(|(a, b)| (a - b).abs() > 1e-9);
        std::iter::once(primary).chain(secondary.iter().filter(differs)).copied().collect()
    }

    /// The primary metric of the task.
    pub(crate) fn primary_metric(&self) -> Metric {
        self.spec().dataset.task().primary_metric()
    }

    /// The means of all samplers, rounds and rules, in an order that is the same for every metric.
    fn means(&self, metric: Metric) -> Vec<f64> {
        self.rows.iter().filter(|row| row.metric == metric.name).map(|row| row.mean).collect()
    }

    /// The published numbers of a metric.
    pub(crate) fn references_of(&self, metric: Metric) -> Vec<&Reference> {
        self.references.iter().filter(|reference| reference.metric == metric.name).collect()
    }

    /// The published numbers of a metric from `first` to `last` labels. Curves come before numbers that stand alone,
    /// which differ only in their markers, and markers repeat after a few.
    pub(crate) fn published_between(
        &self,
        metric: Metric,
        (first, last): (usize, usize),
    ) -> Vec<(&Reference, Vec<ReferencePoint>)> {
        let inside = |r: &Reference| -> Vec<ReferencePoint> {
            r.points.iter().filter(|p| (first..=last).contains(&p.labeled)).copied().collect()
        };
        let mut found: Vec<_> = self.references_of(metric).into_iter().map(|r| (r, inside(r))).collect();
        found.retain(|(_, points)| !points.is_empty());
        found.sort_by_key(|(_, points)| points.len() == 1);
        found
    }

    /// The heading above published numbers. They are for the full protocol (a profile is another, smaller one) and of
    /// test images.
    pub(crate) fn published_heading(&self) -> String {
        let full = Some("full protocol").filter(|_| !self.spec().identity().1.is_empty());
        let test = Some("of test images unless they say otherwise").filter(|_| self.warning().is_some());
        let notes: Vec<&str> = full.into_iter().chain(test).collect();
        if notes.is_empty() { "Published numbers".into() } else { format!("Published numbers ({})", notes.join("; ")) }
    }

    /// The protocol of an arm; the experiment's own for a label that the spec does not name.
    pub(crate) fn protocol_of(&self, arm: &str) -> &Spec {
        protocol_of(self.spec(), arm)
    }

    /// The rule that is reported first: the one that all arms query with, or else each arm's own.
    pub fn rule(&self) -> Rule<'static> {
        self.results.rule()
    }

    /// The rows of one metric, in the order of the arms.
    pub fn rows(&self, metric: Metric, rule: Rule) -> Vec<&Row> {
        self.rows_of(rule, &|name| name == metric.name)
    }

    /// The rows of the metrics whose names `is_wanted` accepts, in the order of the arms.
    pub(crate) fn rows_of(&self, rule: Rule, is_wanted: &dyn Fn(&str) -> bool) -> Vec<&Row> {
        let arms: BTreeMap<String, &Spec> = self.spec().arms().into_iter().collect();
        let own_rule = |arm: &str| arms.get(arm).map_or(self.spec(), |spec| *spec).train.select.query.name();
        let is_shown = |row: &Row| match rule {
            Rule::Own => row.select == own_rule(&row.sampler),
            Rule::One(select) => row.select == select,
        };
        self.rows.iter().filter(|row| is_wanted(&row.metric) && is_shown(row)).collect()
    }

    /// The images that the values of `arms` are of; of all arms of the spec if `arms` is empty.
    pub(crate) fn images(&self, arms: &[&str]) -> Images {
        images_of(self.spec(), arms)
    }

    /// The label of an arm, with a mark if its values are of train images and those of other arms are not.
    pub(crate) fn marked(&self, arm: &str) -> String {
        if self.images(&[]) == Images::Mixed && self.images(&[arm]) == Images::Train {
            format!("{arm} {TRAIN_MARK}")
        } else {
            arm.to_owned()
        }
    }

    /// What a reader must know if values are of train images.
    pub(crate) fn warning(&self) -> Option<String> {
        let what = "the values are of TRAIN images (the whole pool), whose labels were trained on";
        match self.images(&[]) {
            Images::Test => None,
            Images::Train => Some(format!("{what}; they are not comparable with values of test images.")),
            Images::Mixed => Some(format!("{TRAIN_MARK}: {what}; they are not comparable with the others.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{accuracy, findings, full, spec_with};
    use crate::spec::EvaluationImages;

    fn findings_of(variants: &str) -> Findings {
        let mut rows = full();
        for mut row in full() {
            row.sampler += "@other";
            row.select = "best-on-test".into();
            rows.push(row);
        }
        rows.push(accuracy("core-set@other", 0, 0, 0.9));
        findings(&spec_with(variants), rows)
    }

    #[test]
    fn arms_that_query_alike_share_a_rule() {
        let alike = findings_of("[variant.other]\ntrain.start = 'continue'");
        assert_eq!(alike.rule(), Rule::One("last"));
        assert_eq!(alike.rows(Metric::ACCURACY, alike.rule()).len(), 2 * 3 + 1);
        assert_eq!(alike.protocol_of("random@other").train.start, crate::spec::Start::Continue);
        assert_eq!(alike.protocol_of("unheard-of"), alike.spec());
    }

    #[test]
    fn arms_that_query_differently_have_a_rule_each() {
        let apart = findings_of("[variant.other]\ntrain.select.query = 'best-on-test'");
        assert_eq!(apart.rule(), Rule::Own);
        let rows = apart.rows(Metric::ACCURACY, apart.rule());
        let shown: Vec<(&str, &str)> = rows.iter().map(|r| (r.sampler.as_str(), r.select.as_str())).collect();
        let expected = [
            ("random", "last"),
            ("core-set", "last"),
            ("random@other", "best-on-test"),
            ("core-set@other", "best-on-test"),
        ];
        assert_eq!(shown, expected.map(|arm| [arm; 3]).concat());
    }

    #[test]
    fn arms_on_train_images_are_marked_unless_all_are() {
        let mixed = findings_of("[variant.other]\ntrain.select.images = 'train'");
        assert_eq!(mixed.images(&[]), Images::Mixed);
        assert_eq!((mixed.images(&["random"]), mixed.images(&["random@other"])), (Images::Test, Images::Train));
        assert_eq!(mixed.marked("random"), "random");
        assert_eq!(mixed.marked("random@other"), "random@other [TRAIN images]");
        assert!(mixed.warning().unwrap().starts_with("[TRAIN images]: the values are of TRAIN images"));

        let mut all = findings(&spec_with(""), full());
        assert_eq!((all.images(&[]), all.warning()), (Images::Test, None));
        all.results.spec.train.select.images = EvaluationImages::Train;
        assert_eq!((all.images(&[]), all.marked("random").as_str()), (Images::Train, "random"));
        assert!(all.warning().unwrap().contains("whose labels were trained on"));
    }
}
