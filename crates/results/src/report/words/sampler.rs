//! Samplers that are commands, in words.

use crate::spec::{Reading, Spec, arm_label};
use crate::words::{code, listed};

/// A line for each command of the experiment, and for those of variants that differ from it.
pub(crate) fn commands(spec: &Spec) -> Vec<String> {
    let own = |name: &str| spec.samplers.iter().filter_map(|sampler| sampler.command()).find(|own| own.name == name);
    let mut lines = Vec::new();
    for (variant, protocol) in spec.protocols() {
        for sampler in &protocol.samplers {
            let Some(command) = sampler.command() else { continue };
            let is_same = own(&command.name).is_some_and(|own| own.difference(command).is_none());
            if variant.is_some() && is_same {
                continue;
            }
            let hash = match command.sha256.as_str() {
                "" => "no file of its own".into(),
                hash => format!("SHA-256 of its files: {hash}"),
            };
            let reads = match command.reads.as_slice() {
                [] => "the indices alone".into(),
                reads => listed(&reads.iter().copied().map(Reading::name).collect::<Vec<_>>()),
            };
            lines.push(format!(
                "Sampler {}: an external command, {} ({hash}). It reads {reads}.",
                code(&arm_label(sampler, variant)),
                code(&command.in_words())
            ));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::spec_with;

    #[test]
    fn each_command_is_told_with_what_it_reads_and_its_hash() {
        let mine =
            "samplers = ['random', { command = { name = 'mine', run = ['sh', '-c', 'a b'], reads = ['logits'] } }]";
        let lines = commands(&spec_with(&format!("[variant.a]\n{mine}")));
        assert_eq!(
            lines,
            ["Sampler `mine@a`: an external command, `sh -c 'a b'` (no file of its own). It reads logits."]
        );
        assert_eq!(commands(&spec_with("")), [""; 0]);
    }
}
