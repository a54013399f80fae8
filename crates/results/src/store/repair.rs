//! Repairs damaged files of a results folder from other files of it, where what they must hold is certain. Each repair is said.

use std::path::Path;

use anyhow::{Result, anyhow, bail};

use super::{Epochs, Folder, Queries, Records, TrialFiles};
use crate::files::checksums::{Changed, Staged, check, commit, is_intact, is_listed};
use crate::machine;
use crate::spec::{self, Spec, Start, Trial};

/// Prints what was wrong with a file and what was done.
pub(super) fn say(path: &Path, what: &str) {
    machine::say(&format!("repaired: {}: {what}", path.display()));
}

/// Writes `spec.toml` again if it is damaged, and `spec` is what it held.
///
/// # Errors
/// If the folder cannot be written.
pub(super) fn spec(folder: &Folder, spec: &Spec) -> Result<()> {
    let path = folder.spec_path();
    if !path.exists() || is_intact(&path) {
        return Ok(());
    }
    let bytes = Folder::spec_bytes(spec)?;
    let is_certain = crate::files::checksums::allows(&path, &bytes)?;
    if is_certain {
        commit(&folder.list(), vec![Staged::in_root(&path, &bytes)?], &[])?;
        say(&path, "was not as pt4al wrote it; it is the given spec, and was written again");
    }
    Ok(())
}

/// Repairs the records and the epochs of trials, and those of the whole folder, each from the other. Checks that queries and losses
/// are as they were written: nothing else says what they held.
///
/// # Errors
/// If a file is damaged and what it held is not certain; one line with the file and what to do.
pub(super) fn records(folder: &Folder) -> Result<()> {
    if !folder.spec_path().exists() {
        return Ok(());
    }
    let spec = spec::load_resolved(&folder.spec_path())?;
    let whole = whole(folder, &spec);
    for trial in spec.trials() {
        let files = folder.trial(&trial);
        let queries = files.queries_path();
        if queries.exists() {
            check(queries)?;
        } else if is_listed(queries)? {
            bail!("{}: is missing; restore it, or {}", queries.display(), super::ANEW);
        }
        trial_records(folder, &spec, &trial, &files, &whole)?;
        trial_epochs(folder, &trial, &files)?;
        last_round(&spec, &trial, &files)?;
    }
    let path = folder.records_path();
    if let Err(error) = whole {
        for trial in spec.trials() {
            let files = folder.trial(&trial);
            // A trial that has begun wrote its own records with its first round. If they are gone, only this file has them.
            let has_rounds = Queries::read(files.queries_path())?.rounds.len() > 1;
            if !files.records_path().exists() && (has_rounds || is_listed(&files.records_path())?) {
                return Err(error);
            }
        }
        folder.merge(&spec)?;
        say(&path, "was not as pt4al wrote it; made again from trials/");
    }
    let path = folder.epochs_path();
    if path.exists() && Epochs::read(&path).is_err() {
        if spec.trials().iter().any(|trial| !folder.trial(trial).records_path().exists()) {
            Epochs::read(&path)?;
        }
        folder.merge(&spec)?;
        say(&path, "was not as pt4al wrote it; made again from trials/");
    }
    Ok(())
}

/// Says which of the driver's files are missing and cannot be made again. Values do not need them.
///
/// # Errors
/// If the list is damaged or cannot be written.
pub(super) fn say_missing(folder: &Folder) -> Result<()> {
    let path = folder.manifest_path();
    if !path.exists() && is_listed(&path)? {
        machine::say(&format!(
            "warning: {}: is missing; where, when and on which data these results ran is no longer known",
            path.display()
        ));
        commit(&folder.list(), Vec::new(), &[path])?;
    }
    Ok(())
}

/// An error about a damaged file that a run would have repaired if that were certain: the remedy cannot be to run again.
pub(super) fn for_good(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Changed>() {
        Ok(changed) => anyhow!(
            "{}, and no other file says for certain what it held; restore it; if it is of one trial, {}; if it was changed on \
             purpose: pt4al verify RESULTS --accept REASON",
            changed.fault(),
            super::ANEW
        ),
        Err(error) => error,
    }
}

/// The records of the whole folder, if they can be trusted.
fn whole(folder: &Folder, spec: &Spec) -> Result<Records> {
    let path = folder.records_path();
    if !path.exists() {
        return Ok(Records::default());
    }
    let records = Records::read(&path)?;
    super::check_records(spec, &records, &path)?;
    Ok(records)
}

