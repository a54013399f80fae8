//! Comparisons of arms, paired by seed: the rows of `comparisons.csv`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{LEVEL, POWER, RESAMPLES};
use crate::results::{Arm, Results, Rule};
use crate::spec::Metric;
use crate::stats::{self, Estimate, Paired, Penalties};

/// The difference between two arms over the seeds that both have: a row of `comparisons.csv` (`docs/formats.md`).
/// Values have the unit of the records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    pub experiment: String,
    /// Empty for a spec without a profile.
    pub profile: String,
    /// The metric, as in the records.
    pub metric: String,
    /// The selection rule of both arms, or `own` if each is under the rule that it queries with.
    pub select: String,
    pub arm: String,
    /// The arm that `arm` is compared with.
    pub versus: String,
    pub what: What,
    /// The round, from 0; empty for the area.
    pub round: Option<usize>,
    /// The number of labels that the task models were trained on; empty for the area.
    pub labeled: Option<usize>,
    /// The number of pairs.
    pub n: usize,
    /// The mean of the differences `arm - versus`.
    pub mean: f64,
    /// Sample standard deviation of the differences. This and the next two fields are empty for one pair.
    pub sd: Option<f64>,
    /// Lower end of the 95 % t interval of the mean.
    pub low: Option<f64>,
    /// Upper end of that interval.
    pub high: Option<f64>,
    /// The paired t statistic; empty below three pairs, and if the differences do not vary.
    pub t: Option<f64>,
    /// The two-sided p value of `t`.
    pub p: Option<f64>,
    /// `p` after Holm's correction over all rows of the file with the same metric, select and what.
    pub p_holm: Option<f64>,
    /// The probability that a trial of `arm` exceeds one of `versus`; empty for single rounds.
    pub improvement: Option<f64>,
    /// Lower end of the 95 % bootstrap interval of `improvement`; empty below five trials of each arm.
    pub improvement_low: Option<f64>,
    /// Upper end of that interval.
    pub improvement_high: Option<f64>,
}

/// Which value of a trial is compared. The names in files are in kebab case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The normalised area under the budget curve.
    #[default]
    Area,
    /// The value after the last round.
    LastRound,
    /// The value after each round.
    Round,
}

impl Comparison {
    /// Whether the difference is significant at 5 % after Holm's correction over its family.
    pub fn is_significant(&self) -> bool {
        self.p_holm.is_some_and(|p| p < LEVEL)
    }

    /// This comparison as `arm - versus`, if it is of these two arms: of a pair, one direction is stored.
    pub fn between(&self, arm: &str, versus: &str) -> Option<Self> {
        match (self.arm.as_str(), self.versus.as_str()) {
            pair if pair == (arm, versus) => Some(self.clone()),
            pair if pair == (versus, arm) => Some(self.reversed()),
            _ => None,
        }
    }

    /// The same comparison as `versus - arm`.
    pub fn reversed(&self) -> Self {
        let negative = |value: Option<f64>| value.map(|v| -v);
        let opposite = |value: Option<f64>| value.map(|v| 1.0 - v);
        Self {
            arm: self.versus.clone(),
            versus: self.arm.clone(),
            mean: -self.mean,
            low: negative(self.high),
            high: negative(self.low),
            t: negative(self.t),
            improvement: opposite(self.improvement),
            improvement_low: opposite(self.improvement_high),
            improvement_high: opposite(self.improvement_low),
            ..self.clone()
        }
    }

    /// Half the width of the 95 % interval of the mean; `None` for one pair.
    pub fn half_width(&self) -> Option<f64> {
        Some((self.high? - self.low?) / 2.0)
    }
}

/// All pairs of arms that are compared: the arms of each protocol with each other, and each arm of a variant with the
/// same sampler under the experiment's own protocol. Of a pair, the arm that the spec names later comes first, like a
/// method before its baseline.
fn pairs<'a>(arms: &'a [Arm<'a>]) -> Vec<(&'a Arm<'a>, &'a Arm<'a>)> {
    let mut pairs = Vec::new();
    for (i, arm) in arms.iter().enumerate() {
        for versus in &arms[..i] {
            let same_protocol = arm.variant == versus.variant;
            let same_sampler = versus.variant.is_none() && arm.variant.is_some() && arm.sampler == versus.sampler;
            if same_protocol || same_sampler {
                pairs.push((arm, versus));
            }
        }
    }
    pairs
}

/// All comparisons in the primary and secondary metrics, under every selection rule. The order is by metric, then by
/// rule, then areas, last rounds and single rounds.
pub fn comparisons(results: &Results) -> Vec<Comparison> {
    let arms = results.arms();
    let pairs = pairs(&arms);
    let mut found = Vec::new();
    for metric in results.spec.dataset.task().metrics() {
        for rule in results.rules_of(metric.name) {
            for what in [What::Area, What::LastRound, What::Round] {
                found.extend(family(results, &pairs, *metric, rule, what));
            }
        }
    }
    found
}

