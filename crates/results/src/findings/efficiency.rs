//! Label efficiency: how many labels random sampling needs to reach the value of another sampler.

use super::comparison::values;
use crate::results::{Arm, Results, Rule};
use crate::spec::{Metric, SamplerSpec};
use crate::stats::{self, LabelsToReach};

/// How many labels random sampling needs to reach the value that an arm has with `labeled` labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Efficiency {
    pub arm: String,
    /// The arm of random sampling that `arm` is compared with.
    pub reference: String,
    /// The number of labels of `arm`.
    pub labeled: usize,
    /// The labels that `reference` needs.
    pub needed: LabelsToReach,
}

/// The label efficiency of every arm except random sampling, after every round that has values. The reference is random
/// sampling under the same protocol, or under the experiment's own if the variant does not run it. Arms without a
/// reference are left out.
pub fn efficiencies(results: &Results, metric: Metric, rule: Rule) -> Vec<Efficiency> {
    let arms = results.arms();
    let rounds = results.spec.rounds.count;
    let mut found = Vec::new();
    for arm in arms.iter().filter(|arm| *arm.sampler != SamplerSpec::Random) {
        let Some(reference) = reference(&arms, arm, rule) else { continue };
        let mut curve: Vec<(f64, _)> = (0..rounds)
            .map(|round| {
                let labeled = results.spec.rounds.labeled(round) as f64;
                (labeled, values(results, reference, metric, rule, Some(round)))
            })
            .collect();
        // While trials still run, the curve ends before the first round that lacks seeds.
        let seeds = curve.first().map_or(0, |(_, values)| values.len());
        while curve.last().is_some_and(|(_, values)| values.len() < seeds || values.is_empty()) {
            curve.pop();
        }
        for round in 0..rounds {
            let target = values(results, arm, metric, rule, Some(round));
            if let Some(needed) = stats::labels_to_reach(&curve, &target) {
                found.push(Efficiency {
                    arm: arm.label.clone(),
                    reference: reference.label.clone(),
                    labeled: results.spec.rounds.labeled(round),
                    needed,
                });
            }
        }
    }
    found
}

/// The arm of random sampling that `arm` is compared with. It must be evaluated on the same images. Under [`Rule::Own`]
/// it must also query with the same rule.
fn reference<'a>(arms: &'a [Arm<'a>], arm: &Arm, rule: Rule) -> Option<&'a Arm<'a>> {
    let is_comparable = |other: &Arm| {
        other.protocol.train.select.images == arm.protocol.train.select.images
            && (rule != Rule::Own || other.rule() == arm.rule())
    };
    let random = |variant: Option<&str>| {
        arms.iter().find(|a| *a.sampler == SamplerSpec::Random && a.variant == variant && is_comparable(a))
    };
    random(arm.variant).or_else(|| random(None))
}
