//! Variants against the experiment: differences that are paired by seed, and `differences.csv`.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::arm::{Rule, TRAIN_MARK};
use super::metric::{metric_in_words, thousands};
use super::table::aligned;
use super::{Findings, Metric};
use crate::spec::{SamplerSpec, Spec, Trial};
use crate::stats::Summary;
use crate::store::Records;

/// The mean difference of a sampler under a variant from the same sampler under the experiment's own protocol, over the
/// seeds that both have, each under the rule that it queries with; the columns of `differences.csv`. Numbers have the
/// unit of the records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    pub experiment: String,
    /// Empty for the spec without a profile.
    pub profile: String,
    pub variant: String,
    /// The sampler's label, without the variant.
    pub sampler: String,
    /// As in the records.
    pub metric: String,
    pub what: What,
    /// Labels that the task models were trained on; empty for the mean of rounds.
    pub labeled: Option<usize>,
    /// Pairs.
    pub n: usize,
    pub mean: f64,
    /// Sample standard deviation of the differences; empty for one pair.
    pub sd: Option<f64>,
    /// Lower end of the 95 % t interval of the mean; empty for one pair.
    pub low: Option<f64>,
    /// Upper end of it.
    pub high: Option<f64>,
}

/// Which value of a trial is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    #[serde(rename = "round-0")]
    Round0,
    LastRound,
    /// The mean over all rounds of a trial that has them all.
    MeanOfRounds,
}

/// Values of a trial by round.
type ByRound = BTreeMap<usize, f64>;

impl What {
    /// One round is compared once.
    fn of(spec: &Spec) -> &'static [Self] {
        if spec.rounds.count == 1 { &[Self::Round0] } else { &[Self::Round0, Self::LastRound, Self::MeanOfRounds] }
    }

    /// The value of a trial; none while it lacks a round that this needs.
    fn value(self, trial: &ByRound, rounds: usize) -> Option<f64> {
        match self {
            Self::Round0 => trial.get(&0).copied(),
            Self::LastRound => trial.get(&(rounds - 1)).copied(),
            Self::MeanOfRounds => {
                let all: Option<Vec<f64>> = (0..rounds).map(|round| trial.get(&round).copied()).collect();
                crate::stats::mean(&all?)
            }
        }
    }

    fn labeled(self, spec: &Spec) -> Option<usize> {
        match self {
            Self::Round0 => Some(spec.rounds.labeled(0)),
            Self::LastRound => Some(spec.rounds.labeled(spec.rounds.count - 1)),
            Self::MeanOfRounds => None,
        }
    }

    fn heading(self, spec: &Spec) -> String {
        let labels = self.labeled(spec).map(thousands).unwrap_or_default();
        match self {
            Self::Round0 => format!("round 0 ({labels} labels)"),
            Self::LastRound => format!("last round ({labels} labels)"),
            Self::MeanOfRounds => "mean of rounds".into(),
        }
    }
}

/// The differences of all variants in all metrics that the task is judged by or may be, as far as there are pairs: in
/// the order of the arms.
pub(super) fn differences(spec: &Spec, records: &Records) -> Vec<Difference> {
    let mut trials: HashMap<(&str, &str, &str), BTreeMap<u64, ByRound>> = HashMap::new();
    for row in records.rows.iter().filter(|row| row.error.is_empty()) {
        let Some(value) = row.value else { continue };
        let arm = trials.entry((&row.sampler, &row.metric, &row.select)).or_default();
        arm.entry(row.seed).or_default().insert(row.round, value);
    }
    let (experiment, profile) = spec.identity();
    let mut found = Vec::new();
    for (variant, sampler, protocol) in pairs(spec) {
        for (metric, &what) in metrics(spec).flat_map(|m| What::of(spec).iter().map(move |what| (m, what))) {
            let of = |arm: &str, protocol: &Spec| -> BTreeMap<u64, f64> {
                let trials = trials.get(&(arm, metric.name, protocol.train.select.query.name()));
                let value = |(seed, trial): (&u64, &ByRound)| Some((*seed, what.value(trial, spec.rounds.count)?));
                trials.into_iter().flatten().filter_map(value).collect()
            };
            let (theirs, ours) = (of(&arm(variant, sampler), protocol), of(&sampler.label(), spec));
            let Some(Summary { n, mean, sd, low, high }) = Summary::of_differences(&theirs, &ours) else { continue };
            found.push(Difference {
                experiment: experiment.into(),
                profile: profile.into(),
                variant: variant.into(),
                sampler: sampler.label(),
                metric: metric.name.into(),
                what,
                labeled: what.labeled(spec),
                n,
                mean,
                sd,
                low,
                high,
            });
        }
    }
    found
}

fn metrics(spec: &Spec) -> impl Iterator<Item = Metric> {
    spec.dataset.task().metrics().iter().copied()
}

/// The variants, and their samplers that run under the experiment's own protocol too.
fn pairs(spec: &Spec) -> Vec<(&str, &SamplerSpec, &Spec)> {
    let mut pairs = Vec::new();
    for (name, protocol) in spec.protocols() {
        let Some(name) = name else { continue };
        let shared = protocol.samplers.iter().filter(|sampler| spec.samplers.contains(sampler));
        pairs.extend(shared.map(|sampler| (name, sampler, protocol)));
    }
    pairs
}

