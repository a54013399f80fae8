//! Whether claims held: the `[[expect]]` of a spec against its results.

use super::claimed::{UnderOwnRule, arm, difference, half_width, is_recorded, metric, own, rule, rules, values_of};
use super::{LEVEL, POWER, p_in_words};
use crate::results::Results;
use crate::spec::{At, Expectation, Metric, RoundsSpec};
use crate::stats::{self, LEAST_PAIRS, Paired};
use crate::words::{code, counted, thousands};

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The 95 % interval is inside the band; or the difference is above 0 by more than chance.
    Held,
    /// The interval is outside the band; or the difference is below 0 by more than chance.
    DidNotHold,
    /// Neither, with so many seeds.
    Undecided,
    /// There is no value to judge it by.
    NotMeasured,
}

impl Verdict {
    /// In a table.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::DidNotHold => "did not hold",
            Self::Undecided => "undecided",
            Self::NotMeasured => "not measured",
        }
    }
}

/// A claim, judged.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedClaim {
    pub expectation: Expectation,
    pub metric: Metric,
    pub verdict: Verdict,
    /// Seeds, or pairs of them.
    pub n: usize,
    /// The mean value, or the mean difference, in the unit of the records; none where nothing was measured.
    pub measured: Option<f64>,
    /// Half the 95 % interval of it.
    pub half_width: Option<f64>,
    /// The selection rules that the values are under, by their names in the records: one, unless two arms query by different ones.
    pub rules: Vec<&'static str>,
    /// What it would be under each arm's own rule, where the source's is another and decides.
    pub own: Option<UnderOwnRule>,
    /// Why it is not measured or not decided, and other things that a reader must know; a sentence, or empty.
    pub note: String,
}

/// All claims of a spec in its order, each under the rule of its source where that is recorded, else under the rules that the arms
/// query with. Differences are corrected together (Holm).
pub fn judged_claims(results: &Results) -> Vec<JudgedClaim> {
    let differences: Vec<Option<Paired>> =
        results.spec.expect.iter().map(|expected| difference(results, expected, rule(results, expected))).collect();
    let p: Vec<Option<f64>> = differences.iter().map(|d| d.as_ref().and_then(|d| d.p)).collect();
    let tests = p.iter().flatten().count();
    let corrected = stats::holm(&p);
    let of = |(i, expected): (usize, &Expectation)| {
        let judged = JudgedClaim {
            expectation: expected.clone(),
            metric: metric(results, expected),
            verdict: Verdict::NotMeasured,
            n: 0,
            measured: None,
            half_width: None,
            rules: rules(results, expected, rule(results, expected)),
            own: own(results, expected),
            note: String::new(),
        };
        let found = match (&expected.band, missing(results, expected)) {
            (_, Some(why)) => JudgedClaim { note: why, ..judged },
            (Some(band), None) => in_band(results, judged, *band),
            (None, None) => better(judged, differences[i].as_ref(), corrected[i], tests),
        };
        with_images(results, with_rule(results, found))
    };
    results.spec.expect.iter().enumerate().map(of).collect()
}

/// Why there is nothing to judge by.
fn missing(results: &Results, expected: &Expectation) -> Option<String> {
    let arms = results.arms();
    let known = || arms.iter().map(|arm| arm.label.as_str()).collect::<Vec<_>>().join(", ");
    for label in std::iter::once(&expected.sampler).chain(&expected.better_than) {
        if arm(&arms, label).is_none() {
            return Some(format!("{label} is not among the arms ({}).", known()));
        }
    }
    if let At::Labeled(labeled) = expected.at
        && expected.at.round(&results.spec).is_none()
    {
        let rounds = &results.spec.rounds;
        return Some(format!("No round has {} labels: {}.", thousands(labeled), rounds_in_words(rounds)));
    }
    let rule = rule(results, expected);
    let has = |label: &String| values_of(results, expected, label, rule).is_some_and(|values| !values.is_empty());
    let lacking: Vec<&str> = std::iter::once(&expected.sampler)
        .chain(&expected.better_than)
        .filter(|l| !has(l))
        .map(String::as_str)
        .collect();
    let what = if expected.at == At::Area { "all rounds" } else { "that round" };
    (!lacking.is_empty()).then(|| format!("No trial of {} has finished {what} yet.", lacking.join(" or of ")))
}

/// `the rounds here have 200, 400 and 600`; of many, where they begin and end.
fn rounds_in_words(rounds: &RoundsSpec) -> String {
    const LISTED: usize = 6;
    let labels: Vec<String> = (0..rounds.count).map(|round| thousands(rounds.labeled(round))).collect();
    match labels.as_slice() {
        [one] => format!("the one round here has {one}"),
        [first, .., last] if rounds.count > LISTED => {
            format!("the {} rounds here have {first} to {last}, {} more each", rounds.count, thousands(rounds.query))
        }
        [before @ .., last] => format!("the rounds here have {} and {last}", before.join(", ")),
        [] => "there is no round here".into(),
    }
}

