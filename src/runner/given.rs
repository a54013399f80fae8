//! Checks the files that a spec names (pretext losses, recorded queries) before anything is written or trained.

use anyhow::{Result, ensure};

use pt4al_data::Read;
use pt4al_results::spec::Spec;
use pt4al_results::store::{Losses, Queries};

/// Checks that losses from files are those of the pool, and that recorded queries fit the rounds.
///
/// # Errors
/// One line about the first file that does not fit.
pub(super) fn check(spec: &Spec, read: &Read) -> Result<()> {
    for (_, protocol) in spec.protocols() {
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
    check_replay(spec, read)
}

/// Checks that a spec with `replay` has recorded queries for all its trials, of images in the pool, with
/// the names that the images have there.
fn check_replay(spec: &Spec, read: &Read) -> Result<()> {
    let Some(replay) = &spec.replay else { return Ok(()) };
    let pool = &read.pool;
    let id_of = read.splits.train.ids.as_ref().map(|ids| |index| ids.id(index));
    let id_of = id_of.as_ref().map(|id_of| id_of as &dyn Fn(usize) -> String);
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
        recorded.take_ids(id_of, &path, "replay with the data set of the recorded run")?;
    }
    Ok(())
}
