//! The active-learning loop of one trial: one arm, one seed, all rounds. Each trial runs in a process of its own and
//! continues where its files end.

mod checkpoint;
mod initial;
mod pace;
mod pretext;
mod progress;
mod query;
mod round;
mod select;
mod task_losses;
mod view;

use std::path::Path;

use anyhow::{Result, ensure};
use tch::Device;

use crate::dataset;
use crate::task;
use crate::train::Learner;
use pt4al_results::spec::{Spec, Start, Trial, Work};
use pt4al_results::store::{ANEW, Epoch, Manifest, Queries, Record, Records, TrialFiles};

use checkpoint::Halfway;
pub use checkpoint::Kept;
pub(crate) use checkpoint::{saved_units, saved_units_alone};
pub use pace::OutOfTime;
pub use pretext::Pretext;
pub use progress::{Event, Reporter};
pub use query::check_query;
use query::{Chooser, Query};
pub use select::{Selected, Selection, select};
pub use task_losses::{LossJob, run as task_losses};
pub use view::{Pool, Ties};

/// What a trial's process needs to know.
#[derive(Debug)]
pub struct Job<'a> {
    /// The results folder.
    pub folder: &'a Path,
    pub spec: &'a Spec,
    pub trial: &'a Trial,
    /// The folder of the data sets.
    pub data: &'a Path,
    pub device: Device,
    /// The file with the features of the trial's pretext learner, if its initial set needs them.
    pub features: Option<&'a Path>,
}

/// Runs the unfinished rounds of a trial, and commits each before the next one starts.
///
/// A round's values and weights are on disk before its model queries the next labels, so nothing is trained again if the query
/// fails.
///
/// # Errors
/// If data, pretext losses or the trial's files cannot be read or written, or if training diverges; [`OutOfTime`] if the next
/// piece of work does not fit into the time that `report` has. Finished rounds stay as they are.
pub fn run(job: &Job, report: &mut Reporter) -> Result<()> {
    let files = TrialFiles::below(job.folder, job.trial);
    let _lock = files.lock()?;
    let mut records = files.records()?;
    let mut queries = files.queries()?;
    let spec = job.spec.protocol_of(job.trial);
    let count = spec.rounds.count;
    let finished = records.finished_rounds();
    if finished >= count {
        return Ok(());
    }
    let mut epochs = files.epochs(finished)?;
    let data = dataset::open(spec, job.data, job.device, &Manifest::data_of(job.folder)?)?;
    spec.check_pool(data.pool.len(), data.test.len())?;
    let stranger = queries.rounds.iter().flatten().find(|index| data.pool.binary_search(index).is_err());
    ensure!(
        stranger.is_none(),
        "{}: has a query for image {}, which is not in the pool; restore the file, or {ANEW}",
        files.queries_path().display(),
        stranger.unwrap_or(&0)
    );
    let names = Names { files: &files, data: &data };
    names.take(&mut queries)?;
    let task = task::task(spec, &data.classes);
    let learner = Learner::new(&data, task.as_ref(), &spec.train, spec.minibatches());
    let chooser = Chooser::new(job, spec, &learner, queries.rounds.is_empty())?;
    let work = |round| job.spec.round_work(job.trial, round, data.pool.len(), data.test.len());
    let mut network = learner.network(&spec.model)?;

    if queries.rounds.is_empty() {
        queries.rounds.push(chooser.initial(spec.rounds.initial)?);
        names.take(&mut queries)?;
    }
    let has_next_query = queries.rounds.len() > finished;
    // The weights that a round continues from; `None` if each round starts from fresh weights.
    let mut before = None;
    if finished > 0 && (spec.train.start == Start::Continue || !has_next_query) {
        network.load(&files.weights_path(finished - 1))?;
        before = (spec.train.start == Start::Continue).then(|| network.snapshot());
    }
    if !has_next_query {
        let scored = work(finished - 1).score;
        report.begin_query(finished, scored)?;
        let query = chooser.next(&network, &queries.rounds.concat(), finished, spec.rounds.query)?;
        report.done(scored);
        commit_query(&names, &mut records, &mut queries, query, true)?;
    }
    for round in finished..count {
        let labeled = queries.rounds[..=round].concat();
        ensure!(
            labeled.len() == spec.rounds.labeled(round),
            "the queries of {} add up to {} labels in round {round}, not {}; restore them, or {ANEW}",
            job.trial.key(),
            labeled.len(),
            spec.rounds.labeled(round)
        );
        let mut checkpoints = checkpoint::checkpoints(job, spec, &network, (round, &labeled), report.units());
        let units = Work { score: 0, ..work(round) }.units();
        let halfway = Halfway::begin((|| format!("round {round}"), units), &checkpoints, &network, report)?;
        let inputs = round::Round {
            spec,
            seed: job.trial.seed,
            round,
            labeled: &labeled,
            before: before.as_ref(),
            evaluated: Some(spec.train.select.images),
        };
        let trained = round::train(&learner, &inputs, &mut network, report, &mut checkpoints, halfway)?;
        let timing = trained.timing;
        let (experiment, profile) = spec.identity();
        records.rows.extend(trained.values.into_iter().map(|value| Record {
            experiment: experiment.into(),
            profile: profile.into(),
            sampler: job.trial.label(),
            seed: job.trial.seed,
            round,
            labeled: labeled.len(),
            metric: value.metric,
            select: value.select.name().into(),
            value: Some(value.value),
            train_seconds: timing.train,
            evaluate_seconds: timing.evaluate,
            score_seconds: 0.0,
            query_seconds: 0.0,
            wait_seconds: timing.wait,
            peak_rss_mb: pt4al_results::machine::peak_rss_mb(),
            device: crate::device::name(job.device),
            error: String::new(),
        }));
        epochs.rows.extend(trained.epochs.into_iter().map(|noted| epoch_row(spec, job.trial, round, noted)));
        queries.rounds.truncate(round + 1);
        // Put in place before the records, since another process may have to make the query of a recorded round.
        let weights = (round + 1 < count).then(|| files.stage_weights(round, |path| network.save(path))).transpose()?;
        files.commit_round(&records, &queries, &epochs, weights)?;
        checkpoints.remove();
        report.finished_round(spec, round, &records.rows);
        if round + 1 < count {
            let scored = work(round).score;
            report.begin_query(round + 1, scored)?;
            let query = chooser.next(&network, &labeled, round + 1, spec.rounds.query)?;
            report.done(scored);
            let continues = spec.train.start == Start::Continue;
            commit_query(&names, &mut records, &mut queries, query, continues)?;
            before = continues.then(|| network.snapshot());
        }
    }
    Ok(())
}

