//! Judges the claims of a spec (`[[expect]]`) by its results.

use super::claimed::{UnderOwnRule, arm, difference, half_width, is_recorded, metric, own, rule, rules, values_of};
use super::{LEVEL, POWER, p_in_words};
use crate::results::Results;
use crate::spec::{At, Expectation, Metric, RoundsSpec};
use crate::stats::{self, LEAST_PAIRS, Paired};
use crate::words::{code, counted, listed, thousands};

/// The verdict on a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The 95 % interval is inside the band; or the difference is significant and above 0.
    Held,
    /// The 95 % interval is outside the band; or the difference is significant and below 0.
    DidNotHold,
    /// The results do not decide the claim, for instance because there are too few seeds.
    Undecided,
    /// The results have no value of what the claim is about.
    NotMeasured,
}

impl Verdict {
    /// The verdict in words, as in tables.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::DidNotHold => "did not hold",
            Self::Undecided => "undecided",
            Self::NotMeasured => "not measured",
        }
    }
}

/// A claim with its verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedClaim {
    /// The claim, as in the spec.
    pub expectation: Expectation,
    pub metric: Metric,
    pub verdict: Verdict,
    /// The number of seeds, or of pairs for a difference.
    pub n: usize,
    /// The mean value, or the mean difference, in the unit of the records; `None` if nothing was measured.
    pub measured: Option<f64>,
    /// Half the width of the 95 % interval of `measured`.
    pub half_width: Option<f64>,
    /// The selection rules of the values, by their names in the records: one, unless two arms query with different
    /// rules.
    pub rules: Vec<&'static str>,
    /// The value under each arm's own rule, if the claim is judged under another one.
    pub own: Option<UnderOwnRule>,
    /// Why the claim is not measured or undecided, and other remarks, in sentences; may be empty.
    pub note: String,
}

/// Judges all claims of a spec, in its order. Each claim is judged under the selection rule of its source if that is
/// recorded, else under the rules that the arms query with. The p values of all differences are corrected together
/// (Holm).
pub fn judged_claims(results: &Results) -> Vec<JudgedClaim> {
    let differences: Vec<Option<Paired>> =
        results.spec.expect.iter().map(|expected| difference(results, expected, rule(results, expected))).collect();
    let p: Vec<Option<f64>> = differences.iter().map(|d| d.as_ref().and_then(|d| d.p)).collect();
    let tests = p.iter().flatten().count();
    let corrected = stats::holm(&p);
    let judge = |(i, expected): (usize, &Expectation)| {
        let unjudged = JudgedClaim {
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
            (_, Some(why)) => JudgedClaim { note: why, ..unjudged },
            (Some(band), None) => judge_band(results, unjudged, *band),
            (None, None) => judge_difference(unjudged, differences[i].as_ref(), corrected[i], tests),
        };
        note_train_images(results, note_other_rule(results, found))
    };
    results.spec.expect.iter().enumerate().map(judge).collect()
}

/// Says why a claim is not measured; `None` if it is.
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
    let has_values =
        |label: &String| values_of(results, expected, label, rule).is_some_and(|values| !values.is_empty());
    let lacking: Vec<&str> = std::iter::once(&expected.sampler)
        .chain(&expected.better_than)
        .filter(|label| !has_values(label))
        .map(String::as_str)
        .collect();
    let what = if expected.at == At::Area { "all rounds" } else { "that round" };
    (!lacking.is_empty()).then(|| format!("No trial of {} has finished {what} yet.", lacking.join(" or of ")))
}

/// `the rounds here have 200, 400 and 600`; for many rounds, only the first and the last number.
fn rounds_in_words(rounds: &RoundsSpec) -> String {
    const LISTED: usize = 6;
    let labels: Vec<String> = (0..rounds.count).map(|round| thousands(rounds.labeled(round))).collect();
    match labels.as_slice() {
        [only] => format!("the only round here has {only}"),
        [first, .., last] if rounds.count > LISTED => {
            format!("the {} rounds here have {first} to {last}, {} more each", rounds.count, thousands(rounds.query))
        }
        [] => "there is no round".into(),
        labels => format!("the rounds here have {}", listed(labels)),
    }
}

/// The p value of a claim and its correction: claims are a family of their own, separate from the comparisons of arms.
fn corrected_in_words(p: f64, tests: usize) -> String {
    match tests {
        1 => format!("{} (paired t-test; no other claim is tested).", p_in_words(p)),
        _ => {
            format!("{} (paired t-test, Holm-corrected over the {tests} claims that are tested).", p_in_words(p))
        }
    }
}

