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
        let Some(reference) = reference(&arms, arm) else { continue };
        let curve: Vec<(f64, _)> = (0..rounds)
            .map(|round| {
                let labeled = results.spec.rounds.labeled(round) as f64;
                (labeled, values(results, reference, metric, rule, Some(round)))
            })
            .collect();
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

/// Random sampling for an arm; none that is evaluated on other images.
fn reference<'a>(arms: &'a [Arm<'a>], arm: &Arm) -> Option<&'a Arm<'a>> {
    let images = |arm: &Arm| arm.protocol.train.select.images;
    let random = |variant: Option<&str>| {
        let is = |a: &&Arm| *a.sampler == SamplerSpec::Random && a.variant == variant && images(a) == images(arm);
        arms.iter().find(is)
    };
    random(arm.variant).or_else(|| random(None))
}