/// The label of the records.
fn arm(variant: &str, sampler: &SamplerSpec) -> String {
    Trial { sampler: sampler.clone(), seed: 0, variant: Some(variant.into()) }.label()
}

/// The differences in what the task is judged by: a row per arm of a variant, in points, then what a reader must know
/// of them. None where nothing can be compared.
pub(super) fn table(findings: &Findings) -> Option<String> {
    let spec = &findings.spec;
    let metric = metrics(spec).next()?;
    let shown: Vec<&Difference> = findings.differences.iter().filter(|d| d.metric == metric.name).collect();
    let most = shown.iter().map(|d| d.n).max()?;
    let whats = What::of(spec);
    let header = whats.iter().map(|what| what.heading(spec));
    let mut grid = vec![std::iter::once("variant - experiment".to_owned()).chain(header).collect::<Vec<_>>()];
    for (variant, sampler, protocol) in pairs(spec) {
        let value = |what: &What| {
            let of_cell = |d: &&&Difference| (&*d.variant, &d.sampler, d.what) == (variant, &sampler.label(), *what);
            shown.iter().find(of_cell).map_or_else(|| "-".to_owned(), |d| cell(d, metric, most))
        };
        let name = flagged(&arm(variant, sampler), protocol, spec);
        grid.push(std::iter::once(name).chain(whats.iter().map(value)).collect());
    }
    let words = metric_in_words(metric.label, findings.images(&[]));
    let rule = if findings.rule() == Rule::Own { ", each under the rule that it queries with" } else { "" };
    let heading = format!("**Differences of variants: {}{rule}**", words.replace(" (%)", " (points)"));
    Some(format!("{heading}\n\n{}\n{}\n", aligned(&grid), note(&shown, most, spec.seeds.len())))
}

/// `+1.2 ± 0.5*`, and the number of pairs where some are missing.
fn cell(difference: &Difference, metric: Metric, most: usize) -> String {
    let mean = format!("{:+.1}", difference.mean * metric.factor);
    // No sign where none is left after rounding.
    let mut text = if mean.ends_with("0.0") && mean.len() == 4 { "0.0".into() } else { mean };
    if let (Some(low), Some(high)) = (difference.low, difference.high) {
        text += &format!(" ± {:.1}", (high - low) / 2.0 * metric.factor);
    }
    if excludes_0(difference) {
        text.push('*');
    }
    if difference.n < most {
        text += &format!(" (n={})", difference.n);
    }
    text
}

/// Two pairs may agree by chance, in counts of images above all: they get no mark.
fn excludes_0(difference: &Difference) -> bool {
    is_compared(difference)
        && (difference.low.is_some_and(|low| low > 0.0) || difference.high.is_some_and(|high| high < 0.0))
}

/// Whether chance alone could have marked it. Trials that are the same up to here differ by exactly 0, and by nothing else.
fn is_compared(difference: &Difference) -> bool {
    difference.n > 2 && difference.sd.is_some_and(|sd| sd > 0.0)
}

/// An arm that is evaluated on other images than the one it is compared with says so.
fn flagged(arm: &str, protocol: &Spec, base: &Spec) -> String {
    use crate::spec::EvaluationImages::{Test, Train};
    match (protocol.train.select.images, base.train.select.images) {
        (Train, Test) => format!("{arm} {TRAIN_MARK}"),
        (Test, Train) => format!("{arm} [test images; experiment: TRAIN images]"),
        (Train, Train) | (Test, Test) => arm.to_owned(),
    }
}

