//! Which arms have their colours where arms are many.

use crate::findings::{Comparison, What};
use crate::report::findings::Findings;

/// Up to this many arms, all have their colours.
pub(super) const COLOURED: usize = 8;

/// With more arms, at most this many are chosen.
pub(super) const MOST: usize = 6;

/// Whether each of `arms` is chosen. All are if they are few. Otherwise the first one is, then those that the spec's
/// claims name, then those of the largest significant differences in the primary metric, over the whole curve or after
/// the last round.
pub(super) fn chosen_arms(findings: &Findings, arms: &[&str]) -> Vec<bool> {
    if arms.len() <= COLOURED {
        return vec![true; arms.len()];
    }
    let claims = &findings.spec().expect;
    let claimed = claims.iter().flat_map(|claim| [Some(claim.sampler.as_str()), claim.better_than.as_deref()]);
    let (metric, rule) = (findings.primary_metric(), findings.rule());
    let is_shown = |c: &&Comparison| {
        c.metric == metric.name && c.select == rule.name() && c.what != What::Round && c.is_significant()
    };
    let mut significant: Vec<&Comparison> = findings.comparisons.iter().filter(is_shown).collect();
    significant.sort_by(|a, b| b.mean.abs().total_cmp(&a.mean.abs()));
    let differing = significant.into_iter().flat_map(|c| [c.arm.as_str(), c.versus.as_str()]);
    let mut chosen: Vec<&str> = Vec::new();
    for arm in arms.first().copied().into_iter().chain(claimed.flatten()).chain(differing) {
        if chosen.len() < MOST && arms.contains(&arm) && !chosen.contains(&arm) {
            chosen.push(arm);
        }
    }
    arms.iter().map(|arm| chosen.contains(arm)).collect()
}
