//! Which arms are coloured where there are too many to tell apart.

use crate::findings::{Comparison, What};
use crate::report::findings::Findings;

/// Up to so many arms, all are coloured.
pub(crate) const ALL_COLOURED: usize = 8;
/// The most coloured arms where there are more.
pub(crate) const MOST_COLOURED: usize = 6;

/// Whether each of `arms`, in the spec's order, is coloured in pictures; the others are grey. Up to eight arms, all
/// are. Of more, six are at most: the first, which is the reference; then the arms that the claims name, in the spec's
/// order of claims; then the arms of the largest significant differences in the primary metric, over the whole curve or
/// after the last round. So if nothing is significant and nothing is claimed, only the reference is coloured.
pub(crate) fn chosen_arms(findings: &Findings, arms: &[&str]) -> Vec<bool> {
    chosen_of_several(&[(findings, arms.to_vec())])
}

/// The same for the arms of several folders in one picture. The folders take turns: the reference of each, then the
/// second choice of each, and so on.
pub(crate) fn chosen_of_several(parts: &[(&Findings, Vec<&str>)]) -> Vec<bool> {
    let arms: usize = parts.iter().map(|(_, arms)| arms.len()).sum();
    if arms <= ALL_COLOURED {
        return vec![true; arms];
    }
    let mut first = 0;
    let mut turns: Vec<(usize, usize)> = Vec::new();
    for (findings, arms) in parts {
        turns.extend(ranked(findings, arms).into_iter().enumerate().map(|(turn, arm)| (turn, first + arm)));
        first += arms.len();
    }
    // Within a turn, the folders keep their order.
    turns.sort_by_key(|&(turn, _)| turn);
    let mut chosen = vec![false; arms];
    for (_, arm) in turns.into_iter().take(MOST_COLOURED) {
        chosen[arm] = true;
    }
    chosen
}

/// The places of the arms that something speaks for, the best choice first.
fn ranked(findings: &Findings, arms: &[&str]) -> Vec<usize> {
    let claimed = findings.judged_claims.iter().flat_map(|judged| {
        let claim = &judged.expectation;
        std::iter::once(claim.sampler.as_str()).chain(claim.better_than.as_deref())
    });
    let (metric, rule) = (findings.primary_metric(), findings.rule());
    let is_shown = |c: &&Comparison| {
        c.metric == metric.name && c.select == rule.name() && c.what != What::Round && c.is_significant()
    };
    let mut significant: Vec<&Comparison> = findings.comparisons.iter().filter(is_shown).collect();
    significant.sort_by(|a, b| b.mean.abs().total_cmp(&a.mean.abs()));
    let differing = significant.into_iter().flat_map(|c| [c.arm.as_str(), c.versus.as_str()]);

    let mut ranked = Vec::new();
    for name in arms.first().copied().into_iter().chain(claimed).chain(differing) {
        let place = arms.iter().position(|arm| *arm == name).filter(|place| !ranked.contains(place));
        ranked.extend(place);
    }
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{accuracy, findings, spec_with};

    /// Findings of `random` and of `random@v-1` to `random@v-<variants>`, whose values are by `value(arm, seed)`.
    fn of_variants(variants: usize, more: &str, value: impl Fn(usize, u64) -> f64) -> Findings {
        let variants: Vec<String> = (1..=variants)
            .map(|v| format!("[variant.v-{v}]\nsamplers = ['random']\ntrain.start = 'continue'\n"))
            .collect();
        let spec = spec_with(&format!("{more}{}", variants.concat()));
        let mut rows = Vec::new();
        for (arm, (label, _)) in spec.arms().iter().filter(|(label, _)| label.starts_with("random")).enumerate() {
            for (seed, round) in (0..3).flat_map(|seed| (0..3).map(move |round| (seed, round))) {
                rows.push(accuracy(label, seed, round, value(arm, seed) + 0.1 * round as f64));
            }
        }
        findings(&spec, rows)
    }

    fn labels(findings: &Findings) -> Vec<&str> {
        crate::report::summary::samplers(findings.rows(findings.primary_metric(), findings.rule()).into_iter())
    }

    fn places(chosen: &[bool]) -> Vec<usize> {
        (0..chosen.len()).filter(|&i| chosen[i]).collect()
    }

    #[test]
    fn up_to_eight_arms_are_all_coloured() {
        let eight = of_variants(7, "", |_, _| 0.3);
        assert_eq!(chosen_arms(&eight, &labels(&eight)), [true; 8]);
        let nine = of_variants(8, "", |_, _| 0.3);
        assert_eq!(places(&chosen_arms(&nine, &labels(&nine))), [0]);
    }

    #[test]
    fn of_many_arms_the_reference_the_claimed_and_the_most_different_are_coloured() {
        let claim = "[[expect]]\nclaim = 'c'\nsource = 's'\nsampler = 'random@v-3'\nbetter-than = 'random@v-5'\nat = \
                     'area'\n";
        // Differences from the reference that hardly vary, so that all are significant; the last arms differ most.
        let value = |arm: usize, seed: u64| (0.3 + 0.01 * arm as f64) + 1e-5 * (seed as usize * arm) as f64;
        let found = of_variants(11, claim, value);
        assert_eq!(places(&chosen_arms(&found, &labels(&found))), [0, 3, 5, 9, 10, 11]);
        // An arm without values takes no place.
        let without: Vec<&str> = labels(&found).into_iter().filter(|label| *label != "random@v-3").collect();
        assert_eq!(places(&chosen_arms(&found, &without)), [0, 4, 7, 8, 9, 10]);
    }

    #[test]
    fn folders_take_turns() {
        let claim = "[[expect]]\nclaim = 'c'\nsource = 's'\nsampler = 'random@v-3'\nband = [0.1, 0.2]\nat = 'area'\n";
        let (one, other) = (of_variants(4, claim, |_, _| 0.3), of_variants(4, "", |_, _| 0.3));
        let parts = [(&one, labels(&one)), (&other, labels(&other))];
        assert_eq!(places(&chosen_of_several(&parts)), [0, 3, 5]);
    }
}
