//! The active-learning loop of one trial: one sampler, one seed, all rounds. A trial is a process of its own, which
//! continues where its files end.

mod initial;
mod pace;
mod progress;
mod query;
mod round;
mod task_losses;
mod view;

use std::path::Path;

use anyhow::{Result, ensure};
use tch::Device;

use crate::dataset;
use crate::task;
use crate::train::Learner;
use pt4al_results::spec::{Spec, Start, Trial, Work};
use pt4al_results::store::{ANEW, Manifest, Queries, Record, Records, TrialFiles};

pub use pace::OutOfTime;
pub use progress::{Event, Reporter};
use query::{Asked, Asks};
pub use query::{Pretext, check_query};
use round::Timing;
pub use task_losses::{LossJob, run as task_losses};
pub use view::{Pool, Ties};

/// What a trial's process is told.
#[derive(Debug)]
pub struct Job<'a> {
    /// The results folder.
    pub folder: &'a Path,
    pub spec: &'a Spec,
    pub trial: &'a Trial,
    /// Where data sets lie.
    pub data: &'a Path,
    pub device: Device,
    /// Where the features of the trial's pretext learner lie, if its initial set needs them.
    pub features: Option<&'a Path>,
}

/// Runs the rounds of a trial that are not finished yet, and commits each before the next one starts.
///
/// A round's values are on disk before its model is asked for the next labels, and its weights with them: whatever
/// befalls the query, nothing is trained again.
///
/// # Errors
/// If data, pretext losses or the trial's files cannot be read or written, or if training diverges; and [`OutOfTime`] where
/// what is next does not fit into the time that `report` knows of. Finished rounds stay as they are.
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
    let data = dataset::open(spec, job.data, job.device, &Manifest::data_of(job.folder)?)?;
    spec.check_pool(data.pool.len(), data.test.len())?;
    let stranger = queries.rounds.iter().flatten().find(|index| data.pool.binary_search(index).is_err());
    ensure!(
        stranger.is_none(),
        "{}: asks for image {}, which is not in the pool; restore the file, or {ANEW}",
        files.queries_path().display(),
        stranger.unwrap_or(&0)
    );
    let task = task::task(spec, &data.classes);
    let learner = Learner::new(&data, task.as_ref(), &spec.train, spec.minibatches());
    let asks = Asks::new(job, spec, &learner, queries.rounds.is_empty())?;
    let work = |round| job.spec.round_work(job.trial, round, data.pool.len(), data.test.len());
    let mut network = learner.network(&spec.model);

    if queries.rounds.is_empty() {
        queries.rounds.push(asks.initial()?);
    }
    let asked_for_next = queries.rounds.len() > finished;
    // What a round continues from; none where each starts anew.
    let mut before = None;
    if finished > 0 && (spec.train.start == Start::Continue || !asked_for_next) {
        network.load(&files.weights_path(finished - 1))?;
        before = (spec.train.start == Start::Continue).then(|| network.snapshot());
    }
    if !asked_for_next {
        let scored = work(finished - 1).score;
        report.begin_query(finished, scored)?;
        let asked = asks.next(&network, &queries.rounds.concat(), finished)?;
        report.done(scored);
        commit_query(&files, &mut records, &mut queries, asked)?;
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
        report.begin(|| format!("round {round}"), Work { score: 0, ..work(round) }.units())?;
        let waited = data.waited();
        let inputs = round::Round { spec, seed: job.trial.seed, round, labeled: &labeled, before: before.as_ref() };
        let trained = round::train(&learner, &inputs, &mut network, report)?;
        let timing = Timing { wait: data.waited() - waited, ..trained.timing };
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
        queries.rounds.truncate(round + 1);
        if round + 1 < count {
            // Before the records: a round that has them may have to be asked for the next labels by another process.
            network.save(&files.weights_path(round))?;
        }
        files.commit_round(&records, &queries)?;
        // Only now: a round that is run again needs them.
        if let Some(older) = round.checked_sub(1) {
            files.remove_weights(older);
        }
        report.finished_round(spec, round, &records.rows);
        if round + 1 < count {
            let scored = work(round).score;
            report.begin_query(round + 1, scored)?;
            let asked = asks.next(&network, &labeled, round + 1)?;
            report.done(scored);
            commit_query(&files, &mut records, &mut queries, asked)?;
            match spec.train.start {
                Start::Continue => before = Some(network.snapshot()),
                Start::Fresh => files.remove_weights(round),
            }
        }
    }
    Ok(())
}

/// Adds the labels of the next round, and what it took to choose them to the last round's rows.
fn commit_query(files: &TrialFiles, records: &mut Records, queries: &mut Queries, asked: Asked) -> Result<()> {
    let round = queries.rounds.len() - 1;
    for row in records.rows.iter_mut().filter(|row| row.round == round) {
        row.score_seconds = asked.score_seconds;
        row.query_seconds = asked.query_seconds;
        row.wait_seconds += asked.wait_seconds;
        row.peak_rss_mb = row.peak_rss_mb.max(pt4al_results::machine::peak_rss_mb());
    }
    queries.rounds.push(asked.labels);
    files.commit_query(records, queries)
}
