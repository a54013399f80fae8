//! Samplers that are commands: whether those of a spec are still the ones that chose the images of a results folder. The spec's hash
//! leaves samplers out, so that they can be added to a finished experiment.

use anyhow::{Result, bail};

use super::{Folder, Queries, Record, Records};
use crate::spec::{SamplerSpec, Spec, Trial};

/// Checks that no command that has chosen images of the folder is another one now. As long as none of its queries has succeeded, a
/// command can be corrected: the labels of round 0 do not depend on it.
///
/// # Errors
/// One line that names the arm and what differs, or if a file of the folder is damaged.
pub(super) fn check(folder: &Folder, old: &Spec, spec: &Spec, records: &Records) -> Result<()> {
    for trial in old.trials() {
        let is_trial = |other: &&SamplerSpec| other.label() == trial.sampler.label();
        let now = match &trial.variant {
            Some(name) => spec.variants.get(name).map(crate::spec::Variant::spec),
            None => Some(spec),
        };
        let now = now.and_then(|protocol| protocol.samplers.iter().find(is_trial)).and_then(SamplerSpec::command);
        let (Some(was), Some(now)) = (trial.sampler.command(), now) else { continue };
        if let Some((key, then, today)) = was.difference(now)
            && has_chosen(folder, &trial, records)?
        {
            bail!(
                "{}: the images of {} were chosen by another command (its `{key}` was {}, and is now {}); give the new one another \
                 `name`, restore the old one, or keep both by another --results",
                folder.root().display(),
                trial.label(),
                shown(&then),
                shown(&today)
            );
        }
    }
    Ok(())
}

fn shown(value: &str) -> &str {
    if value.is_empty() { "of no file" } else { value }
}

/// Whether the sampler of a trial has chosen images: those of round 1 or a later round.
fn has_chosen(folder: &Folder, trial: &Trial, records: &Records) -> Result<bool> {
    let label = trial.label();
    // A failed trial has a row without a value, in the round that it did not finish.
    let is_later =
        |row: &Record| row.sampler == label && row.seed == trial.seed && row.round > 0 && row.error.is_empty();
    let has_rows = records.rows.iter().any(is_later);
    Ok(has_rows || Queries::read(folder.trial(trial).queries_path())?.rounds.len() > 1)
}
