//! The rules of commands that are samplers.

use anyhow::{Result, ensure};

use super::no_repeats;
use crate::spec::{CommandSpec, Labeled, LossSource, PretextSpec, Reading, SamplerSpec, Spec};

/// Checks the keys of a command, which no hash covers.
///
/// # Errors
/// One line that opens with the key.
pub(super) fn check(command: &CommandSpec) -> Result<()> {
    let CommandSpec { name, run, .. } = command;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    ensure!(
        (1..=60).contains(&name.len()) && name.chars().all(is_plain) && !name.starts_with('-'),
        "`samplers` has a command with the `name` {name:?}, which names files; use up to 60 lower-case letters, digits and `-`, a \
         letter or digit first"
    );
    // Options follow a name in labels: `pretext-batch-entropy`.
    let is_label_of = |known: &str, has_options: bool| {
        name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || has_options && rest.starts_with('-'))
    };
    ensure!(
        !SamplerSpec::names().into_iter().any(|(known, has_options)| is_label_of(known, has_options)),
        "`samplers` has a command with the `name` {name:?}, which a sampler of the program has, or may have; give it another"
    );
    ensure!(
        run.first().is_some_and(|program| !program.is_empty()),
        "`samplers` has the command {name}, whose `run` names no program; write for instance run = [\"python3\", \"mine.py\"]"
    );
    ensure!(
        !run.iter().any(|word| word.contains('\0')),
        "`samplers` has the command {name}, whose `run` has a word with a NUL character; remove it"
    );
    no_repeats("samplers.command.reads", command.reads.iter().map(|reading| reading.name()))?;
    command.limit().map(drop)
}

/// Checks that what commands read exists under a protocol.
///
/// # Errors
/// One line that opens with the key.
pub(super) fn check_reads(spec: &Spec) -> Result<()> {
    for command in spec.samplers.iter().filter_map(SamplerSpec::command) {
        let (name, dataset) = (&command.name, spec.dataset.name());
        ensure!(
            !command.reads(Reading::Logits) || spec.dataset.task().labels() == Labeled::Images,
            "`samplers` has the command {name}, which reads logits, but {dataset} has a class for each pixel, so an image has as many \
             outputs as pixels; write for instance reads = [\"features\"]"
        );
        let has_file = matches!(&spec.pretext, Some(PretextSpec { losses: LossSource::File(_), .. }));
        ensure!(
            !(command.reads(Reading::PretextFeatures) && has_file),
            "`samplers` has the command {name}, which reads pretext-features, but `pretext.losses` is a file, which has none; name a \
             learner, or read pretext-losses"
        );
    }
    Ok(())
}
