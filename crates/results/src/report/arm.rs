//! Arms: samplers under protocols. Those of a variant may query by another rule, and be evaluated on other images.

use std::collections::BTreeMap;

use super::{Findings, Metric, Row, Rule};
use crate::spec::{EvaluationImages, Spec};

/// The images that the values of several arms are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Images {
    Test,
    /// The whole pool: labels that were trained on are among them.
    Train,
    /// Those of some arms are of test images, those of others of train images.
    Mixed,
}

pub(super) fn protocol_of<'a>(spec: &'a Spec, arm: &str) -> &'a Spec {
    spec.arms().into_iter().find(|(label, _)| label == arm).map_or(spec, |(_, protocol)| protocol)
}

/// The images that the values of `arms` are of; of all arms of the spec where there are none.
pub(super) fn images_of(spec: &Spec, arms: &[&str]) -> Images {
    let of = |protocol: &Spec| protocol.train.select.images == EvaluationImages::Train;
    let of_train: Vec<bool> = match arms {
        [] => spec.arms().iter().map(|(_, protocol)| of(protocol)).collect(),
        arms => arms.iter().map(|arm| of(protocol_of(spec, arm))).collect(),
    };
    match (of_train.contains(&true), of_train.contains(&false)) {
        (true, true) => Images::Mixed,
        (true, false) => Images::Train,
        (false, _) => Images::Test,
    }
}

impl Findings {
    /// The protocol of an arm; the experiment's own for a label that the spec does not name.
    pub(super) fn protocol_of(&self, arm: &str) -> &Spec {
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

    /// The rows of the metrics whose names `is_wanted` takes, in the order of the arms.
    pub(super) fn rows_of(&self, rule: Rule, is_wanted: &dyn Fn(&str) -> bool) -> Vec<&Row> {
        let arms: BTreeMap<String, &Spec> = self.spec().arms().into_iter().collect();
        let own = |arm: &str| arms.get(arm).map_or(self.spec(), |spec| *spec).train.select.query.name();
        let is_shown = |row: &Row| match rule {
            Rule::Own => row.select == own(&row.sampler),
            Rule::One(select) => row.select == select,
        };
        self.rows.iter().filter(|row| is_wanted(&row.metric) && is_shown(row)).collect()
    }

    /// The images that the values of `arms` are of; of all arms of the spec where there are none.
    pub(super) fn images(&self, arms: &[&str]) -> Images {
        images_of(self.spec(), arms)
    }

    /// The label of an arm, with a mark where its values are of train images and others' are not.
    pub(super) fn marked(&self, arm: &str) -> String {
        if self.images(&[]) == Images::Mixed && self.images(&[arm]) == Images::Train {
            format!("{arm} {TRAIN_MARK}")
        } else {
            arm.to_owned()
        }
    }

    /// What a reader must know where values are of train images.
    pub(super) fn warning(&self) -> Option<String> {
        let what = "the values are of TRAIN images (the whole pool), of which the labels were trained on";
        match self.images(&[]) {
            Images::Test => None,
            Images::Train => Some(format!("Note: {what}; they are not comparable with values of test images.\n")),
            Images::Mixed => Some(format!("{TRAIN_MARK}: {what}; they are not comparable with the others.\n")),
        }
    }
}

pub(super) const TRAIN_MARK: &str = "[TRAIN images]";

#[cfg(test)]
mod tests {
    use super::super::testing::{accuracy, findings, full, spec_with};
    use super::*;

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
        assert!(all.warning().unwrap().contains("of which the labels were trained on"));
    }
}