/// Which p it is: claims are a family of their own, other than the comparisons of arms.
fn corrected_in_words(p: f64, tests: usize) -> String {
    match tests {
        1 => format!("{} (paired t-test of this claim alone: no other claim is tested).", p_in_words(p)),
        _ => {
            format!("{} (paired t-test, by Holm's correction over the {tests} claims that are tested).", p_in_words(p))
        }
    }
}

fn in_band(results: &Results, judged: JudgedClaim, [least, most]: [f64; 2]) -> JudgedClaim {
    let expected = &judged.expectation;
    let values = values_of(results, expected, &expected.sampler, rule(results, expected)).unwrap_or_default();
    let values: Vec<f64> = values.into_values().collect();
    let Some(summary) = stats::Summary::of(&values) else { return judged };
    let judged = JudgedClaim { n: summary.n, measured: Some(summary.mean), half_width: summary.half_width(), ..judged };
    match (summary.low, summary.high) {
        (Some(low), Some(high)) if summary.n >= LEAST_PAIRS => {
            let (verdict, note) = if low >= least && high <= most {
                (Verdict::Held, "")
            } else if high < least || low > most {
                (Verdict::DidNotHold, "")
            } else {
                (Verdict::Undecided, "The interval is partly inside the band; more seeds would narrow it.")
            };
            JudgedClaim { verdict, note: note.into(), ..judged }
        }
        _ => JudgedClaim { verdict: Verdict::Undecided, note: too_few(summary.n), ..judged },
    }
}

fn better(judged: JudgedClaim, difference: Option<&Paired>, corrected: Option<f64>, tests: usize) -> JudgedClaim {
    let Some(difference) = difference else {
        return JudgedClaim { note: "No seed has both.".into(), ..judged };
    };
    let half_width = half_width(difference);
    let judged = JudgedClaim { n: difference.n, measured: Some(difference.mean), half_width, ..judged };
    let Some(p) = corrected else {
        let same = "The differences of all seeds are the same, which no test can weigh.";
        let note = if difference.n < LEAST_PAIRS { too_few(difference.n) } else { same.into() };
        return JudgedClaim { verdict: Verdict::Undecided, note, ..judged };
    };
    if p < LEVEL {
        let verdict = if difference.mean > 0.0 { Verdict::Held } else { Verdict::DidNotHold };
        return JudgedClaim { verdict, note: corrected_in_words(p, tests), ..judged };
    }
    let seen = difference.sd.and_then(|sd| stats::detectable(sd, difference.n, LEVEL / tests as f64, POWER));
    let unit = judged.metric.factor;
    let note = seen.map_or(String::new(), |seen| {
        format!(
            "With {} of this spread, a difference under {:.1} points cannot be relied on to be seen.",
            counted(difference.n, "pair"),
            seen * unit
        )
    });
    JudgedClaim { verdict: Verdict::Undecided, note, ..judged }
}

fn too_few(n: usize) -> String {
    match n {
        1 => "One seed has no interval; at least 3 are needed.".into(),
        n => format!("{n} seeds are too few to judge by; at least {LEAST_PAIRS} are needed."),
    }
}

/// A value under another rule than the source's is no answer to its claim; whoever reads it must know.
fn with_rule(results: &Results, judged: JudgedClaim) -> JudgedClaim {
    let Some(select) = judged.expectation.select else { return judged };
    if judged.measured.is_none() || is_recorded(results, &judged.expectation, select) {
        return judged;
    }
    let own: Vec<String> = judged.rules.iter().map(|rule| code(rule)).collect();
    let whose = if judged.expectation.better_than.is_some() { "the arms' own rule" } else { "the arm's own rule" };
    let note = format!(
        "The source reports its number under the rule {}, which these results do not record: judged under {whose}, {}.",
        code(select.name()),
        own.join(" and ")
    );
    JudgedClaim { note: [judged.note.as_str(), &note].join(" ").trim().to_owned(), ..judged }
}

/// A value of train images is no answer to a claim of test images; whoever reads it must know.
fn with_images(results: &Results, judged: JudgedClaim) -> JudgedClaim {
    use crate::spec::EvaluationImages::Train;
    let arms = results.arms();
    let names = std::iter::once(&judged.expectation.sampler).chain(&judged.expectation.better_than);
    let on_train: Vec<&str> = names
        .filter_map(|label| arm(&arms, label))
        .filter(|arm| arm.protocol.train.select.images == Train)
        .map(|arm| arm.label.as_str())
        .collect();
    if on_train.is_empty() || judged.measured.is_none() {
        return judged;
    }
    let warning = format!("{} was evaluated on TRAIN images.", on_train.join(" and "));
    JudgedClaim { note: [judged.note.as_str(), &warning].join(" ").trim().to_owned(), ..judged }
}