fn note(shown: &[&Difference], most: usize, planned: usize) -> String {
    let mut note = format!("n = {most} {}", if most == 1 { "pair" } else { "pairs" });
    if most < planned {
        note += &format!(" of {planned} so far");
    }
    if shown.iter().any(|d| d.n < most) {
        note += " unless the cell says otherwise";
    }
    note += ", one of each seed that both have";
    if most > 1 {
        note += "; ± is half the 95 % t interval of the mean paired difference";
        note += if most > 2 { ", and * marks where it excludes 0" } else { ", which two pairs are too few to go by" };
    }
    if shown.iter().any(|d| d.n == 1) {
        note += "; one pair has no interval";
    }
    let compared = shown.iter().filter(|d| is_compared(d)).count();
    match compared {
        0 => note + ".",
        m => format!(
            "{note}. {m} {}: about {} such marks are expected by chance alone, were there no difference at all.",
            if m == 1 { "comparison was made" } else { "comparisons were made" },
            m as f64 / 20.0
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{accuracy, findings, full, spec_with};
    use super::*;
    use crate::store::Record;

    const OTHER: &str = "[variant.other]\ntrain.start = 'continue'";

    /// [`full`], and random@other above random: seed s in round r by 1 + s + r points.
    fn rows() -> Vec<Record> {
        let others = full().into_iter().filter(|row| row.sampler == "random").map(|mut row| {
            row.sampler += "@other";
            row.value = row.value.map(|v| v + 0.01 * (1 + row.seed as usize + row.round) as f64);
            row
        });
        full().into_iter().chain(others.collect::<Vec<_>>()).collect()
    }

    fn near(got: Option<f64>, expected: f64) {
        assert!((got.unwrap() - expected).abs() < 1e-10, "{got:?} is not {expected}");
    }

    /// In round 0 the differences are 1, 2 and 3 points, in round 2 they are 3, 4 and 5, and of the means over rounds 2, 3
    /// and 4: sd 1, half the interval 4.302652729911275 / sqrt(3) = 2.484137711843754.
    #[test]
    fn differences_are_paired_by_seed() {
        let found = findings(&spec_with(OTHER), rows()).differences;
        assert_eq!(found.len(), 3);
        let expected =
            [(What::Round0, Some(200), 0.02), (What::LastRound, Some(600), 0.04), (What::MeanOfRounds, None, 0.03)];
        for (difference, (what, labeled, mean)) in found.iter().zip(expected) {
            assert_eq!(
                (&*difference.variant, &*difference.sampler, &*difference.metric),
                ("other", "random", "accuracy")
            );
            assert_eq!((difference.what, difference.labeled, difference.n), (what, labeled, 3));
            near(Some(difference.mean), mean);
            near(difference.sd, 0.01);
            near(difference.low, mean - 0.02484137711843754);
            near(difference.high, mean + 0.02484137711843754);
        }
    }

    #[test]
    fn the_table_marks_what_excludes_0_and_counts_what_was_compared() {
        let mut rows = rows();
        // One seed, one round: 35 - 1 points; half a point lower.
        rows.push(accuracy("core-set@other", 0, 0, 0.335));
        let expected = "\
**Differences of variants: test accuracy (points)**

| variant - experiment | round 0 (200 labels) | last round (600 labels) | mean of rounds |
| :------------------- | -------------------: | ----------------------: | -------------: |
| random@other         |           +2.0 ± 2.5 |             +4.0 ± 2.5* |    +3.0 ± 2.5* |
| core-set@other       |           -0.5 (n=1) |                       - |              - |

n = 3 pairs unless the cell says otherwise, one of each seed that both have; ± is half the 95 % t interval of the mean \
paired difference, and * marks where it excludes 0; one pair has no interval. 3 comparisons were made: about 0.15 such \
marks are expected by chance alone, were there no difference at all.
";
        assert_eq!(table(&findings(&spec_with(OTHER), rows)).unwrap(), expected);
    }

    #[test]
    fn one_pair_has_no_interval_and_one_round_one_column() {
        let spec = spec_with(&format!("{OTHER}\n"));
        let mut one_round = findings(&spec, vec![accuracy("random", 0, 0, 0.5), accuracy("random@other", 0, 0, 0.5)]);
        let text = table(&one_round).unwrap();
        assert!(text.contains("| random@other         |                  0.0 |                       - |"), "{text}");
        assert!(text.contains("n = 1 pair of 3 so far, one of each seed that both have; one pair has no interval.\n"));
        assert!(!text.contains("by chance"), "{text}");
        one_round.spec.rounds.count = 1;
        assert!(table(&one_round).unwrap().contains("| variant - experiment | round 0 (200 labels) |\n"));
    }

    #[test]
    fn each_arm_is_compared_under_its_own_rule_and_only_with_its_sampler() {
        let spec = spec_with("[variant.other]\nsamplers = ['random', 'margin']\ntrain.select.query = 'best-on-test'");
        let best = |value| Record { select: "best-on-test".into(), ..accuracy("random@other", 0, 0, value) };
        let unpaired = accuracy("margin@other", 0, 0, 0.9);
        let rows =
            vec![accuracy("random", 0, 0, 0.25), accuracy("random@other", 0, 0, 0.375), best(0.75), unpaired.clone()];
        let found = findings(&spec, rows);
        let shown: Vec<(&str, f64)> = found.differences.iter().map(|d| (&*d.sampler, d.mean)).collect();
        assert_eq!(shown, [("random", 0.5)]);
        let text = table(&found).unwrap();
        assert!(text.starts_with("**Differences of variants: test accuracy (points), each under the rule"), "{text}");
        assert!(!text.contains("margin"), "{text}");
        assert_eq!(table(&findings(&spec, vec![unpaired])), None);
    }

    #[test]
    fn failed_trials_and_missing_rounds_have_no_pairs() {
        let mut rows = rows();
        rows.retain(|r| !(r.sampler == "random@other" && r.seed == 2 && r.round == 1));
        let failed = Record { error: "killed".into(), value: None, ..accuracy("random@other", 2, 1, 0.0) };
        rows.push(failed);
        let found = findings(&spec_with(OTHER), rows).differences;
        assert_eq!(found.iter().map(|d| d.n).collect::<Vec<_>>(), [3, 3, 2]);
        // Seeds 0 and 1 alone: 2 and 3.
        near(Some(found[2].mean), 0.025);
    }
}
