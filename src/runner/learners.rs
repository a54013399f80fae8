//! The pretext learners of a spec.

use pt4al_results::spec::Spec;

/// The protocols whose pretext learner a run trains. Protocols that share a learner appear once.
pub(super) fn protocols_with_learner(spec: &Spec) -> Vec<&Spec> {
    let mut names: Vec<Option<&str>> = Vec::new();
    for (variant, protocol) in spec.protocols() {
        let name = spec.losses_of(variant);
        if protocol.samplers.iter().any(|sampler| protocol.uses_pretext(sampler)) && !names.contains(&name) {
            names.push(name);
        }
    }
    let protocols = names.into_iter().map(|name| spec.protocol(name));
    protocols.filter(|protocol| protocol.learner().is_some()).collect()
}