/// Repairs the records of a trial: from those of the whole folder, or by leaving out rounds that are not complete, which then run
/// again.
fn trial_records(
    folder: &Folder,
    spec: &Spec,
    trial: &Trial,
    files: &TrialFiles,
    whole: &Result<Records>,
) -> Result<()> {
    let path = files.records_path();
    // A folder that was copied without trials/ gets the rows from the whole folder later, and a trial that has not begun has none.
    let is_missing = !path.exists() && path.parent().is_some_and(Path::exists) && is_listed(&path)?;
    if !path.exists() && !is_missing {
        return Ok(());
    }
    let protocol = spec.protocol_of(trial);
    let (own, fault) = match files.records_of(spec, trial) {
        // A trial writes its file with its first round, so a file without rows is damaged.
        Ok(own) if !own.rows.is_empty() && complete(&own, protocol) == own => return Ok(()),
        Ok(own) => (complete(&own, protocol), None),
        Err(error) => (Records::default(), Some(error)),
    };
    let known = match (whole, fault) {
        (Ok(whole), _) => {
            let by_trial = whole.by_trial();
            let rows = by_trial.get(&(trial.label(), trial.seed)).map_or(&[][..], Vec::as_slice);
            complete(&Records::without_errors(rows), protocol)
        }
        (Err(_), Some(error)) => return Err(error),
        (Err(_), None) => Records::default(),
    };
    let best = if known.finished_rounds() > own.finished_rounds() { known } else { own };
    let rounds = best.finished_rounds();
    let epochs = Epochs::read(&folder.epochs_path()).unwrap_or_default();
    let epochs = epochs.of_trial(&trial.label(), trial.seed, rounds);
    files.restore(Some(&best), Some(&epochs).filter(|epochs| !epochs.rows.is_empty()))?;
    let damage = if is_missing { "was missing" } else { "was damaged" };
    say(
        &path,
        &match rounds {
            0 => format!("{damage}, and no other file has its rounds; they run again"),
            _ if rounds == protocol.rounds.count => format!("{damage}; restored from records.csv"),
            _ => format!("{damage}; its first {} restored, and later rounds run again", rounds_are(rounds)),
        },
    );
    Ok(())
}

/// `round is` or `3 rounds are`.
fn rounds_are(rounds: usize) -> String {
    if rounds == 1 { "round is".into() } else { format!("{rounds} rounds are") }
}

/// The rounds from 0 on, up to the first that lacks the value of a metric which round 0 has. All records must be of one trial.
fn complete(records: &Records, protocol: &Spec) -> Records {
    let primary = protocol.dataset.task().primary_metric().name;
    let wanted: Vec<(&str, &str)> = protocol.train.select.record.iter().map(|rule| (primary, rule.name())).collect();
    let named = |round: usize| -> Vec<(&str, &str)> {
        let rows = records.rows.iter().filter(|row| row.round == round && row.error.is_empty());
        rows.map(|row| (row.metric.as_str(), row.select.as_str())).collect()
    };
    let first = named(0);
    let is_complete = |round: &usize| {
        let there = named(*round);
        wanted.iter().chain(&first).all(|name| there.contains(name))
    };
    let rounds = (0..records.finished_rounds()).take_while(is_complete).count();
    Records { rows: records.rows.iter().filter(|row| row.round < rounds).cloned().collect() }
}

/// Repairs the epochs of a trial from those of the whole folder. They change no value, so they may also be lost.
fn trial_epochs(folder: &Folder, trial: &Trial, files: &TrialFiles) -> Result<()> {
    let path = files.epochs_path();
    if !path.exists() || Epochs::read(&path).is_ok() {
        return Ok(());
    }
    let known = Epochs::read(&folder.epochs_path()).unwrap_or_default();
    files.restore(None, Some(&known.of_trial(&trial.label(), trial.seed, files.finished()?)))?;
    say(&path, "was not as pt4al wrote it; restored from the folder's epochs.csv, as far as it has them");
    Ok(())
}

/// If the weights that the next query needs are damaged, leaves out the round that made them, so that it runs again.
fn last_round(spec: &Spec, trial: &Trial, files: &TrialFiles) -> Result<()> {
    let protocol = spec.protocol_of(trial);
    let records = files.records()?;
    let finished = records.finished_rounds();
    if finished == 0 || finished >= protocol.rounds.count {
        return Ok(());
    }
    let weights = files.weights_path(finished - 1);
    let needed = files.all_queries()?.rounds.len() == finished || protocol.train.start == Start::Continue;
    if !needed || !weights.exists() || is_intact(&weights) {
        return Ok(());
    }
    if protocol.train.start == Start::Continue && finished > 1 {
        // The round would continue from weights that are gone.
        bail!(
            "{}: is not as pt4al wrote it, and round {finished} of {} continues from these weights; restore the file, or {}",
            weights.display(),
            trial.key(),
            super::ANEW
        );
    }
    let kept = Records { rows: records.rows.into_iter().filter(|row| row.round + 1 < finished).collect() };
    files.restore(Some(&kept), None)?;
    files.remove_weights([finished - 1])?;
    say(&weights, &format!("was not as pt4al wrote it; round {} runs again and makes it anew", finished - 1));
    Ok(())
}