fn judge_band(results: &Results, claim: JudgedClaim, [least, most]: [f64; 2]) -> JudgedClaim {
    let expected = &claim.expectation;
    let values = values_of(results, expected, &expected.sampler, rule(results, expected)).unwrap_or_default();
    let values: Vec<f64> = values.into_values().collect();
    let Some(summary) = stats::Summary::of(&values) else { return claim };
    let claim = JudgedClaim { n: summary.n, measured: Some(summary.mean), half_width: summary.half_width(), ..claim };
    match (summary.low, summary.high) {
        (Some(low), Some(high)) if summary.n >= LEAST_PAIRS => {
            let (verdict, note) = if low >= least && high <= most {
                (Verdict::Held, "")
            } else if high < least || low > most {
                (Verdict::DidNotHold, "")
            } else {
                (Verdict::Undecided, "The interval is only partly inside the band; more seeds would narrow it.")
            };
            JudgedClaim { verdict, note: note.into(), ..claim }
        }
        _ => JudgedClaim { verdict: Verdict::Undecided, note: too_few(summary.n), ..claim },
    }
}

fn judge_difference(
    claim: JudgedClaim,
    difference: Option<&Paired>,
    corrected: Option<f64>,
    tests: usize,
) -> JudgedClaim {
    let Some(difference) = difference else {
        return JudgedClaim { note: "No seed has values of both arms.".into(), ..claim };
    };
    let half_width = half_width(difference);
    let claim = JudgedClaim { n: difference.n, measured: Some(difference.mean), half_width, ..claim };
    let Some(p) = corrected else {
        let same = "The differences of all seeds are equal, so they cannot be tested.";
        let note = if difference.n < LEAST_PAIRS { too_few(difference.n) } else { same.into() };
        return JudgedClaim { verdict: Verdict::Undecided, note, ..claim };
    };
    if p < LEVEL {
        let verdict = if difference.mean > 0.0 { Verdict::Held } else { Verdict::DidNotHold };
        return JudgedClaim { verdict, note: corrected_in_words(p, tests), ..claim };
    }
    let detectable = difference.sd.and_then(|sd| stats::detectable(sd, difference.n, LEVEL / tests as f64, POWER));
    let unit = claim.metric.factor;
    let note = detectable.map_or(String::new(), |detectable| {
        format!(
            "{} with this spread detect a difference of {:.1} points 9 times in 10; smaller ones may go unseen.",
            counted(difference.n, "pair"),
            detectable * unit
        )
    });
    JudgedClaim { verdict: Verdict::Undecided, note, ..claim }
}

fn too_few(n: usize) -> String {
    match n {
        1 => "One seed has no interval; at least 3 are needed.".into(),
        n => format!("{n} seeds are too few; at least {LEAST_PAIRS} are needed."),
    }
}

/// Adds a note if a claim was judged under another selection rule than its source's.
fn note_other_rule(results: &Results, claim: JudgedClaim) -> JudgedClaim {
    let Some(select) = claim.expectation.select else { return claim };
    if claim.measured.is_none() || is_recorded(results, &claim.expectation, select) {
        return claim;
    }
    let own: Vec<String> = claim.rules.iter().map(|rule| code(rule)).collect();
    let whose = if claim.expectation.better_than.is_some() { "the arms' own rule" } else { "the arm's own rule" };
    let note = format!(
        "The source uses the selection rule {}, which these results do not record; the claim is judged under {whose}, {}.",
        code(select.name()),
        own.join(" and ")
    );
    with_note(claim, &note)
}

/// Adds a note if a claim about test images was measured on train images.
fn note_train_images(results: &Results, claim: JudgedClaim) -> JudgedClaim {
    use crate::spec::EvaluationImages::Train;
    let arms = results.arms();
    let names = std::iter::once(&claim.expectation.sampler).chain(&claim.expectation.better_than);
    let on_train: Vec<&str> = names
        .filter_map(|label| arm(&arms, label))
        .filter(|arm| arm.protocol.train.select.images == Train)
        .map(|arm| arm.label.as_str())
        .collect();
    if on_train.is_empty() || claim.measured.is_none() {
        return claim;
    }
    with_note(claim, &format!("{} was evaluated on TRAIN images.", on_train.join(" and ")))
}

fn with_note(claim: JudgedClaim, note: &str) -> JudgedClaim {
    JudgedClaim { note: [claim.note.as_str(), note].join(" ").trim().to_owned(), ..claim }
}
