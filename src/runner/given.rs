//! Files that a spec names, looked at before anything is written or trained.

use anyhow::{Result, ensure};

use pt4al_data::Read;
use pt4al_results::spec::Spec;
use pt4al_results::store::{Losses, Queries};

/// Whether losses from files are those of the pool, and recorded queries fit the rounds.
///
/// # Errors
/// One line on the first file that does not.
pub(super) fn check(spec: &Spec, read: &Read) -> Result<()> {
    for (_, protocol) in spec.protocols() {
        if let Some(file) = protocol.loss_file() {
            ensure!(
                file.file.exists(),
                "{}: not there; put the losses there (the spec says where to get them), or name their place with --set \
                 \"pretext.losses.file='/path/to/them'\"",
                file.file.display()
            );
            Losses::read(&file.file)?.of_pool(&read.pool, read.splits.train.len, &file.file)?;
        }
    }
    check_replay(spec, &read.pool)
}

/// Whether all trials of a spec that replays have recorded queries, of images of the pool.
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
            let (wanted, found) = (
                if round == 0 { spec.rounds.initial } else { spec.rounds.query },
                recorded.rounds.get(round).map_or(0, Vec::len),
            );
            ensure!(
                wanted == found,
                "{shown}: asks for {found} labels in round {round}, but `rounds` for {wanted}; make `rounds` equal to those \
                 of the recorded run (a round that was not finished has none)"
            );
        }
        let stranger = recorded.rounds[..spec.rounds.count].iter().flatten().find(|i| pool.binary_search(i).is_err());
        ensure!(
            stranger.is_none(),
            "{shown}: asks for image {}, which is not in the pool; replay on the data set, `pool` and `imbalance` of the \
             recorded run",
            stranger.unwrap_or(&0)
        );
    }
    Ok(())
}