/// The row of an epoch of a round.
fn epoch_row(spec: &Spec, trial: &Trial, round: usize, noted: round::Epoch) -> Epoch {
    let (experiment, profile) = spec.identity();
    let round::Epoch { training, trained, value } = noted;
    Epoch {
        experiment: experiment.into(),
        profile: profile.into(),
        sampler: trial.label(),
        seed: trial.seed,
        round,
        training,
        epoch: trained.number,
        lr: trained.lr,
        loss: trained.loss,
        metric: spec.dataset.task().primary_metric().name.into(),
        value,
    }
}

/// The names of the images, for the trial's queries.
struct Names<'a> {
    files: &'a TrialFiles,
    data: &'a dataset::Data,
}

impl Names<'_> {
    /// [`Queries::take_ids`] from the data.
    fn take(&self, queries: &mut Queries) -> Result<()> {
        let id_of = self.data.ids.as_ref().map(|ids| |index| ids.id(index));
        queries.take_ids(id_of, self.files.queries_path(), &format!("restore the file, or {ANEW}"))
    }
}

/// Commits the labels of the next round. The rows of the last round get the seconds that the query took. Its weights are removed
/// unless the trial still needs them.
fn commit_query(
    names: &Names,
    records: &mut Records,
    queries: &mut Queries,
    query: Query,
    keeps_weights: bool,
) -> Result<()> {
    let round = queries.rounds.len() - 1;
    for row in records.rows.iter_mut().filter(|row| row.round == round) {
        row.score_seconds = query.score_seconds;
        row.query_seconds = query.query_seconds;
        row.wait_seconds += query.wait_seconds;
        row.peak_rss_mb = row.peak_rss_mb.max(pt4al_results::machine::peak_rss_mb());
    }
    queries.rounds.push(query.labels);
    names.take(queries)?;
    names.files.commit_query(records, queries, keeps_weights)
}
