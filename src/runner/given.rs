//! Checks the files and commands that a spec names (features, pretext losses, recorded queries, samplers) before anything is
//! written or trained.

use anyhow::{Result, ensure};

use super::options::Options;
use pt4al_data::{Read, features};
use pt4al_results::spec::Spec;
use pt4al_results::store::{Folder, Losses, Queries};

/// Checks that features are those of the images, that losses from files are those of the pool, and that recorded queries fit the rounds.
///
/// # Errors
/// One line about the first file that does not fit.
pub(super) fn check(spec: &Spec, read: &Read) -> Result<()> {
    // Variants may share a file, which is read once.
    let mut checked = Vec::new();
    for (_, protocol) in spec.protocols() {
        let features = protocol.model.features().map(|features| (&features.file, &features.sha256));
        let files = (features, protocol.loss_file());
        if !checked.contains(&files) {
            check_protocol(protocol, read)?;
            checked.push(files);
        }
    }
    check_replay(spec, read)
}

/// As [`check`], for the files of one protocol.
///
/// # Errors
/// As for [`check`].
pub(super) fn check_protocol(protocol: &Spec, read: &Read) -> Result<()> {
    check_features(protocol, read)?;
    let Some(file) = protocol.loss_file() else { return Ok(()) };
    ensure!(
        file.file.exists(),
        "{}: not there; put the losses there (the spec says where to get them), or name their place with --set \
         \"pretext.losses.file='/path/to/losses.csv'\"",
        file.file.display()
    );
    Losses::read(&file.file)?.of_pool(&read.pool, read.splits.train.len, &file.file).map(drop)
}

/// Checks that the commands can be started whose trials are still to run; without a folder, all of them.
///
/// # Errors
/// One line about the first that cannot.
pub(super) fn check_commands(spec: &Spec, options: &Options, folder: Option<&Folder>) -> Result<()> {
    if spec.replay.is_some() {
        return Ok(());
    }
    for trial in spec.trials() {
        let Some(command) = trial.sampler.command() else { continue };
        let finished = folder.map_or(Ok(0), |folder| folder.trial(&trial).finished())?;
        let is_wanted = options.only.as_ref().is_none_or(|only| only.is_match(&trial.key()));
        // The last round queries nothing.
        if is_wanted && finished < spec.rounds.count {
            command.check_start()?;
        }
    }
    Ok(())
}

/// Checks that the features of a protocol, if it has them, are those of the images.
///
/// # Errors
/// One line that names the file.
pub(super) fn check_features(protocol: &Spec, read: &Read) -> Result<()> {
    let Some(features) = protocol.model.features() else { return Ok(()) };
    ensure!(
        features.file.exists(),
        "{}: not there; put the features there, or name their place with --set \"model.features='/path/to/features.npz'\"",
        features.file.display()
    );
    features::read(features, &read.splits).map(drop)
}

/// Checks that a spec with `replay` has recorded queries for all its trials, of images in the pool, with
/// the names that the images have there.
fn check_replay(spec: &Spec, read: &Read) -> Result<()> {
    let Some(replay) = &spec.replay else { return Ok(()) };
    let pool = &read.pool;
    for trial in spec.trials() {
        let path = replay.file_of(&trial);
        let shown = path.display();
        ensure!(
            path.exists(),
            "{shown}: not there, but {} is to replay it; name only samplers, variants and seeds that were recorded, for \
             instance with --set seeds=[0]",
            trial.key()
        );
        let mut recorded = Queries::read(&path)?;
        for round in 0..spec.rounds.count {
            let wanted = if round == 0 { spec.rounds.initial } else { spec.rounds.query };
            let found = recorded.rounds.get(round).map_or(0, Vec::len);
            ensure!(
                wanted == found,
                "{shown}: has {found} queried images in round {round}, but `rounds` asks for {wanted}; make `rounds` equal to that \
                 of the recorded run (an unfinished round has no queries)"
            );
        }
        let stranger = recorded.rounds[..spec.rounds.count].iter().flatten().find(|i| pool.binary_search(i).is_err());
        ensure!(
            stranger.is_none(),
            "{shown}: has a query for image {}, which is not in the pool; replay with the data set, `pool` and `imbalance` of \
             the recorded run",
            stranger.unwrap_or(&0)
        );
        recorded.rounds.truncate(spec.rounds.count);
        recorded.take_ids(
            read.splits.train.ids.as_ref().map(|ids| |index| ids.id(index)),
            &path,
            "replay with the data set of the recorded run",
        )?;
    }
    Ok(())
}
