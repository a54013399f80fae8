//! Checks the files that a spec names (features, pretext losses, recorded queries) before anything is written or trained.

use anyhow::{Result, ensure};

use pt4al_data::{Read, features};
use pt4al_results::spec::Spec;
use pt4al_results::store::{Losses, Queries};

/// Checks that features are those of the images, that losses from files are those of the pool, and that recorded queries fit the rounds.
///
/// # Errors
/// One line about the first file that does not fit.
pub(super) fn check(spec: &Spec, read: &Read) -> Result<()> {
    for (_, protocol) in spec.protocols() {
        check_features(protocol, read)?;
        if let Some(file) = protocol.loss_file() {
            ensure!(
                file.file.exists(),
                "{}: not there; put the losses there (the spec says where to get them), or name their place with --set \
                 \"pretext.losses.file='/path/to/losses.csv'\"",
                file.file.display()
            );
            Losses::read(&file.file)?.of_pool(&read.pool, read.splits.train.len, &file.file)?;
        }
    }
    check_replay(spec, &read.pool)
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

/// Checks that a spec with `replay` has recorded queries for all its trials, of images in the pool.
fn check_replay(spec: &Spec, pool: &[usize]) -> Result<()> {
    let Some(replay) = &spec.replay else { return Ok(()) };
    for trial in spec.trials() {
        let path = replay.file_of(&trial);
        let shown = path.display();
        ensure!(
            path.exists(),
            "{shown}: not there, but {} is to replay it; name only samplers, variants and seeds that were recorded, for \
             instance with --set seeds=[0]",
            trial.key()
        );
        let recorded = Queries::read(&path)?;
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
    }
    Ok(())
}
