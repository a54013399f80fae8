//! Labels that random sampling needs for the accuracy of another sampler.

use super::comparison::values;
use crate::results::{Arm, Results, Rule};
use crate::spec::{Metric, SamplerSpec};
use crate::stats::{self, LabelsToReach};

/// How many labels random sampling needs for what an arm has with `labeled` of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Efficiency {
    pub arm: String,
    /// The arm of random sampling.
    pub reference: String,
    /// The labels of the arm.
    pub labeled: usize,
    pub needed: LabelsToReach,
}

/// Of every arm but random sampling, after every round that has values: against random sampling under the same protocol,
/// or under the experiment's own where the variant does not run it. Empty where there is none.
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
        // While trials still run, the curve ends where its seeds do.
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

/// Random sampling for an arm; none that is evaluated on other images, or that queries by another rule where each is
/// looked at under its own.
fn reference<'a>(arms: &'a [Arm<'a>], arm: &Arm, rule: Rule) -> Option<&'a Arm<'a>> {
    let images = |arm: &Arm| arm.protocol.train.select.images;
    let ruled = |a: &Arm| rule != Rule::Own || a.rule() == arm.rule();
    let random = |variant: Option<&str>| {
        let is = |a: &&Arm| {
            *a.sampler == SamplerSpec::Random && a.variant == variant && images(a) == images(arm) && ruled(a)
        };
        arms.iter().find(is)
    };
    random(arm.variant).or_else(|| random(None))
}