/// A family of comparisons, whose p values are corrected together.
fn family(results: &Results, pairs: &[(&Arm, &Arm)], metric: Metric, rule: Rule, what: What) -> Vec<Comparison> {
    let rounds = results.spec.rounds.count;
    // `None` is the area.
    let compared_rounds: Vec<Option<usize>> = match what {
        What::Area => vec![None],
        What::LastRound => vec![Some(rounds - 1)],
        What::Round => (0..rounds).map(Some).collect(),
    };
    let mut found = Vec::new();
    for &(arm, versus) in pairs {
        for &round in &compared_rounds {
            let [ours, theirs] = [arm, versus].map(|arm| values(results, arm, metric, rule, round));
            let Some(Paired { n, mean, sd, low, high, t, p }) = stats::paired(&ours, &theirs) else { continue };
            let improvement = (what != What::Round).then(|| improvement(&ours, &theirs)).flatten();
            let (experiment, profile) = results.spec.identity();
            found.push(Comparison {
                experiment: experiment.into(),
                profile: profile.into(),
                metric: metric.name.into(),
                select: rule.name().into(),
                arm: arm.label.clone(),
                versus: versus.label.clone(),
                what,
                round,
                labeled: round.map(|round| results.spec.rounds.labeled(round)),
                n,
                mean,
                sd,
                low,
                high,
                t,
                p,
                p_holm: None,
                improvement: improvement.map(|i| i.value),
                improvement_low: improvement.and_then(|i| i.low),
                improvement_high: improvement.and_then(|i| i.high),
            });
        }
    }
    let corrected = stats::holm(&found.iter().map(|c| c.p).collect::<Vec<_>>());
    found.iter_mut().zip(corrected).for_each(|(c, p)| c.p_holm = p);
    found
}

/// The values of an arm's trials by seed: after `round`, or the areas under the curves for `None`.
pub(super) fn values(
    results: &Results,
    arm: &Arm,
    metric: Metric,
    rule: Rule,
    round: Option<usize>,
) -> BTreeMap<u64, f64> {
    let select = results.select_of(arm, rule);
    match round {
        Some(round) => results.at_round(&arm.label, metric.name, select, round),
        None => results.areas(&arm.label, metric.name, select),
    }
}

/// The probability that a trial of one arm exceeds a trial of the other.
fn improvement(ours: &BTreeMap<u64, f64>, theirs: &BTreeMap<u64, f64>) -> Option<Estimate> {
    // A probability from one or two trials would be a guess.
    (ours.len().min(theirs.len()) >= stats::LEAST_PAIRS).then_some(())?;
    let [ours, theirs] = [ours, theirs].map(|by_seed| by_seed.values().copied().collect::<Vec<_>>());
    stats::probability_of_improvement(&[(ours, theirs)], RESAMPLES, 0)
}

/// The pairwise penalty matrix ([`stats::penalties`]) in a metric under a selection rule: how often each arm beats each
/// other arm, over the rounds. Also returns the labels of its rows and columns: all arms, in the spec's order.
pub fn penalties_of(results: &Results, metric: Metric, rule: Rule) -> Option<(Vec<String>, Penalties)> {
    let arms = results.arms();
    let rounds = results.spec.rounds.count;
    let curve = |arm: &Arm| (0..rounds).map(|round| values(results, arm, metric, rule, Some(round))).collect();
    let curves: Vec<Vec<BTreeMap<u64, f64>>> = arms.iter().map(curve).collect();
    let penalties = stats::penalties(&curves)?;
    Some((arms.into_iter().map(|arm| arm.label).collect(), penalties))
}

/// The true differences that a family of comparisons detects with a power of [`POWER`], in the unit of the records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectableDifference {
    /// The fewest pairs of a comparison that was tested.
    pub n: usize,
    /// The difference that a single test detects 9 times in 10.
    pub single: f64,
    /// The same at the strictest level of Holm's correction over the whole family.
    pub corrected: f64,
}

/// The detectable differences of the tested comparisons in `family`, assuming the median of their spreads and the
/// fewest pairs. Returns `None` if nothing was tested.
pub fn detectable_difference(family: &[&Comparison]) -> Option<DetectableDifference> {
    let tested: Vec<&&Comparison> = family.iter().filter(|c| c.p.is_some()).collect();
    let mut spreads: Vec<f64> = tested.iter().filter_map(|c| c.sd).collect();
    spreads.sort_by(f64::total_cmp);
    let sd = stats::quantile(&spreads, 0.5)?;
    let n = tested.iter().map(|c| c.n).min()?;
    let single = stats::detectable(sd, n, LEVEL, POWER)?;
    let corrected = stats::detectable(sd, n, LEVEL / tested.len() as f64, POWER)?;
    Some(DetectableDifference { n, single, corrected })
}
