//! Arms against each other, paired by seed, and `comparisons.csv`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{LEVEL, POWER, RESAMPLES};
use crate::results::{Arm, Results, Rule};
use crate::spec::Metric;
use crate::stats::{self, Estimate, Paired, Penalties};

/// One arm less another, over the seeds that both have; the columns of `comparisons.csv` (`docs/formats.md`). Numbers
/// have the unit of the records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    pub experiment: String,
    /// Empty for the spec without a profile.
    pub profile: String,
    /// As in the records.
    pub metric: String,
    /// The selection rule of both, or `own` where each is under the rule that it queries with.
    pub select: String,
    pub arm: String,
    /// The arm that it is compared with.
    pub versus: String,
    pub what: What,
    /// Empty for the area.
    pub round: Option<usize>,
    /// Labels that the task models were trained on; empty for the area.
    pub labeled: Option<usize>,
    /// Pairs.
    pub n: usize,
    /// Of the differences `arm - versus`.
    pub mean: f64,
    /// Sample standard deviation of the differences; empty for one pair, as the two that follow.
    pub sd: Option<f64>,
    /// Lower end of the 95 % t interval of the mean.
    pub low: Option<f64>,
    /// Upper end of it.
    pub high: Option<f64>,
    /// The paired t statistic; empty below three pairs, and where the differences do not vary.
    pub t: Option<f64>,
    /// Its two-sided p value.
    pub p: Option<f64>,
    /// That, by Holm's correction over all rows of this file with the same metric, select and what.
    pub p_holm: Option<f64>,
    /// The probability that a trial of `arm` exceeds one of `versus`; empty for single rounds.
    pub improvement: Option<f64>,
    /// Lower end of its 95 % bootstrap interval; empty below five trials of each.
    pub improvement_low: Option<f64>,
    /// Upper end of it.
    pub improvement_high: Option<f64>,
}

/// Which value of a trial is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The normalised area under the budget curve.
    #[default]
    Area,
    /// The value after the last round.
    LastRound,
    /// That after each round.
    Round,
}

impl Comparison {
    /// Whether it is told apart from no difference at the level of 5 % over its family.
    pub fn is_significant(&self) -> bool {
        self.p_holm.is_some_and(|p| p < LEVEL)
    }

    /// Half the width of the interval.
    pub fn half_width(&self) -> Option<f64> {
        Some((self.high? - self.low?) / 2.0)
    }
}

/// Every pair that is compared: the arms of one protocol with each other, and each arm of a variant with the same
/// sampler under the experiment's own protocol. The arm that the spec names later comes first: it is held against the
/// earlier one, as a method against its baseline.
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

/// All comparisons of the metrics that the task is judged by or may be, under every rule: metric by metric, rule by rule,
/// then areas, last rounds and rounds.
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

/// The comparisons that are corrected together.
fn family(results: &Results, pairs: &[(&Arm, &Arm)], metric: Metric, rule: Rule, what: What) -> Vec<Comparison> {
    let rounds = results.spec.rounds.count;
    let places: Vec<Option<usize>> = match what {
        What::Area => vec![None],
        What::LastRound => vec![Some(rounds - 1)],
        What::Round => (0..rounds).map(Some).collect(),
    };
    let mut found = Vec::new();
    for &(arm, versus) in pairs {
        for &round in &places {
            let of = |arm: &Arm| values(results, arm, metric, rule, round);
            let (ours, theirs) = (of(arm), of(versus));
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

/// Of the trials of an arm, by seed: after a round, or the areas.
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

fn improvement(ours: &BTreeMap<u64, f64>, theirs: &BTreeMap<u64, f64>) -> Option<Estimate> {
    // A probability from one or two trials would be a guess.
    (ours.len().min(theirs.len()) >= stats::LEAST_PAIRS).then_some(())?;
    let of = |values: &BTreeMap<u64, f64>| values.values().copied().collect::<Vec<_>>();
    stats::probability_of_improvement(&[(of(ours), of(theirs))], RESAMPLES, 0)
}

/// How often each arm beats each other one, over the rounds, in a metric under a rule: rows and columns are the arms, in
/// the spec's order.
pub fn penalties_of(results: &Results, metric: Metric, rule: Rule) -> Option<(Vec<String>, Penalties)> {
    let arms = results.arms();
    let rounds = results.spec.rounds.count;
    let of = |arm: &Arm| (0..rounds).map(|round| values(results, arm, metric, rule, Some(round))).collect();
    let curves: Vec<Vec<BTreeMap<u64, f64>>> = arms.iter().map(of).collect();
    let penalties = stats::penalties(&curves)?;
    Some((arms.into_iter().map(|arm| arm.label).collect(), penalties))
}

/// What a family of comparisons would have seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectableDifference {
    /// The fewest pairs of a comparison that was tested.
    pub n: usize,
    /// The true difference that one of them by itself finds 9 times in 10.
    pub single: f64,
    /// The same with the strictest of Holm's levels over all of them.
    pub corrected: f64,
}

/// What those of `family` that were tested would have seen, had each the median of their spreads and the fewest pairs;
/// none where nothing was tested.
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
