//! Recorded queries, looked at before anything is trained on them.

use anyhow::{Result, ensure};

use crate::spec::Spec;
use crate::store::Queries;

/// Whether all trials of a spec that replays have recorded queries that fit.
///
/// # Errors
/// One line on the first trial whose file is missing, damaged, too short, or asks for what is not in the pool.
pub(super) fn check(spec: &Spec, pool: &[usize]) -> Result<()> {
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
